"""The form that a model's answer must have, as a JSON schema: closed lists, every key required, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.domain import custom_fields
from sidecar.domain.custom_fields import CustomField
from sidecar.domain.filing import FilingRules
from sidecar.domain.suggestion import MAX_TAGS, NAME_MAX, SINGLE_NAMES, wants
from sidecar.domain.vocabulary import Names


def answer_schema(
    rules: FilingRules, offered: Mapping[Names, Sequence[str]], fields: Sequence[CustomField] = ()
) -> dict[str, Any]:
    """Return the JSON schema of the answer.

    A kind whose names may be created takes any short string. A kind with no name to offer and no right to create is
    left out (an empty enum is refused by several servers). Custom fields stand under their names.
    """
    properties: dict[str, Any] = {}
    text = {"type": ["string", "null"]}
    if wants(rules, "title"):
        properties["title"] = text
    tag = _name_schema(Names.TAGS, rules, offered)
    if rules.tags and tag:
        properties["tags"] = {"type": "array", "items": {"type": "string", **tag}, "maxItems": MAX_TAGS}
    for key, kind in SINGLE_NAMES.items():
        name = _name_schema(kind, rules, offered)
        if wants(rules, key) and name:
            choices = {"enum": [*name["enum"], None]} if "enum" in name else name
            properties[key] = {"type": ["string", "null"], **choices}
    if wants(rules, "created"):
        properties["created"] = text
    if fields:
        properties["custom_fields"] = _object({field.name: custom_fields.answer_schema(field) for field in fields})
    if rules.summary:
        properties["summary"] = text
    return _object(properties)


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
