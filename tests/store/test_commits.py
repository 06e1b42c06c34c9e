"""Commits: calls that wait together share one on SQLite, and each is kept or not by itself, on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.errors import LeaseLostError, StoreError
from sidecar.domain.job import Job, Kind
from sidecar.store import job_row, listing, queue, sqlite
from sidecar.store.database import Database
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable, reading, relaxed
from tests.store.conftest import NOW, another
from tests.store.together import Asked, together


class Watched(sqlite3.Connection):
    """A connection that keeps what is asked of it, and can be told to fail at what."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.asked: list[str] = []
        self.fails_at = ""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self.asked.append(sql)
        if sql == self.fails_at:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)


@pytest.fixture
def watched(file: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """The connections that the store in the file opens from now on; the writer's is the first."""
    made: list[Watched] = []

    def connect(path: Path) -> Watched:
        made.append(sqlite3.connect(path, factory=Watched, check_same_thread=False, isolation_level=None))
        return made[-1]

    monkeypatch.setattr(file, "_connect", connect)
    file.run_now(nothing)
    return made


@relaxed
def nothing(tx: Transaction) -> None:
    """Open the connection."""


@relaxed
def half(tx: Transaction) -> None:
    tx.run("INSERT INTO event (job_id, at, text) VALUES (1, 0, 'half')")
    raise ZeroDivisionError


def enqueue(document: int) -> Asked:
    return queue.enqueue, (document, Kind.OCR), {"priority": 10, "now": NOW}


def documents(db: Database) -> list[int]:
    return sorted(job.document_id for job in db.run_now(listing.jobs, limit=1000))


async def test_calls_that_wait_together_share_one_commit(file: SqliteDatabase, watched: list[Watched]) -> None:
    watched[0].asked.clear()
    ids = await together(file, [enqueue(document) for document in range(50)])
    assert len(set(ids)) == 50
    assert watched[0].asked.count("COMMIT") == 2  # the first was of the call that kept the writer busy
    assert documents(file) == list(range(50))


async def test_a_commit_holds_so_many_calls_and_no_more(
    file: SqliteDatabase, watched: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched[0].asked.clear()
    await together(file, [enqueue(document) for document in range(sqlite.SHARED_COMMIT + 20)])
    assert watched[0].asked.count("COMMIT") == 3


async def test_a_shared_commit_is_synced_if_one_of_its_calls_asks_for_it(file: SqliteDatabase) -> None:
    def level(tx: Transaction) -> int:
        return int(tx.rows("PRAGMA synchronous")[0][0])

    alone = await together(file, [(relaxed(level), (), {})])
    assert [*alone, *(await together(file, [(level, (), {}), enqueue(1)]))[:1]] == [1, 2]


async def test_a_call_that_fails_leaves_nothing_behind_and_takes_no_other_one_along(db: Database) -> None:
    before, failed, after = await together(db, [enqueue(1), (half, (), {}), enqueue(2)])
    assert isinstance(failed, ZeroDivisionError)
    assert None not in (before, after)
    assert documents(db) == [1, 2]
    assert db.run_now(listing.story, 1) == []


async def test_a_call_of_a_runner_that_lost_its_lease_takes_no_other_one_along(db: Database, job: Job) -> None:
    done: Asked = (queue.succeed, (job,), {"changed": True, "summary": "Done.", "now": NOW})
    db.run_now(queue.release, job, reason=None, now=NOW, settle=NOW - NOW)
    lost, made = await together(db, [done, enqueue(6)])
    assert isinstance(lost, LeaseLostError)
    assert isinstance(made, int)
    assert documents(db) == [5, 6]


async def test_a_commit_that_fails_fails_all_its_calls_and_keeps_none(
    file: SqliteDatabase, watched: list[Watched]
) -> None:
    watched[0].fails_at = "COMMIT"
    results = await together(file, [enqueue(document) for document in range(5)])
    assert all(isinstance(result, StoreError) for result in results)
    assert documents(file) == []
    watched[0].fails_at = ""
    assert file.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW) is not None
    assert documents(file) == [1]


async def test_when_the_disk_is_full_what_was_acknowledged_is_there_and_nothing_else(file: SqliteDatabase) -> None:
    @relaxed
    def limited(tx: Transaction) -> None:
        tx.rows(f"PRAGMA max_page_count = {tx.rows('PRAGMA page_count')[0][0] + 2}")

    @durable
    def wordy(tx: Transaction, document: int) -> int | None:
        made = queue.enqueue(tx, document, Kind.OCR, priority=10, now=NOW)
        job_row.note_event(tx, document, "word " * 1000, NOW)
        return made

    fitting = await together(file, [enqueue(document) for document in range(3)])
    file.run_now(limited)
    too_much = await together(file, [(wordy, (document,), {}) for document in range(3, 9)])
    assert any(isinstance(result, StoreError) for result in too_much)
    assert documents(file) == [n for n, made in enumerate([*fitting, *too_much]) if isinstance(made, int)]


def test_what_was_handed_over_is_done_before_the_store_is_closed(db: Database) -> None:
    async def hand_over() -> None:
        for document in range(20):
            asyncio.ensure_future(db.run(queue.enqueue, document, Kind.OCR, priority=10, now=NOW))  # noqa: RUF006
        await asyncio.sleep(0)

    asyncio.run(hand_over())
    db.close()
    next_one = another(db)
    assert documents(next_one) == list(range(20))
    next_one.close()


async def test_what_was_asked_for_is_done_even_if_nobody_waits_any_more(db: Database) -> None:
    begun, free = threading.Event(), threading.Event()

    @durable
    def slow(tx: Transaction) -> None:
        begun.set()
        free.wait(30)
        queue.enqueue(tx, 1, Kind.OCR, priority=10, now=NOW)

    waiting = asyncio.ensure_future(db.run(slow))
    await asyncio.to_thread(begun.wait, 30)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    free.set()
    db.close()
    next_one = another(db)
    assert documents(next_one) == [1]
    next_one.close()


def test_looking_does_not_wait_for_writing(db: Database) -> None:
    begun, free = threading.Event(), threading.Event()

    @durable
    def slow(tx: Transaction) -> None:
        queue.enqueue(tx, 1, Kind.OCR, priority=10, now=NOW)
        begun.set()
        free.wait(30)

    @reading
    def seen(tx: Transaction) -> int:
        return len(listing.jobs(tx))

    writing = threading.Thread(target=db.run_now, args=(slow,))
    writing.start()
    begun.wait(30)
    assert db.run_now(seen) == 0
    free.set()
    writing.join()
    assert db.run_now(seen) == 1
