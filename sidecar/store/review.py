"""Proposals that wait for a person: kept, shown, edited and decided, one transaction each.

What a person decided is kept with the proposal and the job becomes ready in the same commit; a runner then does it. So
a death between the decision and its deed costs nothing, and whoever decides needs no Paperless.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.domain.writeback import Proposal
from sidecar.store import job_row
from sidecar.store.journal import plain, proposal_of
from sidecar.store.transaction import Transaction, durable, reading


class Decision(StrEnum):
    """What a person made of a proposal."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Review:
    """One proposal that waits, or waited, for a person."""

    job_id: int
    document_id: int
    kind: Kind
    #: As it is to be written: with a person's changes, if there are any.
    proposal: Proposal
    #: As the work made it.
    original: Proposal
    #: The words that were (or are about to be) shown, of which an approval is one.
    shown: str
    created_at: datetime
    #: None while it waits.
    decision: Decision | None
    #: Who or what decided, as words after "by".
    decided_by: str | None

    @property
    def is_edited(self) -> bool:
        """Say whether a person changed it."""
        return self.proposal != self.original


class Waiting(NamedTuple):
    """A proposal that waits for a person."""

    job_id: int
    kind: Kind
    #: The words in which it is shown.
    shown: str


class Decided(NamedTuple):
    """What a person decided on one proposal by what they did to its document."""

    job_id: int
    decision: Decision
    #: As words after "by".
    by: str
    #: The words that they could see.
    seen: str


#: The longer list is what lets SQLite use the index of unfinished jobs.
_WAITS = "state IN ('ready', 'running', 'scheduled', 'review') AND state = 'review'"
_SELECT = "SELECT review.*, job.kind FROM review JOIN job ON job.id = review.job_id "


@reading
def find(tx: Transaction, job_id: int) -> Review | None:
    """Return the job's proposal, None if there was none to be shown."""
    row = tx.row(f"{_SELECT} WHERE review.job_id = :job", job=job_id)
    return _review(row) if row else None


@reading
def waiting(tx: Transaction) -> list[tuple[int, int, Kind]]:
    """Return id, document and kind of every job that waits for a person, the oldest first."""
    rows = tx.rows(f"SELECT id, document_id, kind FROM job WHERE {_WAITS}")
    return sorted((row.id, row.document_id, Kind(row.kind)) for row in rows)


@reading
def waiting_on(tx: Transaction, document_id: int) -> list[Waiting]:
    """Return the proposals of this document that wait for a person, with the words in which each is shown."""
    sql = (
        f"SELECT job.id, job.kind, review.shown FROM job JOIN review ON review.job_id = job.id "
        f"WHERE {_WAITS} AND job.document_id = :document"
    )
    rows = tx.rows(sql, document=document_id)
    return sorted(Waiting(row.id, Kind(row.kind), row.shown) for row in rows)


@reading
def others_undecided(tx: Transaction, document_id: int, *, but: int) -> bool:
    """Say whether a proposal of this document, not that of job `but`, is or will be shown and is not decided on."""
    sql = (
        "SELECT 1 FROM job JOIN review ON review.job_id = job.id WHERE job.document_id = :document "
        "AND job.state IN ('ready', 'running', 'scheduled', 'review') AND job.id <> :job "
        "AND review.decision IS NULL LIMIT 1"
    )
    return tx.row(sql, document=document_id, job=but) is not None


@reading
def open_ones(tx: Transaction, *, after: int = 0, limit: int = 100) -> list[Review]:
    """Return the proposals that wait for a person, the oldest first, at most `limit`, of jobs above `after`."""
    sql = f"{_SELECT} WHERE {_WAITS} AND job.id > :after ORDER BY review.job_id LIMIT :limit"
    rows = tx.rows(sql, after=after, limit=limit)
    return [_review(row) for row in rows]


@reading
def is_ready(tx: Transaction) -> bool:
    """Say whether a job is ready whose work was done and shown, so that only a decision is to be carried out."""
    sql = (
        "SELECT 1 FROM job WHERE state = 'ready' AND EXISTS (SELECT 1 FROM review WHERE review.job_id = job.id) "
        f"AND {job_row.NOT_BEING_UNDONE} LIMIT 1"
    )
    return tx.row(sql) is not None


