"""How a program dies in the middle of a transaction, without a process of its own: the next one finds the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sidecar.domain.errors import StoreError
from sidecar.store.database import Database
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable
from tests.store.conftest import another


@durable
def half_done(tx: Transaction, at_the_last_moment: Callable[[Transaction], None]) -> None:
    """Change a great deal and come to no good end."""
    tx.run("UPDATE job SET crashes = 77, lease_token = lease_token + 5")
    tx.run("DELETE FROM write")
    tx.run_many("INSERT INTO event (job_id, at, text) VALUES (1, 0, :text)", [{"text": "x" * 4000}] * 20)
    at_the_last_moment(tx)
    raise ZeroDivisionError


def died(db: Database) -> Database:
    """Let the program on this store die in the middle of a transaction, and open the store as the next one does."""
    return _died_on_file(db) if isinstance(db, SqliteDatabase) else _died_on_server(db)


def _died_on_file(db: SqliteDatabase) -> Database:
    """What is in the files in that moment is what a killed process leaves behind."""
    folder = Path(tempfile.mkdtemp(prefix="died-", dir=db.file.parent))

    def leave(tx: Transaction) -> None:
        for file in (db.file, Path(f"{db.file}-wal")):
            shutil.copy2(file, folder)

    with suppress(ZeroDivisionError):
        db.run_now(few_pages_in_memory)
        db.run_now(half_done, leave)
    return SqliteDatabase(folder / db.file.name)


def clear(db: Database) -> None:
    """Remove what the dead left behind, once nobody works on it any more."""
    if isinstance(db, SqliteDatabase):
        for folder in db.file.parent.glob("died-*"):
            shutil.rmtree(folder)


@durable
def few_pages_in_memory(tx: Transaction) -> None:
    """Let what is not committed reach the files too."""
    tx.rows("PRAGMA cache_size = 5")


def _died_on_server(db: Database) -> Database:
    """The server ends the transaction of a program that is gone."""
    with suppress(StoreError):
        db.run_now(half_done, lambda tx: tx.rows("SELECT pg_terminate_backend(pg_backend_pid())"))
    return another(db)
