"""Which texts of the settings must never be seen: the secrets, and what in them is secret by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pydantic import SecretStr

from sidecar.settings import Settings

#: A part of a secret that is shorter may be a word of every line.
SHORT = 8


def secrets_of(settings: Settings) -> set[str]:
    """Return every secret of the settings, each of several keys, and passwords and tokens that stand in addresses."""
    found: set[str] = set()
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and (whole := value.get_secret_value()):
            found.add(whole)
            found |= {part for part in _parts(whole) if len(part) >= SHORT}
    return found


def _parts(whole: str) -> Iterator[str]:
    """Give what of a secret is one too. A host's name is none, but services have tokens where hosts stand."""
    for one in re.split(r"[,\s]+", whole):
        scheme, is_address, rest = one.partition("://")
        if not is_address:
            yield one
            continue
        if "@" in rest:
            password = rest.rpartition("@")[0].partition(":")[2]
            yield from (password, unquote(password))
        if not scheme.startswith("postgres"):
            yield one
            words = re.split(r"[/?&=:@]", rest)
            yield from (word for word in words if re.search(r"[A-Z\d]", word) and not re.fullmatch(r"[\d.]+", word))
