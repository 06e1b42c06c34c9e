"""The leases of this program's running jobs, renewed by one heartbeat."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job
from sidecar.observe import meter
from sidecar.observe.context import working_on
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back

_log = logging.getLogger(__name__)

#: A lease that was renewed so long ago is looked up in the store before a request goes out under it.
FRESH = timedelta(seconds=5)
#: Leases are renewed at least so often, in seconds, however long they are.
KEEP_S = 40.0


@dataclass(slots=True)
class _Held:
    task: asyncio.Task[None]
    token: int
    until: datetime
    #: When the store last said that it is ours.
    known_at: datetime


class Leases:
    """Holds the leases of one owner. An owner is one start of the program, never a host or a container name."""

    def __init__(self, db: Database, owner: str, *, length: timedelta, clock: Clock) -> None:
        self.owner = owner
        self.length = length
        self._db = db
        self._clock = clock
        self._held: dict[int, _Held] = {}

    def hold(self, job: Job, task: asyncio.Task[None]) -> None:
        """Take the job's lease into care; `task` is cancelled should it be lost."""
        until = job.lease_until or self._clock.now()
        self._held[job.id] = _Held(task, job.lease_token, until, until - self.length)

    def drop(self, job: Job) -> None:
        """Stop caring for the job's lease."""
        held = self._held.get(job.id)
        if held is not None and held.token == job.lease_token:  # a later claim of the same job is not ours to drop
            del self._held[job.id]

    async def keep(self) -> None:
        """Renew all leases every third of their length, for ever. No job running, no commit."""
        while True:
            await self._clock.sleep(min(self.length.total_seconds() / 3, KEEP_S))
            if self._held:
                await once_the_store_is_back(self.renew, self._clock)

    async def renew(self) -> None:
        """Renew now. The tasks of jobs whose lease was lost are cancelled.

        If the store let us wait for so long that the new leases are over too, they are renewed once more.
        """
        asked, now = dict(self._held), self._clock.now()
        until = now + self.length
        tokens = {job_id: held.token for job_id, held in asked.items()}
        kept = await self._db.run(queue.renew, tokens, until=until)
        for job_id, held in asked.items():
            if job_id in kept:
                held.until, held.known_at = until, now
            elif self._held.get(job_id) is held:
                del self._held[job_id]
                with working_on(job=job_id):
                    _log.warning("job %s: the lease was lost; what was done since is discarded", job_id)
                meter.lease_lost.inc()
                held.task.cancel()
        if kept and until <= self._clock.now():
            await self.renew()

    async def assure(self, job: Job, needed_s: float) -> None:
        """Return only if the job's lease lasts for `needed_s` more seconds. Raises LeaseLostError.

        Asked right before a write is sent: a request must not outlive the right to send it. What this program
        believes of a lease counts only if the store said so a moment ago, and only for the claim that `job` is: the
        same program may have lost the job and claimed it once more.
        """
        needed = timedelta(seconds=needed_s)
        held, now = self._mine(job), self._clock.now()
        if held is not None and (held.until - now < needed or not self._is_fresh(now - held.known_at)):
            await self.renew()
            held = self._mine(job)
        if held is None or held.until - self._clock.now() < needed:
            raise LeaseLostError(f"job {job.id}: the lease is too short to write under it")

    def _is_fresh(self, age: timedelta) -> bool:
        return timedelta() <= age <= min(FRESH, self.length / 10)

    def _mine(self, job: Job) -> _Held | None:
        held = self._held.get(job.id)
        return held if held is not None and held.token == job.lease_token else None
