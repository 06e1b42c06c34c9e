"""Documents like this one that a person filed: whose names are candidates, and which show how it is done."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.domain.custom_fields import CustomField, DataType, labels
from sidecar.domain.document import Neighbour
from sidecar.domain.vocabulary import Names, Vocabulary

#: Longer values of custom fields are no example of anything.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Example:
    """One document as a person filed it."""

    id: int
    title: str
    created: str
    tags: frozenset[int]
    correspondent: int | None
    document_type: int | None
    storage_path: int | None
    custom_fields: tuple[tuple[int, Any], ...] = ()

    def as_answer(self, vocabulary: Vocabulary, asked: Collection[str], fields: Sequence[CustomField]) -> str:
        """Return it as JSON in the form of an answer, with its id; of the fields, those that are asked for."""
        tags = [name.shown for name in vocabulary.of(Names.TAGS) if name.id in self.tags]
        singles = {
            "correspondent": (Names.CORRESPONDENTS, self.correspondent),
            "document_type": (Names.DOCUMENT_TYPES, self.document_type),
            "storage_path": (Names.STORAGE_PATHS, self.storage_path),
        }
        named = {key: vocabulary.by_id(kind, number) for key, (kind, number) in singles.items()}
        custom = {field.name: _shown(field, dict(self.custom_fields)[field.id]) for field in fields
                  if field.id in dict(self.custom_fields)}  # fmt: skip
        answer: dict[str, Any] = {
            "title": self.title,
            "tags": sorted(tags),
            **{key: name.shown if name else None for key, name in named.items()},
            "created": self.created,
            "custom_fields": {name: value for name, value in custom.items() if value is not None},
        }
        kept = {key: value for key, value in answer.items() if key in asked}
        return json.dumps({"id": self.id, **kept}, ensure_ascii=False)


def _shown(field: CustomField, value: Any) -> Any:
    if field.data_type is DataType.SELECT:
        return next((label for label, option in labels(field).items() if option.id == value), None)
    return None if isinstance(value, str) and len(value) > LONGEST else value


def examples(
    neighbours: Iterable[Neighbour],
    *,
    ours: frozenset[int],
    most: int,
) -> list[Example]:
    """Return at most so many that a person filed, the likest first.

    One that carries a tag of `ours` waits for the sidecar or was filed by it: it would learn from itself. One without
    correspondent and type was filed by nobody.
    """
    found = [
        Example(
            one.id, one.title, one.created, one.tags, one.correspondent, one.document_type, one.storage_path,
            tuple(sorted(one.custom_fields.items())),
        )
        for one in neighbours
        if not one.tags & ours and (one.correspondent or one.document_type)
    ]  # fmt: skip
    return found[:most]


def ids_of(shown: Iterable[Example]) -> dict[Names, set[int]]:
    """Return the ids of the names that the documents are filed under."""
    found: dict[Names, set[int]] = {kind: set() for kind in Names}
    for one in shown:
        found[Names.TAGS] |= one.tags
        for kind, number in (
            (Names.CORRESPONDENTS, one.correspondent),
            (Names.DOCUMENT_TYPES, one.document_type),
            (Names.STORAGE_PATHS, one.storage_path),
        ):
            found[kind] |= {number} if number else set()
    return found
