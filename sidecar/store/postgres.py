"""The store on a PostgreSQL server: many programs on many machines work on it together.

Everything lives in one schema of its own. Each thread has a connection of its own; one more connection listens for
news and holds the advisory lock of the program that leads. Every commit is synced, also that of a RELAXED function
(see `transaction.relaxed`). A connection that broke is made anew at the next call.
"""

from __future__ import annotations

import asyncio
import functools
import re
import select
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus
from psycopg.rows import namedtuple_row

from sidecar.domain.errors import StoreError
from sidecar.store import copying, migrate
from sidecar.store.database import Call, Database, Threads, in_words
from sidecar.store.postgres_news import News
from sidecar.store.postgres_prepared import Prepared
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, reading

WRITERS = 4
READERS = 2
#: Times a transaction is begun again after the server ended it in favour of another one.
DEADLOCKS = 5
#: Longest wait for a lock in a transaction, so that nobody waits for a frozen program for ever.
LOCK_TIMEOUT_S = 20
_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")


@functools.cache
def _native(statement: str) -> str:
    """Return a statement with the driver's own placeholders."""
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%"))


@functools.cache
def _together(first: str, then: tuple[str, ...]) -> str:
    follow = "".join(f", then_{number} AS ({statement})" for number, statement in enumerate(then))
    return f"WITH first AS ({first} RETURNING id){follow} SELECT COUNT(*) AS changed FROM first"


