"""The settings as they are in effect, for showing: where each comes from, and of secrets only whether they are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sidecar.parts import SECRET_SETTINGS, SETTING_GROUPS, Parts


@dataclass(frozen=True, slots=True)
class InEffect:
    """A setting as it is in effect."""

    name: str
    description: str
    #: Empty for nothing; None for a secret, of which nothing is told.
    value: str | None
    is_set: bool
    #: "default", "environment", "env-file", "file", "secret", "alias" or "given".
    origin: str
    #: The variable or the file it was read from; empty for a default.
    source: str


def in_effect(parts: Parts) -> dict[str, list[InEffect]]:
    """Return all settings in the groups and the order of .env.example."""
    settings, sources = parts.settings, parts.settings.sources()
    found: dict[str, list[InEffect]] = {}
    group: list[InEffect] = []
    for name, field in type(settings).model_fields.items():
        if name in SETTING_GROUPS:
            group = found.setdefault(SETTING_GROUPS[name], [])
        value = getattr(settings, name)
        is_secret = name in SECRET_SETTINGS
        group.append(
            InEffect(
                name.upper(),
                field.description or "",
                None if is_secret else in_words(value),
                bool(value.get_secret_value()) if is_secret and value is not None else in_words(value) != "",
                sources[name].origin.value,
                sources[name].name,
            )
        )
    return found


def in_words(value: Any) -> str:  # noqa: PLR0911 - one for each type of setting
    """Return a value as it would be written into .env, without what may be a key within an address."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case frozenset() | set():
            return ",".join(sorted(map(in_words, value)))
        case (str(model), str(address), int() | None as rpm, int() | None as tpm):
            own = [f"{name}={number or 'none'}" for name, number in (("rpm", rpm), ("tpm", tpm)) if number is not None]
            return " ".join([f"{model}@{in_words(address)}", *own])
        case tuple() | list():
            return ",".join(map(in_words, value))
        case Mapping():
            return ",".join(f"{key}: {in_words(one)}" for key, one in value.items())
        case str() if "://" in value and "?" in value:
            return f"{value.partition('?')[0]}?…"
        case _:
            return str(value)
