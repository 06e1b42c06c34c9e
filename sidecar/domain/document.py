"""A document as Paperless holds it, reduced to what we look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: A field of a document as PATCH names it, with its JSON value.
Fields = Mapping[str, Any]

#: A custom field of a document is a field of its own by this word and its id: "custom_fields.7".
CUSTOM = "custom_fields."


#: What stands for a custom field that a document has without a value, where that matters: none of Paperless's values.
EMPTY: Mapping[str, bool] = {"empty": True}


def custom_name(field_id: int) -> str:
    """Return the name by which a custom field of a document is known everywhere: "custom_fields.7"."""
    return f"{CUSTOM}{field_id}"


def custom_id(name: str) -> int | None:
    """Return the id in the name of a custom field, None for every other field's name."""
    number = name.removeprefix(CUSTOM)
    return int(number) if number != name and number.isdecimal() else None


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
    #: Values by the fields' ids, of those that the document has; None for one that it has without a value.
    custom_fields: Mapping[int, Any] = field(default_factory=dict, hash=False)
    #: When it was changed last, by Paperless's clock and in its words.
    modified: str = field(default="", compare=False)

    @property
    def version_to_read(self) -> int | None:
        """The newest version that is not the sidecar's own; None where there is only one file."""
        if len(self.versions) < 2:
            return None
        return next((version.id for version in self.versions if not version.is_ours), None)

    def value(self, name: str) -> Any:
        """Return the current value of a field that PATCH knows by `name`, or of a custom field by its own name.

        None for a custom field that the document does not have.
        """
        custom = custom_id(name)
        return getattr(self, name) if custom is None else self.custom_fields.get(custom)

    def to_restore(self, name: str) -> Any:
        """Return the value as it is to be written to have it back: EMPTY for a custom field without a value."""
        value, custom = self.value(name), custom_id(name)
        return dict(EMPTY) if custom in self.custom_fields and value is None else value


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A document that Paperless finds like another one, with how it is filed."""

    id: int
    title: str
    created: str
    tags: frozenset[int]
    correspondent: int | None
    document_type: int | None
    storage_path: int | None
    custom_fields: Mapping[int, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Tagged:
    """One line of a poll: a document that carries at least one tag we asked for."""

    id: int
    tags: frozenset[int]


def timestamp(text: object) -> datetime | None:
    """Read one of Paperless's times; None if it is none, or does not say its zone."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
