"""Open failures by their cause, on both databases."""

from __future__ import annotations

from datetime import timedelta

from sidecar.domain.job import Kind
from sidecar.store import failures, queue, statistics
from sidecar.store.database import Database
from tests.store.conftest import NOW

LEASE = timedelta(seconds=180)


def fail(db: Database, document_id: int, reason: str, *, kind: Kind = Kind.OCR, minutes: int = 0) -> int:
    at = NOW + timedelta(minutes=minutes)
    db.run_now(queue.enqueue, document_id, kind, priority=10, now=at)
    job = db.run_now(queue.claim, kind, owner="me", now=at, lease=LEASE)
    assert job is not None
    db.run_now(queue.doom, job, reason=reason, now=at)
    db.run_now(queue.fail, job, now=at)
    return job.id


def test_failures_are_grouped_by_kind_and_cause_and_those_asked_for_again_are_none(db: Database) -> None:
    slow = [fail(db, number, f"Page {number} took {number}0 s.", minutes=number) for number in (1, 2, 3, 4)]
    broken = fail(db, 5, "The file is broken.", minutes=9)
    fail(db, 6, "The file is broken.", kind=Kind.TAGGING)
    again = fail(db, 7, "Page 7 took 70 s.")
    db.run_now(queue.enqueue, 7, Kind.OCR, priority=0, now=NOW)
    found = db.run_now(failures.groups)
    assert [(group.kind, group.cause, group.jobs) for group in found] == [
        (Kind.OCR, "Page … took … s.", 4),
        (Kind.TAGGING, "The file is broken.", 1),
        (Kind.OCR, "The file is broken.", 1),
    ]
    assert found[0].last_at == NOW + timedelta(minutes=4)
    assert [job.id for job in found[0].examples] == slow[:0:-1]
    assert sum(group.jobs for group in found) == db.run_now(statistics.open_failures)
    assert [job.id for job in db.run_now(failures.of_cause, found[0].key, limit=3)] == slow[:0:-1]
    assert [job.id for job in db.run_now(failures.of_cause, found[2].key, limit=3)] == [broken]
    assert again not in {job.id for job in db.run_now(failures.of_cause, None, limit=100)}
    assert len(db.run_now(failures.of_cause, None, limit=100)) == 6
