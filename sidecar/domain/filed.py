"""How a document is filed, and how it might be, in the words that a person reads: what a score compares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sidecar.domain.custom_fields import CustomField, DataType, labels
from sidecar.domain.document import Document, custom_name
from sidecar.domain.filing import FilingRules
from sidecar.domain.scoring import Filing
from sidecar.domain.suggestion import SINGLE_NAMES, Suggestion, wants
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.wishes import is_empty, wishes

#: In the order in which they are told; custom fields follow, by their names in quotation marks.
FIELDS = ("title", "correspondent", "document_type", "storage_path", "created", "tags")


def asked_fields(rules: FilingRules, vocabulary: Vocabulary) -> list[str]:
    """Return the fields that are asked for under the rules."""
    custom = [_word(field) for field in vocabulary.fields if rules.may_be_asked(field.name)]
    return [name for name in FIELDS if wants(rules, name)] + custom


def filing_of(document: Document, vocabulary: Vocabulary) -> Filing:
    """Return how the document is filed. A title that is only the file's name is none; hidden tags are left out."""
    tags = {name.id: name.name for name in vocabulary.of(Names.TAGS)}
    return {
        "title": None if is_empty("title", document) else document.title,
        "created": document.created,
        "tags": frozenset(tags[tag] for tag in document.tags if tag in tags),
        **{field: _name(vocabulary, kind, document.value(field)) for field, kind in SINGLE_NAMES.items()},
        **{_word(field): _said(field, document.value(custom_name(field.id))) for field in vocabulary.fields},
    }


def unfiled(document: Document) -> Document:
    """Return the document as it was before anybody filed it, but for its date: what that was then nobody knows."""
    stem = document.original_file_name.rsplit(".", 1)[0]
    return replace(
        document, title=stem, tags=frozenset(), correspondent=None, document_type=None, storage_path=None,
        custom_fields={}, notes=(),
    )  # fmt: skip


def filing_suggested(suggestion: Suggestion, rules: FilingRules, document: Document, vocabulary: Vocabulary) -> Filing:
    """Return how the document would be filed by the suggestion under the rules, had nobody filed it yet."""
    found = wishes(suggestion, rules, unfiled(document), vocabulary)
    new = {one.field: one.name for one in found.new if one.kind is not Names.TAGS}
    tags = {name.id: name.name for name in vocabulary.of(Names.TAGS)}
    return {
        "title": found.values.get("title"),
        "created": found.values.get("created"),
        "tags": frozenset(tags[tag] for tag in found.tags if tag in tags)
        | {one.name for one in found.new if one.kind is Names.TAGS},
        **{
            field: _name(vocabulary, kind, found.values.get(field)) or new.get(field)
            for field, kind in SINGLE_NAMES.items()
        },
        **{_word(field): _said(field, found.values.get(custom_name(field.id))) for field in vocabulary.fields},
    }


def is_filed(filing: Filing) -> bool:
    """Say whether anybody filed it: it has a correspondent, a type, a tag or the like; titles and dates come alone."""
    return any(value for name, value in filing.items() if name not in ("title", "created"))


def _name(vocabulary: Vocabulary, kind: Names, number: int | None) -> str | None:
    known = vocabulary.by_id(kind, number)
    return known.name if known else None


def _word(field: CustomField) -> str:
    return f'"{field.name}"'


def _said(field: CustomField, value: Any) -> str | None:
    """Say what a custom field holds: the label of a choice, yes or no, ids of linked documents with commas."""
    if value is None or value in ("", []):
        return None
    if field.data_type is DataType.SELECT:
        return next((label for label, option in labels(field).items() if option.id == value), str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
