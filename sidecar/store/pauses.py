"""Kinds of jobs that are paused: none of them is claimed, on any machine, until they are resumed.

A claim looks at this table in its own statement, so a pause holds from its commit on. What runs comes to its end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.job import Kind
from sidecar.store.job_row import when
from sidecar.store.transaction import Transaction, durable, reading

#: True of kinds that may be claimed; the statement takes :kind.
NOT_PAUSED = "NOT EXISTS (SELECT 1 FROM pause WHERE pause.kind = :kind)"


@dataclass(frozen=True, slots=True)
class Pause:
    """A kind that is paused."""

    kind: Kind
    since: datetime
    by_whom: str


@durable
def pause(tx: Transaction, kinds: Collection[Kind], *, by_whom: str, now: datetime) -> None:
    """Let no more jobs of these kinds be claimed; those that are paused already stay as they are."""
    tx.run_many(
        "INSERT INTO pause (kind, since, by_whom) VALUES (:kind, :now, :by_whom) ON CONFLICT (kind) DO NOTHING",
        [{"kind": kind.value, "now": now.timestamp(), "by_whom": by_whom} for kind in sorted(kinds)],
    )


@durable
def resume(tx: Transaction, kinds: Collection[Kind]) -> None:
    """Let jobs of these kinds be claimed again, and tell all programs on the store."""
    if tx.run_many("DELETE FROM pause WHERE kind = :kind", [{"kind": kind.value} for kind in sorted(kinds)]):
        tx.announce()


@reading
def paused(tx: Transaction) -> dict[Kind, Pause]:
    """Return what is paused."""
    rows = tx.rows("SELECT kind, since, by_whom FROM pause ORDER BY kind")
    found = [(row, when(row.since)) for row in rows]
    return {Kind(row.kind): Pause(Kind(row.kind), since, row.by_whom) for row, since in found if since is not None}
