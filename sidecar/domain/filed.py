"""How a document is filed, and how it might be, in the words that a person reads: what a score compares."""

from __future__ import annotations

from sidecar.domain.document import Document
from sidecar.domain.scoring import Filing
from sidecar.domain.suggestion import SINGLE_NAMES, FilingRules, Suggestion, is_empty, wants
from sidecar.domain.vocabulary import Names, Vocabulary

#: In the order in which they are told.
FIELDS = ("title", "correspondent", "document_type", "created", "tags")


def asked_fields(rules: FilingRules) -> list[str]:
    """Return the fields that are asked for under the rules."""
    return [name for name in FIELDS if wants(rules, name)]


def filing_of(document: Document, vocabulary: Vocabulary) -> Filing:
    """Return how the document is filed. A title that is only the file's name is none; hidden tags are left out."""
    known = {kind: {name.id: name.name for name in vocabulary.of(kind)} for kind in Names}
    singles = {
        field: known[kind].get(document.value(field)) if document.value(field) is not None else None
        for field, kind in SINGLE_NAMES.items()
    }
    tags = known[Names.TAGS]
    return {
        "title": None if is_empty("title", document) else document.title,
        "created": document.created,
        "tags": frozenset(tags[tag] for tag in document.tags if tag in tags),
        **singles,
    }


def filing_suggested(suggestion: Suggestion) -> Filing:
    """Return how the suggestion would file a document."""
    singles = {field: getattr(suggestion, field) for field in SINGLE_NAMES}
    return {
        "title": suggestion.title,
        "created": suggestion.created,
        "tags": frozenset(suggestion.tags),
        **singles,
    }


def is_filed(filing: Filing) -> bool:
    """Say whether anybody filed it: it has a correspondent, a type, a tag or the like; titles and dates come alone."""
    return any(value for name, value in filing.items() if name not in ("title", "created"))
