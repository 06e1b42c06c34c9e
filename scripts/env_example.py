"""Write .env.example from the settings, so that neither can run away from the other."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic_core import PydanticUndefined

from sidecar.settings.table import GROUPS, Settings

FILE = Path(__file__).resolve().parent.parent / ".env.example"
HEAD = """\
# All settings of the sidecar, each with its default. Copy the lines you change into a file `.env` beside it, or set
# them as environment variables. Any value can also stand in a file: name it with NAME_FILE (PAPERLESS_TOKEN_FILE=..),
# or put it into /run/secrets under the setting's name.
# TZ=Europe/Berlin beside them is read as every program reads it: the clock of logs, and where days begin.
#
# For docker-compose.yml alone, not for the sidecar: the network of Paperless's stack, as `docker network ls` shows it.
# PAPERLESS_NETWORK=paperless_default
"""


def example() -> str:
    """Return the file's text."""
    lines = [HEAD]
    for name, field in Settings.model_fields.items():
        if name in GROUPS:
            lines.append(f"\n# --- {GROUPS[name]}\n")
        lines.append(f"# {field.description}{' Required.' if field.is_required() else ''}\n")
        value = _shown(field.default)
        lines.append(f"{name.upper()}={value}\n" if field.is_required() else f"#{name.upper()}={value}\n")
    return "".join(lines)


def _shown(value: object) -> str:
    if value is None or value is PydanticUndefined or value in (frozenset(), ()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    FILE.write_text(example(), encoding="utf-8")
    sys.stdout.write(f"{FILE.name} written\n")
