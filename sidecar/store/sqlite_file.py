"""A SQLite file by itself: opened, looked at without changing a byte, copied, and locked."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import IO

from sidecar.domain.errors import StoreError
from sidecar.store import migrate
from sidecar.store.database import in_words


def connect(file: Path) -> sqlite3.Connection:
    """Open the file as this room does; it must be ours or new, since the journal's mode is written into it."""
    connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    for pragma in (
        "journal_mode=WAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "wal_autocheckpoint=0",
        "journal_size_limit=16777216",
        "cache_size=-4096",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def open_to_look(file: Path) -> sqlite3.Connection:
    """Open the file so that it cannot be written."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=10000").fetchall()
    return connection


def revision(file: Path, *, thorough: bool = False) -> str | None:
    """Return the schema of a store's file, None for one that is new or empty; not a byte of it is changed.

    Raises StoreError for a file of another or a newer program; with `thorough` for a damaged one too, which takes
    as long as reading the whole file.
    """
    if not file.exists() or file.stat().st_size == 0:
        return None
    with contextlib.closing(open_to_look(file)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return None
        if "alembic_version" not in tables:
            raise StoreError(f"{file} holds tables of another program. Give the sidecar a DATA_DIR of its own.")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if thorough and (said := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise in_words(str(file), f"database disk image is malformed ({said})")
    revision = str(found[0]) if found else None
    migrate.is_needed(revision)
    return revision


def copy(file: Path, to: Path) -> None:
    """Copy a store's file as it is now. Killed in the middle, no half copy bears the name."""
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    with contextlib.closing(open_to_look(file)) as here, contextlib.closing(sqlite3.connect(part)) as there:
        here.backup(there)
        there.execute("PRAGMA journal_mode=DELETE").fetchall()
    part.replace(to)


def open_lock(file: Path, suffix: str) -> IO[str]:
    """Open the lock file of this name beside the store's, made if missing. Raises StoreError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.with_suffix(suffix).open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The folder {file.parent} cannot be used: {error.strerror}. Check DATA_DIR.") from error
