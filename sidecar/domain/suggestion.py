"""How a document might be filed: what a model may answer, and what of its answer is taken."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sidecar.domain.dates import AHEAD, OLDEST_DATE
from sidecar.domain.document import Document
from sidecar.domain.vocabulary import Names, Vocabulary, fold, unique

TITLE_MAX = 128  # Paperless refuses longer titles and names
MAX_TAGS = 8
NAME_MAX, NAME_WORDS = 48, 6
NAME_MARKS = " .,&+-'’/()#"


class Policy(StrEnum):
    """What may happen to a field that a suggestion names."""

    OFF = "off"
    FILL_EMPTY = "fill-empty"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class FilingRules:
    """The owner's wishes for the fields of a document."""

    title: Policy = Policy.REPLACE
    correspondent: Policy = Policy.FILL_EMPTY
    document_type: Policy = Policy.FILL_EMPTY
    created: Policy = Policy.REPLACE
    #: Suggested tags are added; tags are never taken off.
    tags: bool = True
    #: Kinds of names that may be made anew; all others are chosen among the existing ones.
    create: frozenset[Names] = frozenset()
    #: Language of titles and new names; empty for the document's own.
    language: str = ""
    #: How many names of one kind the model is offered at most.
    names_limit: int = 200


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A checked answer: names instead of ids, nothing outside the rules."""

    title: str | None = None
    tags: tuple[str, ...] = ()
    correspondent: str | None = None
    document_type: str | None = None
    #: "YYYY-MM-DD"
    created: str | None = None


#: The answer's keys that hold a single name, and the kind of name.
SINGLE_NAMES: Mapping[str, Names] = {
    "correspondent": Names.CORRESPONDENTS,
    "document_type": Names.DOCUMENT_TYPES,
}


def wants(rules: FilingRules, field: str) -> bool:
    """Say whether the field is to be asked for at all."""
    return rules.tags if field == "tags" else getattr(rules, field) is not Policy.OFF


def answer_schema(rules: FilingRules, offered: Mapping[Names, list[str]]) -> dict[str, Any]:
    """Return the JSON schema of the answer: closed lists, every key required, nothing else allowed.

    A kind whose names may be created takes any string up to 128 characters. A kind with no name to offer and no
    right to create is left out (an empty enum is refused by several servers).
    """
    properties: dict[str, Any] = {}
    if wants(rules, "title"):
        properties["title"] = {"type": ["string", "null"]}
    tag = _name_schema(Names.TAGS, rules, offered)
    if rules.tags and tag:
        properties["tags"] = {"type": "array", "items": {"type": "string", **tag}, "maxItems": MAX_TAGS}
    for field, kind in SINGLE_NAMES.items():
        name = _name_schema(kind, rules, offered)
        if wants(rules, field) and name:
            choices = {"enum": [*name["enum"], None]} if "enum" in name else name
            properties[field] = {"type": ["string", "null"], **choices}
    if wants(rules, "created"):
        properties["created"] = {"type": ["string", "null"]}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _name_schema(kind: Names, rules: FilingRules, offered: Mapping[Names, list[str]]) -> dict[str, Any] | None:
    if kind in rules.create:
        return {"maxLength": NAME_MAX}
    return {"enum": list(offered[kind])} if offered.get(kind) else None


class AnswerError(ValueError):
    """The model's answer is not of the form that was asked for; the text says how, for the repair round."""


def check_answer(answer: object, rules: FilingRules, vocabulary: Vocabulary, today: date) -> Suggestion:
    """Turn a parsed answer into a suggestion.

    What has the wrong form raises `AnswerError`. What has the right form but is not allowed (a name that does not
    exist, an impossible date, an empty title) is left out: a null is better than a wrong filing.
    """
    if not isinstance(answer, dict):
        raise AnswerError("The answer must be one JSON object.")
    for key in ("title", "correspondent", "document_type", "created"):
        if not isinstance(answer.get(key), str | None):
            raise AnswerError(f'"{key}" must be a string or null.')
    tags = answer.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise AnswerError('"tags" must be a list of strings.')
    names = {
        field: _allowed(kind, answer.get(field), rules, vocabulary) if wants(rules, field) else None
        for field, kind in SINGLE_NAMES.items()
    }
    chosen = (_allowed(Names.TAGS, tag, rules, vocabulary) for tag in tags)
    return Suggestion(
        title=_title(answer.get("title")) if wants(rules, "title") else None,
        tags=tuple(unique(tag for tag in chosen if tag)[:MAX_TAGS]) if rules.tags else (),
        correspondent=names["correspondent"],
        document_type=names["document_type"],
        created=_date(answer.get("created"), today) if wants(rules, "created") else None,
    )


def _allowed(kind: Names, text: str | None, rules: FilingRules, vocabulary: Vocabulary) -> str | None:
    text = _line(text)
    if not text:
        return None
    known = vocabulary.find(kind, text)
    if known:
        return known.name
    return text if kind in rules.create and is_fit_for_a_name(text, vocabulary) else None


def is_fit_for_a_name(text: str, vocabulary: Vocabulary) -> bool:
    """Say whether a new name may be made of it: short and plain, since it will stand in later questions."""
    plain = all(unicodedata.category(c)[0] in "LNM" or c in NAME_MARKS for c in text)
    short = len(text) <= NAME_MAX and len(text.split()) <= NAME_WORDS
    return plain and short and bool(fold(text)) and fold(text) not in vocabulary.forbidden


def _title(text: str | None) -> str | None:
    return _line(text)[:TITLE_MAX].rstrip() or None


def _line(text: str | None) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text or "")
    return " ".join(printable.split())


def _date(text: str | None, today: date) -> str | None:
    try:
        found = date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None
    return found.isoformat() if OLDEST_DATE <= found <= today + AHEAD else None


def wanted_fields(
    suggestion: Suggestion, rules: FilingRules, document: Document, ids: Mapping[tuple[Names, str], int]
) -> dict[str, Any]:
    """Return the PATCH values that the suggestion asks for under the rules; `ids` resolves every name in it."""
    suggested: dict[str, Any] = {"title": suggestion.title, "created": suggestion.created}
    for field, kind in SINGLE_NAMES.items():
        name = getattr(suggestion, field)
        suggested[field] = ids[kind, name] if name else None
    return {
        field: value
        for field, value in suggested.items()
        if value is not None and _may_set(field, getattr(rules, field), document)
    }


def _may_set(field: str, policy: Policy, document: Document) -> bool:
    if policy is Policy.FILL_EMPTY:
        return is_empty(field, document)
    return policy is Policy.REPLACE


def is_empty(field: str, document: Document) -> bool:
    """Say whether nobody has filled the field yet. A title is empty while it is only the file's name.

    Paperless always sets a date, so `created` never counts as empty.
    """
    value = document.value(field)
    if field == "title":
        stem = document.original_file_name.rsplit(".", 1)[0]
        return not str(value).strip() or value == stem
    return value is None
