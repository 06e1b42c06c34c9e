"""What was written to documents and what of it was taken back, for undo."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sidecar.domain.job import Job, Kind
from sidecar.domain.undoing import BEFORE_VERSION, Request, WriteBack
from sidecar.store import job_row
from sidecar.store.journal import Entry, to_entry
from sidecar.store.transaction import Transaction, durable, reading


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
