"""The settings, read and checked at the start; everything that is wrong is reported at once, in the owner's words.

`table.py` has their names, defaults and sentences, `values.py` what each kind of value may look like, `sources.py`
where they are read, and `paperless_gpt.py` the names that others gave to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from sidecar.domain.errors import SettingsError
from sidecar.settings.table import SECRETS, Settings

__all__ = ["Settings", "load"]


def load(**given: Any) -> Settings:
    """Read and check all settings. Raises SettingsError with a sentence for every one that is missing or wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError([_in_words(problem) for problem in error.errors()]) from error


def _in_words(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    field = Settings.model_fields.get(name)
    about = f" ({field.description})" if field and field.description else ""
    if problem["type"] == "missing":
        return f"{name.upper()} is missing.{about}"
    said = str(problem["msg"]).removeprefix("Value error, ")
    given = "" if "@" in str(problem.get("input")) or name in SECRETS else f" {problem.get('input')!r}:"
    return f"{name.upper()} is wrong:{given} {said}.{about}"
