"""The doorbell: what a ring does, and how many of them become one.

A ring starts a round of the poller at once, and one more `AFTER_S` later: rings meanwhile are part of that one, and so
is a document whose transaction had not ended when Paperless told of it. A document that has a job already rings late,
`ECHO_S` after: it is our own write that rings most often, and a person's new tag is seen then all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sidecar.domain.job import State
from sidecar.store import queue
from sidecar.store.database import Database

AFTER_S = 1.0
ECHO_S = 10.0


class Doorbell:
    """Rings the poller. Lives in the loop of the program."""

    def __init__(self, db: Database, ring: Callable[[], None]) -> None:
        self._db = db
        self._ring = ring
        self._after: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None

    async def rung(self, document_id: int) -> None:
        """Take a ring for a document; of the document nothing is believed but its number. Raises StoreError."""
        states = await self._db.run(queue.last_states, document_id)
        if {State.READY, State.RUNNING, State.SCHEDULED} & set(states.values()):
            if self._late is None:
                self._late = asyncio.get_running_loop().call_later(ECHO_S, self._ring_late)
        elif self._after is None:
            self._ring()
            self._after = asyncio.get_running_loop().call_later(AFTER_S, self._ring_after)

    def _ring_after(self) -> None:
        self._after = None
        self._ring()

    def _ring_late(self) -> None:
        self._late = None
        self._ring()

    def close(self) -> None:
        """Ring no more."""
        for timer in (self._after, self._late):
            if timer is not None:
                timer.cancel()
