"""Where the value of a setting is found, in which order, and which source it was for each.

They are read from environment variables, under the names of paperless-gpt too, from a file `.env` in the working
folder, from the file that NAME_FILE names, and from /run/secrets, in this order; the first wins.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from sidecar.domain.errors import SettingsError
from sidecar.settings.paperless_gpt import THEIRS, from_paperless_gpt

SECRETS = Path("/run/secrets")


class Origin(StrEnum):
    """Where a value comes from."""

    GIVEN = "given"
    ENVIRONMENT = "environment"
    ALIAS = "alias"
    ENV_FILE = "env-file"
    FILE = "file"
    SECRET = "secret"  # noqa: S105 - a word, not a secret
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a setting was read."""

    origin: Origin
    #: The name of the variable or the file; empty for defaults and what was given by hand.
    name: str = ""


#: What was read where, while settings are being made.
_NOTED: ContextVar[dict[str, Source] | None] = ContextVar("noted", default=None)


def in_order(
    settings_cls: type[BaseSettings],
    given: PydanticBaseSettingsSource,
    environment: PydanticBaseSettingsSource,
    env_file: PydanticBaseSettingsSource,
) -> tuple[PydanticBaseSettingsSource, ...]:
    """Return the sources, the one that wins first, and begin to note what is read where."""
    _NOTED.set({})
    return (
        _Noting(settings_cls, given, Origin.GIVEN),
        _Noting(settings_cls, environment, Origin.ENVIRONMENT),
        _Noting(settings_cls, _Aliases(settings_cls), Origin.ALIAS),
        _Noting(settings_cls, env_file, Origin.ENV_FILE),
        _Noting(settings_cls, _Files(settings_cls), Origin.FILE),
    )


def noted() -> dict[str, Source]:
    """Return, for the settings that are being made, where each was read that is not left at its default."""
    return _NOTED.get() or {}


class _Noting(PydanticBaseSettingsSource):
    """A source that notes which settings it is the first to know."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource, origin: Origin) -> None:
        super().__init__(settings_cls)
        self._source = source
        self._origin = origin

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        found = self._source()
        noted = _NOTED.get()
        for name in found.keys() & self.settings_cls.model_fields.keys():
            if noted is not None and name not in noted:
                noted[name] = self._of(name)
        return found

    def _of(self, name: str) -> Source:
        match self._origin:
            case Origin.ENVIRONMENT:
                return Source(Origin.ENVIRONMENT, name.upper())
            case Origin.ALIAS:
                return Source(Origin.ALIAS, THEIRS[name])
            case Origin.ENV_FILE:
                return Source(Origin.ENV_FILE, str(self.settings_cls.model_config.get("env_file")))
            case Origin.FILE if (file := _file_of(name)) is not None:
                is_named = bool(os.environ.get(f"{name.upper()}_FILE"))
                return Source(Origin.FILE if is_named else Origin.SECRET, str(file))
            case other:
                return Source(other)


class _Aliases(PydanticBaseSettingsSource):
    """Names of paperless-gpt for the same things."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return from_paperless_gpt(os.environ)


class _Files(PydanticBaseSettingsSource):
    """Values in files: the one that NAME_FILE names, else /run/secrets/NAME (either case)."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        files = {name: _file_of(name) for name in self.settings_cls.model_fields}
        return {name: _read(file, name) for name, file in files.items() if file is not None}


def _file_of(name: str) -> Path | None:
    """Return the file that holds a setting: the named one, whether it is there or not, else a secret that is there."""
    if named := os.environ.get(f"{name.upper()}_FILE"):
        return Path(named)
    return next((file for file in (SECRETS / name, SECRETS / name.upper()) if file.is_file()), None)


def _read(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise SettingsError([f"{name.upper()}_FILE: {file} cannot be read: {error.strerror}."]) from error
