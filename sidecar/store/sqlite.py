"""The store as a SQLite file: who may write, how durably, and what a failure is called.

SQLite wants one writer. All commits and all WAL checkpoints of the process happen on one thread over one
connection, and across processes under one file lock: SQLite before 3.51.3 can lose committed pages when one
connection commits while another checkpoints (sqlite.org/wal.html, "WAL-reset bug"). Reads have a connection and a
thread of their own, so that looking never waits for writing.

Calls that wait for the writer together share one commit, each behind a savepoint of its own: syncing a disk takes
longer than everything else here. A commit is synced (`synchronous=FULL`) if one of its calls is DURABLE; a synced
commit makes all earlier ones durable too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from sidecar.domain.errors import InstanceError, StoreError
from sidecar.store import migrate
from sidecar.store.database import Call, Database, Threads, in_words
from sidecar.store.sqlite_file import connect, copy, open_lock, open_to_look, revision
from sidecar.store.transaction import Mode, Transaction, reading, row_type

WAL_LIMIT_BYTES = 4 * 1024 * 1024
WRITES_BETWEEN_LOOKS = 64
#: Calls that share a commit at the most.
SHARED_COMMIT = 100
_SYNCHRONOUS = {Mode.RELAXED: "NORMAL", Mode.DURABLE: "FULL"}

Connect = Callable[[Path], Any]


class SqliteTransaction(Transaction):
    """One open transaction on a SQLite connection. There is one writer, so nothing has to be locked."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, **values: Any) -> int:
        """Execute and return the number of rows changed."""
        return int(self._connection.execute(sql, values).rowcount)

    def run_many(self, sql: str, values: Sequence[Mapping[str, Any]]) -> int:
        """Execute once for each of the values and return the number of rows changed in all."""
        return int(self._connection.executemany(sql, values).rowcount) if values else 0

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Execute and return all rows, as named tuples."""
        cursor = self._connection.execute(sql, values)
        found = cursor.fetchall()
        if not found:
            return []
        make = row_type(tuple(column[0] for column in cursor.description))._make
        return [make(row) for row in found]

    def only_row(self, sql: str, **values: Any) -> Any | None:
        """Execute and return the first row or None."""
        return self.row(sql, **values)

    def take_turns(self, name: str) -> None:
        """Do nothing: all writing transactions take turns here."""

    def announce(self) -> None:
        """Do nothing: other programs see that the file's version has changed."""

    def hold_still(self) -> None:
        """Do nothing: every transaction sees one moment."""

    def number_on(self, table: str) -> None:
        """Do nothing: SQLite looks for the highest number itself."""


