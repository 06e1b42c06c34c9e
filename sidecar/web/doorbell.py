"""The doorbell: what a ring does, and how many of them become one.

A ring starts a round of the poller at once; those that come within `AFTER_S` of it are one more at its end. Another one
follows `SETTLE_S` later, for a document whose transaction had not ended when Paperless told of it. A document that has
a job already rings late, `ECHO_S` after: it is our own write that rings most often, and a new tag is seen all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sidecar.domain.job import State
from sidecar.store import queue
from sidecar.store.database import Database

AFTER_S = 0.2
SETTLE_S = 2.0
ECHO_S = 10.0
#: A timer of which less than this share is left is too early for a ring that comes now.
FRESH = 0.9
#: A job that stands so sees the document anew by itself; one for review waits for the person who rings.
AT_WORK = frozenset({State.READY, State.RUNNING, State.SCHEDULED})


class Doorbell:
    """Rings the poller. Lives in the loop of the program."""

    def __init__(self, db: Database, ring: Callable[[], None]) -> None:
        self._db = db
        self._ring = ring
        #: Running timers by what they are for.
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._again = False
        #: Timers that are not late enough for the newest ring, and run once more.
        self._once_more: set[str] = set()

    async def rung(self, document_id: int) -> None:
        """Take a ring for a document; of the document nothing is believed but its number. Raises StoreError."""
        states = await self._db.run(queue.last_states, document_id)
        if not AT_WORK.isdisjoint(states.values()):
            self._later("echo", ECHO_S, self._ring)
        elif "after" in self._timers:
            self._again = True
        else:
            self._ring()
            self._later("after", AFTER_S, self._ring_again)
            self._later("settle", SETTLE_S, self._ring)

    def _ring_again(self) -> None:
        if self._again:
            self._again = False
            self._ring()
            self._later("settle", SETTLE_S, self._ring)

    def _later(self, what: str, seconds: float, then: Callable[[], None]) -> None:
        """Do something later; if it is to be done sooner already, once more. Rings of a moment are one."""

        def due() -> None:
            del self._timers[what]
            then()
            if what in self._once_more:
                self._once_more.remove(what)
                self._later(what, seconds, then)

        loop = asyncio.get_running_loop()
        if what not in self._timers:
            self._timers[what] = loop.call_later(seconds, due)
        elif self._timers[what].when() - loop.time() < FRESH * seconds:
            self._once_more.add(what)

    def close(self) -> None:
        """Ring no more."""
        for timer in self._timers.values():
            timer.cancel()
