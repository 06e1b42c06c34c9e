"""The form that a model's answer must have, as a JSON schema: closed lists, every key required, nothing else.

The date and the amounts are closed lists, too, where all that the text writes could be read: a small model then cannot
invent any, and a large one would have chosen one of them. No string is without a length: small models do not end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sidecar.domain import custom_fields
from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.document import custom_name
from sidecar.domain.filing import TITLE_MAX, FilingRules
from sidecar.domain.money import parse_money
from sidecar.domain.suggestion import MAX_TAGS, NAME_MAX, SINGLE_NAMES, SUMMARY_MAX, Suggestion, wants
from sidecar.domain.vocabulary import Names
from sidecar.domain.written_amounts import written_amounts
from sidecar.domain.written_dates import written_dates

#: YYYY-MM-DD.
DATE_LENGTH = 10


def answer_schema(
    rules: FilingRules,
    offered: Mapping[Names, Sequence[str]],
    fields: Sequence[CustomField] = (),
    *,
    text: str = "",
    today: date | None = None,
) -> dict[str, Any]:
    """Return the JSON schema of the answer about a document with this text.

    A kind whose names may be created takes any short string. A kind with no name to offer and no right to create is
    left out (an empty enum is refused by several servers). Custom fields stand under their names. Without `today` the
    date is not held to those of the text.
    """
    properties: dict[str, Any] = {}
    if wants(rules, "title"):
        properties["title"] = _text(TITLE_MAX)
    tag = _name_schema(Names.TAGS, rules, offered)
    if rules.tags and tag:
        properties["tags"] = {"type": "array", "items": {"type": "string", **tag}, "maxItems": MAX_TAGS}
    for key, kind in SINGLE_NAMES.items():
        name = _name_schema(kind, rules, offered)
        if wants(rules, key) and name:
            choices = {"enum": [*name["enum"], None]} if "enum" in name else name
            properties[key] = {"type": ["string", "null"], **choices}
    if wants(rules, "created"):
        properties["created"] = _text(DATE_LENGTH) | (_dates(text, today) if today else {})
    if fields:
        properties["custom_fields"] = _object({field.name: _field(field, text) for field in fields})
    if rules.summary:
        properties["summary"] = _text(SUMMARY_MAX)
    return _object(properties)


def _text(longest: int) -> dict[str, Any]:
    return {"type": ["string", "null"], "maxLength": longest}


def _dates(text: str, today: date) -> dict[str, Any]:
    written = written_dates(text, today=today)
    return {"enum": [*map(str, written.dates), None]} if written.dates and written.are_all else {}


def _field(field: CustomField, text: str) -> dict[str, Any]:
    schema = custom_fields.answer_schema(field)
    if field.data_type is DataType.MONETARY:
        written = written_amounts(text, field.currency)
        schema |= {"enum": [*written.amounts, None]} if written.amounts and written.are_all else {}
    return schema


def held_to(suggestion: Suggestion, schema: Mapping[str, Any], fields: Sequence[CustomField]) -> Suggestion:
    """Return the suggestion without a date or an amount beside the closed lists of the schema it was asked for.

    Not every server holds a model to a schema, and what the text does not write anywhere is made up.
    """
    properties = schema["properties"]
    dates = properties.get("created", {}).get("enum")
    asked = properties.get("custom_fields", {}).get("properties", {})
    kept, left_out = dict(suggestion.custom_fields), dict(suggestion.left_out)
    for field in fields:
        name, listed = custom_name(field.id), asked.get(field.name, {}).get("enum")
        if field.data_type is not DataType.MONETARY or not listed or name not in kept:
            continue
        if kept[name] not in {parse_money(one, field.currency) for one in listed if one}:
            left_out[name] = f'The field "{field.name}" takes an amount that the document writes, not {kept.pop(name)}.'
    created = suggestion.created if not dates or suggestion.created in dates else None
    return replace(suggestion, created=created, custom_fields=kept, left_out=left_out)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _name_schema(kind: Names, rules: FilingRules, offered: Mapping[Names, Sequence[str]]) -> dict[str, Any] | None:
    if kind in rules.create and kind is not Names.STORAGE_PATHS:
        return {"maxLength": NAME_MAX}
    return {"enum": list(offered[kind])} if offered.get(kind) else None