@durable
def keep(tx: Transaction, job: Job, proposal: Proposal, shown: str, *, now: datetime) -> None:
    """Keep what the job's work proposes, before it is shown to anybody. Raises LeaseLostError.

    If the program dies afterwards, the next one shows what is kept: the work is not done again.
    """
    job_row.assert_mine(tx, job)
    tx.run(
        "INSERT INTO review (job_id, document_id, proposal, shown, created_at) "
        "VALUES (:job, :document, :proposal, :shown, :now) ON CONFLICT (job_id) DO NOTHING",
        job=job.id, document=job.document_id, proposal=_dump(proposal), shown=shown, now=now.timestamp(),
    )  # fmt: skip


@durable
def wait(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Let the job wait for a person; its proposal is kept and stands in a note. Raises LeaseLostError."""
    reason = "Waits for approval."
    job_row.fenced(
        tx, job, job_row.moving(State.RUNNING, State.REVIEW, "reason = :reason"), reason=reason, now=now.timestamp()
    )
    job_row.note_event(tx, job.id, "The proposal was shown and waits for approval.", now)


@durable
def decide(
    tx: Transaction,
    job_id: int,
    decision: Decision,
    *,
    by: str,
    now: datetime,
    edited: tuple[Proposal, str] | None = None,
    seen: str | None = None,
) -> bool:
    """Keep what a person decided and make the job ready for it: both, or nothing.

    `edited` is the proposal with the person's changes and its words; `seen` the words that they decided on, and if
    those are not the ones that are shown by now, nothing happens. Returns False if nothing waits (any more) or the
    words have changed.
    """
    if not _may_change(tx, job_id, seen):
        return False
    if edited is not None:
        _change(tx, job_id, *edited)
    tx.run(
        "UPDATE review SET decision = :decision, decided_by = :by, decided_at = :now WHERE job_id = :job",
        decision=decision.value, by=by, now=now.timestamp(), job=job_id,
    )  # fmt: skip
    _ready(tx, job_id, now)
    job_row.note_event(tx, job_id, f"{decision.value.capitalize()} by {by}{', with changes' if edited else ''}.", now)
    return True


@durable
def decide_all(tx: Transaction, decided: Iterable[Decided], *, now: datetime) -> int:
    """Keep what a person decided on one document by a tag, which stands for all that was shown there; return how many.

    It is one commit, since the tag goes off with the first of them that is done. Each is kept as by `decide`.
    """
    return sum(decide(tx, one.job_id, one.decision, by=one.by, now=now, seen=one.seen) for one in decided)


@durable
def edit(tx: Transaction, job_id: int, edited: Proposal, shown: str, *, seen: str, by: str, now: datetime) -> bool:
    """Keep a person's changes apart from what the work proposed; a runner then shows the new words.

    Returns False, with nothing changed, if nothing waits (any more) or the words are not those that were `seen`.
    """
    if not _may_change(tx, job_id, seen):
        return False
    _change(tx, job_id, edited, shown)
    _ready(tx, job_id, now)
    job_row.note_event(tx, job_id, f"The proposal was changed by {by}.", now)
    return True


def _may_change(tx: Transaction, job_id: int, seen: str | None) -> bool:
    """Say whether the job waits for a decision on these words, and hold it so until the commit."""
    if tx.row(f"SELECT 1 FROM job WHERE id = :job AND state = 'review' {tx.locking}", job=job_id) is None:
        return False
    row = tx.row("SELECT shown, decision FROM review WHERE job_id = :job", job=job_id)
    return row is not None and row.decision is None and seen in (None, row.shown)


def _change(tx: Transaction, job_id: int, edited: Proposal, shown: str) -> None:
    sql = "UPDATE review SET edited = :edited, shown = :shown WHERE job_id = :job"
    tx.run(sql, edited=_dump(edited), shown=shown, job=job_id)


def _ready(tx: Transaction, job_id: int, now: datetime) -> None:
    """Make the job ready, with all its attempts for the deed."""
    moved = job_row.moving(State.REVIEW, State.READY, "attempt = 0, crashes = 0, reason = NULL, priority = :priority")
    tx.run(f"{moved} WHERE id = :id AND state = 'review'", id=job_id, priority=Priority.NOW.value, now=now.timestamp())
    tx.announce()


def _dump(proposal: Proposal) -> str:
    return json.dumps(plain(proposal), ensure_ascii=False)


def _review(row: Any) -> Review:
    return Review(
        job_id=row.job_id,
        document_id=row.document_id,
        kind=Kind(row.kind),
        proposal=proposal_of(json.loads(row.edited or row.proposal)),
        original=proposal_of(json.loads(row.proposal)),
        shown=row.shown,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        decision=Decision(row.decision) if row.decision else None,
        decided_by=row.decided_by,
    )
