"""A person's changes to a proposal, checked before anything of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sidecar.domain.errors import PermanentError
from sidecar.domain.filing import TITLE_MAX
from sidecar.domain.suggestion import SINGLE_NAMES
from sidecar.domain.telling import field_words
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.writeback import Proposal, TagDelta, same

TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be different; None, and an empty list, leave things as they are proposed."""

    title: str | None = None
    correspondent: str | None = None
    document_type: str | None = None
    #: "YYYY-MM-DD"
    created: str | None = None
    #: The names of the tags to be put on, in place of those that are proposed.
    tags: tuple[str, ...] = ()
    #: Fields that are not to be written, by Paperless's name for them or ours; "tags" for all tags.
    without: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Edit()


def edited(proposal: Proposal, edit: Edit, vocabulary: Vocabulary) -> Proposal:
    """Return the proposal with a person's changes. Raises PermanentError for what cannot be written.

    Names that were to be made for a field that is changed or left out are not made.
    """
    given = _values(proposal, edit, vocabulary)
    wanted, settled = {**proposal.wanted, **given}, set(given)
    delta = proposal.delta
    if edit.tags:
        chosen = frozenset(_id(Names.TAGS, name, vocabulary) for name in edit.tags)
        delta = TagDelta(chosen, delta.remove)
        settled.add(TAGS)
    proposed = {*wanted, *(new.field for new in proposal.names if new.field != TAGS)}
    for name in edit.without:
        known = _field(name, sorted(proposed), proposal.custom_words)
        settled.add(known)
        if known == TAGS:
            delta = TagDelta()
        wanted.pop(known, None)
        proposed.discard(known)
    changing = {name: value for name, value in wanted.items() if not same(name, value, proposal.base[name])}
    names = tuple(new for new in proposal.names if new.field not in settled)
    return replace(proposal, wanted=changing, delta=delta, names=names)


def _values(proposal: Proposal, edit: Edit, vocabulary: Vocabulary) -> dict[str, Any]:
    checks: Mapping[str, Callable[[str], Any]] = {
        "title": _title,
        "correspondent": lambda name: _id(Names.CORRESPONDENTS, name, vocabulary),
        "document_type": lambda name: _id(Names.DOCUMENT_TYPES, name, vocabulary),
        "created": _date,
    }
    given = {name: value for name in checks if (value := getattr(edit, name)) is not None}
    for name in given:
        if name not in proposal.base:
            raise PermanentError(f"This proposal is not about the {field_words(name)}; change that in Paperless.")
    return {name: checks[name](value) for name, value in given.items()}


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise PermanentError("A title cannot be empty. To leave the document's title as it is, say --without title.")
    if len(title) > TITLE_MAX:
        raise PermanentError(f"The title has {len(title)} characters; Paperless takes {TITLE_MAX}.")
    return title


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise PermanentError(f'"{text}" is no date: write it as 2026-05-12.') from error


def _id(kind: Names, name: str, vocabulary: Vocabulary) -> int:
    known = vocabulary.find(kind, name)
    if known is None:
        what = {**{kind: field_words(field) for field, kind in SINGLE_NAMES.items()}, Names.TAGS: "tag"}[kind]
        raise PermanentError(f'There is no {what} "{name}" that may be chosen. Make it in Paperless first.')
    return known.id


def _field(name: str, wanted: Iterable[str], custom: Mapping[int, str]) -> str:
    asked = name.strip().lower()
    for known in (*wanted, TAGS):
        if asked in (known, field_words(known, custom).lower()):
            return known
    proposed = ", ".join(field_words(known, custom) for known in (*wanted, TAGS))
    raise PermanentError(f'"{name}" is not proposed. Proposed are: {proposed}.')