class SqliteDatabase(Database):
    """The store's file, opened."""

    def __init__(self, file: Path, *, connect: Connect = connect) -> None:
        super().__init__(
            Threads("store-writer", 1, self._write, at_once=SHARED_COMMIT), Threads("store-reader", 1, self._read)
        )
        self.file = file
        self._connect = connect
        self._connections: dict[bool, Any] = {}
        self._write_lock: IO[str] | None = None
        self._instance: IO[str] | None = None
        #: True if the program that last held the store did not close it: it was killed, or the power went.
        self._was_killed = False
        self._synchronous: str | None = None
        self._writes = 0
        self._version: int | None = None

    @classmethod
    @contextlib.contextmanager
    def made(cls, file: Path) -> Iterator[Self]:
        """Give a new store to be filled; it bears the name only once the block ended well."""
        part = file.with_name(f"{file.name}.part")
        part.unlink(missing_ok=True)
        new = cls(part)
        try:
            new.migrate()
            yield new
            new.fold()
            new.close()
            part.replace(file)
        finally:
            new.close()
            for left in (part, part.with_suffix(".lock"), Path(f"{part}-wal"), Path(f"{part}-shm")):
                left.unlink(missing_ok=True)

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.file)

    def exists(self) -> bool:
        """Say whether there is a file yet."""
        return self.file.exists()

    def migrate(self) -> None:
        """Bring the file to this program's schema.

        A file of another or a newer program, or a damaged one, is refused with StoreError and not a byte of it
        changed. An older one is copied beside itself first (`sidecar.db.before-0002`), and all steps are one
        transaction: killed in the middle, the store is as before.
        """
        with self._words(), self._locked(open_lock(self.file, ".lock"), close=True):
            found = revision(self.file, thorough=self._was_killed)
            if not migrate.is_needed(found):
                return
            if found is None:
                connection = connect(self.file)
                with contextlib.closing(connection):
                    migrate.make("sqlite://", lambda: connection)
                return
            copy(self.file, self.file.with_suffix(f".db.before-{migrate.REVISION}"))
            connection = connect(self.file)
            with contextlib.closing(connection):
                migrate.upgrade("sqlite://", lambda: connection)

    def hold_instance(self) -> None:
        """Claim the store for this program until it ends. Raises InstanceError if another one runs on it."""
        if self._instance is not None:
            return
        lock = open_lock(self.file, ".instance")
        lock.seek(0)
        other = lock.read().strip()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise InstanceError(
                f"Another sidecar (process {other or 'unknown'}) is already working on {self.file.parent}. "
                "Stop it first, or give this one another DATA_DIR."
            ) from error
        self._instance, self._was_killed = lock, bool(other)
        with self._words():
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with the file, at most twenty sentences, and what is missing in it."""
        if not self.exists():
            raise StoreError(f"There is no store in {self.file.parent} yet; `sidecar run` makes it.")
        with self._words():
            is_current = not migrate.is_needed(revision(self.file))
            with contextlib.closing(open_to_look(self.file)) as connection:
                said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)").fetchall()]
                broken = connection.execute("PRAGMA foreign_key_check").fetchall()
                names = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master")}
        found = [line for line in said if line != "ok"] + [f"{row[0]}: row {row[1]} hangs on nothing" for row in broken]
        return found + (migrate.missing(names) if is_current else [])

    def backup(self, file: Path) -> None:
        """Write a copy of the file as it is at one moment, through SQLite's online backup."""
        if not self.exists():
            raise StoreError(f"There is no store in {self.file.parent} yet; `sidecar run` makes it.")
        with self._words():
            revision(self.file)
            copy(self.file, file)

    async def stirred(self) -> bool:
        """Say whether another connection has committed since this was asked last."""
        before = self._version
        self._version = await self.run(_data_version)
        return self._version != before

    def fold(self) -> None:
        """Bring all that was committed from the WAL into the file itself. Raises StoreError: it is in the WAL then."""
        connection = connect(self.file)
        with contextlib.closing(connection), self._words(), self._locked(self._lock()):
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy or self._wal_bytes():
                raise StoreError(f"The store {self.place} could not be written in one piece. Is the disk full?")

    def close(self) -> None:
        """Finish what was handed over, fold the WAL into the file, and let go of it."""
        self._writers.close()
        self._readers.close()
        if (reader := self._connections.pop(True, None)) is not None:
            reader.close()
        if (writer := self._connections.pop(False, None)) is not None:
            with contextlib.suppress(StoreError), self._words(), self._locked(self._lock()):
                writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            writer.close()
        if self._instance is not None:
            with contextlib.suppress(OSError):
                self._instance.truncate(0)
        for lock in (self._write_lock, self._instance):
            if lock is not None:
                lock.close()

    # -- on the reader's thread

    def _read(self, calls: Sequence[Call]) -> None:
        for call in calls:
            try:
                with self._words():
                    connection = self._connection(True)
                    connection.execute("BEGIN")
                    try:
                        call.result = call.function(SqliteTransaction(connection))
                    finally:
                        connection.execute("COMMIT")
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
                call.error = error

    # -- on the writer's thread

    def _write(self, calls: Sequence[Call]) -> None:
        try:
            with self._words(), self._locked(self._lock()):
                self._commit_together(self._connection(False), calls)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            for call in calls:
                call.error = call.error or error

    def _commit_together(self, connection: Any, calls: Sequence[Call]) -> None:
        """Run the calls in one transaction; one that fails leaves nothing behind and takes no other one along."""
        mode = Mode.DURABLE if any(call.mode is Mode.DURABLE for call in calls) else Mode.RELAXED
        if self._synchronous != _SYNCHRONOUS[mode]:
            connection.execute(f"PRAGMA synchronous={_SYNCHRONOUS[mode]}")
            self._synchronous = _SYNCHRONOUS[mode]
        connection.execute("BEGIN IMMEDIATE")
        try:
            tx = SqliteTransaction(connection)
            if len(calls) == 1:
                calls[0].result = calls[0].function(tx)
            else:
                for call in calls:
                    self._run_apart(connection, tx, call)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._writes += len(calls)
        if self._writes >= WRITES_BETWEEN_LOOKS:
            self._writes = 0
            if self._wal_bytes() > WAL_LIMIT_BYTES:
                with contextlib.suppress(sqlite3.Error):  # no matter to the calls, which are committed: later then
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _run_apart(self, connection: Any, tx: Transaction, call: Call) -> None:
        """Run one of several calls behind a savepoint. Raises if the whole transaction is lost with it."""
        connection.execute("SAVEPOINT one")
        try:
            call.result = call.function(tx)
        except BaseException as error:
            if not connection.in_transaction:  # a full disk ends the transaction at once
                raise
            connection.execute("ROLLBACK TO one")
            call.error = self._error(error)
        connection.execute("RELEASE one")

    # -- the file

    def _connection(self, reader: bool) -> Any:
        if reader not in self._connections:
            if self.exists():
                revision(self.file)
            self._connections[reader] = self._connect(self.file)
        return self._connections[reader]

    def _lock(self) -> IO[str]:
        if self._write_lock is None:
            self._write_lock = open_lock(self.file, ".lock")
        return self._write_lock

    @contextlib.contextmanager
    def _locked(self, lock: IO[str], *, close: bool = False) -> Iterator[None]:
        """Hold the lock that all writing processes share."""
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
            if close:
                lock.close()

    def _wal_bytes(self) -> int:
        try:
            return Path(f"{self.file}-wal").stat().st_size
        except OSError:
            return 0

    @contextlib.contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            said = self._error(error)
            if said is error:
                raise
            raise said from error

    def _error(self, error: BaseException) -> BaseException:
        """Return the error in words if the store is to blame, itself if the caller is."""
        if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
            return in_words(self.place, str(error))
        if isinstance(error, OSError):
            return in_words(self.place, error.strerror or str(error))
        return error


@reading
def _data_version(tx: Transaction) -> int:
    return int(tx.rows("PRAGMA data_version")[0][0])
