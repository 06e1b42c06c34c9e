"""Sums for counters: each job and call is counted once, however the looks fall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sidecar.domain.job import Job, Kind
from sidecar.store import counters, ledger, queue
from sidecar.store.counters import Paid, Since
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.store.transaction import Transaction, durable
from tests.store.conftest import LEASE, NOW

EPOCH = datetime.fromtimestamp(0, UTC)
SECOND = timedelta(seconds=1)


def run_one(db: Database, document: int, at: datetime) -> Job:
    db.run_now(queue.enqueue, document, Kind.TAGGING, priority=10, now=at)
    job = db.run_now(queue.claim, Kind.TAGGING, owner="me", now=at, lease=LEASE)
    assert job is not None
    return job


@durable
def number_before(tx: Transaction) -> None:
    """Let a call appear whose number is below that of the only one there is: it was given before, and committed now."""
    tx.run("UPDATE ledger SET id = id + 1")
    tx.run(
        "INSERT INTO ledger (id, job_id, document_id, purpose, model, input_tokens, output_tokens, outcome, seconds, "
        "created_at) SELECT id - 1, job_id, document_id, purpose, model, input_tokens, output_tokens, outcome, "
        "seconds, created_at FROM ledger"
    )


@durable
def forget_calls(tx: Transaction) -> None:
    tx.run("DELETE FROM ledger")


def test_what_ended_and_was_paid_for_is_counted_once(db: Database) -> None:
    first, second = run_one(db, 1, NOW), run_one(db, 2, NOW)
    for number, outcome, seconds, cost in (
        (0, "answered", 1.0, 0.5),
        (1, "no JSON", 2.0, None),
        (2, "away", 0.0, None),
    ):
        call = Call("tagging", "one", 10, 5, outcome, seconds, "host", cost)
        db.run_now(ledger.record, first, call, now=NOW + number * SECOND)
    db.run_now(queue.succeed, first, changed=True, summary="", now=NOW + SECOND)
    seen = db.run_now(counters.since, after=EPOCH, until=NOW + 2 * SECOND, call=0)
    assert seen.jobs == {("tagging", "succeeded"): 1}
    assert seen.calls == {("one", "tagging"): Paid(1, 1, 1, 30, 15, 0.5)}
    db.run_now(queue.cancel, second, reason="", now=NOW + 3 * SECOND)
    more = db.run_now(counters.since, after=NOW + 2 * SECOND, until=NOW + 4 * SECOND, call=seen.last_call)
    assert more == Since({("tagging", "cancelled"): 1}, {}, seen.last_call)


def test_calls_are_counted_on_when_all_that_were_counted_are_forgotten(db: Database) -> None:
    job = run_one(db, 1, NOW)
    call = Call("tagging", "one", 10, 5, "answered", 1.0)
    db.run_now(ledger.record, job, call, now=NOW)
    seen = db.run_now(counters.since, after=NOW, until=NOW, call=0)
    db.run_now(forget_calls)
    none = db.run_now(counters.since, after=NOW, until=NOW, call=seen.last_call)
    assert none.calls == {}
    db.run_now(ledger.record, job, call, now=NOW + SECOND)
    again = db.run_now(counters.since, after=NOW, until=NOW + SECOND, call=none.last_call)
    assert again.calls == {("one", "tagging"): Paid(1, 0, 0, 10, 5, 0.0)}


def test_a_store_that_can_be_read_says_so(db: Database) -> None:
    assert db.run_now(counters.answers)


def test_a_call_whose_commit_comes_after_that_of_a_younger_one_is_counted_all_the_same(db: Database) -> None:
    job = run_one(db, 1, NOW)
    younger = Call("tagging", "one", 10, 5, "answered", 1.0)
    db.run_now(ledger.record, job, younger, now=NOW + 10 * SECOND)
    seen = db.run_now(counters.since, after=NOW, until=NOW + SECOND, call=0)
    assert seen.calls == {}, "others may have begun before it and not be committed yet"
    db.run_now(number_before)
    late = db.run_now(counters.since, after=NOW, until=NOW + 20 * SECOND, call=seen.last_call)
    assert late.calls == {("one", "tagging"): Paid(2, 0, 0, 20, 10, 0.0)}
