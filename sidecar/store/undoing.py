"""What was written to documents and what of it was taken back, for undo."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sidecar.domain.job import Job, Kind
from sidecar.domain.undoing import BEFORE_VERSION, Request, WriteBack
from sidecar.store import job_row, queue
from sidecar.store.journal import Entry, to_entry
from sidecar.store.transaction import Transaction, durable, reading


class Asked(StrEnum):
    """What became of a wish to have jobs taken back."""

    #: There is a job for it now.
    NEW = "new"
    #: The job that was waiting does it with what it was asked before.
    ADDED = "added"
    #: The job that was waiting does it anyway: it was asked for these, or for all.
    WAITING = "waiting"
    #: The document's undo has begun with something else, so this was not asked for.
    BEGUN = "begun"


@durable
def ask(tx: Transaction, document_id: int, jobs: Collection[int], *, priority: int, now: datetime) -> tuple[int, Asked]:
    """Ask for what these jobs wrote to be taken back; return the undo that it is about, and what became of the wish.

    A document has one unfinished undo. One that is waiting and has not begun is asked for these as well, in one commit.
    """
    made = queue.enqueue(tx, document_id, Kind.UNDO, priority=priority, now=now, ask=jobs)
    if made is not None:
        return made, Asked.NEW
    row = tx.row(
        "SELECT id, state, ask, giving_up, EXISTS (SELECT 1 FROM write WHERE write.job_id = job.id "
        "AND write.state = 'intended') AS intended FROM job WHERE document_id = :document AND kind = 'undo' "
        f"AND state IN ('ready', 'running', 'scheduled', 'review') {tx.locking}",
        document=document_id,
    )
    if row is None:  # on PostgreSQL it may have ended since: this time there is no other one
        return ask(tx, document_id, jobs, priority=priority, now=now)
    if row.state == "running" or row.giving_up or row.intended:
        return row.id, Asked.BEGUN
    asked = None if row.ask is None else set(json.loads(row.ask))
    if asked is None or asked >= set(jobs):
        return row.id, Asked.WAITING
    tx.run("UPDATE job SET ask = :ask WHERE id = :id", ask=json.dumps(sorted(asked | set(jobs))), id=row.id)
    job_row.note_event(tx, row.id, f"Asked to take back what jobs {_listed(jobs)} wrote, too.", now)
    return row.id, Asked.ADDED


@reading
def request(tx: Transaction, job: Job) -> Request:
    """Return what the undo `job` asks for, with the document's history up to its own first write."""
    return _request(tx, job.document_id, job.ask, job.id)


@reading
def preview(tx: Transaction, document_id: int, ask: Iterable[int]) -> Request:
    """Return what an undo of these jobs would ask for now."""
    return _request(tx, document_id, ask, None)


@reading
def is_being_written(tx: Transaction, job: Job) -> bool:
    """Say whether another job has begun to write to the document and not ended."""
    sql = "SELECT 1 FROM write WHERE document_id = :document AND state = 'intended' AND job_id <> :job"
    return tx.row(sql, document=job.document_id, job=job.id) is not None


@durable
def record(tx: Transaction, job: Job, taken: Iterable[tuple[int, str]], *, now: datetime) -> None:
    """Write down what the undo `job` has taken back, by job and field. Twice is as good as once."""
    job_row.assert_mine(tx, job)
    tx.run_many(
        "INSERT INTO taken_back (job_id, field, by_job, at) VALUES (:job, :field, :by, :now) "
        "ON CONFLICT (job_id, field) DO NOTHING",
        [{"job": one, "field": field, "by": job.id, "now": now.timestamp()} for one, field in sorted(taken)],
    )


@reading
def writers(
    tx: Transaction,
    *,
    document_id: int | None = None,
    job_id: int | None = None,
    kind: Kind | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[int, list[int]]:
    """Return the jobs that wrote something, by document; undos are none of them.

    `since` and `until` bound the time of writing, the first included.
    """
    conditions = {
        "document_id = :document": document_id,
        "job_id = :job": job_id,
        "kind = :kind": kind,
        "intended_at >= :since": since,
        "intended_at < :until": until,
    }
    asked = [condition for condition, value in conditions.items() if value is not None]
    rows = tx.rows(
        f"SELECT job_id, document_id FROM write WHERE {' AND '.join(['state <> :intended', 'kind <> :undo', *asked])} "
        "ORDER BY document_id, job_id",
        document=document_id, job=job_id, kind=kind.value if kind else None, intended="intended",
        undo=Kind.UNDO.value, since=since.timestamp() if since else None, until=until.timestamp() if until else None,
    )  # fmt: skip
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row.document_id, []).append(row.job_id)
    return found


@reading
def taken(tx: Transaction, document_id: int) -> dict[tuple[int, str], int]:
    """Return which undo took what back of a document's write-backs, by the job that wrote it and the field."""
    rows = tx.rows(
        "SELECT taken_back.job_id, field, by_job FROM taken_back JOIN write ON write.job_id = taken_back.job_id "
        "WHERE write.document_id = :document",
        document=document_id,
    )
    return {(row.job_id, row.field): row.by_job for row in rows}


def _listed(jobs: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(jobs)))


def _request(tx: Transaction, document_id: int, ask: Iterable[int] | None, own: int | None) -> Request:
    rows = tx.rows(
        "SELECT * FROM write WHERE document_id = :document AND kind <> 'undo' AND state <> 'intended' "
        "ORDER BY intended_at, job_id",
        document=document_id,
    )
    begun = tx.row("SELECT intended_at FROM write WHERE job_id = :own", own=own)
    history = [_write_back(row) for row in rows if begun is None or row.intended_at <= begun.intended_at]
    gone = tx.rows(
        "SELECT taken_back.job_id, field, by_job FROM taken_back JOIN write ON write.job_id = taken_back.job_id "
        "WHERE write.document_id = :document",
        document=document_id,
    )
    before = tx.rows(
        "SELECT ask FROM job WHERE document_id = :document AND kind = 'undo' AND state = 'succeeded' "
        "AND ask IS NOT NULL",
        document=document_id,
    )
    return Request(
        history,
        frozenset(one.job_id for one in history) if ask is None else frozenset(ask),
        {(row.job_id, row.field) for row in gone if row.by_job != own},
        frozenset(job_id for row in before for job_id in json.loads(row.ask)),
    )


def _write_back(row: Any) -> WriteBack:
    """Of a write-back that was broken off nobody knows whether its tags were sent, so they are left."""
    entry = to_entry(row)
    is_sure = entry.state == "verified"
    return WriteBack(
        entry.job_id,
        entry.kind,
        *_old_and_written(entry),
        entry.proposal.delta.add if is_sure else frozenset(),
        entry.appeared,
        entry.proposal.note,
        entry.proposal.words,
        entry.linked,
    )


def _old_and_written(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stood there before and what was written; of the content, before a version of ours came.

    Where Paperless showed just the text that was read once the version came, the version wrote it.
    """
    before = entry.proposal.base.get(BEFORE_VERSION)
    if before is None:
        return dict(entry.old), dict(entry.written)
    shown = {"content": entry.proposal.base["content"]}
    return {**entry.old, "content": before}, {**shown, **entry.written}
