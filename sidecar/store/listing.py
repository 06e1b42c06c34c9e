"""Looking jobs up: one, lists of them, a job's story, what is left to do, and what jobs left behind for a document."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidecar.domain.job import Job, Kind, State
from sidecar.store import journal
from sidecar.store.job_row import NOT_BEING_UNDONE, to_job, when
from sidecar.store.journal import Entry
from sidecar.store.pauses import NOT_PAUSED
from sidecar.store.transaction import Transaction, reading


@dataclass(frozen=True, slots=True)
class Event:
    """One sentence of a job's story."""

    at: datetime
    text: str


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
def job(tx: Transaction, job_id: int) -> Job | None:
    """Return a job, None for an unknown id."""
    row = tx.row("SELECT * FROM job WHERE id = :id", id=job_id)
    return to_job(row) if row else None


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
def story(tx: Transaction, job_id: int) -> list[Event]:
    """Return a job's events, oldest first."""
    rows = tx.rows("SELECT at, text FROM event WHERE job_id = :job ORDER BY id", job=job_id)
    return [Event(at, row.text) for row in rows if (at := when(row.at)) is not None]


@reading
def ready(tx: Transaction) -> set[Kind]:
    """Return the kinds of which a job is ready and may be claimed: none that is paused, or waits for an undo."""
    free = f"{NOT_PAUSED} AND {NOT_BEING_UNDONE}"
    first = f"SELECT 1 FROM job WHERE state = 'ready' AND kind = :kind AND {free} LIMIT 1"
    return {kind for kind in Kind if tx.row(first, kind=kind.value) is not None}


@reading
def waiting(tx: Transaction) -> dict[State, int]:
    """Return how many jobs are ready, running and scheduled; what waits for a person is no work that is left."""
    # The four states are the condition of the partial index of unfinished jobs, word for word: SQLite takes the index
    # for no shorter list, and would go through all jobs there ever were.
    rows = tx.rows(
        "SELECT state, COUNT(*) AS number FROM job WHERE state IN ('ready', 'running', 'scheduled', 'review') "
        "AND state <> 'review' GROUP BY state"
    )
    return {State(row.state): row.number for row in rows}


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
