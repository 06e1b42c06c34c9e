"""Several programs at work on one store: nobody gets what another has, and so many get something and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from sidecar.domain.job import Job, Kind, State
from sidecar.store import job_row, listing, queue, rescue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.transaction import Transaction, durable
from tests.postgres import drop_schema, new_schema, server_url
from tests.store.conftest import LEASE, NOW, another, opened

SETTLE = timedelta(seconds=65)


@pytest.fixture
def programs(db: Database) -> Iterator[list[Database]]:
    """The store as four programs have it open: their own threads and connections."""
    others = [another(db) for _ in range(3)]
    yield [db, *others]
    for other in others:
        other.close()


def fill(db: Database, jobs: int) -> None:
    db.run_now(queue.enqueue_all, [(number, Kind.OCR, None) for number in range(jobs)], priority=10, now=NOW)


def claim(db: Database, most: int | None = None) -> Job | None:
    return db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE, most=most)


def test_each_job_is_claimed_and_ended_once(programs: list[Database]) -> None:
    fill(programs[0], 200)

    def work(db: Database) -> list[tuple[int, int]]:
        done = []
        while job := claim(db):
            db.run_now(queue.succeed, job, changed=True, summary="Done.", now=NOW)
            done.append((job.document_id, job.lease_token))
        return done

    with ThreadPoolExecutor(4) as threads:
        done = [one for mine in threads.map(work, programs) for one in mine]
    assert sorted(done) == [(number, 1) for number in range(200)]
    ended = programs[0].run_now(listing.jobs, limit=500)
    assert {(job.state, job.attempt) for job in ended} == {(State.SUCCEEDED, 1)}
    assert sum(len(programs[0].run_now(listing.story, job.id)) for job in ended) == 200


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_than_so_many_run_however_many_claim_at_once(programs: list[Database], most: int) -> None:
    fill(programs[0], 20)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(15):
            claimed = [job for job in threads.map(lambda n: claim(programs[n % 4], most), range(8)) if job]
            assert len(claimed) == most
            for job in claimed:
                programs[0].run_now(queue.release, job, reason=None, now=NOW, settle=SETTLE)


def test_each_document_gets_one_job_however_many_find_it(programs: list[Database]) -> None:
    wishes = [(number, kind, None) for number in range(100) for kind in Kind]

    def find(number: int) -> int:
        there = wishes[number * 20 :] + wishes[: number * 20]
        return programs[number].run_now(queue.enqueue_all, there, priority=10, now=NOW)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(find, range(4))) == len(wishes)
    assert len(programs[0].run_now(queue.unfinished)) == len(wishes)


def test_each_dead_programs_job_is_taken_back_once(programs: list[Database]) -> None:
    fill(programs[0], 40)
    for _ in range(40):
        claim(programs[0])

    def take_back(db: Database) -> list[int]:
        late = NOW + 2 * LEASE
        return db.run_now(rescue.rescue, now=late, everything=False, settle=SETTLE, max_crashes=5)

    with ThreadPoolExecutor(4) as threads:
        taken = [job for mine in threads.map(take_back, programs) for job in mine]
    assert len(taken) == len(set(taken)) == 40
    assert {job.crashes for job in programs[0].run_now(listing.jobs)} == {1}


# -- on a server, where transactions are open at the same time


@pytest.fixture
def pair() -> Iterator[tuple[PostgresDatabase, PostgresDatabase]]:
    """A store on the server as two programs have it open."""
    schema = new_schema()
    for db in opened(PostgresDatabase(server_url(), schema=schema)):
        with closing(PostgresDatabase(server_url(), schema=schema)) as other:
            yield db, other
    drop_schema(schema)


def test_a_claim_that_is_counted_waits_for_the_one_that_is_under_way(
    pair: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    db, other = pair
    fill(db, 2)
    claimed, free = threading.Event(), threading.Event()

    @durable
    def slowly(tx: Transaction) -> Job | None:
        job = queue.claim(tx, Kind.OCR, owner="me", now=NOW, lease=LEASE, most=1)
        claimed.set()
        free.wait(30)
        return job

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(db.run_now, slowly)
        assert claimed.wait(30)
        second = threads.submit(claim, other, 1)
        while not second.done() and not somebody_waits():
            pass
        free.set()
        assert first.result() is not None
        assert second.result() is None


def somebody_waits() -> bool:
    """Say whether any transaction waits for its turn."""
    with psycopg.connect(server_url()) as raw:
        found = raw.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
    return found is not None


def test_a_claim_passes_over_the_job_that_another_program_is_claiming(
    pair: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    db, other = pair
    fill(db, 2)

    @durable
    def both(tx: Transaction) -> tuple[Job | None, Job | None]:
        return queue.claim(tx, Kind.OCR, owner="me", now=NOW, lease=LEASE), claim(other)

    mine, theirs = db.run_now(both)
    assert mine is not None
    assert theirs is not None
    assert (mine.document_id, theirs.document_id) == (0, 1)


def test_nobody_writes_a_job_while_its_runner_writes_down_what_it_will_send(
    pair: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    db, other = pair
    fill(db, 1)
    job = claim(db)
    assert job is not None

    @durable
    def intending(tx: Transaction) -> list[int]:
        job_row.assert_mine(tx, job)
        late = NOW + 2 * LEASE
        return other.run_now(rescue.rescue, now=late, everything=False, settle=SETTLE, max_crashes=5)

    assert db.run_now(intending) == []
    assert db.run_now(listing.jobs)[0].state is State.RUNNING
