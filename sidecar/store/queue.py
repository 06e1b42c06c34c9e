"""The queue: how a job is made, claimed, carried on and ended, one transaction each. `rescue.py` has what time does.

A runner's writes are fenced (`job_row.py`). State names are literals in the SQL: as parameters they keep SQLite and
PostgreSQL from using the partial indexes.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sidecar.domain.document import Fields
from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.trigger import Ending
from sidecar.store import job_row
from sidecar.store.pauses import NOT_PAUSED
from sidecar.store.transaction import Transaction, durable, reading, relaxed

#: A job that is given up keeps the reason it was given up for.
_REASON = "reason = CASE WHEN giving_up = 1 THEN reason ELSE COALESCE(:reason, reason) END"


_INSERT = (
    "INSERT INTO job (document_id, kind, state, priority, giving_up, reason, ask, created_at) "
    "VALUES (:document, :kind, 'ready', :priority, :giving_up, :reason, :ask, :now) "
    "ON CONFLICT (document_id, kind) WHERE state IN ('ready', 'running', 'scheduled', 'review') DO NOTHING"
)


def _wish(
    document_id: int,
    kind: Kind,
    priority: int,
    doomed: str | None,
    now: datetime,
    ask: Iterable[int] | None = None,
) -> dict[str, Any]:
    return {
        "document": document_id,
        "kind": kind.value,
        "priority": priority,
        "giving_up": int(doomed is not None),
        "reason": doomed,
        "ask": None if ask is None else json.dumps(sorted(ask)),
        "now": now.timestamp(),
    }


@durable
def enqueue(
    tx: Transaction,
    document_id: int,
    kind: Kind,
    *,
    priority: int,
    now: datetime,
    ask: Iterable[int] | None = None,
) -> int | None:
    """Put a job into the queue and return its id; None if the document has an unfinished one of this kind.

    The unique index decides, so two callers at once make one job. `ask` are the jobs that an undo takes back.
    """
    row = tx.row(f"{_INSERT} RETURNING id", **_wish(document_id, kind, priority, None, now, ask))
    if row is None:
        return None
    tx.announce()
    return int(row.id)


@durable
def enqueue_all(
    tx: Transaction, wishes: Iterable[tuple[int, Kind, str | None]], *, priority: int, now: datetime
) -> int:
    """Put jobs into the queue for (document, kind, doomed) and return how many were new; all or none.

    `doomed` is a reason to give the document up at once: the job then only brings the marks to Paperless.
    """
    rows = [_wish(document, kind, priority, doomed, now) for document, kind, doomed in sorted(wishes, key=_order)]
    made = tx.run_many(_INSERT, rows)
    if made:
        tx.announce()
    return made


def _order(wish: tuple[int, Kind, str | None]) -> tuple[int, str]:
    """Two programs that enqueue the same documents do so in one order, or they would wait for each other for ever."""
    return wish[0], wish[1].value


@functools.cache
def _claim(skipping: str, worked: bool) -> str:
    """Return the statement that takes the next job. MATERIALIZED, so that no planner looks twice and locks a second."""
    which = "AND EXISTS (SELECT 1 FROM review WHERE review.job_id = job.id) " if worked else ""
    taken = (
        "attempt = attempt + 1, lease_token = lease_token + 1, lease_owner = :owner, lease_until = :until, "
        "started_at = :now"
    )
    return job_row.moving(State.READY, State.RUNNING, taken) + (
        "WHERE id = (WITH next AS MATERIALIZED (SELECT id FROM job WHERE state = 'ready' AND kind = :kind "
        f"AND {NOT_PAUSED} AND {job_row.NOT_BEING_UNDONE} {which}"
        f"ORDER BY priority, id LIMIT 1 {skipping}) SELECT id FROM next) RETURNING *"
    )


@relaxed
def claim(
    tx: Transaction,
    kind: Kind,
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
    most: int | None = None,
    worked: bool = False,
) -> Job | None:
    """Take the next ready job of this kind under a lease, or return None.

    With `most`, nothing is taken while so many jobs of this kind are running on all machines together. With `worked`,
    only one whose work was done and shown to a person: nothing but Paperless is needed for the rest of it.

    The attempt is counted here, so that a death in the middle is not free. If the program dies right after the
    commit, the lease runs out (or the next start sees it) and the job becomes ready again.
    """
    if most is not None:
        tx.take_turns(f"claim {kind}")
        running = tx.row("SELECT COUNT(*) AS jobs FROM job WHERE state = 'running' AND kind = :kind", kind=kind.value)
        if running is not None and running.jobs >= most:
            return None
    ask = tx.only_row if most is None else tx.row
    row = ask(
        _claim(tx.skipping, worked),
        owner=owner, until=(now + lease).timestamp(), now=now.timestamp(), kind=kind.value,
    )  # fmt: skip
    return job_row.to_job(row) if row else None


@relaxed
def renew(tx: Transaction, held: Mapping[int, int], *, until: datetime) -> set[int]:
    """Renew the leases of the held jobs (id to lease token) and return their ids; a missing id was lost."""
    sql = f"UPDATE job SET lease_until = :until {job_row.MINE}"
    return {job for job, token in sorted(held.items()) if tx.run(sql, until=until.timestamp(), id=job, token=token)}


@durable
def begin(tx: Transaction, job: Job, base: Fields, *, now: datetime) -> Fields:
    """Keep what the document's fields held when its work began, and return what is kept.

    Only the first attempt's values are kept: a person's edit between two attempts must count as an edit.
    """
    kept = tx.row(f"UPDATE job SET base = COALESCE(base, :base) {job_row.MINE} RETURNING base", base=json.dumps(base),
                  id=job.id, token=job.lease_token)  # fmt: skip
    if kept is None:
        raise LeaseLostError(f"job {job.id}: the lease was lost before the work began")
    if job.attempt == 1 and not job.crashes:
        job_row.note_event(tx, job.id, "Work began.", now)
    return dict(json.loads(kept.base))


@relaxed
def open_pages(tx: Transaction, job: Job, *, done: int, total: int) -> None:
    """Record how many pages the document has and how many of them were read by an earlier attempt."""
    job_row.fenced(tx, job, "UPDATE job SET pages_done = :done, pages_total = :total ", done=done, total=total)


@relaxed
def progress(tx: Transaction, job: Job, *, more: int, total: int, now: datetime, lease: timedelta) -> int:
    """Record that so many more pages are done, and return how many are in all.

    Renews the lease, and forgets earlier crashes, since there is progress.
    """
    row = tx.row(
        "UPDATE job SET pages_done = pages_done + :more, pages_total = :total, crashes = 0, lease_until = :until "
        f"{job_row.MINE} RETURNING pages_done",
        more=more, total=total, until=(now + lease).timestamp(), id=job.id, token=job.lease_token,
    )  # fmt: skip
    if row is None:
        raise LeaseLostError(f"job {job.id}: another runner holds it now")
    return int(row.pages_done)


@durable
def retry(tx: Transaction, job: Job, *, run_after: datetime, reason: str, now: datetime, blame: bool) -> None:
    """Put the job off until `run_after`. Without `blame` the attempt is handed back."""
    job_row.fenced(
        tx,
        job,
        job_row.moving(
            State.RUNNING,
            State.SCHEDULED,
            f"run_after = :run_after, {_REASON}, attempt = attempt - :free",
        ),
        run_after=run_after.timestamp(),
        reason=reason,
        free=int(not blame),
        now=now.timestamp(),
    )
    job_row.note_event(tx, job.id, f"Put off until {run_after:%Y-%m-%d %H:%M:%S} UTC: {reason}", now)


@durable
def release(tx: Transaction, job: Job, *, reason: str | None, now: datetime, settle: timedelta) -> None:
    """Hand the job back with its attempt not counted: the program stops, or a provider is away.

    A job that may have a request in flight is not ready before `settle` is over.
    """
    if tx.row(f"SELECT 1 WHERE {job_row.IN_FLIGHT}", id=job.id):
        moved = job_row.moving(State.RUNNING, State.SCHEDULED, f"run_after = :until, attempt = attempt - 1, {_REASON}")
        job_row.fenced(tx, job, moved, reason=reason, until=(now + settle).timestamp(), now=now.timestamp())
    else:
        moved = job_row.moving(State.RUNNING, State.READY, f"attempt = attempt - 1, {_REASON}")
        job_row.fenced(tx, job, moved, reason=reason, now=now.timestamp())
        tx.announce()
    job_row.note_event(tx, job.id, f"Handed back: {reason or 'the sidecar was stopped.'}", now)


@durable
def rebase(tx: Transaction, job: Job, base: Fields) -> None:
    """Keep what the document's fields hold after a change of our own, instead of what they held before it."""
    job_row.fenced(tx, job, "UPDATE job SET base = :base ", base=json.dumps(base))


