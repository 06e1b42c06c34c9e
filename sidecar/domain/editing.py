"""A person's changes to a proposal, checked before anything of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sidecar.domain.custom_fields import AHEAD_IN_FIELDS, DataType, ValueRefused, normalise
from sidecar.domain.document import custom_id
from sidecar.domain.errors import PermanentError
from sidecar.domain.filing import TITLE_MAX
from sidecar.domain.telling import field_words
from sidecar.domain.vocabulary import Names, Vocabulary, fold
from sidecar.domain.writeback import NewName, Proposal, TagDelta, same, tag_key

TAGS = "tags"
#: Where no day is given, every date that a field can hold is one that may be.
LAST_DAY = date.max - AHEAD_IN_FIELDS


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
    storage_path: str | None = None
    #: Custom fields by their names in PATCH, with what a person wrote.
    custom: tuple[tuple[str, str], ...] = ()
    #: The whole text.
    content: str | None = None

    def __bool__(self) -> bool:
        return self != Edit()


#: Whether a name of this kind may be made in Paperless.
MayMake = Callable[[Names, str], bool]


def edited(
    proposal: Proposal,
    edit: Edit,
    vocabulary: Vocabulary,
    may_make: MayMake = lambda _kind, _name: False,
    *,
    today: date = LAST_DAY,
    document_id: int = 0,
) -> Proposal:
    """Return the proposal with a person's changes. Raises PermanentError for what cannot be written.

    Names that were to be made for a field that is changed or left out are not made. One that a person says and that
    there is not is made with the write, where it may be.
    """

    def found(kind: Names, field: str, name: str) -> int | NewName:
        return _found(kind, field, name, vocabulary, may_make, proposal.delta.add)

    given = {**_values(proposal, edit, found), **_custom(proposal, edit, vocabulary, today, document_id)}
    settled = set(given)
    wanted = {**proposal.wanted, **{name: value for name, value in given.items() if not isinstance(value, NewName)}}
    delta, said = proposal.delta, [value for value in given.values() if isinstance(value, NewName)]
    for new in said:
        wanted.pop(new.field, None)
    if edit.tags:
        chosen = [found(Names.TAGS, TAGS, name) for name in edit.tags]
        delta = TagDelta(frozenset(tag for tag in chosen if isinstance(tag, int)), delta.remove)
        said += [tag for tag in chosen if isinstance(tag, NewName)]
        settled.add(TAGS)
    proposed = [*dict.fromkeys((*wanted, *(new.field for new in (*proposal.names, *said) if new.field != TAGS)))]
    for name in edit.without:
        known = _field(name, proposed, proposal.custom_words)
        settled.add(known)
        said = [new for new in said if new.field != known]
        if known == TAGS:
            delta = TagDelta()
        wanted.pop(known, None)
        proposed = [name for name in proposed if name != known]
    changing = {name: value for name, value in wanted.items() if not same(name, value, proposal.base[name])}
    names = (*(new for new in proposal.names if new.field not in settled), *said)
    tags = {tag_key(tag.id): tag.shown for tag in vocabulary.of(Names.TAGS) if tag.id in delta.add}
    return replace(proposal, wanted=changing, delta=delta, names=names, words={**proposal.words, **tags})


def _values(proposal: Proposal, edit: Edit, found: Callable[[Names, str, str], int | NewName]) -> dict[str, Any]:
    checks: Mapping[str, Callable[[str], Any]] = {
        "title": _title,
        "correspondent": lambda name: found(Names.CORRESPONDENTS, "correspondent", name),
        "document_type": lambda name: found(Names.DOCUMENT_TYPES, "document_type", name),
        "storage_path": lambda name: found(Names.STORAGE_PATHS, "storage_path", name),
        "created": _date,
        "content": _text,
    }
    given = {name: value for name in checks if (value := getattr(edit, name)) is not None}
    for name in given:
        if name not in proposal.base:
            raise PermanentError(f"This proposal is not about the {field_words(name)}; change that in Paperless.")
    return {name: checks[name](value) for name, value in given.items()}


def _custom(proposal: Proposal, edit: Edit, vocabulary: Vocabulary, today: date, document_id: int) -> dict[str, Any]:
    """Return the custom fields' values as Paperless takes them; links stay among those that were proposed."""
    given: dict[str, Any] = {}
    for name, text in edit.custom:
        known = vocabulary.field(custom_id(name) or 0)
        if name not in proposal.base or known is None:
            words = field_words(name, proposal.custom_words)
            raise PermanentError(f"This proposal is not about the {words}; change that in Paperless.")
        before = proposal.wanted.get(name)
        linkable = before if isinstance(before, list) else ()
        links = known.data_type is DataType.DOCUMENTLINK
        said: Any = [part.strip() for part in text.split(",")] if links else text
        try:
            value = normalise(known, said, today=today, document_id=document_id, linkable=linkable)
        except ValueRefused as error:
            raise PermanentError(str(error)) from error
        if value is None:
            raise PermanentError(f'The field "{known.name}" has no value. To leave it as it is, leave it out.')
        given[name] = value
    return given


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise PermanentError("A title cannot be empty. To leave the document's title as it is, say --without title.")
    if len(title) > TITLE_MAX:
        raise PermanentError(f"The title has {len(title)} characters; Paperless takes {TITLE_MAX}.")
    return title


def _text(text: str) -> str:
    content = text.replace("\r\n", "\n").strip()
    if not content:
        raise PermanentError("A text cannot be empty. To leave the document's text as it is, reject the proposal.")
    return content


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise PermanentError(f'"{text}" is no date: write it as 2026-05-12.') from error


def _found(
    kind: Names, field: str, name: str, vocabulary: Vocabulary, may_make: MayMake, proposed: frozenset[int]
) -> int | NewName:
    known = vocabulary.find(kind, name)
    if known is not None:
        return known.id
    several = [one for one in vocabulary.of(kind) if fold(one.name) == fold(name) and fold(name)]
    if several:  # under several tags; a person who was shown one of them means that one
        shown = [one.id for one in several if kind is Names.TAGS and one.id in proposed]
        if len(shown) == 1:
            return shown[0]
        ways = ", ".join(f'"{one.shown}"' for one in several)
        raise PermanentError(f'There are several tags "{name}". Say which: {ways}.')
    if may_make(kind, name.strip()):
        return NewName(kind, name.strip(), field)
    what = "tag" if kind is Names.TAGS else field_words(field)
    raise PermanentError(f'There is no {what} "{name}" that may be chosen. Make it in Paperless first.')


def _field(name: str, wanted: Iterable[str], custom: Mapping[int, str]) -> str:
    asked = name.strip().lower()
    for known in (*wanted, TAGS):
        if asked in (known, field_words(known, custom).lower()):
            return known
    proposed = ", ".join(field_words(known, custom) for known in (*wanted, TAGS))
    raise PermanentError(f'"{name}" is not proposed. Proposed are: {proposed}.')
