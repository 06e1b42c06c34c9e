"""The names a document can be filed under, and how a written name finds the one it means."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.domain.custom_fields import CustomField


class Names(StrEnum):
    """The kinds of names, by the word the Paperless API uses for their list."""

    TAGS = "tags"
    CORRESPONDENTS = "correspondents"
    DOCUMENT_TYPES = "document_types"
    STORAGE_PATHS = "storage_paths"


@dataclass(frozen=True, slots=True)
class Name:
    """One tag, correspondent, document type or storage path."""

    id: int
    name: str
    #: How many documents carry it.
    documents: int = 0
    #: The names of the tags above it, the topmost first.
    above: tuple[str, ...] = ()
    #: A tag that Paperless puts on whatever comes in; no document gets it from here.
    is_inbox: bool = False

    @property
    def shown(self) -> str:
        """The name as it is offered: "Finance / Tax" for a tag below another one."""
        return " / ".join((*self.above, self.name))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All names there are, as a person would be offered them; our own tags and inbox tags are left out."""

    names: Mapping[Names, Sequence[Name]] = field(default_factory=dict)
    #: Tags that no suggestion may name, not even as new ones, in folded form: ours and inbox tags.
    forbidden: frozenset[str] = frozenset()
    #: The owner's custom fields, by name.
    fields: tuple[CustomField, ...] = ()

    def of(self, kind: Names) -> Sequence[Name]:
        """Return the names of this kind, in no order."""
        return self.names.get(kind, ())

    def find(self, kind: Names, text: str) -> Name | None:
        """Return the name that `text` writes, to the letter or else in folded form; None if there is none.

        A tag is also found by how it is shown, with the tags above it; by its bare name only where no other has it.
        """
        names = self.of(kind)
        exact = [name for name in names if name.shown == text]
        if exact:
            return exact[0]
        bare = [name for name in names if name.name == text]
        if bare:
            return bare[0] if the_one_of(bare) else None
        wanted = fold(text)
        if not wanted:
            return None
        shown = [name for name in names if fold(name.shown) == wanted]
        return the_one_of(shown or [name for name in names if fold(name.name) == wanted])

    def by_id(self, kind: Names, number: int | None) -> Name | None:
        """Return the name with this id; None if it is not offered."""
        return next((name for name in self.of(kind) if name.id == number), None)

    def field(self, number: int) -> CustomField | None:
        """Return the custom field with this id, None if it is gone."""
        return next((field for field in self.fields if field.id == number), None)

    def refusing(self, refuses: Callable[[str], bool]) -> Vocabulary:
        """Return the vocabulary without the names that the owner refuses."""
        kept = {kind: [name for name in names if not refuses(name.name)] for kind, names in self.names.items()}
        return replace(self, names=kept)


def the_one_of(names: Sequence[Name]) -> Name | None:
    """Return the most used of names that are all the same; None if there is none or they stand under other tags."""
    return max(names, key=lambda name: name.documents) if len({name.above for name in names}) == 1 else None


def fold(text: str) -> str:
    """Return `text` as names are compared: compatibility forms, case and punctuation evened out.

    Letters, digits and marks of every script stay (Hindi vowels are marks), and what tells C++ from C#.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = (c if unicodedata.category(c)[0] in "LNM" or c in "+#&" else " " for c in plain)
    return " ".join("".join(kept).split())


def unique(texts: Iterable[str]) -> list[str]:
    """Return the texts without repeats in folded form, in their order."""
    seen: dict[str, str] = {}
    for text in texts:
        seen.setdefault(fold(text), text)
    return list(seen.values())
