"""Looking at the store: lists, counts and a job's story, for the command line and the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.job import Job, Kind, State
from sidecar.store.job_row import NOT_BEING_UNDONE, to_job, when
from sidecar.store.pauses import NOT_PAUSED
from sidecar.store.transaction import Transaction, reading, relaxed


@dataclass(frozen=True, slots=True)
class Event:
    """One sentence of a job's story."""

    at: datetime
    text: str


@reading
def job(tx: Transaction, job_id: int) -> Job | None:
    """Return a job, None for an unknown id."""
    row = tx.row("SELECT * FROM job WHERE id = :id", id=job_id)
    return to_job(row) if row else None


@reading
def jobs(tx: Transaction, *, state: State | None = None, document_id: int | None = None, limit: int = 50) -> list[Job]:
    """Return the newest jobs first, at most `limit`."""
    conditions = ["1 = 1"]
    if state is not None:
        conditions.append(f"state = '{State(state)}'")
    if document_id is not None:
        conditions.append("document_id = :document")
    sql = f"SELECT * FROM job WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit"
    return [to_job(row) for row in tx.rows(sql, document=document_id, limit=limit)]


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
    rows = tx.rows(
        "SELECT state, COUNT(*) AS number FROM job WHERE state IN ('ready', 'running', 'scheduled', 'review') "
        "AND state <> 'review' GROUP BY state"
    )
    return {State(row.state): row.number for row in rows}


@reading
def contradictions(tx: Transaction) -> list[str]:
    """Return in sentences what no sound store holds, whatever the database itself says of its files."""
    found = []
    twice = tx.rows(
        "SELECT document_id, kind, COUNT(*) AS jobs FROM job "
        "WHERE state IN ('ready', 'running', 'scheduled', 'review') "
        "GROUP BY document_id, kind HAVING COUNT(*) > 1"
    )
    found += [f"Document {row.document_id} has {row.jobs} unfinished jobs of kind {row.kind}." for row in twice]
    astray = tx.rows(
        "SELECT job_id FROM write WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.id = write.job_id) "
        "OR (state = 'intended' AND EXISTS (SELECT 1 FROM job WHERE job.id = write.job_id "
        "AND state IN ('succeeded', 'failed', 'cancelled')))"
    )
    found += [f"The journal holds a write of job {row.job_id}, which is over or not there." for row in astray]
    return found


#: The newest job stays: SQLite would give its number to the next one, and a runner that slept long could end that.
_FORGETTABLE = "FROM job WHERE state IN ('succeeded', 'failed', 'cancelled') AND id <> (SELECT MAX(id) FROM job)"


@reading
def old(tx: Transaction, *, before: datetime) -> bool:
    """Say whether there is anything to forget: a job that ended, or a checkpoint that was made, before then.

    The oldest of each are looked up, since PostgreSQL expects to find some that are old and goes through the tables.
    """
    oldest = tx.row(
        f"SELECT (SELECT MIN(finished_at) {_FORGETTABLE}) AS job, (SELECT MIN(created_at) FROM page) AS page, "
        "(SELECT MIN(created_at) FROM answer) AS answer, (SELECT MIN(created_at) FROM rejection) AS rejection"
    )
    return any(at is not None and at < before.timestamp() for at in oldest or ())


@relaxed
def prune(tx: Transaction, *, before: datetime, now: datetime, limit: int = 100) -> int:
    """Forget up to `limit` jobs that ended before then with all that hangs on them, and as many checkpoints.

    What was paid for them is kept for as long as budgets are reckoned from it (`spending.forget`).

    Checkpoints that an unfinished job of the document may need were paid for: they count as made now. Returns how
    many rows were forgotten or kept on. Call again until it returns 0: short transactions let claims through in
    between.
    """
    rows = tx.rows(
        f"SELECT id {_FORGETTABLE} AND finished_at < :before ORDER BY finished_at LIMIT :limit",
        before=before.timestamp(), limit=limit,
    )  # fmt: skip
    ids = [{"id": row.id} for row in rows]
    for table in ("event", "write", "review", "taken_back"):
        tx.run_many(f"DELETE FROM {table} WHERE job_id = :id", ids)
    done = tx.run_many("DELETE FROM job WHERE id = :id", ids)
    for table in ("page", "answer", "rejection"):
        oldest = tx.rows(
            f"SELECT key, EXISTS (SELECT 1 FROM job WHERE job.document_id = {table}.document_id "
            f"AND state IN ('ready', 'running', 'scheduled', 'review')) AS needed FROM {table} "
            "WHERE created_at < :before ORDER BY created_at LIMIT :limit",
            before=before.timestamp(), limit=limit,
        )  # fmt: skip
        forgotten = [{"key": row.key} for row in oldest if not row.needed]
        needed = [{"key": row.key, "now": now.timestamp()} for row in oldest if row.needed]
        done += tx.run_many(f"DELETE FROM {table} WHERE key = :key", forgotten)
        done += tx.run_many(f"UPDATE {table} SET created_at = :now WHERE key = :key", needed)
    return done
