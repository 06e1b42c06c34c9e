"""A document as Paperless holds it, reduced to what we look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A field of a document as PATCH names it, with its JSON value.
Fields = Mapping[str, Any]


#: The label of versions that the sidecar made: their text layer is its own, so they are never read again.
VERSION_LABEL = "sidecar text layer"


@dataclass(frozen=True, slots=True)
class Version:
    """One of a document's files."""

    id: int
    #: SHA-256 of the file.
    checksum: str
    label: str
    #: The first one, which has the document's own id.
    is_root: bool

    @property
    def is_ours(self) -> bool:
        """Say whether the sidecar made it."""
        return not self.is_root and self.label.startswith(VERSION_LABEL)


@dataclass(frozen=True, slots=True)
class Document:
    """One document at one moment. Paperless gives no version stamp, so equality of values is all there is."""

    id: int
    title: str
    content: str = field(repr=False)
    tags: frozenset[int]
    correspondent: int | None
    document_type: int | None
    storage_path: int | None
    #: "YYYY-MM-DD"
    created: str
    mime_type: str
    original_file_name: str
    #: The notes' texts, oldest first.
    notes: tuple[str, ...] = ()
    #: Object rights only: true for an unowned document even if the user may not change documents at all.
    user_can_change: bool = True
    #: Newest first; empty where Paperless knows none (before 3.0).
    versions: tuple[Version, ...] = ()

    @property
    def version_to_read(self) -> int | None:
        """The newest version that is not the sidecar's own; None where there is only one file."""
        if len(self.versions) < 2:
            return None
        return next((version.id for version in self.versions if not version.is_ours), None)

    def value(self, name: str) -> Any:
        """Return the current value of a field that PATCH knows by `name`."""
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Tagged:
    """One line of a poll: a document that carries at least one tag we asked for."""

    id: int
    tags: frozenset[int]
