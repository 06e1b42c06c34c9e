"""What may be written to a document, decided from values alone.

Paperless has no lock and no If-Match, so a write-back compares three values of each field: what the work was based
on, what stands there now, and what is wanted. Whoever changed a field in between wins over us.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sidecar.domain.document import EMPTY, Document, Fields, custom_id
from sidecar.domain.vocabulary import Names


@dataclass(frozen=True, slots=True)
class TagDelta:
    """Tags to put on and to take off, by id; all others are left as they are."""

    add: frozenset[int] = frozenset()
    remove: frozenset[int] = frozenset()

    def missing_on(self, tags: frozenset[int]) -> TagDelta:
        """Return what of the delta is not yet true of a document with `tags`."""
        return TagDelta(self.add - tags, self.remove & tags)

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclass(frozen=True, slots=True)
class NewName:
    """A name that is to be made in Paperless when, and only when, the proposal is delivered."""

    kind: Names
    name: str
    #: What the name is for: "tags", "correspondent" or "document_type".
    field: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a job's work asks for."""

    #: Each wanted field's value when the work began.
    base: Fields
    wanted: Fields
    delta: TagDelta
    #: A note for the owner, posted unless one with the same text stands there; None for none.
    note: str | None = None
    #: Names to be made first; the fields they are for have a base and no wanted value.
    names: tuple[NewName, ...] = ()
    #: What custom fields are called, and tags by their `tag_key`, for telling of them.
    words: Mapping[str, str] = field(default_factory=dict)
    #: Sentences for the job's story: what was answered and left out.
    remarks: tuple[str, ...] = ()

    @property
    def custom_words(self) -> Mapping[int, str]:
        """What custom fields are called, by id."""
        return {number: word for name, word in self.words.items() if (number := custom_id(name)) is not None}

    def with_names(self, ids: Mapping[NewName, int]) -> Proposal:
        """Return the proposal with the names that have an id by now put in, and all others left out."""
        tags = {number for name, number in ids.items() if name in self.names and name.field == "tags"}
        fields = {name.field: number for name, number in ids.items() if name in self.names and name.field != "tags"}
        words = {tag_key(number): name.name for name, number in ids.items() if number in tags and name.field == "tags"}
        delta = TagDelta(self.delta.add | tags, self.delta.remove)
        return replace(self, wanted={**self.wanted, **fields}, delta=delta, names=(), words={**self.words, **words})


def tag_key(number: int) -> str:
    """Return the key under which a proposal keeps what the tag with this id is called."""
    return f"tags.{number}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that a person (or a workflow) changed while the work ran; theirs stays."""

    field: str
    base: Any
    current: Any
    wanted: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to be sent."""

    #: To be PATCHed: still as the work saw it, and different from what is wanted.
    write: Mapping[str, Any]
    conflicts: tuple[Conflict, ...]
    delta: TagDelta
    #: The values of `write` before it, for undo.
    old: Mapping[str, Any] = field(default_factory=dict)
    #: The document's tags when this was decided.
    tags: frozenset[int] = frozenset()
    #: When the document had been changed last by then, in Paperless's words.
    modified: str = ""
    #: What was sent by an earlier try that broke off, so that it is not sent again, whatever stands there now.
    sent: Mapping[str, Any] = field(default_factory=dict)
    #: That try had sent all there was, tags and note as well.
    is_all_sent: bool = False

    def without(self, names: frozenset[str]) -> Plan:
        """Return the plan without fields that Paperless refused."""
        return replace(self, write={name: value for name, value in self.write.items() if name not in names})


def same(name: str, left: Any, right: Any) -> bool:
    """Say whether two values of the field are the same to Paperless, which strips outer white space of content.

    Of custom fields: an amount of money by its currency and number (EUR5 is EUR5.00), links in any order, numbers by
    their value; a number is never a yes or no; without a value is as good as not there.
    """
    if name == "content" and isinstance(left, str) and isinstance(right, str):
        return left.strip() == right.strip()
    return bool(left == right) if custom_id(name) is None else _normal(left) == _normal(right)


_MONEY = re.compile(r"([A-Z]{3})?(-?)0*(\d+)(?:\.(\d*?)0*)?")


def _normal(value: Any) -> tuple[str, Any]:
    """Return a custom field's value in a form in which equal ones are equal."""
    match value:
        case dict() if value == EMPTY:
            return _normal(None)
        case bool():
            return "yes or no", value
        case int() | float():
            return "number", value
        case list() | tuple():
            return "links", sorted(map(str, value))
        case str() if found := _MONEY.fullmatch(value):
            currency, sign, whole, part = found.groups(default="")
            return "money", (currency, sign if whole != "0" or part else "", whole, part)
        case _:
            return "text", value


def decide(proposal: Proposal, current: Document) -> Plan:
    """Compare base, current and wanted of every field.

    Equal to wanted: nothing to do. Equal to base: write. Neither: a person changed it; theirs stays.
    """
    write: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name, wanted in proposal.wanted.items():
        now, base = current.value(name), proposal.base[name]
        if same(name, now, wanted):
            continue
        if same(name, now, base):
            write[name] = wanted
        else:
            conflicts.append(Conflict(name, base, now, wanted))
    return Plan(
        write=write,
        conflicts=tuple(conflicts),
        delta=proposal.delta.missing_on(current.tags),
        old={name: current.to_restore(name) for name in write},
        tags=current.tags,
        modified=current.modified,
    )


def shows_our_hand(proposal: Proposal, written: Collection[str], current: Document) -> bool:
    """Say whether an earlier, interrupted delivery has visibly taken effect.

    `proposal` is the journalled one, whose delta is what was missing then; `written` names the fields that were (or
    may have been) sent. Asked when the trigger tag is gone: it tells "we took it off" from "the owner did". Where
    nothing but the trigger was to change it cannot be told, and is taken for ours: all is as it was wanted.
    """
    delta = proposal.delta
    if not written and not delta.add and len(delta.remove) > 1:  # whoever takes one trigger off leaves the others
        return not delta.remove & current.tags
    if not written and not delta.add:
        as_wanted = all(same(name, current.value(name), wanted) for name, wanted in proposal.wanted.items())
        return as_wanted and not delta.remove & current.tags
    fields = any(
        same(name, current.value(name), wanted) and not same(name, proposal.base[name], wanted)
        for name, wanted in proposal.wanted.items()
        if name in written
    )
    return fields or (bool(delta.add) and delta.add <= current.tags)


def overruled(plan: Plan, back: Document) -> tuple[str, ...]:
    """Return the fields that Paperless took and that do not hold our value on reading back.

    Somebody, or a workflow in Paperless, was there after us: that is their right, and no reason to write again.
    """
    ours = {**plan.sent, **plan.write}
    return tuple(name for name, wanted in ours.items() if not same(name, back.value(name), wanted))


def tags_are_lost(plan: Plan, back: Document) -> bool:
    """Say whether, on reading back, nothing at all of the tag delta has come true."""
    return bool(plan.delta) and plan.delta.missing_on(back.tags) == plan.delta
