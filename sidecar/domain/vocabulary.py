"""The names a document can be filed under, and how a written name finds the one it means."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Names(StrEnum):
    """The kinds of names, by the word the Paperless API uses for their list."""

    TAGS = "tags"
    CORRESPONDENTS = "correspondents"
    DOCUMENT_TYPES = "document_types"


@dataclass(frozen=True, slots=True)
class Name:
    """One tag, correspondent or document type."""

    id: int
    name: str
    #: How many documents carry it.
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All names there are, as a person would be offered them; our own tags and inbox tags are left out."""

    names: Mapping[Names, Sequence[Name]] = field(default_factory=dict)
    #: Tags that no suggestion may name, not even as new ones, in folded form: ours and inbox tags.
    forbidden: frozenset[str] = frozenset()

    def of(self, kind: Names) -> Sequence[Name]:
        """Return the names of this kind, in no order."""
        return self.names.get(kind, ())

    def find(self, kind: Names, text: str) -> Name | None:
        """Return the name that `text` writes, to the letter or else in folded form; None if there is none."""
        exact = [name for name in self.of(kind) if name.name == text]
        if exact:
            return exact[0]
        wanted = fold(text)
        alike = [name for name in self.of(kind) if wanted and fold(name.name) == wanted]
        return max(alike, key=lambda name: name.documents, default=None)

    def candidates(self, kind: Names, text: str, limit: int) -> list[str]:
        """Return at most `limit` names to choose from: those the text mentions first, then the most used.

        Sorted by name in the end, so that equal sets give equal prompts, which providers cache.
        """
        words = f" {fold(text)} "
        ranked = sorted(
            self.of(kind), key=lambda name: (f" {fold(name.name)} " not in words, -name.documents, name.name)
        )
        return sorted({name.name for name in ranked[:limit]})


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
