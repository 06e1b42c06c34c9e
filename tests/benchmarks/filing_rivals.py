"""Two other ways to ask a model how a document is filed, in words of our own but in the shape that is in use.

*Suggestions* is the shape of Paperless's own (3.1): the first 4,000 characters, every field in one answer, no list of
the names there are; names are matched afterwards, exactly or by four letters of five. *Field by field* is the shape of
the best-known companion: one plain question for each field, each with the text, the correspondent's with all names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

import httpx

from sidecar.domain.vocabulary import fold

FIRST_CHARACTERS = 4_000
LIKE = 0.8
MAX_TOKENS = 300


@dataclass(slots=True)
class Answered:
    """What came of one document."""

    company: str | None = None
    day: date | None = None
    amount: Decimal | None = None
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Rivals:
    """Asks one endpoint in the ways of others."""

    def __init__(self, url: str, model: str, key: str, companies: Sequence[str]) -> None:
        self._model = model
        self._names = {fold(name): name for name in companies}
        self._listed = ", ".join(companies)
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/", timeout=600, headers={"Authorization": f"Bearer {key}"}
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def suggestions(self, text: str) -> Answered:
        """Ask once for everything, without lists."""
        done = Answered()
        lists = ("tags", "correspondents", "document_types", "storage_paths", "dates")
        properties: dict[str, Any] = {"title": {"type": "string"}}
        properties |= {name: {"type": "array", "items": {"type": "string"}, "maxItems": 5} for name in lists}
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        said = self._ask(
            done,
            "You help to file documents. Suggest for the document below: a short title; up to five tags; "
            "correspondents, document types and storage paths that fit; and dates of the document as YYYY-MM-DD, "
            f"the best first. Answer in JSON. The document:\n\n{text[:FIRST_CHARACTERS]}",
            schema,
        )
        try:
            answer = json.loads(said)
        except ValueError:
            return done
        if isinstance(answer, dict):
            done.company = next(filter(None, map(self._close_name, _texts(answer.get("correspondents")))), None)
            done.day = next(filter(None, map(_day, _texts(answer.get("dates")))), None)
        return done

    def field_by_field(self, text: str) -> Answered:
        """Ask for title, correspondent, date and amount, one after the other."""
        done = Answered()
        document = f"The document:\n\n{text}"
        self._ask(done, f"Write a short title for this document. Answer with the title alone. {document}")
        said = self._ask(
            done,
            "Name the correspondent of this document: the sender, usually a company. If one of these fits, use its "
            f"name as it is spelled here: {self._listed}. Answer with the name alone. {document}",
        )
        done.company = self._names.get(fold(said))
        done.day = _day(
            self._ask(done, f"Which date was this document issued on? Answer with YYYY-MM-DD alone. {document}")
        )
        done.amount = _amount(
            self._ask(done, f"Which total amount is to be paid or was paid? Answer with the number alone. {document}")
        )
        return done

    def _close_name(self, text: str) -> str | None:
        found = get_close_matches(fold(text), self._names, n=1, cutoff=LIKE)
        return self._names[found[0]] if found else None

    def _ask(self, done: Answered, question: str, schema: dict[str, Any] | None = None) -> str:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "user", "content": question}],
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
        }
        if schema is not None:
            named = {"name": "suggestions", "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        answer = self._http.post("chat/completions", json=body).raise_for_status().json()
        usage = answer.get("usage") or {}
        done.calls += 1
        done.input_tokens += usage.get("prompt_tokens") or 0
        done.output_tokens += usage.get("completion_tokens") or 0
        said = answer["choices"][0]["message"]["content"] or ""
        return re.sub(r"<think(ing)?>.*?</think(ing)?>", "", said, flags=re.DOTALL).strip().strip('".')


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _day(text: str) -> date | None:
    found = re.search(r"\d{4}-\d\d-\d\d", text)
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


def _amount(text: str) -> Decimal | None:
    found = re.search(r"\d[\d.,]*", text)
    if found is None:
        return None
    plain = found[0].rstrip(".,")
    if re.search(r",\d\d$", plain):
        plain = plain.replace(".", "").replace(",", ".")
    try:
        return Decimal(plain.replace(",", ""))
    except InvalidOperation:
        return None
