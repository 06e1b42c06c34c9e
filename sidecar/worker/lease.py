"""The leases of this program's running jobs, renewed by one heartbeat."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    task: asyncio.Task[None]
    token: int
    until: datetime


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
        self._held[job.id] = _Held(task, job.lease_token, job.lease_until or self._clock.now())

    def drop(self, job: Job) -> None:
        """Stop caring for the job's lease."""
        held = self._held.get(job.id)
        if held is not None and held.token == job.lease_token:  # a later claim of the same job is not ours to drop
            del self._held[job.id]

    async def keep(self) -> None:
        """Renew all leases every third of their length, for ever. No job running, no commit."""
        while True:
            await self._clock.sleep(self.length.total_seconds() / 3)
            if self._held:
                await once_the_store_is_back(self.renew, self._clock)

    async def renew(self) -> None:
        """Renew now. The tasks of jobs whose lease was lost are cancelled.

        If the store let us wait for so long that the new leases are over too, they are renewed once more.
        """
        asked = dict(self._held)
        until = self._clock.now() + self.length
        tokens = {job_id: held.token for job_id, held in asked.items()}
        kept = await self._db.run(queue.renew, tokens, until=until)
        for job_id, held in asked.items():
            if job_id in kept:
                held.until = until
            elif self._held.get(job_id) is held:
                del self._held[job_id]
                _log.warning("job %s: the lease was lost; what was done since is discarded", job_id)
                held.task.cancel()
        if kept and until <= self._clock.now():
            await self.renew()

    async def assure(self, job: Job, needed_s: float) -> None:
        """Return only if the job's lease lasts for `needed_s` more seconds. Raises LeaseLostError.

        Asked right before a write is sent: a request must not outlive the right to send it.
        """
        needed = timedelta(seconds=needed_s)
        held = self._held.get(job.id)
        if held is not None and held.until - self._clock.now() < needed:
            await self.renew()
            held = self._held.get(job.id)
        if held is None or held.until - self._clock.now() < needed:
            raise LeaseLostError(f"job {job.id}: the lease is too short to write under it")
