"""Who is logged in to the dashboard: sessions, by the SHA-256 of what the browser holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.store.job_row import when
from sidecar.store.transaction import Transaction, durable, reading, relaxed

#: A session ends when nobody used it for so long.
IDLE = timedelta(hours=24)
#: A session ends so long after the login, however much it is used.
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in."""

    user_id: int
    username: str
    #: Whether Paperless says that the person is staff.
    is_staff: bool
    created_at: datetime
    seen_at: datetime


@durable
def open_session(tx: Transaction, id_hash: str, session: Session) -> None:
    """Keep a new session, and forget those whose time is over."""
    _forget_old(tx, session.created_at)
    tx.run(
        "INSERT INTO web_session (id_hash, user_id, username, is_staff, created_at, seen_at) "
        "VALUES (:id_hash, :user_id, :username, :is_staff, :created, :seen)",
        id_hash=id_hash,
        user_id=session.user_id,
        username=session.username,
        is_staff=int(session.is_staff),
        created=session.created_at.timestamp(),
        seen=session.seen_at.timestamp(),
    )


@reading
def find(tx: Transaction, id_hash: str, *, now: datetime) -> Session | None:
    """Return the session, None if there is none or its time is over."""
    row = tx.row(
        "SELECT * FROM web_session WHERE id_hash = :id_hash AND seen_at > :idle AND created_at > :oldest",
        id_hash=id_hash,
        idle=(now - IDLE).timestamp(),
        oldest=(now - LONGEST).timestamp(),
    )
    created, seen = (when(row.created_at), when(row.seen_at)) if row else (None, None)
    if row is None or created is None or seen is None:
        return None
    return Session(row.user_id, row.username, bool(row.is_staff), created, seen)


@relaxed
def touch(tx: Transaction, id_hash: str, *, now: datetime) -> None:
    """Note that the session is used; nothing happens if it is gone."""
    tx.run("UPDATE web_session SET seen_at = :now WHERE id_hash = :id_hash", id_hash=id_hash, now=now.timestamp())


@durable
def set_staff(tx: Transaction, user_id: int, *, is_staff: bool) -> None:
    """Note in all sessions of a person whether Paperless says now that they are staff."""
    tx.run("UPDATE web_session SET is_staff = :is_staff WHERE user_id = :id", id=user_id, is_staff=int(is_staff))


@durable
def close_of(tx: Transaction, user_id: int) -> None:
    """End all sessions of an account."""
    tx.run("DELETE FROM web_session WHERE user_id = :id", id=user_id)


@durable
def close_session(tx: Transaction, id_hash: str) -> None:
    """End a session; nothing happens if it is gone."""
    tx.run("DELETE FROM web_session WHERE id_hash = :id_hash", id_hash=id_hash)


@durable
def close_all(tx: Transaction, username: str | None = None) -> int:
    """End all sessions, or those of one person, and return how many there were."""
    return tx.run(
        "DELETE FROM web_session" + (" WHERE username = :username" if username is not None else ""),
        **({"username": username} if username is not None else {}),
    )


def _forget_old(tx: Transaction, now: datetime) -> None:
    tx.run(
        "DELETE FROM web_session WHERE seen_at <= :idle OR created_at <= :oldest",
        idle=(now - IDLE).timestamp(), oldest=(now - LONGEST).timestamp(),
    )  # fmt: skip
