"""How the queue stands, in figures. What is asked every second counts along the partial indexes of unfinished jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.job import Kind, State
from sidecar.store.job_row import when
from sidecar.store.transaction import Transaction, reading

Counts = Mapping[tuple[State, Kind], int]


@dataclass(frozen=True, slots=True)
class Hour:
    """What ended in one hour."""

    begins_at: datetime
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A program that runs jobs."""

    owner: str
    jobs: int
    #: When the first of its leases runs out if it is not renewed.
    lease_until: datetime | None


@reading
def unfinished(tx: Transaction) -> Counts:
    """Return how many unfinished jobs there are of each state and kind; what is not there is zero."""
    found: dict[tuple[State, Kind], int] = {}
    for state in ("ready", "running", "scheduled", "review"):
        rows = tx.rows(f"SELECT kind, COUNT(*) AS jobs FROM job WHERE state = '{state}' GROUP BY kind")
        found |= {(State(state), Kind(row.kind)): row.jobs for row in rows}
    return found


@reading
def ended(tx: Transaction, *, since: datetime) -> Counts:
    """Return how many jobs ended since then, by state and kind."""
    rows = tx.rows(
        "SELECT state, kind, COUNT(*) AS jobs FROM job WHERE state IN ('succeeded', 'failed', 'cancelled') "
        "AND finished_at >= :since GROUP BY state, kind",
        since=since.timestamp(),
    )
    return {(State(row.state), Kind(row.kind)): row.jobs for row in rows}


@reading
def open_failures(tx: Transaction) -> int:
    """Return how many jobs failed for whose document nothing of the kind was asked since."""
    # With LIMIT the later ones are looked up one by one; PostgreSQL would read all jobs for a NOT EXISTS.
    row = tx.row(
        "SELECT COUNT(*) AS jobs FROM job WHERE state = 'failed' AND (SELECT 1 FROM job AS later "
        "WHERE later.document_id = job.document_id AND later.id > job.id AND later.kind = job.kind LIMIT 1) IS NULL"
    )
    return int(row.jobs) if row else 0


@reading
def oldest_waiting(tx: Transaction) -> datetime | None:
    """Return when the job that is ready for longest was asked for, None if none is ready."""
    row = tx.row(
        "SELECT created_at FROM job WHERE id = (SELECT MIN(id) FROM job WHERE state = 'ready')",
    )
    return when(row.created_at) if row else None


@reading
def hours(tx: Transaction, *, since: datetime, number: int) -> list[Hour]:
    """Return what ended in each of so many hours, the first one beginning at `since`."""
    rows = tx.rows(
        "SELECT (CAST(finished_at AS BIGINT) - :since) / 3600 AS hour, state, COUNT(*) AS jobs FROM job "
        "WHERE state IN ('succeeded', 'failed', 'cancelled') AND finished_at >= :since_at "
        "GROUP BY (CAST(finished_at AS BIGINT) - :since) / 3600, state",
        since=int(since.timestamp()), since_at=since.timestamp(),
    )  # fmt: skip
    found = {(int(row.hour), row.state): row.jobs for row in rows}
    return [
        Hour(
            datetime.fromtimestamp(since.timestamp() + 3600 * hour, since.tzinfo),
            found.get((hour, "succeeded"), 0),
            found.get((hour, "failed"), 0),
        )
        for hour in range(number)
    ]


@reading
def holders(tx: Transaction) -> list[Holder]:
    """Return the programs that run jobs now."""
    rows = tx.rows("SELECT lease_owner, lease_until FROM job WHERE state = 'running'")
    held: dict[str, list[float]] = {}
    for row in rows:
        held.setdefault(row.lease_owner or "", []).append(row.lease_until)
    return [Holder(owner, len(until), when(min(until))) for owner, until in sorted(held.items())]