@relaxed
def tell(tx: Transaction, job: Job, text: str, *, now: datetime) -> None:
    """Add a sentence to the story of a running job. Raises LeaseLostError."""
    job_row.assert_mine(tx, job)
    job_row.note_event(tx, job.id, text, now)


@durable
def hasten(tx: Transaction, document_id: int, kind: Kind, *, priority: int) -> None:
    """Put the document's waiting job of this kind before all others of a lower priority."""
    tx.run(
        "UPDATE job SET priority = :priority WHERE document_id = :document AND kind = :kind "
        "AND state IN ('ready', 'scheduled') AND priority > :priority",
        priority=priority, document=document_id, kind=kind.value,
    )  # fmt: skip


@durable
def doom(tx: Transaction, job: Job, *, reason: str, now: datetime) -> None:
    """Decide that the job is given up; it stays running until the marks are in Paperless."""
    job_row.fenced(tx, job, "UPDATE job SET giving_up = 1, reason = :reason ", reason=reason)
    job_row.note_event(tx, job.id, reason, now)


@durable
def succeed(
    tx: Transaction, job: Job, *, changed: bool, summary: str, now: datetime, appeared: Iterable[int] = ()
) -> None:
    """End the job well, and its write-back with it: both or, if the program dies inside, neither.

    `appeared` are tags that were seen on reading back and that we had not put on.
    """
    ended = job_row.moving(State.RUNNING, State.SUCCEEDED, "changed = :changed, reason = :reason, finished_at = :now")
    if not tx.only_change(
        ended + job_row.MINE,
        "UPDATE write SET state = 'verified', verified_at = :now, appeared = :appeared "
        "WHERE job_id IN (SELECT id FROM first) AND state = 'intended'",
        "INSERT INTO event (job_id, at, text) SELECT id, :now, :reason FROM first",
        changed=int(changed), reason=summary, now=now.timestamp(), id=job.id, token=job.lease_token,
        appeared=json.dumps(sorted(appeared)),
    ):  # fmt: skip
        raise LeaseLostError(f"job {job.id}: another runner holds it now")


