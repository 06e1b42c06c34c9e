"""What a suggestion comes to for one document: values to write, tags to put on, names to be made first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sidecar.domain.document import Document, Fields, custom_id
from sidecar.domain.filing import FilingRules, Policy, fill_template
from sidecar.domain.suggestion import SINGLE_NAMES, Suggestion, known_name, may_be_made
from sidecar.domain.vocabulary import Name, Names, Vocabulary
from sidecar.domain.writeback import NewName

#: Every field that a filing may write, but for custom fields.
FIELDS = ("title", "correspondent", "document_type", "storage_path", "created")


@dataclass(frozen=True, slots=True)
class Wishes:
    """A suggestion under the owner's rules, for one document."""

    #: PATCH values, custom fields by their own names.
    values: Fields
    #: Ids of tags to put on.
    tags: frozenset[int]
    #: Names that do not exist and may be made; what they are for is not in `values` and `tags` yet.
    new: tuple[NewName, ...] = ()


def wishes(suggestion: Suggestion, rules: FilingRules, document: Document, vocabulary: Vocabulary) -> Wishes:
    """Return what the suggestion asks for. Names are looked up again: one that is gone by now is left out."""
    values: dict[str, Any] = {}
    new: list[NewName] = []
    names: dict[str, str] = {}
    for field, kind in SINGLE_NAMES.items():
        held = vocabulary.by_id(kind, document.value(field))
        names[field] = held.name if held else ""
        found = _found(kind, field, getattr(suggestion, field), rules, vocabulary)
        if found is None or not _may_set(field, getattr(rules, field), document):
            continue
        names[field] = found.name
        if isinstance(found, NewName):
            new.append(found)
        else:
            values[field] = found.id
    tags = [_found(Names.TAGS, "tags", tag, rules, vocabulary) for tag in suggestion.tags]
    new += [tag for tag in tags if isinstance(tag, NewName)]
    if suggestion.created and _may_set("created", rules.created, document):
        values["created"] = suggestion.created
    title = _title(suggestion, rules, names, values.get("created", document.created))
    if title and _may_set("title", rules.title, document):
        values["title"] = title
    values |= dict(_custom(suggestion, rules, document, vocabulary, names["document_type"]))
    return Wishes(values, frozenset(tag.id for tag in tags if isinstance(tag, Name)), tuple(new))


def _found(
    kind: Names, field: str, text: str | None, rules: FilingRules, vocabulary: Vocabulary
) -> Name | NewName | None:
    if not text:
        return None
    known = known_name(kind, text, vocabulary)
    if known is not None:
        return None if rules.refuses(known.name) else known
    return NewName(kind, text, field) if may_be_made(kind, text, rules, vocabulary) else None


def _title(suggestion: Suggestion, rules: FilingRules, names: dict[str, str], created: str) -> str | None:
    if not suggestion.title or not rules.title_template:
        return suggestion.title
    values = {
        "title": suggestion.title,
        "date": created,
        "correspondent": names["correspondent"],
        "document_type": names["document_type"],
    }
    return fill_template(rules.title_template, values) or suggestion.title


def _custom(
    suggestion: Suggestion, rules: FilingRules, document: Document, vocabulary: Vocabulary, document_type: str
) -> Iterator[tuple[str, Any]]:
    for name, value in suggestion.custom_fields.items():
        field = vocabulary.field(custom_id(name) or 0)
        if field is None or not rules.allows_field(field.name, document_type):
            continue
        if _may_set(name, rules.custom_fields, document):
            yield name, value


def _may_set(field: str, policy: Policy, document: Document) -> bool:
    if policy is Policy.FILL_EMPTY:
        return is_empty(field, document)
    return policy is Policy.REPLACE


def is_empty(field: str, document: Document) -> bool:
    """Say whether nobody has filled the field yet. A title is empty while it is only the file's name.

    Paperless always sets a date, so `created` never counts as empty.
    """
    value = document.value(field)
    if field == "title":
        stem = document.original_file_name.rsplit(".", 1)[0]
        return not str(value).strip() or value == stem
    return value is None or (custom_id(field) is not None and value in ("", []))
