"""What machines log in with: API tokens by their SHA-256, each with a name and a scope."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sidecar.store.job_row import when
from sidecar.store.transaction import Transaction, durable, reading, relaxed

#: The last use is noted this exactly, so that a machine that asks often writes seldom.
USED_EVERY = timedelta(minutes=10)


class Scope(StrEnum):
    """What a token allows; each includes those before it."""

    METRICS = "metrics"
    READ = "read"
    WORK = "work"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token, without what it is made of."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    #: When it was used last, within ten minutes; None for never.
    used_at: datetime | None


def digest(secret: str) -> str:
    """Return what the store keeps of a token or a session; both are random, so one round is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@durable
def create(tx: Transaction, token_hash: str, *, name: str, scope: Scope, now: datetime) -> int:
    """Keep a new token and return its number."""
    row = tx.row(
        "INSERT INTO api_token (name, token_hash, scope, created_at) VALUES (:name, :token_hash, :scope, :now) "
        "RETURNING id",
        name=name, token_hash=token_hash, scope=scope.value, now=now.timestamp(),
    )  # fmt: skip
    return int(row.id) if row else 0


@reading
def find(tx: Transaction, token_hash: str) -> ApiToken | None:
    """Return the token, None if there is none."""
    row = tx.row("SELECT * FROM api_token WHERE token_hash = :token_hash", token_hash=token_hash)
    return _token(row) if row else None


@reading
def tokens(tx: Transaction) -> list[ApiToken]:
    """Return all tokens, the oldest first."""
    return [_token(row) for row in tx.rows("SELECT * FROM api_token ORDER BY id")]


@relaxed
def use(tx: Transaction, token_id: int, *, now: datetime) -> None:
    """Note that the token is used."""
    tx.run("UPDATE api_token SET used_at = :now WHERE id = :id", id=token_id, now=now.timestamp())


@durable
def revoke(tx: Transaction, token_id: int) -> bool:
    """Make a token worthless. Return False if there is none of this number."""
    return bool(tx.run("DELETE FROM api_token WHERE id = :id", id=token_id))


def _token(row: Any) -> ApiToken:
    created = when(row.created_at)
    assert created is not None  # noqa: S101 - the column holds no NULL
    return ApiToken(row.id, row.name, Scope(row.scope), created, when(row.used_at))
