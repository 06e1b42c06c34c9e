"""The engine and the threads: who may write, how durably, and what a failure is called.

SQLite wants one writer. All commits and all WAL checkpoints of the process happen on one thread over one
connection, and across processes under one file lock: SQLite before 3.51.3 can lose committed pages when one
connection commits while another checkpoints (sqlite.org/wal.html, "WAL-reset bug"). Reads have a connection and a
thread of their own, so that looking never waits for writing.

Commits that a promise rests on (an intent, an ending) are DURABLE: synced to the disk before the call returns.
Checkpoints of pages and renewals are RELAXED: after a power cut the last ones may be missing, never half there.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from sidecar.domain.errors import InstanceError, StoreError

P = ParamSpec("P")
T = TypeVar("T")

WAL_LIMIT_BYTES = 4 * 1024 * 1024
WRITES_BETWEEN_LOOKS = 64


class Mode(Enum):
    """How a store function runs: its thread, its lock and its durability."""

    READ = "read"
    RELAXED = "NORMAL"
    DURABLE = "FULL"


_MODES: dict[object, Mode] = {}


def reading(function: Callable[P, T]) -> Callable[P, T]:
    """Declare a store function that only looks."""
    _MODES[function] = Mode.READ
    return function


def relaxed(function: Callable[P, T]) -> Callable[P, T]:
    """Declare a store function whose commit may be lost in a power cut (never in a crash of the program)."""
    _MODES[function] = Mode.RELAXED
    return function


def durable(function: Callable[P, T]) -> Callable[P, T]:
    """Declare a store function whose commit survives a power cut once it returned."""
    _MODES[function] = Mode.DURABLE
    return function


def mode_of(function: object) -> Mode:
    """Return how a store function was declared; raises KeyError for one that was not."""
    return _MODES[function]


@functools.cache
def _statement(sql: str) -> sa.TextClause:
    return sa.text(sql)


class Transaction:
    """One open transaction: what a store function gets as its first argument."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def run(self, sql: str, **values: Any) -> int:
        """Execute and return the number of rows changed."""
        return self.connection.execute(_statement(sql), values).rowcount

    def run_many(self, sql: str, values: Sequence[Mapping[str, Any]]) -> int:
        """Execute once for each of the values and return the number of rows changed in all."""
        return self.connection.execute(_statement(sql), values).rowcount if values else 0

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Execute and return all rows, as named tuples."""
        return list(self.connection.execute(_statement(sql), values).all())

    def row(self, sql: str, **values: Any) -> Any | None:
        """Execute and return the first row or None. All rows are fetched, so that RETURNING takes full effect."""
        found = self.rows(sql, **values)
        return found[0] if found else None


class Database:
    """The store's file, opened. Functions declared in this room run through `run` or `run_now`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._engine = _engine(file)
        self._threads = {
            True: ThreadPoolExecutor(1, "store-reader"),
            False: ThreadPoolExecutor(1, "store-writer"),
        }
        self._connections: dict[bool, sa.Connection] = {}
        self._write_lock: IO[str] | None = None
        self._instance: IO[str] | None = None
        self._synchronous: Mode | None = None
        self._writes = 0

    async def run(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store function in one transaction on its thread, and wait without blocking the loop.

        Once asked for it runs to its end, even if the waiting task is cancelled. Raises StoreError.
        """
        thread = self._threads[mode_of(function) is Mode.READ]
        call = functools.partial(self._transact, function, *args, **kwargs)
        running = asyncio.get_running_loop().run_in_executor(thread, call)
        running.add_done_callback(_seen)
        return await asyncio.shield(running)

    def run_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store function in one transaction and block until it is done. Raises StoreError."""
        thread = self._threads[mode_of(function) is Mode.READ]
        return thread.submit(functools.partial(self._transact, function, *args, **kwargs)).result()

    def migrate(self) -> None:
        """Bring the tables to this program's schema. Raises StoreError for a store of a newer program."""
        from sidecar.store.migrate import upgrade  # noqa: PLC0415 - alembic is loaded only when it has work

        self._threads[False].submit(self._locked, upgrade).result()

    def hold_instance(self) -> None:
        """Claim the store for this program until it ends. Raises InstanceError if another one runs on it."""
        if self._instance is not None:
            return
        self._instance = self._open_lock(".instance")
        try:
            fcntl.flock(self._instance, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._instance.seek(0)
            other = self._instance.read().strip() or "unknown"
            raise InstanceError(
                f"Another sidecar (process {other}) is already working on {self.file.parent}. "
                "Stop it first, or give this one another DATA_DIR."
            ) from error
        self._instance.truncate(0)
        self._instance.write(str(os.getpid()))
        self._instance.flush()

    async def data_version(self) -> int:
        """Return a number that changes whenever somebody has committed."""
        loop = asyncio.get_running_loop()
        return int(await loop.run_in_executor(self._threads[True], self._pragma, "data_version"))

    def close(self) -> None:
        """Finish what was handed over, fold the WAL into the file, and let go of it."""
        with contextlib.suppress(StoreError):
            if False in self._connections:
                fold = functools.partial(self._checkpoint, how="TRUNCATE")
                self._threads[False].submit(self._locked, fold).result()
        for reader, thread in self._threads.items():
            connection = self._connections.pop(reader, None)
            if connection is not None:
                thread.submit(connection.close).result()
            thread.shutdown(wait=True)
        self._engine.dispose()
        for lock in (self._write_lock, self._instance):
            if lock is not None:
                lock.close()

    def _transact(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        mode = mode_of(function)

        def call(tx: Transaction) -> T:
            return function(tx, *args, **kwargs)

        if mode is Mode.READ:
            with _in_words(self.file):
                return self._inside(self._connection(True), call)
        return self._locked(lambda connection: self._write(connection, mode, call))

    def _write(self, connection: sa.Connection, mode: Mode, call: Callable[[Transaction], T]) -> T:
        if self._synchronous is not mode:
            _driver(connection).execute(f"PRAGMA synchronous={mode.value}")
            self._synchronous = mode
        result = self._inside(connection, call)
        self._writes += 1
        if self._writes % WRITES_BETWEEN_LOOKS == 0 and self._wal_bytes() > WAL_LIMIT_BYTES:
            self._checkpoint(connection, "PASSIVE")
        return result

    def _inside(self, connection: sa.Connection, call: Callable[[Transaction], T]) -> T:
        with connection.begin():
            return call(Transaction(connection))

    def _connection(self, reader: bool) -> sa.Connection:
        if reader not in self._connections:
            begin = "BEGIN" if reader else "BEGIN IMMEDIATE"
            self._connections[reader] = self._engine.connect().execution_options(sidecar_begin=begin)
        return self._connections[reader]

    def _locked(self, body: Callable[[sa.Connection], T]) -> T:
        """Call `body` with the writer's connection, under the lock that all writing processes share."""
        with _in_words(self.file):
            if self._write_lock is None:
                self._write_lock = self._open_lock(".lock")
            fcntl.flock(self._write_lock, fcntl.LOCK_EX)
            try:
                return body(self._connection(False))
            finally:
                fcntl.flock(self._write_lock, fcntl.LOCK_UN)

    def _open_lock(self, suffix: str) -> IO[str]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            return self.file.with_suffix(suffix).open("a+", encoding="utf-8")
        except OSError as error:
            folder = self.file.parent
            raise StoreError(f"The folder {folder} cannot be used: {error.strerror}. Check DATA_DIR.") from error

    def _checkpoint(self, connection: sa.Connection, how: str) -> None:
        _driver(connection).execute(f"PRAGMA wal_checkpoint({how})").fetchall()

    def _wal_bytes(self) -> int:
        try:
            return Path(f"{self.file}-wal").stat().st_size
        except OSError:
            return 0

    def _pragma(self, name: str) -> Any:
        with _in_words(self.file):
            return _driver(self._connection(True)).execute(f"PRAGMA {name}").fetchone()[0]


def _seen(running: asyncio.Future[Any]) -> None:
    if not running.cancelled():
        running.exception()  # whoever waited may be gone by now; then asyncio would complain of an error nobody saw


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


@contextlib.contextmanager
def _in_words(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"The store {file} cannot be used: {error}. {_advice(str(error))}") from error
    except sa.exc.DBAPIError as error:
        raise StoreError(f"The store {file} cannot be used: {error.orig}. {_advice(str(error.orig))}") from error
    except OSError as error:
        raise StoreError(f"The store {file} cannot be used: {error.strerror or error}.") from error


def _advice(message: str) -> str:
    advice = {
        "full": "Free some space on the volume; the sidecar goes on by itself.",
        "readonly": "Make the volume writable for the user the sidecar runs as.",
        "locked": "Another program holds the file; is a backup or a database browser open?",
        "malformed": "Restore a copy; the tags in Paperless are enough to start again from an empty folder.",
        "not a database": "DATA_DIR holds a file that is not ours; name another folder.",
    }
    return next((text for word, text in advice.items() if word in message), "Look at DATA_DIR and its volume.")


def _engine(file: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=NullPool, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _connect(driver: Any, _record: Any) -> None:
        driver.isolation_level = None  # the driver starts no transaction of its own; ours are explicit
        for pragma in (
            "journal_mode=WAL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "wal_autocheckpoint=0",
            "journal_size_limit=16777216",
            "cache_size=-4096",
        ):
            driver.execute(f"PRAGMA {pragma}").fetchall()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sidecar_begin", "BEGIN IMMEDIATE"))

    return engine
