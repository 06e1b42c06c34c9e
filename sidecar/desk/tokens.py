"""API tokens: made once, shown once, and revoked."""

from __future__ import annotations

import secrets
from datetime import datetime

from sidecar.parts import Parts
from sidecar.store import api_tokens
from sidecar.store.api_tokens import Scope, digest

#: By which a token is known for one of ours, in a log or a repository where it should not be.
MARK = "sidecar_"


#: The longest name that is taken, in letters.
NAME_MAX = 100


def tidy(name: str) -> str:
    """Return a name as it is kept: on one line, with nothing in it that cannot be seen; empty for nothing."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


async def create(parts: Parts, name: str, scope: Scope, *, now: datetime) -> tuple[int, str]:
    """Make a token and return its number and the token itself, which nobody can look up again."""
    token = MARK + secrets.token_urlsafe(32)
    number = await parts.db.run(api_tokens.create, digest(token), name=name, scope=scope, now=now)
    return number, token


async def revoke(parts: Parts, token_id: int) -> bool:
    """Make a token worthless. Return False if there is none of this number."""
    return await parts.db.run(api_tokens.revoke, token_id)