@durable
def fail(tx: Transaction, job: Job, *, now: datetime, unmarked: str | None = None) -> None:
    """End a given-up job, once its marks are in Paperless; `unmarked` says that Paperless would not take them.

    That is then the end of its reason too.
    """
    ended = job_row.moving(
        State.RUNNING, State.FAILED, "finished_at = :now, reason = coalesce(reason || ' ', '') || :unmarked"
    )
    if unmarked is None:
        ended = job_row.moving(State.RUNNING, State.FAILED, "finished_at = :now")
        job_row.fenced(tx, job, ended, now=now.timestamp())
    else:
        job_row.fenced(tx, job, ended, now=now.timestamp(), unmarked=unmarked)
        job_row.note_event(tx, job.id, unmarked, now)
    _settle_write(tx, job, "verified", now)


@durable
def cancel(tx: Transaction, job: Job, *, reason: str, now: datetime) -> None:
    """End a running job that nobody wants any more."""
    job_row.fenced(
        tx, job, job_row.moving(State.RUNNING, State.CANCELLED, "reason = :reason, finished_at = :now"),
        reason=reason, now=now.timestamp(),
    )  # fmt: skip
    _settle_write(tx, job, "dropped", now)
    job_row.note_event(tx, job.id, reason, now)


@durable
def withdraw(tx: Transaction, job_id: int, *, reason: str, now: datetime) -> bool:
    """Cancel a job that is waiting. Return False if it is not (it runs, is finished, or does not exist)."""
    for old in (State.READY, State.SCHEDULED, State.REVIEW):
        if tx.run(
            job_row.moving(old, State.CANCELLED, "reason = :reason, finished_at = :now")
            + f"WHERE id = :id AND state = '{old}'",
            id=job_id, reason=reason, now=now.timestamp(),
        ):  # fmt: skip
            tx.run("UPDATE write SET state = 'dropped' WHERE job_id = :id AND state = 'intended'", id=job_id)
            job_row.note_event(tx, job_id, reason, now)
            return True
    return False


