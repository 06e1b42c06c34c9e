"""What the many servers mean by their refusals: too long, wait so long, no credit, wrong key, not this document.

The wordings are those of OpenAI, Azure, OpenRouter, Gemini, Mistral, Groq, Anthropic, llama.cpp, vLLM, SGLang, TGI,
LM Studio and Ollama, from their documents, sources and issues.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Words by which a refusal is about a document's text and not about the key.
MODERATED = re.compile(
    r"moderation|flagged|content[ _]policy|content[ _](management|filter)|safety|responsibleai", re.I
)
_NO_SUCH = re.compile(r"not (a )?valid|invalid|not found|unknown|not exist|no such|try pulling", re.IGNORECASE)
_CREDIT = re.compile(
    r"insufficient[_ ](quota|credits?|balance|funds)|exceeded your current quota, please check"
    r"|credit balance|all available credits|out of credits|no credits? (left|remaining)"
)

_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|context (length|size|window)|maximum context|max(imum)? model length"
    r"|input token count.{0,40}exceeds|(prompt|input) is too long|too many (input )?tokens|input tokens exceed"
    r"|max_new_tokens.{0,9} must be <=|longer than the (model|maximum)|exceeds the (available )?context"
    r"|request too large for|larger context|string_above_max_length",
    re.IGNORECASE,
)
#: Of a web page, so many characters are looked at.
PAGE = 20_000
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
#: What a server allows in a minute or a day, and what one question takes of that.
_ALLOWED = re.compile(r"\blimit:? (\d+)(?:\D{0,5}\bused:? \d+)?\D{0,5}\brequested:? (\d+)", re.IGNORECASE)
_CONTEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r'"?n_ctx"?\D{0,4}(\d+)',
        r"available context size \(?(\d+)",
        r"maximum context length (?:is|of) (?:only )?(\d+)",
        r"context length (?:is|of) (?:only )?(\d+)",
        r"context length \((\d+)",
        r"(\d+) maximum context",
        r"maximum model length of (\d+)",
        r"maximum number of tokens allowed \((\d+)",
        r"must be <= (\d+)",
        r"> (\d+) maximum",
        r"\blimit:? (\d+)",
        r"configured limit of (\d+)",
    )
)
_ASKED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r'"?n_prompt_tokens"?\D{0,4}(\d+)',
        r"(\d+) (?:tokens )?in the (?:messages|prompt)",
        r"(?:messages|prompt) resulted in (\d+)",
        r"(?<!at least )(?<!\d)(\d+) input tokens",
        r"request (?:has )?\(?(\d+) tokens",
        r"input token count \((\d+)",
        r"prompt contains (\d+)",
        r"prompt is too long: (\d+)",
        r"input \((\d+) tokens",
        r"prompt \(length (\d+)",
        r"given: (\d+)",
        r"\brequested:? (\d+)",
    )
)
_IN_WORDS = re.compile(
    r"(?:try again|retry|wait)[^.\d]{0,20}(?:(\d+)\s*h(?:ours?)?\s*)?(?:(\d+)\s*m(?!s)(?:in(?:utes?)?)?\s*)?"
    r"(?:(\d+(?:\.\d+)?)\s*(ms|s)(?:ec(?:onds?)?)?\b)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a server said about a question that was too long for it; None where it gave no figure."""

    #: Tokens that question and answer may have together.
    context_tokens: int | None
    #: Tokens of the question.
    asked_tokens: int | None


def too_long(said: str) -> Room | None:
    """Return what is known of the room if the refusal is about the length of the question, else None."""
    if not _TOO_LONG.search(said):
        return None
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", said)
    return Room(_first(_CONTEXT, plain), _first(_ASKED, plain))


def never_fits(said: str) -> Room | None:
    """Return what is known of the room if a refusal for now (429) is one for ever: the question alone takes more than
    is allowed in a minute. None where waiting helps."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", said)
    found = _ALLOWED.search(plain)
    if found is not None:
        allowed, asked = int(found[1]), int(found[2])
        return Room(allowed, asked) if asked > allowed else None
    return too_long(said) if "request too large" in said.lower() else None


def _first(patterns: tuple[re.Pattern[str], ...], said: str) -> int | None:
    for pattern in patterns:
        if found := pattern.search(said):
            return int(found[1])
    return None


def names_no_model(status: int, said: str) -> bool:
    """Say whether the model or the address is wrong."""
    return status == 404 or (status in (400, 422) and "model" in said.lower() and bool(_NO_SUCH.search(said)))


def has_no_credit(status: int, said: str, code: object = None) -> bool:
    """Say whether the account is empty, which no waiting mends; a limit per minute or day is not that."""
    if status == 402:
        return True
    return status in (400, 403, 429) and bool(code == "insufficient_quota" or _CREDIT.search(said.lower()))


def retry_after_s(headers: Mapping[str, str], said: str, now: datetime) -> float | None:
    """Return how many seconds the server wants to be left alone: by a header, as number or date, or by its words."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            wait_s = float(value) / unit
        except ValueError:
            continue
        if math.isfinite(wait_s):
            return max(wait_s, 0.0)
    if (until := _date(headers.get("retry-after", ""))) is not None:
        # Counted by the server's own clock where it shows it: ours may be off by more than the wait.
        return max((until - (_date(headers.get("date", "")) or now)).total_seconds(), 0.0)
    found = _IN_WORDS.search(said)
    if found and any(found.groups()):
        seconds = float(found[3] or 0) / (1000.0 if found[4] == "ms" else 1.0)
        return int(found[1] or 0) * 3600.0 + int(found[2] or 0) * 60.0 + seconds
    return None


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def page_text(content_type: str, text: str) -> str:
    """Return what a web page says that came in place of the API's own error (a firewall's, a proxy's), else nothing."""
    return " ".join(html.unescape(_TAGS.sub(" ", text[:PAGE])).split()) if "html" in content_type else ""


def masked(text: str, secret: str | None) -> str:
    """Return the text without the key, and without anything that was sent as one: servers repeat it in errors."""
    if secret and len(secret) > 3:
        text = text.replace(secret, "***")
        if len(secret) > 12:  # shown in part, as in sk-abcdef...wxyz
            text = re.sub(rf"{re.escape(secret[:6])}[\w*.…-]*", "***", text)
    return re.sub(r"(?i)(bearer\s+)[\w.~+/=-]{4,}", r"\1***", text)
