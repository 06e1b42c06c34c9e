"""All that a store holds, read at one moment, so that it can be compared as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidecar.domain.job import Job
from sidecar.store import job_row, journal, keeping, listing, queue, rescue, schema
from sidecar.store.transaction import Transaction, durable, reading
from tests.store.model import Write


@dataclass
class Contents:
    """What a store holds, and what it says of itself when asked."""

    jobs: list[Job]
    owners: dict[int, str | None]
    writes: dict[int, Write]
    pages: dict[str, datetime]
    #: When something was said of a job, by its id.
    events: dict[int, list[datetime]]
    answers: dict[str, Any]


@reading
def contents(tx: Transaction, *, now: datetime) -> Contents:
    """Read everything, and ask everything that can be asked."""
    rows = tx.rows("SELECT * FROM job ORDER BY id")
    events: dict[int, list[datetime]] = {}
    for row in tx.rows("SELECT job_id, at FROM event ORDER BY id"):
        events.setdefault(row.job_id, []).append(when(row.at))
    return Contents(
        jobs=[job_row.to_job(row) for row in rows],
        owners={row.id: row.lease_owner for row in rows},
        writes={
            row.job_id: Write(entry.state, row.lease_token, entry.old, entry.written)
            for row in tx.rows("SELECT job_id, lease_token FROM write")
            if (entry := journal.find(tx, row.job_id)) is not None
        },
        pages={row.key: when(row.created_at) for row in tx.rows("SELECT key, created_at FROM page")},
        events=events,
        answers={
            "unfinished": queue.unfinished(tx),
            "due_at": rescue.due_at(tx),
            "expired": rescue.expired(tx, now=now),
            "ready": listing.ready(tx),
            "contradictions": keeping.contradictions(tx),
        },
    )


def when(seconds: float) -> datetime:
    at = job_row.when(seconds)
    assert at is not None
    return at


@durable
def emptied(tx: Transaction) -> None:
    for table in schema.metadata.sorted_tables:
        tx.run(f"DELETE FROM {table.name}")  # noqa: S608
