"""How a document might be filed: what of a model's answer is taken."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sidecar.domain.custom_fields import CustomField, ValueRefused, normalise
from sidecar.domain.dates import parse_date
from sidecar.domain.document import custom_name
from sidecar.domain.filing import TITLE_MAX
from sidecar.domain.filing import FilingRules as FilingRules  # noqa: PLC0414
from sidecar.domain.filing import Policy as Policy  # noqa: PLC0414
from sidecar.domain.naming import NameIndex, index
from sidecar.domain.vocabulary import Name, Names, Vocabulary, fold, the_one_of, unique

MAX_TAGS = 8
NAME_MAX, NAME_WORDS = 48, 6
NAME_MARKS = " .,&+-'’/()#"
SUMMARY_MAX = 600


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A checked answer: names instead of ids, nothing outside the rules."""

    title: str | None = None
    tags: tuple[str, ...] = ()
    correspondent: str | None = None
    document_type: str | None = None
    #: "YYYY-MM-DD"
    created: str | None = None
    storage_path: str | None = None
    #: Values as Paperless takes them, by the fields' own names ("custom_fields.7").
    custom_fields: Mapping[str, Any] = field(default_factory=dict, hash=False)
    #: A few sentences for a note.
    summary: str | None = None
    #: What was answered and not taken: sentences for the owner, by the field's own name.
    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)


#: The answer's keys that hold a single name, and the kind of name.
SINGLE_NAMES: Mapping[str, Names] = {
    "correspondent": Names.CORRESPONDENTS,
    "document_type": Names.DOCUMENT_TYPES,
    "storage_path": Names.STORAGE_PATHS,
}
#: The answer's keys that hold a string or nothing.
STRINGS = ("title", *SINGLE_NAMES, "created", "summary")


def wants(rules: FilingRules, field: str) -> bool:
    """Say whether the field is to be asked for at all."""
    match field:
        case "tags" | "summary":
            return bool(getattr(rules, field))
        case "custom_fields":
            return rules.asks_custom_fields
        case "left_out":
            return False
        case _:
            return getattr(rules, field) is not Policy.OFF


class AnswerError(ValueError):
    """The model's answer is not of the form that was asked for; the text says how, for the repair round."""


def check_answer(
    answer: object,
    rules: FilingRules,
    vocabulary: Vocabulary,
    today: date,
    *,
    document_id: int = 0,
    linkable: Collection[int] = (),
) -> Suggestion:
    """Turn a parsed answer into a suggestion.

    What has the wrong form raises `AnswerError`. What has the right form but is not allowed (a name that does not
    exist, an impossible date, an empty title) is left out: a null is better than a wrong filing. A custom field's value
    that it cannot take leaves out that field alone. Links go to documents in `linkable`, never to the document itself.
    """
    if not isinstance(answer, dict):
        raise AnswerError("The answer must be one JSON object.")
    for key in STRINGS:
        if not isinstance(answer.get(key), str | None):
            raise AnswerError(f'"{key}" must be a string or null.')
    tags = answer.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise AnswerError('"tags" must be a list of strings.')
    values = answer.get("custom_fields") or {}
    if not isinstance(values, dict):
        raise AnswerError('"custom_fields" must be an object with a value or null for each field.')
    asked = {key: answer.get(key) if wants(rules, key) else None for key in STRINGS}
    names = {key: allowed(kind, asked[key], rules, vocabulary) for key, kind in SINGLE_NAMES.items()}
    chosen = (allowed(Names.TAGS, tag, rules, vocabulary) for tag in tags if rules.tags)
    custom, left_out = _custom_fields(values, rules, vocabulary, today, document_id, linkable)
    return Suggestion(
        title=_line(asked["title"])[:TITLE_MAX].rstrip() or None,
        tags=tuple(unique(tag for tag in chosen if tag)[:MAX_TAGS]),
        created=_date(asked["created"], today),
        custom_fields=custom,
        summary=_line(asked["summary"])[:SUMMARY_MAX].rstrip() or None,
        left_out=left_out,
        **names,
    )


def _custom_fields(
    values: Mapping[str, Any],
    rules: FilingRules,
    vocabulary: Vocabulary,
    today: date,
    document_id: int,
    linkable: Collection[int],
) -> tuple[dict[str, Any], dict[str, str]]:
    taken: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for written, answered in values.items():
        asked = _field(vocabulary, written)
        if asked is None or not rules.may_be_asked(asked.name):
            continue
        try:
            value = normalise(asked, answered, today=today, document_id=document_id, linkable=linkable)
        except ValueRefused as error:
            left_out[custom_name(asked.id)] = str(error)
            continue
        if value is not None:
            taken[custom_name(asked.id)] = value
    return taken, left_out


def _field(vocabulary: Vocabulary, written: str) -> CustomField | None:
    """Return the custom field of this name, to the letter or else in folded form."""
    exact = [one for one in vocabulary.fields if one.name == written]
    alike = [one for one in vocabulary.fields if fold(one.name) == fold(written)]
    return next(iter(exact or (alike if len(alike) == 1 else ())), None)


def allowed(kind: Names, text: str | None, rules: FilingRules, vocabulary: Vocabulary) -> str | None:
    """Return the name that the text means: one there is, or a new one where the owner allows it; else None."""
    text = _line(text)
    if not text:
        return None
    known = known_name(kind, text, vocabulary)
    if known:
        return None if rules.refuses(known.name) else _told_apart(known, kind, vocabulary)
    if not may_be_made(kind, text, rules, vocabulary):
        return None
    near = near_duplicates(kind, text, vocabulary.of(kind))
    if not near:
        return text
    one = the_one_of(near)
    return None if one is None or rules.refuses(one.name) else _told_apart(one, kind, vocabulary)


def _told_apart(name: Name, kind: Names, vocabulary: Vocabulary) -> str:
    """Return a name that finds this one again: as it is shown where another one is called the same."""
    return name.name if vocabulary.find(kind, name.name) == name else name.shown


def known_name(kind: Names, text: str, vocabulary: Vocabulary) -> Name | None:
    """Return the name there is that the text means, None if there is none."""
    return vocabulary.find(kind, text) or _index(kind, vocabulary.of(kind)).resolve(text)


def near_duplicates(kind: Names, text: str, names: Sequence[Name]) -> Sequence[Name]:
    """Return those of the names that a person would call the same as this new one."""
    return _index(kind, names).near_duplicates(text)


def _index(kind: Names, names: Sequence[Name]) -> NameIndex:
    return index(tuple(names), of_people=kind is Names.CORRESPONDENTS)


def may_be_made(kind: Names, text: str, rules: FilingRules, vocabulary: Vocabulary) -> bool:
    """Say whether the owner allows a new name of this kind, and this text as one."""
    makes = kind in rules.create and kind is not Names.STORAGE_PATHS
    return makes and is_fit_for_a_name(text, vocabulary) and not rules.refuses(text)


def is_fit_for_a_name(text: str, vocabulary: Vocabulary) -> bool:
    """Say whether a new name may be made of it: short and plain, since it will stand in later questions."""
    plain = all(unicodedata.category(c)[0] in "LNM" or c in NAME_MARKS for c in text)
    short = len(text) <= NAME_MAX and len(text.split()) <= NAME_WORDS
    return plain and short and bool(fold(text)) and fold(text) not in vocabulary.forbidden


def _line(text: str | None) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text or "")
    return " ".join(printable.split())


def _date(text: str | None, today: date) -> str | None:
    found = parse_date(text or "", today=today)
    return found.isoformat() if found else None
