from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.domain.job import Job, Kind
from sidecar.store import queue
from sidecar.store.database import Database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=180)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "sidecar.db")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def job(db: Database) -> Job:
    """A job that is being run."""
    db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    return claimed(db)


def claimed(db: Database, kind: Kind = Kind.OCR) -> Job:
    job = db.run_now(queue.claim, kind, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    return job
