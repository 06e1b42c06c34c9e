"""What time does to jobs: scheduled ones become ready, and those of dead runners are taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sidecar.domain.budget import WAITS
from sidecar.domain.job import Kind, State
from sidecar.store.job_row import IN_FLIGHT, moving, note_event, when
from sidecar.store.transaction import Transaction, durable, reading, relaxed

#: Two clocks that differ by less show the same time.
CLOCKS_AGREE = timedelta(seconds=2)
#: So far the machines' ideas of the server's time may lie apart, until each has looked at it again.
LEASES_AGREE = timedelta(seconds=120)

CRASH_REASON = (
    "The sidecar died {crashes} times while working on this document, so it was given up. "
    "A page may need more memory than there is; see the log, then tag it again."
)


@relaxed
def promote(tx: Transaction, *, now: datetime) -> int:
    """Make scheduled jobs ready whose time has come, and return how many."""
    woken = tx.run(
        moving(State.SCHEDULED, State.READY) + "WHERE state = 'scheduled' AND run_after <= :now",
        now=now.timestamp(),
    )
    if woken:
        tx.announce()
    return woken


@relaxed
def promote_waiting(tx: Transaction, kinds: Iterable[Kind], *, now: datetime) -> int:
    """Make jobs of these kinds ready that wait for their budget, since there is one again, and return how many.

    What a death takes back is done at the next start.
    """
    sql = moving(State.SCHEDULED, State.READY) + "WHERE state = 'scheduled' AND kind = :kind AND reason LIKE :waits"
    woken = sum(tx.run(sql, now=now.timestamp(), kind=kind.value, waits=f"{WAITS}%") for kind in sorted(kinds))
    if woken:
        tx.announce()
    return woken


@durable
def shift(tx: Transaction, by: timedelta) -> int:
    """Move all times that anything waits for, after the clock leapt by so much; return how many jobs that were.

    A job that was to wait a minute waits a minute, whatever the clock was set to meanwhile; so do providers that are
    left alone, and places in the door.
    """
    moved = {"by": by.total_seconds()}
    tx.run("UPDATE provider SET parked_until = parked_until + :by, parked_since = parked_since + :by", **moved)
    tx.run("UPDATE slot SET held_until = held_until + :by WHERE held_until > 0", **moved)
    return sum(
        tx.run(f"UPDATE job SET {column} = {column} + :by, moved_at = moved_at + :by WHERE state = '{state}'", **moved)
        for column, state in (("run_after", State.SCHEDULED), ("lease_until", State.RUNNING))
    )


@reading
def is_crooked(tx: Transaction, *, now: datetime, lease: timedelta) -> bool:
    """Say whether a job or a parked provider comes from the future: the clock was set back with nobody looking."""
    newest = tx.row(
        "SELECT (SELECT MAX(moved_at) FROM job WHERE state = 'scheduled') AS scheduled, "
        "(SELECT MAX(moved_at) FROM job WHERE state = 'running') AS running, "
        "(SELECT MAX(lease_until) FROM job WHERE state = 'running') AS leased, "
        "(SELECT MAX(parked_since) FROM provider) AS parked"
    )
    if newest is None:
        return False
    late = (now + CLOCKS_AGREE).timestamp()
    leased_late = (now + lease + LEASES_AGREE).timestamp()
    times = (newest.scheduled, newest.running, newest.parked)
    return any((one or 0) > late for one in times) or (newest.leased or 0) > leased_late


@durable
def straighten(tx: Transaction, *, now: datetime, lease: timedelta) -> int:
    """Take jobs that come from the future for jobs of now, and return how many there were.

    They wait for as long as they were to wait, and are leased for as long as a lease is. It is for when the clock was
    set back while nothing ran, or while the program that leads died: whoever comes later need not know by how much,
    and doing it twice does nothing more.
    """
    times = {"now": now.timestamp(), "late": (now + CLOCKS_AGREE).timestamp()}
    tx.run(
        "UPDATE provider SET parked_until = parked_until + :now - parked_since, parked_since = :now "
        "WHERE parked_since > :late",
        **times,
    )
    waiting = tx.run(
        "UPDATE job SET run_after = run_after + :now - moved_at, moved_at = :now "
        "WHERE state = 'scheduled' AND moved_at > :late",
        **times,
    )
    return waiting + tx.run(
        "UPDATE job SET lease_until = :until, moved_at = CASE WHEN moved_at > :late THEN :now ELSE moved_at END "
        "WHERE state = 'running' AND (moved_at > :late OR lease_until > :leased_late)",
        until=(now + lease).timestamp(),
        leased_late=(now + lease + LEASES_AGREE).timestamp(),
        **times,
    )


@durable
def rescue(tx: Transaction, *, now: datetime, everything: bool, settle: timedelta, max_crashes: int) -> list[int]:
    """Take jobs back whose runner died, and return their ids.

    `everything` takes all running jobs (right after the start, when this program is the only one on the store);
    otherwise those whose lease ran out. The attempt is handed back and a crash counted instead; too many crashes
    without progress give the job up. A job with an intent, whose request may be in flight, is not ready before
    `settle` is over, counted from now: nobody knows when its last byte went out. With `everything`, what calls to
    models had set aside of a budget is given back too.
    """
    if everything:
        tx.run("DELETE FROM slot WHERE name LIKE '% call'")  # see spending.set_aside
    rows = tx.rows(
        f"SELECT id, crashes, {IN_FLIGHT.replace(':id', 'job.id')} AS intended "
        f"FROM job WHERE state = 'running' {'' if everything else 'AND lease_until < :now'} {tx.skipping}",
        now=now.timestamp(),
    )
    rows.sort(key=lambda row: row.id)  # here, since for an ORDER BY id SQLite would go through all jobs there are
    for row in rows:
        free_at = (now + settle).timestamp() if row.intended else None
        _take_back(tx, row.id, row.crashes + 1, free_at, now, max_crashes)
    if rows:
        tx.announce()
    return [row.id for row in rows]


def _take_back(
    tx: Transaction, job_id: int, crashes: int, free_at: float | None, now: datetime, max_crashes: int
) -> None:
    waits = free_at is not None
    assignments = "attempt = attempt - 1, crashes = :crashes"
    values: dict[str, Any] = {"id": job_id, "crashes": crashes, "now": now.timestamp()}
    if waits:
        assignments += ", run_after = :free_at"
        values["free_at"] = free_at
    if crashes >= max_crashes:
        assignments += ", reason = CASE WHEN giving_up = 1 THEN reason ELSE :reason END, giving_up = 1"
        values["reason"] = CRASH_REASON.format(crashes=crashes)
    new = State.SCHEDULED if waits else State.READY
    tx.run(moving(State.RUNNING, new, assignments) + "WHERE id = :id AND state = 'running'", **values)
    note_event(tx, job_id, values.get("reason", "The sidecar died with this job; it goes on."), now)


@reading
def expired(tx: Transaction, *, now: datetime) -> int:
    """Return how many running jobs' leases have run out."""
    row = tx.row("SELECT COUNT(*) AS jobs FROM job WHERE state = 'running' AND lease_until < :now", now=now.timestamp())
    return row.jobs if row else 0


@reading
def due_at(tx: Transaction) -> datetime | None:
    """Return when the next scheduled job is due, None if none is scheduled."""
    row = tx.row("SELECT MIN(run_after) AS due FROM job WHERE state = 'scheduled'")
    return when(row.due) if row else None