class PostgresTransaction(Transaction):
    """One open transaction on a PostgreSQL connection."""

    locking = "FOR UPDATE"
    skipping = "FOR UPDATE SKIP LOCKED"

    def __init__(self, connect: Callable[[], Prepared], channel: str) -> None:
        self._connect = connect
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None
        self._cursor: psycopg.Cursor[Any] | None = None

    def run(self, sql: str, **values: Any) -> int:
        """Execute and return the number of rows changed."""
        return self._begun().execute(_native(sql), _storable(values)).rowcount

    def run_many(self, sql: str, values: Sequence[Mapping[str, Any]]) -> int:
        """Execute once for each of the values and return the number of rows changed in all."""
        if not values:
            return 0
        cursor = self._begun()
        cursor.executemany(_native(sql), [_storable(one) for one in values])
        return cursor.rowcount

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Execute and return all rows, as named tuples."""
        return self._begun().execute(_native(sql), _storable(values)).fetchall()

    def only_row(self, sql: str, **values: Any) -> Any | None:
        """Execute as all there is to the transaction: the server commits it with the statement, in one go."""
        assert self._connection is None  # noqa: S101 - a function that asks more uses `row`
        found = self._fresh(begin=False).rows(sql, _storable(values))
        return found[0] if found else None

    def only_change(self, first: str, *then: str, **values: Any) -> bool:
        """Change one row, and if it was there all that follows, in one statement that the server commits itself."""
        row = self.only_row(_together(first, then), **values)
        return bool(row and row.changed)

    def commit(self) -> None:
        """Commit what was begun."""
        if self._connection is not None:
            _say(self._connection, b"COMMIT")

    def roll_back(self) -> None:
        """End a transaction that failed; a connection on which even that fails is of no more use."""
        if self._connection is not None:
            try:
                _say(self._connection, b"ROLLBACK")
            except psycopg.Error:
                self._connection.close()

    def _begun(self) -> psycopg.Cursor[Any]:
        if self._cursor is None:
            self._connection = self._fresh(begin=True).connection
            self._cursor = self._connection.cursor()
        return self._cursor

    def _fresh(self, *, begin: bool) -> Prepared:
        """Return a connection that works: one that broke while it lay idle is made anew.

        Nothing was asked yet, so asking again is safe.
        """
        prepared = self._connect()
        try:
            _open(prepared.connection, begin=begin)
        except psycopg.DatabaseError:  # without a word from the server it is of no narrower class
            prepared = self._connect()
            _open(prepared.connection, begin=begin)
        return prepared

    def take_turns(self, name: str) -> None:
        """Wait until no other transaction that asked for the same name is open."""
        self._begun().execute("SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", (self._channel, name))

    def announce(self) -> None:
        """Tell all programs on this store, at the commit, that a job has become ready."""
        self._begun().execute("SELECT pg_notify(%s, '')", (self._channel,))

    def hold_still(self) -> None:
        """See the store in this transaction as it is now; must be the first that is asked of it.

        It may lie idle for long: what was read is compared with what the other store took.
        """
        self._begun().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._begun().execute("SET LOCAL idle_in_transaction_session_timeout = 0")

    def number_on(self, table: str) -> None:
        """Number new rows of the table after those that are there."""
        self._begun().execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({name}, 'id'), COALESCE(MAX(id), 1), MAX(id) IS NOT NULL) "
                "FROM {table}"
            ).format(name=sql.Literal(table), table=sql.Identifier(table))
        )


def _storable(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """PostgreSQL keeps no NUL in a text, and Paperless takes none either: it goes."""
    if any(isinstance(value, str) and "\0" in value for value in values.values()):
        return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in values.items()}
    return values


class PostgresDatabase(Database):
    """A schema on a server, opened when it is first used."""

    is_shared = True

    def __init__(self, url: str, *, schema: str = "sidecar") -> None:
        super().__init__(Threads("store-writer", WRITERS, self._work), Threads("store-reader", READERS, self._work))
        self._url = re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql://", url)
        self.schema = schema
        #: Also the channel of the news: one for each schema, cut to what a name may have.
        self._channel = f"sidecar_{schema}"[:63]
        self._local = threading.local()
        self._connections: list[psycopg.Connection[Any]] = []
        self._news: News | None = None

    @property
    def place(self) -> str:
        """Server, database and schema."""
        parts = urlsplit(self._url)
        where = f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"
        return f"postgresql://{where} (schema {self.schema})"

    def exists(self) -> bool:
        """Say whether the schema has our tables."""
        with self._words(), self._connected() as connection:
            return self._revision(connection) is not None

    def migrate(self) -> None:
        """Bring the schema's tables to this program's, in one transaction; of several programs one does it.

        Raises StoreError for a schema of another or a newer program. Nothing is copied first: a server has its own
        backups, and a failure takes nothing but the transaction.
        """
        with self._words(), self._connected() as connection:
            if not migrate.is_needed(self._revision(connection)):
                return
            connection.execute("SELECT pg_advisory_lock(hashtext(%s), 0)", (self._channel,))
            found = self._revision(connection)
            if not migrate.is_needed(found):
                return
            if found is None:
                self._make_schema(connection)
            step = migrate.make if found is None else migrate.upgrade
            connection.autocommit = False
            step("postgresql+psycopg://", lambda: connection)

    def hold_instance(self) -> None:
        """Do nothing: any number of programs may work here."""

    def check(self) -> list[str]:
        """Return what is wrong: tables and indexes that are missing or not valid."""
        with self._words(), self._connected() as connection:
            found = self._revision(connection)
            if found is None:
                raise StoreError(f"There is no store at {self.place} yet; `sidecar run` makes it.")
            broken = connection.execute(
                "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                "JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = %s AND NOT (i.indisvalid AND i.indisready)",
                (self.schema,),
            ).fetchall()
            there = connection.execute(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s",
                (self.schema,),
            ).fetchall()
        invalid = [f"The index {row.relname} is not valid: REINDEX INDEX {self.schema}.{row.relname}" for row in broken]
        is_current = not migrate.is_needed(found)
        return invalid + (migrate.missing({row.relname for row in there}) if is_current else [])

    def backup(self, file: Path) -> None:
        """Write all tables as they are at one moment into a new SQLite file, which `sidecar db copy` reads again."""
        with SqliteDatabase.made(file) as target:
            copying.pour(self, target)

    def close(self) -> None:
        """Finish what was handed over, and let go of the server."""
        if self._news is not None:
            self._news.end()
        self._writers.close()
        self._readers.close()
        for connection in self._connections:
            connection.close()

    # -- several programs

    async def listen(self, on_ready: Callable[[], None], on_lead: Callable[[], None]) -> None:
        """Call `on_ready` for every announcement, and try to lead; on a thread of its own, for ever."""
        loop = asyncio.get_running_loop()
        news = News(
            self._connected, self._channel, self.place,
            on_ready=lambda: loop.call_soon_threadsafe(on_ready), on_lead=lambda: loop.call_soon_threadsafe(on_lead),
        )  # fmt: skip
        self._news = news
        news.start()
        try:
            await asyncio.Event().wait()
        finally:
            news.end()

    def leads(self) -> bool:
        """Say whether this program holds the advisory lock of the one that leads."""
        return self._news is not None and self._news.leads

    async def stirred(self) -> bool:
        """Say whether any job is ready; who claims it is decided by the claim."""
        return await self.run(_any_ready)

    async def time(self) -> datetime:
        """Return the server's time, which all machines go by."""
        return datetime.fromtimestamp(await self.run(_clock), UTC)

    # -- on the store's threads

    def _work(self, calls: Sequence[Call]) -> None:
        for call in calls:
            try:
                with self._words():
                    call.result = self._transact(call)
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
                call.error = error

    def _transact(self, call: Call) -> Any:
        for tries_left in reversed(range(DEADLOCKS)):
            tx = PostgresTransaction(self._mine, self._channel)
            try:
                result = call.function(tx)
                tx.commit()
                return result
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                tx.roll_back()
                if not tries_left:
                    raise
            except (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName):
                self._mine().connection.close()  # a newer program has changed the tables under prepared statements
                if not tries_left:
                    raise
            except BaseException:
                tx.roll_back()
                raise
        raise AssertionError("unreachable")

    def _mine(self) -> Prepared:
        """Return this thread's connection; a broken one is made anew, or kept until that can be done."""
        mine: Prepared | None = getattr(self._local, "prepared", None)
        if mine is None or mine.connection.broken or mine.connection.closed:
            new = self._connect()
            if mine is not None:
                self._connections.remove(mine.connection)
                mine.connection.close()
            mine = self._local.prepared = Prepared(new)
            self._connections.append(new)
        return mine

    def _connect(self) -> psycopg.Connection[Any]:
        # The server is told to look after dead machines itself: their locks and leadership must come free.
        options = (
            f"-c search_path={self.schema} -c synchronous_commit=on -c lock_timeout={LOCK_TIMEOUT_S}s "
            "-c idle_in_transaction_session_timeout=60s -c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 "
            "-c tcp_keepalives_count=3"
        )
        return psycopg.connect(
            self._url,
            autocommit=True,
            row_factory=namedtuple_row,
            options=options,
            connect_timeout=10,
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
            application_name="paperless-sidecar",
        )

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    # -- the schema

    def _revision(self, connection: psycopg.Connection[Any]) -> str | None:
        rows = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (self.schema,)
        ).fetchall()
        tables = {row.table_name for row in rows}
        if not tables:
            return None
        if "alembic_version" not in tables:
            raise StoreError(
                f"The schema {self.schema} holds tables of another program. Name one of its own in DATABASE_SCHEMA."
            )
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row.version_num) if row else None

    def _make_schema(self, connection: psycopg.Connection[Any]) -> None:
        there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self.schema,)).fetchone()
        if there is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema)))

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.IntegrityError, psycopg.DataError):  # the caller is to blame, not the store
            raise
        except psycopg.Error as error:
            raise in_words(self.place, str(error)) from error


def _say(connection: psycopg.Connection[Any], command: bytes) -> None:
    """Send a command that has no values and no rows; a quarter of the processor time of the driver's usual way."""
    result = connection.pgconn.exec_(command)
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY):
        raise psycopg.errors.error_from_result(result)


def _open(connection: psycopg.Connection[Any], *, begin: bool) -> None:
    """Begin a transaction, or see that the server is still there; it says nothing unasked but that it hangs up."""
    if begin:
        _say(connection, b"BEGIN")
    elif select.select([connection.pgconn.socket], [], [], 0)[0]:
        _say(connection, b"")


@reading
def _any_ready(tx: Transaction) -> bool:
    return tx.row("SELECT 1 FROM job WHERE state = 'ready' LIMIT 1") is not None


@reading
def _clock(tx: Transaction) -> float:
    row = tx.row("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision) AS seconds")
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return float(row.seconds)
