"""What pages and machines look up: jobs by what they are, and what jobs left behind for a document."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidecar.domain.job import Job, Kind, State
from sidecar.store import job_row, journal
from sidecar.store.job_row import to_job, when
from sidecar.store.journal import Entry
from sidecar.store.transaction import Transaction, durable, reading


@dataclass(frozen=True, slots=True)
class WriteBack:
    """A job's write-back, with its times."""

    entry: Entry
    kind: Kind
    intended_at: datetime | None
    #: None until it was read back from Paperless.
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it was read last."""

    page: int
    text: str
    engine: str
    #: In percent; None where the engine does not say.
    confidence: float | None
    seconds: float
    #: Why it was read this way, in words.
    reason: str
    read_at: datetime | None


@reading
def jobs(
    tx: Transaction,
    *,
    states: Collection[State] = (),
    kind: Kind | None = None,
    document_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Job]:
    """Return the newest jobs first, at most `limit`, those with numbers below `before`. No states are all states."""
    conditions = ["1 = 1"]
    values: dict[str, Any] = {"limit": limit}
    if len(states) == 1:
        conditions.append(f"state = '{State(next(iter(states)))}'")
    elif states:
        conditions.append(f"state IN ({', '.join(sorted(repr(str(State(state))) for state in states))})")
    for condition, name, value in (
        ("kind = :kind", "kind", kind.value if kind else None),
        ("document_id = :document", "document", document_id),
        ("id < :before", "before", before),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value
    sql = f"SELECT * FROM job WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit"
    return [to_job(row) for row in tx.rows(sql, **values)]


@reading
def is_known(tx: Transaction, document_id: int) -> bool:
    """Say whether there is any job of this document."""
    sql = "SELECT 1 FROM job WHERE document_id = :document LIMIT 1"
    return tx.row(sql, document=document_id) is not None


@reading
def running(tx: Transaction, *, limit: int) -> list[Job]:
    """Return the jobs that run, the oldest first."""
    rows = tx.rows("SELECT * FROM job WHERE state = 'running' ORDER BY lease_until LIMIT :limit", limit=limit)
    return sorted((to_job(row) for row in rows), key=lambda job: job.id)


@reading
def ended_last(tx: Transaction, *, limit: int) -> list[Job]:
    """Return the jobs that ended last, the newest first."""
    rows = tx.rows(
        "SELECT * FROM job WHERE state IN ('succeeded', 'failed', 'cancelled') ORDER BY finished_at DESC LIMIT :limit",
        limit=limit,
    )
    return [to_job(row) for row in rows]


@reading
def write_backs(tx: Transaction, document_id: int, *, limit: int = 100) -> list[WriteBack]:
    """Return the document's write-backs, the newest first."""
    rows = tx.rows(
        "SELECT job_id, kind, intended_at, verified_at FROM write WHERE document_id = :document "
        "ORDER BY job_id DESC LIMIT :limit",
        document=document_id, limit=limit,
    )  # fmt: skip
    found = [(row, journal.find(tx, row.job_id)) for row in rows]
    return [
        WriteBack(entry, Kind(row.kind), when(row.intended_at), when(row.verified_at))
        for row, entry in found
        if entry is not None
    ]


@reading
def write_back(tx: Transaction, job_id: int) -> WriteBack | None:
    """Return what a job wrote, None if it never came to that."""
    entry = journal.find(tx, job_id)
    row = tx.row("SELECT kind, intended_at, verified_at FROM write WHERE job_id = :job", job=job_id)
    if entry is None or row is None:
        return None
    return WriteBack(entry, Kind(row.kind), when(row.intended_at), when(row.verified_at))


@reading
def kept_pages(tx: Transaction, document_id: int, *, page: int | None = None) -> list[KeptPage]:
    """Return the document's pages in order, each as it was read last; only this one if `page` is given."""
    only = "AND page = :page" if page is not None else ""
    rows = tx.rows(
        "SELECT page, text, engine, confidence, seconds, reason, created_at FROM page "
        f"WHERE document_id = :document {only} ORDER BY page, created_at",
        document=document_id, **({"page": page} if page is not None else {}),
    )  # fmt: skip
    newest = {
        row.page: KeptPage(
            row.page, row.text, row.engine, row.confidence, row.seconds, row.reason, when(row.created_at)
        )
        for row in rows
    }
    return list(newest.values())


@durable
def prioritize(tx: Transaction, job_id: int, *, priority: int, now: datetime, by_whom: str) -> bool:
    """Give a waiting job another priority; smaller goes first. Return False if it does not wait."""
    moved = tx.run(
        "UPDATE job SET priority = :priority WHERE id = :id AND state IN ('ready', 'scheduled', 'review')",
        priority=priority, id=job_id,
    )  # fmt: skip
    if moved:
        job_row.note_event(tx, job_id, f"{by_whom} gave it the priority {priority}.", now)
    return bool(moved)
