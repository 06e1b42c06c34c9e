"""The runner: claim jobs of every lane, make an attempt at each, have its error settled, and stop in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from sidecar.domain.errors import LeaseLostError, StoreError
from sidecar.domain.job import Job, Kind
from sidecar.observe import work
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.attempt import Attempts
from sidecar.worker.clock import Clock
from sidecar.worker.lane import Lane
from sidecar.worker.lease import Leases
from sidecar.worker.providers import Providers
from sidecar.worker.settling import Settling

_log = logging.getLogger(__name__)

#: What is left for handing jobs back once the grace is over, in seconds.
LAST_GRACE_S = 5.0


class Runner:
    """Runs jobs of all lanes until it is stopped."""

    def __init__(
        self,
        db: Database,
        lanes: Mapping[Kind, Lane],
        attempts: Attempts,
        settling: Settling,
        leases: Leases,
        providers: Providers,
        clock: Clock,
    ) -> None:
        self._db = db
        self._lanes = lanes
        self._attempts = attempts
        self._settling = settling
        self._leases = leases
        self._providers = providers
        self._clock = clock
        self._running: dict[asyncio.Task[None], Kind] = {}
        self._wake = asyncio.Event()
        self._claiming = asyncio.Lock()
        #: How many jobs were begun so far: whoever looks twice sees by it whether one ran in between.
        self.begun = 0
        self._stopping = False

    def wake(self) -> None:
        """Look for work at once."""
        self._wake.set()

    @property
    def is_busy(self) -> bool:
        """True while any job runs, or may have been claimed this moment."""
        return bool(self._running) or self._claiming.locked()

    def can_run(self, kind: Kind) -> bool:
        """Say whether all that this kind of job needs is there."""
        return self._providers.available(self._lanes[kind].needs)

    def can_write(self) -> bool:
        """Say whether what was decided on can be carried out: nothing but Paperless is needed for that."""
        return self._providers.available(("paperless",))

    async def watch(self) -> None:
        """Claim and run jobs until cancelled or stopped. Sleeps until woken when nothing can be claimed."""
        while not self._stopping:
            self._wake.clear()
            try:
                async with self._claiming:
                    started = await self._start_all()
            except StoreError as error:
                _log.error("%s", error)
                await self._clock.sleep(5.0)
                continue
            if not started:
                await self._wake.wait()

    async def stop(self, grace_s: float) -> None:
        """Claim no more, let short steps finish, hand running jobs back with their attempt not counted."""
        self._stopping = True
        self.wake()
        async with self._claiming:  # a claim that is under way comes to its end, so that no job is left behind
            await asyncio.sleep(0)  # a job that was claimed this moment takes its first step, where it can be stopped
        for patience_s in (grace_s, LAST_GRACE_S):  # the first cancel lets short steps finish, the second does not
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(set(self._running), timeout=patience_s)

    def begin(self) -> None:
        """Allow claims (again, after a stop)."""
        self._stopping = False

    async def _start_all(self) -> bool:
        started = False
        for kind, lane in self._lanes.items():
            while self._has_room(kind, lane) and (job := await self._claim(kind)):
                self._start(job)
                started = True
        return started

    def _has_room(self, kind: Kind, lane: Lane) -> bool:
        busy = sum(1 for running in self._running.values() if running is kind)
        return busy < lane.width and not self._stopping and self.can_write()

    async def _claim(self, kind: Kind) -> Job | None:
        lane = self._lanes[kind]
        return await self._db.run(
            queue.claim, kind, owner=self._leases.owner, now=self._clock.now(), lease=self._leases.length,
            most=lane.width if lane.together else None, worked=not self.can_run(kind),
        )  # fmt: skip

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(self._watched(job), name=f"job {job.id}")
        self._running[task] = job.kind
        self.begun += 1
        self._leases.hold(job, task)

        def ended(task: asyncio.Task[None]) -> None:
            del self._running[task]
            self._leases.drop(job)
            if not task.cancelled() and (error := task.exception()):
                with work.about(job.id, job.document_id, job.kind):
                    _log.error("job %s could not be settled: %s", job.id, error)
            self.wake()

        task.add_done_callback(ended)

    async def _watched(self, job: Job) -> None:
        with work.job(job.id, job.document_id, job.kind):
            _log.info("document %s: %s begins (job %s, attempt %s)", job.document_id, job.kind, job.id, job.attempt)
            await self._run(job)

    async def _run(self, job: Job) -> None:
        """Work on the job and settle how that ended; all errors of the job end here."""
        left: Job | None = job
        try:
            while left is not None:
                left = await self._attempt(left)
        except asyncio.CancelledError:
            if self._stopping:
                await self._settling.hand_back(job)
            raise

    async def _attempt(self, job: Job) -> Job | None:
        """Make an attempt. Return what is left to do: a job that was given up is tried once more, to show that."""
        try:
            await self._attempts.make(job)
        except LeaseLostError as error:
            _log.warning("%s", error)
        except Exception as error:  # noqa: BLE001 - one job's error, whatever it is, is settled for that job alone
            return await self._settling.settle(job, error, self._lanes[job.kind].needs)
        return None
