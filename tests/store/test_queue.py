"""The queue: who gets a job, who may end it, and what is left when somebody dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.domain.page import PageText
from sidecar.domain.word import Word
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.store import journal, keeping, ledger, listing, pages, queue, rescue, undoing
from sidecar.store.database import Database
from sidecar.store.transaction import Transaction, reading
from tests.store.conftest import LEASE, NOW, another, claimed

SETTLE = timedelta(seconds=65)
PAGE = PageText(1, "text", "tesseract", 93.0, 1.0)
PROPOSAL = Proposal({"title": "old"}, {"title": "new"}, TagDelta(frozenset({3}), frozenset({1})))
PLAN = Plan(write={"title": "new"}, conflicts=(), delta=PROPOSAL.delta, old={"title": "old"})


def current(db: Database, job: Job) -> Job:
    found = db.run_now(listing.job, job.id)
    assert found is not None
    return found


def take_back(db: Database, now: datetime = NOW, *, everything: bool = True, max_crashes: int = 5) -> list[int]:
    return db.run_now(rescue.rescue, now=now, everything=everything, settle=SETTLE, max_crashes=max_crashes)


# -- enqueue and claim


def test_a_document_has_one_unfinished_job_of_a_kind(db: Database) -> None:
    first = db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    assert db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW) is None
    others = [
        db.run_now(queue.enqueue, 5, Kind.TAGGING, priority=10, now=NOW),
        db.run_now(queue.enqueue, 6, Kind.OCR, priority=10, now=NOW),
    ]
    assert len({first, None, *others}) == 4


def test_a_finished_document_can_be_enqueued_again(db: Database, job: Job) -> None:
    db.run_now(queue.succeed, job, changed=True, summary="Done.", now=NOW)
    assert db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW) is not None


def test_what_a_person_asked_for_goes_first_then_new_then_backlog_each_by_age(db: Database) -> None:
    for document, priority in ((1, Priority.BACKLOG), (2, Priority.NEW), (3, Priority.NEW), (4, Priority.NOW)):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=priority, now=NOW)
    assert [claimed(db).document_id for _ in range(4)] == [4, 2, 3, 1]


def test_a_claim_counts_the_attempt_and_makes_a_new_token(db: Database, job: Job) -> None:
    assert (job.attempt, job.lease_token, job.state) == (1, 1, State.RUNNING)
    db.run_now(queue.retry, job, run_after=NOW, reason="x", now=NOW, blame=True)
    db.run_now(rescue.promote, now=NOW)
    again = claimed(db)
    assert (again.attempt, again.lease_token) == (2, 2)


def test_nothing_to_claim_is_none(db: Database) -> None:
    assert db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE) is None


def test_a_job_is_claimed_once_however_many_ask(db: Database) -> None:
    for document in range(200):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)
    others = [another(db) for _ in range(3)]  # as other processes would: their own threads and connections

    def claim_all(database: Database) -> list[int]:
        found = []
        while job := database.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE):
            found.append(job.id)
        return found

    with ThreadPoolExecutor(4) as threads:
        claims = [job for found in threads.map(claim_all, [db, *others]) for job in found]
    for other in others:
        other.close()
    assert sorted(claims) == list(range(1, 201))


async def test_concurrent_tasks_of_one_program_claim_each_job_once(db: Database) -> None:
    for document in range(100):
        await db.run(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)
    claims = await asyncio.gather(
        *(db.run(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE) for _ in range(120))
    )
    assert sorted(job.id for job in claims if job) == list(range(1, 101))


# -- fencing

ENDINGS: dict[str, Callable[[Database, Job], Any]] = {
    "succeed": lambda db, job: db.run_now(queue.succeed, job, changed=True, summary="", now=NOW),
    "fail": lambda db, job: db.run_now(queue.fail, job, now=NOW),
    "cancel": lambda db, job: db.run_now(queue.cancel, job, reason="", now=NOW),
    "retry": lambda db, job: db.run_now(queue.retry, job, run_after=NOW, reason="", now=NOW, blame=True),
    "release": lambda db, job: db.run_now(queue.release, job, reason=None, now=NOW, settle=SETTLE),
    "doom": lambda db, job: db.run_now(queue.doom, job, reason="", now=NOW),
    "begin": lambda db, job: db.run_now(queue.begin, job, {}, now=NOW),
    "open_pages": lambda db, job: db.run_now(queue.open_pages, job, done=0, total=1),
    "progress": lambda db, job: db.run_now(queue.progress, job, more=1, total=1, now=NOW, lease=LEASE),
    "checkpoint": lambda db, job: db.run_now(pages.checkpoint, job, "key", PAGE, total=1, now=NOW, lease=LEASE),
    "intend": lambda db, job: db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW),
}


@pytest.mark.parametrize("write", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_runner_whose_lease_was_taken_over_changes_nothing(
    db: Database, job: Job, write: Callable[[Database, Job], Any]
) -> None:
    take_back(db)
    successor = claimed(db)
    before = current(db, job)
    with pytest.raises(LeaseLostError):
        write(db, job)
    assert current(db, job) == before == successor
    assert db.run_now(pages.load, {"key": 1}) == {}
    assert db.run_now(journal.find, job.id) is None


@pytest.mark.parametrize("write", ENDINGS.values(), ids=ENDINGS.keys())
def test_nothing_can_be_done_to_a_finished_job(db: Database, job: Job, write: Callable[[Database, Job], Any]) -> None:
    db.run_now(queue.succeed, job, changed=True, summary="Done.", now=NOW)
    with pytest.raises(LeaseLostError):
        write(db, job)


def test_a_renewal_says_which_leases_are_left(db: Database, job: Job) -> None:
    db.run_now(queue.enqueue, 6, Kind.OCR, priority=10, now=NOW)
    other = claimed(db)
    db.run_now(queue.succeed, other, changed=True, summary="", now=NOW)
    until = NOW + timedelta(seconds=500)
    held = {job.id: job.lease_token, other.id: other.lease_token}
    assert db.run_now(queue.renew, held, until=until) == {job.id}
    assert current(db, job).lease_until == until


# -- retry, release, crash


def test_a_blamed_retry_costs_an_attempt_and_a_blameless_one_does_not(db: Database, job: Job) -> None:
    for blame, attempt in ((True, 1), (False, 1)):
        db.run_now(queue.retry, replace(job, lease_token=current(db, job).lease_token), run_after=NOW, reason="why",
                   now=NOW, blame=blame)  # fmt: skip
        assert current(db, job).attempt == attempt
        assert current(db, job).reason == "why"
        db.run_now(rescue.promote, now=NOW)
        claimed(db)


def test_a_scheduled_job_waits_for_its_time(db: Database, job: Job) -> None:
    later = NOW + timedelta(minutes=1)
    db.run_now(queue.retry, job, run_after=later, reason="x", now=NOW, blame=True)
    assert db.run_now(rescue.due_at) == later
    assert db.run_now(rescue.promote, now=NOW) == 0
    assert db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE) is None
    assert db.run_now(rescue.promote, now=later) == 1
    assert claimed(db).run_after is None


def test_a_released_job_is_as_it_was(db: Database, job: Job) -> None:
    db.run_now(queue.release, job, reason=None, now=NOW, settle=SETTLE)
    back = current(db, job)
    assert (back.state, back.attempt, back.lease_until) == (State.READY, 0, None)


def test_a_dead_runners_job_goes_on_with_a_crash_counted_and_no_attempt(db: Database, job: Job) -> None:
    assert take_back(db) == [job.id]
    back = current(db, job)
    assert (back.state, back.attempt, back.crashes) == (State.READY, 0, 1)


def test_only_expired_leases_are_rescued_while_the_program_runs(db: Database, job: Job) -> None:
    assert not db.run_now(rescue.expired, now=NOW)
    assert take_back(db, everything=False) == []
    late = NOW + LEASE + timedelta(seconds=1)
    assert db.run_now(rescue.expired, now=late)
    assert take_back(db, late, everything=False) == [job.id]


def test_a_job_that_kills_the_program_again_and_again_is_given_up_with_a_reason(db: Database, job: Job) -> None:
    for _ in range(2):
        take_back(db, max_crashes=3)
        assert not claimed(db).giving_up
    take_back(db, max_crashes=3)
    given_up = claimed(db)
    assert given_up.giving_up
    assert "died 3 times" in str(given_up.reason)


def test_progress_forgives_earlier_crashes(db: Database, job: Job) -> None:
    take_back(db)
    again = claimed(db)
    db.run_now(pages.checkpoint, again, "key", PAGE, total=2, now=NOW, lease=LEASE)
    assert current(db, job).crashes == 0


def test_after_a_crash_with_an_intent_the_request_in_flight_is_waited_for(db: Database, job: Job) -> None:
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    take_back(db, NOW + timedelta(seconds=5))
    back = current(db, job)
    assert (back.state, back.run_after) == (State.SCHEDULED, NOW + timedelta(seconds=5) + SETTLE)


def test_the_wait_counts_from_the_rescue_since_nobody_knows_when_the_last_byte_went_out(db: Database, job: Job) -> None:
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    later = NOW + timedelta(minutes=20)
    take_back(db, later)
    assert current(db, job).run_after == later + SETTLE


def test_a_job_with_an_intent_that_is_handed_back_waits_for_its_request_too(db: Database, job: Job) -> None:
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    db.run_now(queue.release, job, reason=None, now=NOW, settle=SETTLE)
    back = current(db, job)
    assert (back.state, back.attempt, back.run_after) == (State.SCHEDULED, 0, NOW + SETTLE)


@pytest.mark.parametrize("how", ["release", "retry", "crash"])
def test_a_job_that_is_given_up_keeps_its_reason_whatever_happens_then(db: Database, job: Job, how: str) -> None:
    db.run_now(queue.doom, job, reason="The PDF is encrypted.", now=NOW)
    if how == "release":
        db.run_now(queue.release, job, reason="Paperless is away.", now=NOW, settle=SETTLE)
    elif how == "retry":
        db.run_now(queue.retry, job, run_after=NOW, reason="Paperless hung up.", now=NOW, blame=True)
    else:
        take_back(db, max_crashes=1)
    assert current(db, job).reason == "The PDF is encrypted."
    assert current(db, job).giving_up


# -- base and journal


def test_the_base_of_the_first_attempt_is_kept(db: Database, job: Job) -> None:
    assert db.run_now(queue.begin, job, {"content": "as it was"}, now=NOW) == {"content": "as it was"}
    take_back(db)
    again = claimed(db)
    assert db.run_now(queue.begin, again, {"content": "edited since"}, now=NOW) == {"content": "as it was"}


def test_the_journal_keeps_the_old_values_of_the_first_write(db: Database, job: Job) -> None:
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    again = replace(PLAN, write={"created": "2026-01-01"}, old={"title": "new", "created": "2025-12-31"},
                    delta=TagDelta())  # fmt: skip
    db.run_now(journal.intend, job, PROPOSAL, again, now=NOW)
    entry = db.run_now(journal.find, job.id)
    assert entry is not None
    assert entry.old == {"title": "old", "created": "2025-12-31"}
    assert entry.written == {"title": "new", "created": "2026-01-01"}
    assert entry.proposal == PROPOSAL


def test_a_refused_field_is_recorded_and_not_counted_as_written(db: Database, job: Job) -> None:
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    db.run_now(journal.fields_sent, job, {"title": "too long"})
    entry = db.run_now(journal.find, job.id)
    assert entry is not None
    assert (entry.written, entry.refused) == ({}, {"title": "too long"})


def test_how_far_a_write_back_came_is_known_to_whoever_goes_on_with_it(db: Database, job: Job) -> None:
    def marks() -> tuple[bool, bool, Mapping[str, str]]:
        entry = db.run_now(journal.find, job.id)
        assert entry is not None
        return entry.fields_sent, entry.tags_sent, entry.refused

    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    assert marks() == (False, False, {})
    db.run_now(journal.fields_sent, job, {"title": "too long"})
    db.run_now(journal.tags_sent, job)
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW + SETTLE)
    assert marks() == (True, True, {"title": "too long"})
    assert db.run_now(undoing.writers, until=NOW + SETTLE) == {}, "it is being written"
    db.run_now(journal.tags_sent, job, came_true=False)
    assert marks()[:2] == (True, False)
    db.run_now(journal.drop, job)
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    assert marks() == (False, False, {}), "it is another proposal"


def test_a_write_back_counts_from_its_first_intent(db: Database, job: Job) -> None:
    for at in (NOW, NOW + SETTLE):
        db.run_now(journal.intend, job, PROPOSAL, PLAN, now=at)
    db.run_now(queue.succeed, job, changed=True, summary="Wrote title.", now=NOW + SETTLE)
    assert db.run_now(undoing.writers, until=NOW + SETTLE / 2) == {job.document_id: [job.id]}


def test_while_an_undo_has_begun_and_not_ended_nothing_else_of_the_document_is_claimed(db: Database, job: Job) -> None:
    undo = db.run_now(queue.enqueue, job.document_id, Kind.UNDO, priority=10, now=NOW)
    for document in (job.document_id, job.document_id + 1):
        db.run_now(queue.enqueue, document, Kind.TAGGING, priority=10, now=NOW)
    back = db.run_now(queue.claim, Kind.UNDO, owner="me", now=NOW, lease=SETTLE)
    assert back is not None
    assert back.id == undo
    db.run_now(journal.intend, back, PROPOSAL, PLAN, now=NOW)
    first = db.run_now(queue.claim, Kind.TAGGING, owner="me", now=NOW, lease=SETTLE)
    assert first is not None
    assert first.document_id == job.document_id + 1
    assert Kind.TAGGING not in db.run_now(listing.ready)
    db.run_now(queue.succeed, back, changed=True, summary="Took back: title.", now=NOW)
    second = db.run_now(queue.claim, Kind.TAGGING, owner="me", now=NOW, lease=SETTLE)
    assert second is not None
    assert second.document_id == job.document_id


def test_success_ends_the_job_and_its_intent_together(db: Database, job: Job) -> None:
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    db.run_now(queue.succeed, job, changed=True, summary="Wrote title.", now=NOW)
    entry = db.run_now(journal.find, job.id)
    assert entry is not None
    assert (entry.state, current(db, job).state) == ("verified", State.SUCCEEDED)
    assert [event.text for event in db.run_now(listing.story, job.id)][-1] == "Wrote title."


# -- withdrawing, pages, retention


def test_a_waiting_job_can_be_put_first(db: Database, job: Job) -> None:
    for document in (7, 8):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=Priority.BACKLOG, now=NOW)
    db.run_now(queue.hasten, 8, Kind.OCR, priority=Priority.NOW)
    assert claimed(db).document_id == 8


def test_a_waiting_job_can_be_withdrawn_a_running_one_not(db: Database, job: Job) -> None:
    assert not db.run_now(queue.withdraw, job.id, reason="no", now=NOW)
    db.run_now(queue.release, job, reason=None, now=NOW, settle=SETTLE)
    assert db.run_now(queue.withdraw, job.id, reason="no", now=NOW)
    assert current(db, job).state is State.CANCELLED
    assert not db.run_now(queue.withdraw, 999, reason="no", now=NOW)


def test_a_checkpointed_page_is_found_again_and_counted(db: Database, job: Job) -> None:
    assert db.run_now(pages.checkpoint, job, "k1", PAGE, total=2, now=NOW, lease=LEASE) == 1
    assert db.run_now(pages.load, {"k1": 1, "k2": 2}) == {1: PAGE}
    assert (current(db, job).pages_done, current(db, job).pages_total) == (1, 2)


def test_words_of_a_page_are_kept_beside_it_and_fetched_only_when_wanted(db: Database, job: Job) -> None:
    words = (Word("Größe", (0.1, 0.2, 0.3, 0.25), 1, 91.0), Word("|", (0.5, 0.2, 0.51, 0.25), 1, 12.0))
    db.run_now(pages.checkpoint, job, "k1", replace(PAGE, words=words), total=1, now=NOW, lease=LEASE)
    assert db.run_now(pages.load, {"k1": 1}) == {1: PAGE}
    assert db.run_now(pages.load_words, "k1") == words
    assert db.run_now(pages.load_words, "another") == ()


def test_old_jobs_are_forgotten_with_all_that_hangs_on_them_and_nothing_else(db: Database, job: Job) -> None:
    db.run_now(pages.checkpoint, job, "key", PAGE, total=1, now=NOW, lease=LEASE)
    db.run_now(journal.intend, job, PROPOSAL, PLAN, now=NOW)
    db.run_now(queue.succeed, job, changed=True, summary="", now=NOW)
    db.run_now(queue.enqueue, 6, Kind.OCR, priority=10, now=NOW)
    assert not db.run_now(keeping.old, before=NOW)
    later = NOW + timedelta(days=1)
    assert db.run_now(keeping.old, before=later)
    assert db.run_now(keeping.prune, before=later, now=later) == 2
    assert not db.run_now(keeping.old, before=later)
    assert db.run_now(journal.find, job.id) is None
    assert db.run_now(listing.story, job.id) == []
    assert [left.document_id for left in db.run_now(listing.jobs)] == [6]


def test_the_number_of_a_forgotten_job_is_never_given_to_another_one(db: Database, job: Job) -> None:
    db.run_now(queue.succeed, job, changed=True, summary="", now=NOW)
    later = NOW + timedelta(days=1)
    assert not db.run_now(keeping.old, before=later)  # or upkeep would look for it for ever
    assert db.run_now(keeping.prune, before=later, now=later) == 0
    db.run_now(queue.enqueue, 6, Kind.OCR, priority=10, now=later)
    assert db.run_now(keeping.prune, before=later, now=later) == 1
    newer = claimed(db)
    assert newer.id > job.id
    with pytest.raises(LeaseLostError):
        db.run_now(queue.fail, job, now=later)


def test_a_call_is_written_down_once_though_nobody_knows_whether_it_was(db: Database, job: Job) -> None:
    call = ledger.Call("tagging", "a-model", 100, 10, "answered", 1.0)
    for at in (NOW, NOW, NOW + timedelta(seconds=1)):
        db.run_now(ledger.record, job, call, now=at)
    assert db.run_now(calls) == 2


@reading
def calls(tx: Transaction) -> int:
    row = tx.row("SELECT COUNT(*) AS calls FROM ledger")
    assert row is not None
    return int(row.calls)


def test_what_an_unfinished_job_has_paid_for_is_not_forgotten(db: Database, job: Job) -> None:
    db.run_now(pages.checkpoint, job, "key", PageText(1, "text", "tesseract", 90.0, 1.0), total=2, now=NOW, lease=LEASE)
    later = NOW + timedelta(days=2)
    assert db.run_now(keeping.prune, before=later, now=later) == 1
    assert db.run_now(keeping.prune, before=later, now=later) == 0
    assert db.run_now(pages.load, {"key": 1})
    db.run_now(queue.fail, job, now=NOW)
    much_later = later + timedelta(days=2)
    db.run_now(keeping.prune, before=much_later, now=much_later)
    assert not db.run_now(pages.load, {"key": 1})


def test_a_failure_that_could_not_be_marked_says_so_and_is_looked_back_at_for_longer(db: Database, job: Job) -> None:
    db.run_now(queue.doom, job, reason="No.", now=NOW)
    db.run_now(queue.fail, job, now=NOW, unmarked="Nor a mark.")
    assert current(db, job).reason == "No. Nor a mark."
    assert [event.text for event in db.run_now(listing.story, job.id)][-1] == "Nor a mark."
    later, hour, day = NOW + timedelta(hours=5), timedelta(hours=1), timedelta(days=1)
    assert db.run_now(queue.endings, since=later - hour) == {}
    (ended,) = db.run_now(queue.endings, since=later - hour, failed_since=later - day)[job.document_id, job.kind]
    assert (ended.state, ended.reason) == (State.FAILED, "No. Nor a mark.")
