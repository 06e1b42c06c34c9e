"""Stories and reasons in the language of a page: they are kept in English, as sentences that the program knows.

texts/told-<language>.toml has the sentences by pattern. A text is read from its start, sentence by sentence, and stays
as it is from the first one on that is in no table: what Paperless, a model or a file said is in nobody's table. What
stays is marked as English, for those who have pages read to them. In place of a number stands a number, and in place
of fields what the table calls one or a name in quotes, so that a sentence of somebody else is not taken for ours.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from sidecar.domain.cause import GAP

FOLDER = Path(__file__).parent / "texts"
#: Longer texts are answers of others, and are not looked at.
LONGEST = 2000
_HOLE = re.compile(r"\{(\w+)\}")
#: Holes for a number, in which a cause of failures has a gap.
_NUMBERS = ("n", "s", "most", "number")
_NUMBER = rf"-?\d+(?:\.\d+)?|{GAP}"


@dataclass(frozen=True, slots=True)
class _Sentence:
    pattern: re.Pattern[str]
    shown: Markup


@dataclass(frozen=True, slots=True)
class _Table:
    sentences: tuple[_Sentence, ...]
    #: How a page was read.
    pages: tuple[_Sentence, ...]
    fields: Mapping[str, str]


def told(text: str, language: str) -> Markup:
    """Return a stored sentence, or several, as a page in this language shows them."""
    table = _table(language)
    if table is None or not text:
        return escape(text)
    return _english(text) if len(text) > LONGEST else _shown(text, table.sentences, table)


def told_page(text: str, language: str) -> Markup:
    """Return how a page was read, part by part, as a page of ours in this language shows it."""
    table = _table(language)
    if table is None or not text:
        return escape(text)
    return Markup("; ").join(_shown(part, table.pages, table) for part in text[:LONGEST].split("; "))


def _shown(text: str, sentences: Sequence[_Sentence], table: _Table) -> Markup:
    for sentence in sentences:
        found = sentence.pattern.match(text)
        if found is not None:
            rest = text[found.end() :]
            shown = sentence.shown.format(
                **{name: _word(name, said, table) for name, said in found.groupdict().items()}
            )
            return shown + (" " + _shown(rest[1:], sentences, table) if rest else "")
    return _english(text)


def _english(text: str) -> Markup:
    return Markup('<span lang="en">{}</span>').format(text) if text.strip() else escape(text)


def _word(name: str, said: str, table: _Table) -> str:
    if name == "rest":
        return _shown(said, table.sentences, table)
    if name == "said":
        return _english(said)
    if name == "fields":
        return re.sub(_field(table.fields), lambda found: table.fields.get(found[0], found[0]), said)
    return said


@cache
def _table(language: str) -> _Table | None:
    file = FOLDER / f"told-{language}.toml"
    if not file.exists():
        return None
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    fields = found["fields"]
    return _Table(_sentences(found["sentences"], fields), _sentences(found["pages"], fields), fields)


def _sentences(rows: Mapping[str, str], fields: Mapping[str, str]) -> tuple[_Sentence, ...]:
    return tuple(
        _Sentence(_pattern(said, _field(fields)), Markup(shown))  # noqa: S704 - our own
        for said, shown in rows.items()
    )


def _field(fields: Mapping[str, str]) -> str:
    """Return what finds one field; names of the owner's own stand in quotes, whatever is in them."""
    return "|".join(('"[^"]*"', GAP, r"custom field \d+", *map(re.escape, fields)))


def _pattern(said: str, field: str) -> re.Pattern[str]:
    """Return what finds this sentence at the start of a text; it ends with the text or before a space."""
    parts = _HOLE.split(said)
    last = len(parts) - 2 if not parts[-1] else -1
    made = [re.escape(part) if n % 2 == 0 else _hole(part, field, is_last=n == last) for n, part in enumerate(parts)]
    return re.compile("".join(made) + r"(?= |$)", re.DOTALL)


def _hole(name: str, field: str, *, is_last: bool) -> str:
    if name in _NUMBERS:
        return f"(?P<{name}>{_NUMBER})"
    if name == "fields":
        return f"(?P<fields>(?:{field})(?:, (?:{field}))*)"
    return f"(?P<{name}>.*)" if is_last else f"(?P<{name}>.+?)"
