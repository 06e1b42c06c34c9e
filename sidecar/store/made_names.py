"""Names that were made in Paperless for a job: those that nobody uses any more are offered for removal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.job import Job
from sidecar.domain.vocabulary import Names
from sidecar.store.transaction import Transaction, durable, reading


@dataclass(frozen=True, slots=True)
class MadeName:
    """One name that the sidecar made."""

    #: As the API calls the list: "tags", "correspondents", ..
    kind: str
    id: int
    name: str
    job_id: int


@durable
def record(tx: Transaction, job: Job, kind: Names, name_id: int, name: str, *, now: datetime) -> None:
    """Write down that the name was made for the job. A repeat changes nothing.

    A death between the making and this is made good by the next attempt, which finds the name in Paperless.
    """
    tx.run(
        "INSERT INTO made_name (kind, name_id, name, job_id, created_at) VALUES (:kind, :id, :name, :job, :now) "
        "ON CONFLICT (kind, name_id) DO NOTHING",
        kind=kind.value, id=name_id, name=name, job=job.id, now=now.timestamp(),
    )  # fmt: skip


@reading
def made(tx: Transaction) -> list[MadeName]:
    """Return all names that were made and not forgotten, by kind and name."""
    rows = tx.rows("SELECT kind, name_id, name, job_id FROM made_name ORDER BY kind, name, name_id")
    return [MadeName(row.kind, row.name_id, row.name, row.job_id) for row in rows]


@durable
def forget(tx: Transaction, kind: str, name_id: int) -> None:
    """Forget a name that is gone from Paperless."""
    tx.run("DELETE FROM made_name WHERE kind = :kind AND name_id = :id", kind=kind, id=name_id)