@durable
def prioritize(tx: Transaction, job_id: int, *, priority: int, now: datetime, by_whom: str) -> bool:
    """Give a waiting job another priority; smaller goes first. Return False if it does not wait."""
    moved = tx.run(
        "UPDATE job SET priority = :priority WHERE id = :id AND state IN ('ready', 'scheduled', 'review')",
        priority=priority, id=job_id,
    )  # fmt: skip
    if moved:
        job_row.note_event(tx, job_id, f"{by_whom} gave it the priority {priority}.", now)
    return bool(moved)


@reading
def unfinished(tx: Transaction) -> set[tuple[int, Kind]]:
    """Return document and kind of every unfinished job."""
    rows = tx.rows("SELECT document_id, kind FROM job WHERE state IN ('ready', 'running', 'scheduled', 'review')")
    return {(row.document_id, Kind(row.kind)) for row in rows}


@reading
def last_states(tx: Transaction, document_id: int) -> dict[Kind, State]:
    """Return how the document's newest job of each kind stands."""
    rows = tx.rows("SELECT kind, state FROM job WHERE document_id = :document ORDER BY id", document=document_id)
    return {Kind(row.kind): State(row.state) for row in rows}


@reading
def endings(
    tx: Transaction, *, since: datetime, failed_since: datetime | None = None
) -> dict[tuple[int, Kind], list[Ending]]:
    """Return how jobs ended since then, and those that failed since an earlier time, by document and kind."""
    rows = tx.rows(
        "SELECT document_id, kind, state, changed, reason, finished_at FROM job "
        "WHERE state IN ('succeeded', 'failed', 'cancelled') AND finished_at >= :failed_since "
        "AND (finished_at >= :since OR state = 'failed')",
        since=since.timestamp(), failed_since=min(since, failed_since or since).timestamp(),
    )  # fmt: skip
    found: dict[tuple[int, Kind], list[Ending]] = {}
    for row in rows:
        changed = None if row.changed is None else bool(row.changed)
        ending = Ending(State(row.state), changed, row.reason, datetime.fromtimestamp(row.finished_at, UTC))
        found.setdefault((row.document_id, Kind(row.kind)), []).append(ending)
    return found


def _settle_write(tx: Transaction, job: Job, state: str, now: datetime) -> None:
    tx.run(
        "UPDATE write SET state = :state, verified_at = :now WHERE job_id = :job AND state = 'intended'",
        state=state, now=now.timestamp(), job=job.id,
    )  # fmt: skip
