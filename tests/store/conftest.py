from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sidecar.domain.job import Job, Kind
from sidecar.store import migrate, queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from tests.postgres import drop_schema, new_schema, server_url
from tests.store import released

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=180)


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A store of each kind: one suite holds both to the same promises."""
    if request.param == "sqlite":
        yield from opened(SqliteDatabase(tmp_path / "sidecar.db"))
        return
    schema = new_schema()
    yield from opened(PostgresDatabase(server_url(), schema=schema))
    drop_schema(schema)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A store in a file, for what is SQLite's alone."""
    yield from opened(SqliteDatabase(tmp_path / "sidecar.db"))


def opened(database: Database) -> Iterator[Any]:
    database.migrate()
    yield database
    database.close()


def another(db: Database) -> Database:
    """The same store as another program opens it: its own threads and connections."""
    if isinstance(db, SqliteDatabase):
        return SqliteDatabase(db.file)
    assert isinstance(db, PostgresDatabase)
    return PostgresDatabase(server_url(), schema=db.schema)


@pytest.fixture
def job(db: Database) -> Job:
    """A job that is being run."""
    db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    return claimed(db)


def claimed(db: Database, kind: Kind = Kind.OCR) -> Job:
    job = db.run_now(queue.claim, kind, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    return job


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A store that the first release left behind."""
    file = tmp_path / "sidecar.db"
    released.restore("0001", file)
    return file


@pytest.fixture
def old_schema() -> Iterator[str]:
    """A schema on the server as the first release would have made it, with one job."""
    name = new_schema()
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        connection.execute(f"SET search_path = {name}")
        connection.autocommit = False
        migrate.upgrade("postgresql+psycopg://", lambda: connection, to="0001")
        connection.execute(
            "INSERT INTO job (document_id, kind, state, priority, created_at) VALUES (5, 'ocr', 'ready', 10, 0)"
        )
        connection.commit()
    yield name
    drop_schema(name)
