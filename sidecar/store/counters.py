"""What was ended and paid for since a certain place in the store, for counters that only ever go up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sidecar.store.transaction import Transaction, reading


@dataclass(frozen=True, slots=True)
class Paid:
    """What calls of one purpose to one model came to."""

    answered: int
    unusable: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost: float


@dataclass(frozen=True, slots=True)
class Since:
    """What came after a place, and the place to go on from."""

    #: Jobs that ended, by kind and state.
    jobs: Mapping[tuple[str, str], int]
    #: Calls by model and purpose.
    calls: Mapping[tuple[str, str], Paid]
    last_call: int


@reading
def since(tx: Transaction, *, after: datetime, until: datetime, call: int) -> Since:
    """Return the jobs that ended after one time and up to another, and the calls after this one up to the same time.

    Calls get their numbers before their commits, which on PostgreSQL may come in another order: a number below the
    newest that is seen may be committed later, and would never be counted. Up to a time that is over none is missing.
    Both are found along an index: what is old costs nothing.
    """
    jobs = tx.rows(
        "SELECT kind, state, COUNT(*) AS jobs FROM job WHERE state IN ('succeeded', 'failed', 'cancelled') "
        "AND finished_at > :after AND finished_at <= :until GROUP BY kind, state",
        after=after.timestamp(), until=until.timestamp(),
    )  # fmt: skip
    settled = "SELECT id FROM ledger WHERE id > 0 AND created_at <= :until ORDER BY id DESC LIMIT 1"
    newest = tx.row(settled, until=until.timestamp())
    last = int(newest.id) if newest else 0  # lower than `call` where all were forgotten: numbers begin anew
    calls = tx.rows(
        "SELECT model, purpose, "
        "SUM(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END) AS answered, "
        "SUM(CASE WHEN outcome <> 'answered' AND seconds > 0 THEN 1 ELSE 0 END) AS unusable, "
        "SUM(CASE WHEN outcome <> 'answered' AND seconds <= 0 THEN 1 ELSE 0 END) AS failed, "
        "COALESCE(SUM(input_tokens), 0) AS input, COALESCE(SUM(output_tokens), 0) AS output, "
        "COALESCE(SUM(cost), 0) AS cost FROM ledger WHERE id > :call AND id <= :last GROUP BY model, purpose",
        call=call, last=last,
    )  # fmt: skip
    return Since(
        {(row.kind, row.state): int(row.jobs) for row in jobs},
        {
            (row.model, row.purpose): Paid(
                int(row.answered), int(row.unusable), int(row.failed), int(row.input), int(row.output), float(row.cost)
            )
            for row in calls
        },
        last,
    )


@reading
def answers(tx: Transaction) -> bool:
    """Say that the store can be read."""
    return tx.row("SELECT 1 AS one") is not None
