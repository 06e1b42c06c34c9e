"""The poller: one cheap request a round asks for every document with a trigger tag; new ones become jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sidecar.domain.document import Tagged
from sidecar.domain.errors import OutageError, StoreError, WorkError
from sidecar.domain.job import Kind, Priority
from sidecar.domain.trigger import LOOP_REASON, LOOP_WINDOW, Tags, Verdict, judge_loop, next_kind, poll_priority
from sidecar.paperless.client import Paperless
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.providers import Providers

_log = logging.getLogger(__name__)


class Poller:
    """Finds tagged documents every `interval_s` seconds, or at once when rung for."""

    def __init__(
        self,
        paperless: Paperless,
        db: Database,
        providers: Providers,
        tags: Tags,
        clock: Clock,
        *,
        interval_s: float,
        on_new: Callable[[], None],
    ) -> None:
        self._paperless = paperless
        self._db = db
        self._providers = providers
        self._tags = tags
        self._clock = clock
        self._interval_s = interval_s
        self._on_new = on_new
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Start a round at once. Ringing often is cheap: rings during a round make one more round."""
        self._bell.set()

    async def watch(self) -> None:
        """Poll for ever. A Paperless that is away is parked; a store that is away is waited for."""
        while True:
            self._bell.clear()
            if self._providers.available(["paperless"]):
                try:
                    await self.round()
                except OutageError as error:
                    self._providers.park(error)
                except WorkError as error:
                    _log.warning("the poll did not work: %s", error)
                except StoreError as error:
                    _log.error("%s", error)
            await self._pause()

    async def round(self) -> int:
        """Poll once and return how many jobs were made. With nothing tagged the store is not touched."""
        tagged = await self._paperless.tagged(self._tags.triggers)
        if not tagged:
            return 0
        busy = await self._db.run(queue.unfinished, [document.id for document in tagged])
        new = [document for document in tagged if document.id not in busy]
        priority = poll_priority(len(new))
        made = [await self._enqueue(document, priority) for document in new]
        if any(made):
            self._on_new()
        return sum(made)

    async def _enqueue(self, document: Tagged, priority: Priority) -> bool:
        kind = next_kind(document.tags, self._tags)
        if kind is None:
            return False
        verdict = await self._judge(document, kind)
        if verdict is Verdict.IGNORE:
            return False
        doomed = LOOP_REASON if verdict is Verdict.GIVE_UP else None
        now = self._clock.now()
        job_id = await self._db.run(queue.enqueue, document.id, kind, priority=priority, now=now, doomed=doomed)
        return job_id is not None

    async def _judge(self, document: Tagged, kind: Kind) -> Verdict:
        now = self._clock.now()
        endings = await self._db.run(queue.endings, document.id, kind, since=now - LOOP_WINDOW)
        return judge_loop(endings, now)

    async def _pause(self) -> None:
        ringing = asyncio.ensure_future(self._bell.wait())
        resting = asyncio.ensure_future(self._clock.sleep(self._interval_s))
        try:
            await asyncio.wait({ringing, resting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            resting.cancel()
