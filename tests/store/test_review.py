"""Proposals that wait, on both databases: what a person decided is kept with the move of the job, or nothing is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.store import journal, listing, queue, rescue, review, undoing
from sidecar.store.database import Database
from sidecar.store.review import Decided, Decision
from tests.store.conftest import LEASE, NOW, claimed

PROPOSAL = Proposal({"title": "scan"}, {"title": "Invoice"}, TagDelta(frozenset({3})))
EDITED = Proposal({"title": "scan"}, {"title": "Invoice of May"}, TagDelta(frozenset({3})))
SETTLE = timedelta(seconds=65)


@pytest.fixture
def waiting(db: Database, job: Job) -> Job:
    """A job that waits for a person."""
    db.run_now(review.keep, job, PROPOSAL, "Title: ..", now=NOW)
    db.run_now(review.wait, job, now=NOW)
    return job


def state(db: Database, job: Job) -> State:
    found = db.run_now(listing.job, job.id)
    assert found is not None
    return found.state


def test_a_proposal_waits_and_is_found_again_as_it_was_kept(db: Database, waiting: Job) -> None:
    assert state(db, waiting) is State.REVIEW
    assert db.run_now(review.waiting) == [(waiting.id, 5, waiting.kind)]
    (found,) = db.run_now(review.open_ones)
    assert (found.proposal, found.shown, found.decision, found.is_edited) == (PROPOSAL, "Title: ..", None, False)


@pytest.mark.parametrize("decision", Decision)
def test_a_decision_is_kept_and_makes_the_job_ready_before_all_others(
    db: Database, waiting: Job, decision: Decision
) -> None:
    assert db.run_now(review.decide, waiting.id, decision, by="me", now=NOW)
    again = claimed(db)
    assert (again.id, again.attempt, again.priority) == (waiting.id, 1, Priority.NOW)
    kept = db.run_now(review.find, waiting.id)
    assert kept is not None
    assert (kept.decision, kept.decided_by) == (decision, "me")


def test_of_two_decisions_the_first_counts(db: Database, waiting: Job) -> None:
    assert db.run_now(review.decide, waiting.id, Decision.REJECTED, by="me", now=NOW)
    assert not db.run_now(review.decide, waiting.id, Decision.APPROVED, by="you", now=NOW, edited=(EDITED, "T"))
    kept = db.run_now(review.find, waiting.id)
    assert kept is not None
    assert (kept.decision, kept.proposal, kept.shown) == (Decision.REJECTED, PROPOSAL, "Title: ..")


def test_a_tag_decides_on_both_proposals_of_a_document_unless_the_words_of_one_have_changed(
    db: Database, waiting: Job
) -> None:
    db.run_now(queue.enqueue, waiting.document_id, Kind.TAGGING, priority=Priority.NEW, now=NOW)
    other = db.run_now(queue.claim, Kind.TAGGING, owner="me", now=NOW, lease=LEASE)
    assert other is not None
    assert not db.run_now(review.others_undecided, waiting.document_id, but=waiting.id)
    db.run_now(review.keep, other, PROPOSAL, "Tags: ..", now=NOW)
    assert db.run_now(review.others_undecided, waiting.document_id, but=waiting.id)
    assert [one.job_id for one in db.run_now(review.waiting_on, waiting.document_id)] == [waiting.id]
    db.run_now(review.wait, other, now=NOW)
    both = db.run_now(review.waiting_on, waiting.document_id)
    assert [(one.kind, one.shown) for one in both] == [(Kind.OCR, "Title: .."), (Kind.TAGGING, "Tags: ..")]
    words = [
        Decided(waiting.id, Decision.APPROVED, "a tag", "Title: .."),
        Decided(other.id, Decision.APPROVED, "", "?"),
    ]
    assert db.run_now(review.decide_all, words, now=NOW) == 1
    assert (state(db, waiting), state(db, other)) == (State.READY, State.REVIEW)
    assert db.run_now(review.others_undecided, waiting.document_id, but=waiting.id)
    assert not db.run_now(review.others_undecided, waiting.document_id, but=other.id)


def test_words_that_have_changed_are_not_approved_by_who_saw_the_old_ones(db: Database, waiting: Job) -> None:
    assert db.run_now(review.edit, waiting.id, EDITED, "Title: May", seen="Title: ..", by="me", now=NOW)
    db.run_now(review.wait, claimed(db), now=NOW)
    assert not db.run_now(review.decide, waiting.id, Decision.APPROVED, by="you", now=NOW, seen="Title: ..")
    assert not db.run_now(review.edit, waiting.id, PROPOSAL, "..", seen="Title: ..", by="you", now=NOW)
    assert db.run_now(review.decide, waiting.id, Decision.APPROVED, by="you", now=NOW, seen="Title: May")


def test_a_change_is_kept_apart_from_what_was_proposed(db: Database, waiting: Job) -> None:
    db.run_now(review.edit, waiting.id, EDITED, "Title: May", seen="Title: ..", by="me", now=NOW)
    kept = db.run_now(review.find, waiting.id)
    assert kept is not None
    assert (kept.original, kept.proposal, kept.is_edited, kept.decision) == (PROPOSAL, EDITED, True, None)
    assert state(db, waiting) is State.READY  # a runner shows the new words


def test_nothing_is_decided_on_a_job_that_does_not_wait(db: Database, job: Job) -> None:
    db.run_now(review.keep, job, PROPOSAL, "Title: ..", now=NOW)
    assert not db.run_now(review.decide, job.id, Decision.APPROVED, by="me", now=NOW, edited=(EDITED, "T"))
    kept = db.run_now(review.find, job.id)
    assert kept is not None
    assert (kept.decision, kept.is_edited) == (None, False)


def test_what_is_kept_first_stays(db: Database, job: Job) -> None:
    db.run_now(review.keep, job, PROPOSAL, "Title: ..", now=NOW)
    db.run_now(review.keep, job, EDITED, "Title: May", now=NOW)
    kept = db.run_now(review.find, job.id)
    assert kept is not None
    assert kept.proposal == PROPOSAL


def test_a_runner_that_lost_its_lease_shows_nothing(db: Database, job: Job) -> None:
    db.run_now(queue.release, job, reason=None, now=NOW, settle=SETTLE)
    for function, args in ((review.keep, (PROPOSAL, "..")), (review.wait, ())):
        with pytest.raises(LeaseLostError):
            db.run_now(function, job, *args, now=NOW)
    assert db.run_now(review.find, job.id) is None


def test_after_a_death_while_it_was_shown_the_note_is_waited_for(db: Database, job: Job) -> None:
    db.run_now(review.keep, job, PROPOSAL, "Title: ..", now=NOW)
    late = NOW + LEASE + timedelta(seconds=1)
    db.run_now(rescue.rescue, now=late, everything=False, settle=SETTLE, max_crashes=5)
    assert state(db, job) is State.SCHEDULED
    assert db.run_now(rescue.due_at) == late + SETTLE


def test_what_waits_for_a_person_is_no_work_that_is_left(db: Database, waiting: Job) -> None:
    assert db.run_now(listing.waiting) == {}


def test_what_an_undo_took_back_is_written_down_once(db: Database, job: Job) -> None:
    plan = Plan({"title": "Invoice"}, (), PROPOSAL.delta, {"title": "scan"}, frozenset({1}))
    db.run_now(journal.intend, job, PROPOSAL, plan, now=NOW)
    db.run_now(queue.succeed, job, changed=True, summary="Done.", now=NOW, appeared={9})
    undo_id = db.run_now(queue.enqueue, 5, Kind.UNDO, priority=0, now=NOW, ask=[job.id])
    undo = claimed(db, Kind.UNDO)
    assert (undo.id, undo.ask) == (undo_id, (job.id,))
    request = db.run_now(undoing.request, undo)
    (found,) = request.history
    assert (found.old, found.written) == ({"title": "scan"}, {"title": "Invoice"})
    assert (found.added, found.appeared) == ({3}, {9})
    for _ in range(2):
        db.run_now(undoing.record, undo, request.taken(["title"]), now=NOW)
        assert db.run_now(undoing.request, undo).steps() == request.steps()  # its own marks are none for itself
    assert db.run_now(undoing.preview, 5, [job.id]).steps() == {}


def test_writers_are_found_by_document_job_kind_and_time(db: Database, job: Job) -> None:
    plan = Plan({"title": "Invoice"}, (), PROPOSAL.delta, {"title": "scan"})
    db.run_now(journal.intend, job, PROPOSAL, plan, now=NOW)
    assert db.run_now(undoing.writers) == {}  # not before it has ended
    db.run_now(queue.succeed, job, changed=True, summary="Done.", now=NOW)
    hour = timedelta(hours=1)
    for right in (
        {}, {"document_id": 5}, {"job_id": job.id}, {"kind": job.kind}, {"since": NOW},
        {"since": NOW - hour, "until": NOW + hour},
    ):  # fmt: skip
        assert db.run_now(undoing.writers, **right) == {5: [job.id]}
    for wrong in (
        {"document_id": 6},
        {"job_id": 99},
        {"kind": Kind.TAGGING},
        {"since": NOW + hour},
        {"until": NOW},
    ):
        assert db.run_now(undoing.writers, **wrong) == {}
