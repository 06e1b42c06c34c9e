"""Keeping the store sound and small: what is forgotten in time, and what no sound store holds."""

from __future__ import annotations

from datetime import datetime

from sidecar.store.transaction import Transaction, reading, relaxed

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
