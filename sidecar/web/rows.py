"""What a proposal or a write-back changes, row by row: each field as it was and as it is to be, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.domain.difference import Difference, compare
from sidecar.domain.suggestion import SINGLE_NAMES
from sidecar.domain.telling import Spoken
from sidecar.domain.vocabulary import Names
from sidecar.domain.writeback import Proposal
from sidecar.store.journal import Entry
from sidecar.web.texts import Words

#: The order in which fields are shown; others come after them, and the text last.
ORDER = ("title", "correspondent", "document_type", "storage_path", "created")
#: Of a text so much is shown, in characters.
EXCERPT = 8_000


@dataclass(frozen=True, slots=True)
class Row:
    """One field."""

    field: str
    label: str
    old: str = ""
    new: str = ""
    #: Whether the name is to be made.
    is_new: bool = False
    #: Of a text: the words that differ.
    difference: Difference | None = None
    #: Of the tags: what is put on and what is taken off.
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Values:
    """Says fields and their values in a language."""

    def __init__(
        self, t: Words, spoken: Spoken, custom: Mapping[int, str] | None = None, *, excerpt: int = EXCERPT
    ) -> None:
        """`custom` are names of custom fields as they were; of texts `excerpt` characters are shown."""
        self.t = t
        self._most = excerpt
        self._spoken = spoken
        self._custom = {**spoken.custom, **(custom or {})}

    def label(self, field: str) -> str:
        """Return what the field is called."""
        if f"field.{field}" in self.t.keys:
            return self.t(f"field.{field}")
        number = field.removeprefix("custom_fields.")
        known = self._custom.get(int(number)) if number.isdecimal() else None
        return known or (self.t("reviews.custom", n=number) if number != field else field)

    def words(self, field: str, value: Any) -> str:
        """Return a value in words: names for ids, a dash for nothing."""
        if value is None or value in ("", []):
            return "–"
        if isinstance(value, bool):
            return self.t("reviews.yes" if value else "reviews.no")
        kind = SINGLE_NAMES.get(field)
        if kind is not None and isinstance(value, int):
            return self.name(kind, value)
        if isinstance(value, str):
            return self._excerpt(self._spoken.choices.get((field, value), value))
        if isinstance(value, list | tuple):
            return ", ".join(str(one) for one in value)
        return str(value)

    def name(self, kind: str, number: int) -> str:
        """Return what the name with this id is called; its number where that is not known."""
        return self._spoken.names.get((str(kind), number)) or self.t("reviews.number", n=number)

    def row(self, field: str, old: Any, new: Any) -> Row:
        """Return the row of a field."""
        said = Row(field, self.label(field), self.words(field, old), self.words(field, new))
        if field != "content":
            return said
        found = compare(self._excerpt(str(old or "")), self._excerpt(str(new or "")))
        return Row(field, said.label, said.old, said.new, difference=found)

    def _excerpt(self, text: str) -> str:
        return text if len(text) <= self._most else f"{text[: self._most]} …"

    def tags(self, added: Iterable[int], removed: Iterable[int], made: Iterable[str] = ()) -> list[Row]:
        """Return the row of the tags, none where nothing of them changes."""
        on = sorted([self.name(Names.TAGS, tag) for tag in added] + [self.t("reviews.new-name", name=n) for n in made])
        off = sorted(self.name(Names.TAGS, tag) for tag in removed)
        return [Row("tags", self.label("tags"), added=tuple(on), removed=tuple(off))] if on or off else []


def proposed(proposal: Proposal, values: Values) -> list[Row]:
    """Return what a proposal would change."""
    rows = [values.row(name, proposal.base.get(name), new) for name, new in proposal.wanted.items()]
    rows += [
        Row(one.field, values.label(one.field), values.words(one.field, proposal.base.get(one.field)), one.name, True)
        for one in proposal.names
        if one.field != "tags"
    ]
    made = [one.name for one in proposal.names if one.field == "tags"]
    return _in_order(rows) + values.tags(proposal.delta.add, proposal.delta.remove, made)


def written(entry: Entry, values: Values) -> list[Row]:
    """Return what a write-back changed."""
    rows = [values.row(name, entry.old.get(name), new) for name, new in entry.written.items()]
    delta = entry.proposal.delta
    return _in_order(rows) + values.tags(delta.add, delta.remove)


def needed(proposal: Proposal) -> set[tuple[str, int]]:
    """Return the names that are needed to say what a proposal is about."""
    tags = {(str(Names.TAGS), tag) for tag in proposal.delta.add | proposal.delta.remove}
    return tags | ids(proposal.base) | ids(proposal.wanted)


def ids(values: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the names that fields with these values mean."""
    return {
        (str(SINGLE_NAMES[name]), value)
        for name, value in values.items()
        if name in SINGLE_NAMES and isinstance(value, int)
    }


def _in_order(rows: Iterable[Row]) -> list[Row]:
    def place(row: Row) -> tuple[int, str]:
        if row.field in ORDER:
            return ORDER.index(row.field), ""
        return len(ORDER) + (row.field == "content"), row.label

    return sorted(rows, key=place)
