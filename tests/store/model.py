"""The queue as plain Python: what the store has to answer and to hold, without SQL, threads and disks.

A method bears the name of the store function it stands for and takes the same arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sidecar.domain.document import Fields
from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import UNFINISHED, Job, Kind, State
from sidecar.domain.page import PageText
from sidecar.domain.writeback import Plan, Proposal
from sidecar.store import rescue

WAITING = (State.READY, State.SCHEDULED)


@dataclass(frozen=True)
class Write:
    """A row of the journal, as far as the queue's rules reach."""

    state: str
    token: int
    old: Mapping[str, Any]
    written: Mapping[str, Any]


def new_job(document_id: int, kind: Kind, *, priority: int, doomed: str | None, now: datetime) -> Job:
    """A job as it is put into the queue; the store numbers it."""
    return Job(
        id=0, document_id=document_id, kind=kind, state=State.READY, priority=priority, attempt=0, crashes=0,
        lease_token=0, lease_until=None, run_after=None, reason=doomed, giving_up=doomed is not None, changed=None,
        base=None, pages_done=0, pages_total=None, created_at=now, finished_at=None,
    )  # fmt: skip


class Model:
    """All that the store is to remember."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        #: Put into the queue, in this order, and not numbered yet.
        self.new: list[Job] = []
        self.writes: dict[int, Write] = {}
        self.pages: dict[str, datetime] = {}
        #: The document whose page it is.
        self.owners: dict[str, int] = {}
        #: When jobs that wait or run began to, by their ids.
        self.moved: dict[int, datetime] = {}
        #: When something was said of a job, by its id.
        self.events: dict[int, list[datetime]] = {}

    # -- looking

    def having(self, *states: State) -> list[Job]:
        return [job for job in self.jobs.values() if job.state in states]

    def is_held(self, job: Job) -> bool:
        found = self.jobs.get(job.id)
        return found is not None and (found.state, found.lease_token) == (State.RUNNING, job.lease_token)

    def unfinished(self) -> set[tuple[int, Kind]]:
        return {(job.document_id, job.kind) for job in [*self.having(*UNFINISHED), *self.new]}

    def due_at(self) -> datetime | None:
        return min((job.run_after for job in self.having(State.SCHEDULED) if job.run_after), default=None)

    def expired(self, *, now: datetime) -> int:
        return sum(job.lease_until < now for job in self.having(State.RUNNING) if job.lease_until)

    # -- waiting

    def enqueue(self, document_id: int, kind: Kind, *, priority: int, now: datetime) -> bool:
        return self.enqueue_all([(document_id, kind, None)], priority=priority, now=now) == 1

    def enqueue_all(self, wishes: Iterable[tuple[int, Kind, str | None]], *, priority: int, now: datetime) -> int:
        before = len(self.new)
        for document, kind, doomed in sorted(wishes, key=lambda wish: wish[:2]):
            if (document, kind) not in self.unfinished():
                self.new.append(new_job(document, kind, priority=priority, doomed=doomed, now=now))
        return len(self.new) - before

    def hasten(self, document_id: int, kind: Kind, *, priority: int) -> None:
        for job in self.having(*WAITING):
            if (job.document_id, job.kind) == (document_id, kind) and job.priority > priority:
                self._change(job, priority=priority)

    def withdraw(self, job_id: int, *, reason: str, now: datetime) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.state not in (*WAITING, State.REVIEW):
            return False
        self._end(job, State.CANCELLED, "dropped", now, reason=reason)
        self._note(job, now)
        return True

    def claim(self, kind: Kind, *, owner: str, now: datetime, lease: timedelta, most: int | None = None) -> Job | None:
        if most is not None and sum(job.kind is kind for job in self.having(State.RUNNING)) >= most:
            return None
        ready = sorted((job.priority, job.id) for job in self.claimable() if job.kind is kind)
        if not ready:
            return None
        job = self.jobs[ready[0][1]]
        self.moved[job.id] = now
        return self._change(
            job, state=State.RUNNING, attempt=job.attempt + 1, lease_token=job.lease_token + 1, lease_until=now + lease
        )

    def claimable(self) -> list[Job]:
        """Ready jobs, without those whose document has an undo that has begun and not ended; undos all the same."""
        undone = {
            self.jobs[number].document_id
            for number, write in self.writes.items()
            if write.state == "intended" and self.jobs[number].kind is Kind.UNDO
        }
        return [job for job in self.having(State.READY) if job.kind is Kind.UNDO or job.document_id not in undone]

    # -- running

    def renew(self, held: Mapping[int, int], *, until: datetime) -> set[int]:
        mine = [job for job in self.having(State.RUNNING) if held.get(job.id) == job.lease_token]
        return {self._change(job, lease_until=until).id for job in mine}

    def begin(self, job: Job, base: Fields, *, now: datetime) -> Fields:
        mine = self._mine(job)
        if job.attempt == 1 and not job.crashes:
            self._note(mine, now)
        kept = self._change(mine, base=base if mine.base is None else mine.base).base
        assert kept is not None
        return kept

    def open_pages(self, job: Job, *, done: int, total: int) -> None:
        self._change(self._mine(job), pages_done=done, pages_total=total)

    def checkpoint(self, job: Job, key: str, page: PageText, *, total: int, now: datetime, lease: timedelta) -> int:
        mine = self._mine(job)
        done = mine.pages_done + (key not in self.pages)
        self.pages.setdefault(key, now)
        self.owners.setdefault(key, mine.document_id)
        return self._change(mine, pages_done=done, pages_total=total, crashes=0, lease_until=now + lease).pages_done

    def intend(self, job: Job, proposal: Proposal, plan: Plan, *, now: datetime) -> None:
        self._mine(job)
        before = self.writes.get(job.id, Write("", 0, {}, {}))
        self.writes[job.id] = Write(
            "intended", job.lease_token, {**plan.old, **before.old}, {**before.written, **plan.write}
        )

    def drop(self, job: Job) -> None:
        self._settle(self._mine(job), "dropped")

    def doom(self, job: Job, *, reason: str, now: datetime) -> None:
        self._note(self._change(self._mine(job), giving_up=True, reason=reason), now)

    def retry(self, job: Job, *, run_after: datetime, reason: str, now: datetime, blame: bool) -> None:
        self._back(self._mine(job), run_after, now, reason=reason, uncounted=not blame)

    def release(self, job: Job, *, reason: str | None, now: datetime, settle: timedelta) -> None:
        mine = self._mine(job)
        self._back(mine, now + settle if self._is_intended(mine) else None, now, reason=reason, uncounted=True)

    def succeed(self, job: Job, *, changed: bool, summary: str, now: datetime) -> None:
        self._note(self._end(self._mine(job), State.SUCCEEDED, "verified", now, changed=changed, reason=summary), now)

    def fail(self, job: Job, *, now: datetime) -> None:
        self._end(self._mine(job), State.FAILED, "verified", now)

    def cancel(self, job: Job, *, reason: str, now: datetime) -> None:
        self._note(self._end(self._mine(job), State.CANCELLED, "dropped", now, reason=reason), now)

    def set_aside(self, job: Job, *, now: datetime) -> None:
        self._change(self._mine(job), state=State.REVIEW, lease_until=None)

    # -- what time does

    def promote(self, *, now: datetime) -> int:
        due = [job for job in self.having(State.SCHEDULED) if job.run_after and job.run_after <= now]
        return len([self._change(job, state=State.READY, run_after=None) for job in due])

    def shift(self, by: timedelta) -> int:
        for job in self.having(State.SCHEDULED):
            self._change(job, run_after=job.run_after and job.run_after + by)
        for job in self.having(State.RUNNING):
            self._change(job, lease_until=job.lease_until and job.lease_until + by)
        for job in self.having(State.SCHEDULED, State.RUNNING):
            self.moved[job.id] += by
        return len(self.having(State.SCHEDULED, State.RUNNING))

    def is_crooked(self, *, now: datetime, lease: timedelta) -> bool:
        return any(self._is_from_the_future(job, now, lease) for job in self.having(State.SCHEDULED, State.RUNNING))

    def straighten(self, *, now: datetime, lease: timedelta) -> int:
        crooked = [
            job for job in self.having(State.SCHEDULED, State.RUNNING) if self._is_from_the_future(job, now, lease)
        ]
        for job in crooked:
            if job.run_after:
                self._change(job, run_after=job.run_after + (now - self.moved[job.id]))
            else:
                self._change(job, lease_until=now + lease)
            if self.moved[job.id] > now + rescue.CLOCKS_AGREE:
                self.moved[job.id] = now
        return len(crooked)

    def _is_from_the_future(self, job: Job, now: datetime, lease: timedelta) -> bool:
        leased = job.lease_until is not None and job.lease_until > now + lease + rescue.LEASES_AGREE
        return leased or self.moved[job.id] > now + rescue.CLOCKS_AGREE

    def rescue(self, *, now: datetime, everything: bool, settle: timedelta, max_crashes: int) -> list[int]:
        dead = [job for job in self.having(State.RUNNING) if everything or (job.lease_until and job.lease_until < now)]
        for job in dead:
            crashes = job.crashes + 1
            given_up = {}
            if crashes >= max_crashes:
                reason = job.reason if job.giving_up else rescue.CRASH_REASON.format(crashes=crashes)
                given_up = {"giving_up": True, "reason": reason}
            crashed = self._change(job, crashes=crashes, **given_up)
            self._back(crashed, now + settle if self._is_intended(job) else None, now, reason=None, uncounted=True)
        return sorted(job.id for job in dead)

    def prune(self, *, before: datetime, now: datetime) -> int:
        """Forget everything old at once, but for the newest job."""
        newest = max(self.jobs, default=0)
        old = [
            job.id for job in self.jobs.values() if job.finished_at and job.finished_at < before and job.id != newest
        ]
        needed = {job.document_id for job in self.having(*UNFINISHED)}
        pages = [key for key, at in self.pages.items() if at < before]
        for job_id in old:
            for table in (self.jobs, self.writes, self.events):
                table.pop(job_id, None)
        for key in pages:
            if self.owners[key] in needed:
                self.pages[key] = now
            else:
                del self.pages[key], self.owners[key]
        return len(old) + len(pages)

    # -- pieces

    def _mine(self, job: Job) -> Job:
        if not self.is_held(job):
            raise LeaseLostError
        return self.jobs[job.id]

    def _change(self, job: Job, **values: Any) -> Job:
        self.jobs[job.id] = changed = replace(job, **values)
        return changed

    def _note(self, job: Job, now: datetime) -> None:
        self.events.setdefault(job.id, []).append(now)

    def _is_intended(self, job: Job) -> bool:
        return job.id in self.writes and self.writes[job.id].state == "intended"

    def _settle(self, job: Job, state: str) -> None:
        if self._is_intended(job):
            self.writes[job.id] = replace(self.writes[job.id], state=state)

    def _back(self, job: Job, free_at: datetime | None, now: datetime, *, reason: str | None, uncounted: bool) -> None:
        self._change(
            job,
            state=State.READY if free_at is None else State.SCHEDULED,
            run_after=free_at,
            lease_until=None,
            attempt=job.attempt - uncounted,
            reason=job.reason if job.giving_up or reason is None else reason,
        )
        self.moved[job.id] = now
        self._note(job, now)

    def _end(self, job: Job, state: State, write: str, now: datetime, **values: Any) -> Job:
        self._settle(job, write)
        return self._change(job, state=state, lease_until=None, run_after=None, finished_at=now, **values)
