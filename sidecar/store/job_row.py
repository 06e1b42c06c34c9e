"""Rows of jobs: how one is read, how it is moved from state to state, and whose it is.

A runner's writes carry the job's id, its lease token and `state = 'running'`; if no row has all three, the job is
somebody else's by now and `LeaseLostError` is raised with nothing changed.
"""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from typing import Any

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job, Kind, State, move
from sidecar.store.transaction import Transaction

#: The job that a runner holds; the statement takes :id and :token.
MINE = "WHERE id = :id AND lease_token = :token AND state = 'running'"

#: Whether a request to Paperless may be in flight: a write-back, or the note of a proposal that is being shown.
IN_FLIGHT = (
    "(EXISTS (SELECT 1 FROM write WHERE job_id = :id AND state = 'intended') "
    "OR EXISTS (SELECT 1 FROM review WHERE job_id = :id AND decision IS NULL))"
)

#: Whether no undo of the job's document has begun and not ended: while nobody knows what it has sent, whatever is done
#: to the document might be taken back with it. It holds for undos themselves.
NOT_BEING_UNDONE = (
    "(job.kind = 'undo' OR NOT EXISTS (SELECT 1 FROM write WHERE write.document_id = job.document_id "
    "AND write.kind = 'undo' AND write.state = 'intended'))"
)


@functools.cache
def moving(old: State, new: State, assignments: str = "") -> str:
    """Return the beginning of an UPDATE that moves jobs along one arrow of the transition table.

    Leaving `running` always ends the lease; leaving or entering `scheduled` always settles `run_after`. The statement
    takes the time as :now.
    """
    move(old, new)
    parts = [f"state = '{new}', moved_at = :now"]
    if old is State.RUNNING:
        parts.append("lease_until = NULL, lease_owner = NULL")
    if old is State.SCHEDULED:
        parts.append("run_after = NULL")
    return f"UPDATE job SET {', '.join([*parts, assignments] if assignments else parts)} "


def to_job(row: Any) -> Job:
    """Make a job of a whole row of the table."""
    return Job(
        id=row.id,
        document_id=row.document_id,
        kind=Kind(row.kind),
        state=State(row.state),
        priority=row.priority,
        attempt=row.attempt,
        crashes=row.crashes,
        lease_token=row.lease_token,
        lease_until=when(row.lease_until),
        run_after=when(row.run_after),
        reason=row.reason,
        giving_up=bool(row.giving_up),
        changed=None if row.changed is None else bool(row.changed),
        base=json.loads(row.base) if row.base else None,
        pages_done=row.pages_done,
        pages_total=row.pages_total,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        finished_at=when(row.finished_at),
        ask=tuple(json.loads(row.ask)) if row.ask else None,
    )


def when(seconds: float | None) -> datetime | None:
    """Return a stored time as aware UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def note_event(tx: Transaction, job_id: int, text: str, now: datetime) -> None:
    """Add a sentence to a job's story, inside the transaction that makes it true."""
    tx.run(
        "INSERT INTO event (job_id, at, text) VALUES (:job, :at, :text)",
        job=job_id, at=now.timestamp(), text=text,
    )  # fmt: skip


def fenced(tx: Transaction, job: Job, update: str, **values: Any) -> None:
    """Update the job if it is still held under this lease. Raises LeaseLostError."""
    if not tx.run(f"{update} {MINE}", id=job.id, token=job.lease_token, **values):
        raise LeaseLostError(f"job {job.id}: another runner holds it now")


def assert_mine(tx: Transaction, job: Job) -> None:
    """Raise LeaseLostError unless the job is still held under this lease, and hold it so until the commit."""
    sql = f"SELECT 1 FROM job {MINE} {tx.locking}"
    if tx.row(sql, id=job.id, token=job.lease_token) is None:
        raise LeaseLostError(f"job {job.id}: another runner holds it now")
