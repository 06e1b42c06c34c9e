"""What programs on one store share beside the jobs: who is parked, and what only so many may do at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sidecar.store.rescue import CLOCKS_AGREE
from sidecar.store.transaction import Transaction, durable, reading


@dataclass(frozen=True, slots=True)
class Parked:
    """A provider that is left alone until a time, and why."""

    until: datetime
    since: datetime
    reason: str


@reading
def parked(tx: Transaction) -> dict[str, Parked]:
    """Return the providers that any program has parked, by name."""
    rows = tx.rows("SELECT name, parked_until, parked_since, reason FROM provider")
    return {row.name: Parked(_when(row.parked_until), _when(row.parked_since), row.reason) for row in rows}


@durable
def park(tx: Transaction, providers: Mapping[str, Parked]) -> None:
    """Let all programs leave these providers alone; of two times the later one counts."""
    for name, one in sorted(providers.items()):
        tx.run(
            "INSERT INTO provider (name, parked_until, parked_since, reason) VALUES (:name, :until, :since, :reason) "
            "ON CONFLICT (name) DO UPDATE SET parked_until = excluded.parked_until, reason = excluded.reason "
            "WHERE excluded.parked_until > provider.parked_until",
            name=name, until=one.until.timestamp(), since=one.since.timestamp(), reason=one.reason,
        )  # fmt: skip


@durable
def unpark(tx: Transaction, name: str) -> bool:
    """Let all programs use the provider again. Return False if another program said so before."""
    return bool(tx.run("DELETE FROM provider WHERE name = :name", name=name))


@durable
def take_slot(tx: Transaction, name: str, *, width: int, owner: str, now: datetime, until: datetime) -> bool:
    """Take one of `width` slots until it is left or its time is over; False if all are held.

    A program that dies or freezes with a slot keeps it until its time is over, and no longer. A slot that is held
    for longer than `until` is one of before the clock was set back, and free.
    """
    times = {"now": now.timestamp(), "late": (until + CLOCKS_AGREE).timestamp()}
    rows = tx.rows("SELECT number, held_until FROM slot WHERE name = :name ORDER BY number", name=name)
    if len(rows) < width:
        tx.run_many(
            "INSERT INTO slot (name, number) VALUES (:name, :number) ON CONFLICT (name, number) DO NOTHING",
            [{"name": name, "number": number} for number in range(1, width + 1)],
        )
    elif all(times["now"] < row.held_until <= times["late"] for row in rows[:width]):
        return False
    taken = tx.run(
        "UPDATE slot SET owner = :owner, held_until = :until WHERE name = :name AND number = ("
        "SELECT number FROM slot WHERE name = :name AND number <= :width "
        "AND (held_until <= :now OR held_until > :late) "
        f"ORDER BY number LIMIT 1 {tx.skipping})",
        owner=owner, until=until.timestamp(), name=name, width=width, **times,
    )  # fmt: skip
    return taken > 0


@durable
def leave_slot(tx: Transaction, name: str, *, owner: str) -> None:
    """Give a slot back; nothing happens if its time was over and another holds it. An owner holds one slot."""
    tx.run("UPDATE slot SET held_until = 0, owner = NULL WHERE name = :name AND owner = :owner", name=name, owner=owner)


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
