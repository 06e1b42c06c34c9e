"""The practice archive's memory: one SQLite file and a folder of originals, so that a kill loses nothing."""

import hashlib
import json
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, username TEXT UNIQUE, password TEXT, token TEXT, is_superuser INTEGER,
    permissions TEXT, code TEXT, is_staff INTEGER, is_active INTEGER);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, content TEXT, created TEXT, modified TEXT, added TEXT,
    deleted_at TEXT, correspondent INTEGER, document_type INTEGER, storage_path INTEGER,
    archive_serial_number INTEGER, original_file_name TEXT, owner INTEGER, mime_type TEXT,
    page_count INTEGER, checksum TEXT, archive_checksum TEXT,
    extracted TEXT, root_document INTEGER, version_label TEXT, seen_by INTEGER);
CREATE INDEX IF NOT EXISTS documents_by_checksum ON documents (checksum);
CREATE INDEX IF NOT EXISTS documents_by_root ON documents (root_document) WHERE root_document IS NOT NULL;
CREATE TABLE IF NOT EXISTS document_tags (
    document_id INTEGER, tag_id INTEGER, PRIMARY KEY (document_id, tag_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_tags_by_tag ON document_tags (tag_id, document_id);
CREATE TABLE IF NOT EXISTS names (
    kind TEXT, id INTEGER, name TEXT, owner INTEGER, parent INTEGER, data TEXT, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS names_by_name ON names (kind, name);
CREATE TABLE IF NOT EXISTS custom_values (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER, field_id INTEGER, value TEXT,
    UNIQUE (document_id, field_id));
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER, note TEXT, created TEXT, user_id INTEGER);
CREATE INDEX IF NOT EXISTS notes_by_document ON notes (document_id);
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER, timestamp TEXT, action TEXT, changes TEXT,
    actor INTEGER);
CREATE INDEX IF NOT EXISTS history_by_document ON history (document_id);
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT, task_type TEXT, status TEXT, due_at REAL,
    date_created TEXT, date_started TEXT, date_done TEXT, input_data TEXT, result_data TEXT, owner INTEGER);
CREATE INDEX IF NOT EXISTS tasks_waiting ON tasks (due_at) WHERE status = 'pending';
"""


@dataclass(frozen=True)
class User:
    """Who asks. A superuser sees everything; others see what is theirs or nobody's."""

    id: int
    username: str
    is_superuser: bool = True
    #: Global rights such as "view_document"; None is all of them.
    permissions: frozenset[str] | None = None
    is_staff: bool = False
    #: An account that was switched off cannot log in, and its token is refused.
    is_active: bool = True


#: Who has not logged in.
NOBODY = User(0, "", is_superuser=False, permissions=frozenset())

#: The owner of the practice archive's token; id as in the recordings.
ADMIN = User(2, "admin", is_staff=True)

#: Who edits through PracticeArchive.edit(), as a person in the web page would.
PERSON = User(4, "person", is_staff=True)


def user_of(row: sqlite3.Row) -> User:
    """Read a user's row."""
    permissions = row["permissions"]
    rights = None if permissions is None else frozenset(json.loads(permissions))
    staff, active = bool(row["is_staff"]), bool(row["is_active"])
    return User(row["id"], row["username"], bool(row["is_superuser"]), rights, staff, active)


@dataclass(eq=False)
class State:
    """An open archive. Every read and write holds one lock, so requests see each other whole."""

    folder: Path
    #: Seconds until a bulk edit's background task bumps `modified`.
    bulk_update_delay_s: float = 0.05
    #: Seconds until an uploaded file is a document.
    consume_delay_s: float = 0.05
    #: Logins a minute before /api/token/ answers 429.
    logins_a_minute: int = 5
    #: When logins were tried, by time.monotonic().
    logins: list[float] = field(default_factory=list)
    #: Workflows, mail rules and saved views, as their lists give them; the archive only keeps them.
    speakers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: Told whenever a task is queued, so that the worker wakes.
    queued: threading.Event = field(default_factory=threading.Event)
    #: Told of each updated document, by id and actor (None in a task): what workflows listen to.
    on_update: list[Callable[[int, "User | None"], None]] = field(default_factory=list)
    #: Told of each uploaded document, by id.
    on_add: list[Callable[[int], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "originals").mkdir(exist_ok=True)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(self.folder / "archive.sqlite3", check_same_thread=False, isolation_level=None)
        weakref.finalize(self, self._database.close)
        self._database.row_factory = sqlite3.Row
        # The file outlives a killed process without waiting for the disk.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; what is written inside takes effect together. May be nested."""
        with self._lock:
            if self._database.in_transaction:
                yield
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def updated(self, document_id: int, actor: User | None) -> None:
        """Tell that a document was updated."""
        for listener in self.on_update:
            listener(document_id, actor)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Hold the lock without a transaction: others wait, yet each write stands for itself."""
        with self._lock:
            yield

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run a statement and give all its rows."""
        with self._lock:
            return self._database.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Run a statement and give its first row, if any."""
        return next(iter(self.rows(sql, values)), None)

    def column(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and give the first value of each row."""
        return [row[0] for row in self.rows(sql, values)]

    def insert(self, sql: str, values: Sequence[Any]) -> int:
        """Insert one row and give its id."""
        with self._lock:
            return int(self._database.execute(sql, values).lastrowid or 0)

    def log(self, document_id: int, changes: dict[str, Any], actor: User | None, action: str = "update") -> None:
        """Write an entry of the audit log."""
        self.rows(
            "INSERT INTO history (document_id, timestamp, action, changes, actor) VALUES (?, ?, ?, ?, ?)",
            (document_id, now_text(), action, json.dumps(changes), actor.id if actor else None),
        )

    def keep_file(self, data: bytes) -> str:
        """Store a file's bytes and give their SHA-256."""
        checksum = hashlib.sha256(data).hexdigest()
        path = self.file_path(checksum)
        if not path.exists():
            # A kill half way through must not leave a piece under the whole file's name.
            piece = path.with_name(f"{checksum}.{threading.get_ident()}")
            piece.write_bytes(data)
            piece.replace(path)
        return checksum

    def file_path(self, checksum: str) -> Path:
        """Say where the file with this SHA-256 lies."""
        return self.folder / "originals" / checksum


def now_text() -> str:
    """Give the time as Paperless writes it: UTC, microseconds, Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def marks(values: Sequence[Any]) -> str:
    """Give as many question marks as there are values, for an SQL IN list."""
    return ",".join("?" * len(values))
