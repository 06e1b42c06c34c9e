"""The poller: one cheap request a round asks for every document with a trigger tag; new ones become jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sidecar.domain.document import Tagged
from sidecar.domain.errors import OutageError, StoreError, WorkError
from sidecar.domain.job import Kind
from sidecar.domain.trigger import (
    LOOP_REASON,
    LOOP_WINDOW,
    UNMARKED_WINDOW,
    Ending,
    Tags,
    Verdict,
    judge_loop,
    next_kind,
    poll_priority,
)
from sidecar.paperless.client import Paperless
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.providers import Providers
from sidecar.worker.review import Reviews

#: Jobs made in one transaction; others get their turn between two of them.
AT_ONCE = 500
LONGEST_PAUSE_S = 300.0
#: A round that failed is made again after so long at the most, in seconds: an owner with a doorbell polls once a day.
AGAIN_S = 10.0
#: A program that does not lead polls every so many rounds all the same, should the one that leads be frozen.
NOT_LEADING = 10

_log = logging.getLogger(__name__)


class Poller:
    """Finds tagged documents every `interval_s` seconds, or at once when rung for."""

    def __init__(
        self,
        paperless: Paperless,
        db: Database,
        providers: Providers,
        reviews: Reviews,
        tags: Tags,
        clock: Clock,
        *,
        interval_s: float,
        on_new: Callable[[], None],
    ) -> None:
        self._paperless = paperless
        self._db = db
        self._providers = providers
        self._reviews = reviews
        self._tags = tags
        self._clock = clock
        self._interval_s = interval_s
        self._on_new = on_new
        self._bell = asyncio.Event()
        self._complained = ""
        #: How long Paperless took over the last list; time spent waiting for the store is none of its.
        self._asking_s = 0.0
        #: When Paperless last answered; at first when this one was made.
        self.polled_at: datetime = clock.now()
        #: How long it rests before it asks again, in seconds.
        self.pause_s = interval_s

    def ring(self) -> None:
        """Start a round at once. Ringing often is cheap: rings during a round make one more round."""
        self._bell.set()

    async def watch(self) -> None:
        """Poll for ever. A Paperless that is away is parked; a store that is away is waited for.

        Of several programs on one store only the one that leads polls every round.
        """
        rounds, unheard = 0, False
        while True:
            rung, unheard = self._bell.is_set() or unheard, False
            self._bell.clear()
            pause_s, rounds = self._interval_s, rounds + 1
            ours = rung or self._db.leads() or rounds % NOT_LEADING == 0
            if ours and self._providers.available(["paperless"]):
                try:
                    await self.round()
                    # A backlog of thousands is a long list: asking for it takes at most a tenth of Paperless's time.
                    pause_s = max(pause_s, min(9 * self._asking_s, LONGEST_PAUSE_S))
                except OutageError as error:
                    self._providers.park(error)
                except (WorkError, StoreError) as error:
                    if isinstance(error, StoreError):
                        _log.error("%s", error)
                    else:
                        self._complain(str(error))
                    unheard, pause_s = rung, min(pause_s, AGAIN_S)
            self.pause_s = pause_s
            await self._pause(pause_s)

    def _complain(self, said: str) -> None:
        """Log what keeps the poll from working, once and not every ten seconds."""
        if said != self._complained:
            _log.error("Paperless cannot be asked for tagged documents: %s", said)
        self._complained = said

    async def round(self) -> int:
        """Poll once and return how many jobs were made, or made ready since a person decided on what was shown.

        With nothing tagged the store is only asked what waits for a person.
        """
        began_s, asked_at = asyncio.get_running_loop().time(), self._clock.now()
        tagged = await self._paperless.tagged(self._tags.triggers | self._tags.decisions)
        self._asking_s = asyncio.get_running_loop().time() - began_s
        self.polled_at = self._clock.now()
        decided = await self._reviews.decide(tagged)
        if decided:
            self._on_new()
        return decided + await self._enqueue(tagged, asked_at)

    async def _enqueue(self, tagged: Sequence[Tagged], asked_at: datetime) -> int:
        """Make jobs of what was tagged at `asked_at`. What has ended since may have taken its tag off: the next list
        tells."""
        asking = [(document, kind) for document in tagged if (kind := next_kind(document.tags, self._tags))]
        if not asking:
            return 0
        busy = await self._db.run(queue.unfinished)
        new = [document for document, kind in asking if (document.id, kind) not in busy]
        if not new:
            return 0
        now = self._clock.now()
        endings = await self._db.run(queue.endings, since=now - LOOP_WINDOW, failed_since=now - UNMARKED_WINDOW)
        ended = {about for about, those in endings.items() if any(one.finished_at >= asked_at for one in those)}
        wishes = [wish for document in new if (wish := self._wish(document, endings, now)) and wish[:2] not in ended]
        priority, made = poll_priority(len(new)), 0
        for first in range(0, len(wishes), AT_ONCE):
            made += await self._db.run(queue.enqueue_all, wishes[first : first + AT_ONCE], priority=priority, now=now)
        if made:
            self._on_new()
        return made

    def _wish(
        self, document: Tagged, endings: Mapping[tuple[int, Kind], Sequence[Ending]], now: datetime
    ) -> tuple[int, Kind, str | None] | None:
        """Return the job the document asks for: its id, kind, and a reason to give it up at once (or None)."""
        kind = next_kind(document.tags, self._tags)
        if kind is None:
            return None
        verdict = judge_loop(endings.get((document.id, kind), ()), now)
        if verdict is Verdict.IGNORE:
            return None
        return document.id, kind, LOOP_REASON if verdict is Verdict.GIVE_UP else None

    async def _pause(self, seconds: float) -> None:
        ringing = asyncio.ensure_future(self._bell.wait())
        resting = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({ringing, resting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            resting.cancel()
