"""Settling: what becomes of a job that ended with an error.

Each job is alone with its errors: they are settled for this job, and no other one waits for it.

    CancelledError      nobody wants it any more: cancelled
    OutageError         a provider is away: parked for everybody, the job handed back, no attempt counted; where it
                        serves all others and refuses this job again and again, a temporary error of this job
    BudgetError         put off until there is something to spend, no attempt counted
    TemporaryError      put off, ever longer; given up once the attempts are used up
    PermanentError      given up at once
    StoreError          handed back
    anything else       a fault of ours, tried again like a temporary error

A job that is given up is not over: its runner shows that in Paperless first.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from sidecar.domain.errors import (
    BudgetError,
    CancelledError,
    LeaseLostError,
    OutageError,
    PermanentError,
    StoreError,
    TemporaryError,
    UncertainWriteError,
)
from sidecar.domain.job import Job
from sidecar.domain.retry import RetryPolicy
from sidecar.domain.trigger import UNMARKED
from sidecar.observe import news
from sidecar.observe.news import Cause
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back
from sidecar.worker.providers import Providers

_log = logging.getLogger(__name__)

#: After so many claims of one job its failures are its own, as long as its providers give signs of life.
EXCUSES = 20


class Settling:
    """Settles what errors leave behind.

    `settle` is how long a document is left alone after a write to it that had no answer.
    """

    def __init__(
        self, db: Database, providers: Providers, retry: RetryPolicy, *, settle: timedelta, clock: Clock
    ) -> None:
        self._db = db
        self._providers = providers
        self._retry = retry
        self._settle_time = settle
        self._clock = clock

    async def settle(self, job: Job, error: Exception, needs: Collection[str]) -> Job | None:
        """Settle an error of a job that needs these providers. Return a job that was given up, to be run as such.

        A store that cannot be used now is waited for, the lease renewed meanwhile. A crash in here leaves the job
        settled, or running and taken back like any other.
        """
        meant = error
        if isinstance(error, OutageError):
            meant = await self._providers.refused(error, job.document_id)
        try:
            return await once_the_store_is_back(lambda: self._settle(job, meant, needs), self._clock)
        except LeaseLostError as lost:  # another runner holds it, or the store had taken the end before it hung up
            _log.warning("%s", lost)
            return None

    async def hand_back(self, job: Job) -> None:
        """Hand back a job that was stopped, its attempt not counted."""
        try:
            await self._release(job, None)
        except LeaseLostError:
            pass  # it had come to its end after all
        except StoreError as error:
            _log.error("job %s could not be handed back: %s", job.id, error)

    async def _settle(self, job: Job, error: Exception, needs: Collection[str]) -> Job | None:
        now = self._clock.now()
        match error:
            case CancelledError():
                await self._db.run(queue.cancel, job, reason=str(error), now=now)
            case OutageError():
                await self._wait(job, error, needs)
            case BudgetError():
                await self._put_off(job, error)
            case TemporaryError():
                return await self._try_later(job, error)
            case PermanentError():
                return await self._give_up(job, str(error))
            case StoreError():
                _log.error("document %s: %s", job.document_id, error)
                await self._release(job, "The store could not be used.")
            case _:
                _log.exception("document %s: a fault in the sidecar", job.document_id, exc_info=error)
                fault = TemporaryError(f"A fault in the sidecar: {type(error).__name__}: {error}")
                return await self._try_later(job, fault)
        return None

    async def _put_off(self, job: Job, error: BudgetError) -> None:
        now = self._clock.now()
        await self._db.run(queue.retry, job, run_after=error.until, reason=str(error), now=now, blame=False)
        _log.warning("document %s: %s. %s", job.document_id, job.kind, error)
        news.tell(Cause.BUDGET, str(error))

    async def _wait(self, job: Job, error: OutageError, needs: Collection[str]) -> None:
        """Hand the job back; it waits with all others, or, if another endpoint serves those and not it, by itself.

        One that met with the same before waits behind the others, since it would be the first of them again.
        """
        parked = self._providers.why_parked(error.provider)
        if not error.aside_s and (parked is None or not self._providers.available(needs)):
            await self._release(job, str(error))
            return
        now = self._clock.now()
        left_s = parked[1] if parked else 0.0
        until = now + timedelta(seconds=max(left_s, 1.0) + error.aside_s)
        await self._db.run(queue.retry, job, run_after=until, reason=str(error), now=now, blame=False)

    async def _try_later(self, job: Job, error: TemporaryError) -> Job | None:
        """Put the job off. If it is the suspect provider's fault and not the job's own, it costs no attempt."""
        blame = not await self._is_excused(job, error)
        # What is given up has as many attempts again, for bringing its marks to Paperless.
        attempt = job.attempt // 2 if job.giving_up else job.attempt
        if blame and self._retry.exhausted(attempt):
            if error.otherwise is not None:
                await self._put_off(job, error.otherwise)
                return None
            return await self._give_up(job, f"{error} Given up after {job.attempt} attempts.")
        wait = self._retry.delay(job.attempt, self._clock.chance()) if blame else timedelta(0)
        if isinstance(error, UncertainWriteError):
            wait = max(wait, self._settle_time)
        now = self._clock.now()
        await self._db.run(queue.retry, job, run_after=now + wait, reason=str(error), now=now, blame=blame)
        _log.warning("document %s: %s again at %s. %s", job.document_id, job.kind, f"{now + wait:%H:%M:%S}", error)
        return None

    async def _is_excused(self, job: Job, error: TemporaryError) -> bool:
        """Say whether a provider is to blame. After many excuses only its silence is believed."""
        if error.suspect is None:
            return False
        if job.lease_token > EXCUSES:
            return not await self._providers.is_alive(error.suspect)
        return await self._providers.excuses(error.suspect, job.document_id, str(error))

    async def _give_up(self, job: Job, reason: str) -> Job | None:
        """Write down that the job is given up, and return it as it is to be run now: to show that in Paperless."""
        now = self._clock.now()
        if job.giving_up:  # even the marks could not be set
            await self._db.run(queue.fail, job, now=now, unmarked=UNMARKED)
            news.tell(Cause.FAILED, f"Document {job.document_id}: {job.kind} failed. {job.reason} {UNMARKED}")
            return None
        await self._db.run(queue.doom, job, reason=reason, now=now)
        return replace(job, giving_up=True, reason=reason)

    async def _release(self, job: Job, reason: str | None) -> None:
        await self._db.run(queue.release, job, reason=reason, now=self._clock.now(), settle=self._settle_time)
