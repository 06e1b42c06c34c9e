"""Jobs that failed and were not asked for again since, grouped by why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sidecar.domain.cause import cause_of, key_of
from sidecar.domain.job import Job, Kind
from sidecar.store.job_row import to_job, when
from sidecar.store.transaction import Transaction, reading

#: So many different reasons are looked at, those of the newest failures first.
REASONS = 5_000
EXAMPLES = 3

# As in `statistics.open_failures`; the groups add up to its number unless there are more different reasons.
_OPEN = (
    "state = 'failed' AND (SELECT 1 FROM job AS later WHERE later.document_id = job.document_id "
    "AND later.id > job.id AND later.kind = job.kind LIMIT 1) IS NULL"
)


@dataclass(slots=True)
class Group:
    """Failures of one kind with one cause."""

    key: str
    kind: Kind
    cause: str
    jobs: int
    #: When one of them failed last.
    last_at: datetime | None
    #: Some of the jobs, the newest first.
    examples: list[Job] = field(default_factory=list)


@reading
def groups(tx: Transaction) -> list[Group]:
    """Return the causes of all open failures, the most frequent first; of two alike the newer one."""
    rows = tx.rows(
        "SELECT kind, reason, COUNT(*) AS jobs, MAX(finished_at) AS last_at, MAX(id) AS newest, MIN(id) AS oldest "
        f"FROM job WHERE {_OPEN} GROUP BY kind, reason ORDER BY MAX(id) DESC LIMIT :limit",
        limit=REASONS,
    )
    found: dict[str, Group] = {}
    numbers: dict[str, list[int]] = {}
    for row in rows:
        cause = cause_of(row.reason or "")
        key = key_of(row.kind, cause)
        group = found.setdefault(key, Group(key, Kind(row.kind), cause, 0, None))
        group.jobs += int(row.jobs)
        last_at = when(row.last_at)
        if last_at is not None and (group.last_at is None or last_at > group.last_at):
            group.last_at = last_at
        numbers.setdefault(key, []).extend({row.newest, row.oldest})
    for key, group in found.items():
        group.examples = _jobs(tx, sorted(numbers[key], reverse=True)[:EXAMPLES])
    return sorted(found.values(), key=lambda group: (-group.jobs, -max(numbers[group.key])))


def _jobs(tx: Transaction, numbers: list[int]) -> list[Job]:
    return [to_job(row) for number in numbers for row in tx.rows("SELECT * FROM job WHERE id = :id", id=number)]


@reading
def of_cause(tx: Transaction, key: str | None, *, limit: int) -> list[Job]:
    """Return the open failures of this cause, of all if it is None, the newest first and at most `limit`."""
    rows = tx.rows(f"SELECT id, kind, reason FROM job WHERE {_OPEN} ORDER BY id DESC")
    numbers = [row.id for row in rows if key is None or key_of(row.kind, cause_of(row.reason or "")) == key]
    return _jobs(tx, numbers[:limit])
