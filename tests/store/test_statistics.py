"""Figures of the queue and what is looked up in it, the same on both databases."""

from __future__ import annotations

from datetime import timedelta

from sidecar.domain.job import Job, Kind, State
from sidecar.domain.page import PageText
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.store import journal, listing, pages, queue, statistics
from sidecar.store.database import Database
from sidecar.store.statistics import Holder
from tests.store.conftest import LEASE, NOW, claimed

HOUR = timedelta(hours=1)


def filled(db: Database) -> None:
    """Six documents: 1 done, 2 failed, 3 failed and asked for again, 4 running, 5 and 6 waiting."""
    for document in range(1, 5):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW - HOUR)
    done, failed, again, _ = (claimed(db) for _ in range(4))
    db.run_now(queue.succeed, done, changed=True, summary="Wrote text.", now=NOW - 2 * HOUR)
    for job in (failed, again):
        db.run_now(queue.fail, job, now=NOW)
    db.run_now(queue.enqueue, 3, Kind.OCR, priority=10, now=NOW)
    for document in (5, 6):
        db.run_now(queue.enqueue, document, Kind.TAGGING, priority=20, now=NOW)


def test_jobs_are_counted_by_state_and_kind(db: Database) -> None:
    filled(db)
    waiting = {(State.READY, Kind.OCR): 1, (State.READY, Kind.TAGGING): 2, (State.RUNNING, Kind.OCR): 1}
    assert db.run_now(statistics.unfinished) == waiting
    assert db.run_now(statistics.ended, since=NOW - HOUR) == {(State.FAILED, Kind.OCR): 2}
    assert db.run_now(statistics.oldest_waiting) == NOW
    assert db.run_now(statistics.holders) == [Holder("me", 1, NOW + LEASE)]


def test_a_failure_is_open_until_it_was_asked_for_again(db: Database) -> None:
    filled(db)
    assert db.run_now(statistics.open_failures) == 1


def test_what_ended_is_counted_by_the_hour(db: Database) -> None:
    filled(db)
    hours = db.run_now(statistics.hours, since=NOW - 2 * HOUR - timedelta(minutes=30), number=4)
    assert [(hour.succeeded, hour.failed) for hour in hours] == [(1, 0), (0, 0), (0, 2), (0, 0)]
    assert hours[1].begins_at == NOW - HOUR - timedelta(minutes=30)


def test_an_empty_store_has_nothing_to_count(db: Database) -> None:
    assert db.run_now(statistics.unfinished) == {}
    assert db.run_now(statistics.oldest_waiting) is None
    assert db.run_now(statistics.open_failures) == 0
    assert db.run_now(listing.ended_last, limit=5) == []


def test_jobs_are_listed_by_what_they_are_page_after_page(db: Database) -> None:
    filled(db)

    def ids(**values: object) -> list[int]:
        found: list[Job] = db.run_now(listing.jobs, **values)
        return [job.id for job in found]

    assert ids() == [7, 6, 5, 4, 3, 2, 1]
    assert ids(states=[State.FAILED]) == [3, 2]
    assert ids(states=[State.FAILED, State.READY], kind=Kind.OCR) == [5, 3, 2]
    assert ids(document_id=3) == [5, 3]
    assert ids(limit=3) == [7, 6, 5]
    assert ids(limit=3, before=5) == [4, 3, 2]
    assert [job.id for job in db.run_now(listing.ended_last, limit=2)] in ([2, 3], [3, 2])


def test_a_document_shows_what_was_written_and_what_was_read(db: Database, job: Job) -> None:
    delta = TagDelta(frozenset({3}), frozenset({1}))
    proposal = Proposal({"content": "old"}, {"content": "new"}, delta)
    plan = Plan(write={"content": "new"}, conflicts=(), delta=delta, old={"content": "old"})
    for key, text, at in (("a", "badly read", NOW), ("b", "well read", NOW + HOUR)):
        page = PageText(1, text, "tesseract", 90.0, 1.0)
        db.run_now(pages.checkpoint, job, key, page, total=2, now=at, lease=LEASE)
    db.run_now(journal.intend, job, proposal, plan, now=NOW)
    db.run_now(queue.succeed, job, changed=True, summary="Wrote text.", now=NOW + HOUR)
    (write,) = db.run_now(listing.write_backs, job.document_id)
    assert (write.entry.old, write.entry.written) == ({"content": "old"}, {"content": "new"})
    assert (write.kind, write.verified_at) == (Kind.OCR, NOW + HOUR)
    assert [(page.page, page.text) for page in db.run_now(listing.kept_pages, job.document_id)] == [(1, "well read")]
    assert db.run_now(listing.kept_pages, job.document_id, page=2) == []
    assert db.run_now(listing.write_backs, 99) == []


def test_a_waiting_job_gets_another_place_and_a_running_one_does_not(db: Database, job: Job) -> None:
    for document in (1, 2):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)
    assert db.run_now(queue.prioritize, 3, priority=0, now=NOW, by_whom="anna")
    assert claimed(db).document_id == 2
    assert not db.run_now(queue.prioritize, job.id, priority=0, now=NOW, by_whom="anna")
