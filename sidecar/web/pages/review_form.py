"""The form in which a proposal is changed: what stands in it, and which changes it means when it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.domain.document import custom_id
from sidecar.domain.editing import Edit
from sidecar.domain.errors import PermanentError
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.store.review import Review
from sidecar.web.rows import ORDER, Values

#: Longer texts are not put into the form, in bytes; they can be approved or rejected.
LONGEST_TEXT_BYTES = 40_000
#: Names that are offered of each kind, those that most documents carry.
OFFERED = 200
#: Empty lines for tags that were not proposed.
MORE_TAGS = 3
KINDS = {
    "correspondent": Names.CORRESPONDENTS,
    "document_type": Names.DOCUMENT_TYPES,
    "storage_path": Names.STORAGE_PATHS,
    "tags": Names.TAGS,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form."""

    name: str
    label: str
    #: As it is proposed; as it stands in the document where nothing is proposed.
    text: str
    old: str
    #: Whether it would be written.
    is_proposed: bool
    #: Of what the names are that may be chosen; "" for free text.
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """All lines of the form."""

    fields: list[Field]
    #: The names of the tags that are to be put on.
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Filled:
    """The form with what somebody wrote into it before it came back."""

    form: Fields
    sent: Mapping[str, list[str]] | None = None
    more_tags: list[str] = field(default_factory=lambda: [""] * MORE_TAGS)

    def text(self, one: Field) -> str:
        """Return what stands in the line."""
        sent = self.sent or {}
        text = sent.get(f"field-{one.name}", [one.text])[0]
        return one.text if text in sent.get(f"was-{one.name}", ()) else text

    def is_on(self, name: str) -> bool:
        """Say whether the field is to be written."""
        return self.sent is None or f"write-{name}" in self.sent

    def has_tag(self, tag: str) -> bool:
        """Say whether a proposed tag is to be put on."""
        return self.sent is None or tag in self.sent.get("tag", []) or tag not in self.sent.get("was-tag", [tag])

    def more(self) -> list[str]:
        """Return the tags that were written beside those that were proposed, and empty lines."""
        return ((self.sent or {}).get("more-tag", []) + self.more_tags)[: max(MORE_TAGS, len(self.more_tags))]


def fields_of(kept: Review, values: Values) -> Fields:
    """Return the lines for every field that the proposal is about."""
    proposal = kept.proposal
    made = {new.field: new.name for new in proposal.names if new.field != "tags"}
    names = [name for name in {**proposal.base, **proposal.wanted} if _is_for_people(name)]
    found = []
    for name in sorted(names, key=lambda one: ORDER.index(one) if one in ORDER else len(ORDER)):
        old = proposal.base.get(name)
        value = proposal.wanted.get(name, old)
        if name == "content" and len(str(value or "").encode()) > LONGEST_TEXT_BYTES:
            continue
        text = made.get(name) or (str(value or "") if name == "content" else _text(values.words(name, value)))
        is_proposed = name in proposal.wanted or name in made
        found.append(
            Field(name, values.label(name), text, values.words(name, old), is_proposed, str(KINDS.get(name, "")))
        )
    new = [one.name for one in proposal.names if one.field == "tags"]
    tags = sorted([values.name(Names.TAGS, tag) for tag in proposal.delta.add] + new)
    return Fields(found, tags)


def _is_for_people(name: str) -> bool:
    return name in ORDER or name == "content" or custom_id(name) is not None


def _text(said: str) -> str:
    return "" if said == "–" else said


def read_form(sent: Mapping[str, Sequence[str]], form: Fields) -> Edit:
    """Return the changes that a form that was sent means: what is as it was shown is no change.

    The form brings along what it showed: names that Paperless could not say then may be known by now. Raises
    PermanentError for tags that were chosen by such words.
    """
    given: dict[str, str] = {}
    without: list[str] = []
    for one in form.fields:
        shown = (sent.get(f"was-{one.name}") or [one.text])[0].replace("\r\n", "\n")
        text = (sent.get(f"field-{one.name}") or [shown])[0].replace("\r\n", "\n")
        if one.is_proposed and f"write-{one.name}" not in sent:
            without.append(one.name)
        elif _typed(one, text) != _typed(one, shown):
            given[one.name] = text
    tags = [*sent.get("tag", ()), *filter(None, (tag.strip() for tag in sent.get("more-tag", ())))]
    were = set(sent.get("was-tag", form.tags))
    changed = set(tags) != were
    if changed and (were & set(tags)) - set(form.tags):
        raise PermanentError("The names of the tags are known only by now; look at them again.")
    if changed and not tags:
        without.append("tags")
    return Edit(
        title=given.get("title"),
        correspondent=given.get("correspondent"),
        document_type=given.get("document_type"),
        storage_path=given.get("storage_path"),
        created=given.get("created"),
        content=given.get("content"),
        custom=tuple((name, text) for name, text in given.items() if custom_id(name) is not None),
        tags=tuple(dict.fromkeys(tags)) if changed else (),
        without=tuple(without),
    )


def _typed(one: Field, text: str) -> str:
    """Return a text as a browser sends it back: a line takes no line ends."""
    return (text if one.name == "content" else text.replace("\n", "")).strip()


def suggestions(form: Fields, known: Vocabulary) -> dict[str, list[str]]:
    """Return the names that are offered while somebody writes, by kind; few enough for a page to stay small."""
    kinds = {Names(one.offer) for one in form.fields if one.offer} | {Names.TAGS}
    found = {}
    for kind in sorted(kinds):
        used = sorted(known.of(kind), key=lambda one: -one.documents)[:OFFERED]
        found[str(kind)] = sorted(one.name for one in used)
    return found
