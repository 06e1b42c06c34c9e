"""The one door through which writes go to Paperless, few at a time.

A Paperless on SQLite becomes slower and answers 500 when writes come at once, so they queue here. Each tag delta
costs Paperless a background task of seconds; documents that wait with the same delta share one.

Where several programs share the store they share the door too: slots in the store (`store/sharing.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sidecar.domain.errors import PermanentError, StoreError
from sidecar.domain.writeback import TagDelta
from sidecar.store import sharing
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import to_the_end

T = TypeVar("T")

#: Documents that share one tag delta at the most.
SHARED = 50

#: How soon a shared door that is shut is tried again, in seconds.
KNOCK_S = 0.02
#: The name of the shared door's slots.
DOOR = "writes to Paperless"

Check = Callable[[], Awaitable[None]]
SendDelta = Callable[[list[int], TagDelta], Awaitable[None]]


@dataclass(slots=True)
class _Waiting:
    document_id: int
    check: Check
    done: asyncio.Future[None]


class Door:
    """What only so many writes may pass at a time, in the order they came: this program's alone."""

    def __init__(self, width: int = 1) -> None:
        self._width = width
        self._own = asyncio.Semaphore(width)

    @contextlib.asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for a place in the door and hold it for the block."""
        async with self._own:
            yield


class SharedDoor(Door):
    """The same for all programs on one store; first come, first served only within one program.

    A place is held for `hold` at the most, which is longer than any request takes: a program that dies or is frozen
    in the door keeps the others waiting no longer than that.
    """

    def __init__(
        self, db: Database, owner: str, clock: Clock, *, hold: timedelta, width: int = 1, name: str = DOOR
    ) -> None:
        super().__init__(width)
        self._name = name
        self._db = db
        self._owner = owner
        self._clock = clock
        self._hold = hold
        self._numbers = itertools.count(1)

    @contextlib.asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for a place in the door and hold it for the block. Raises StoreError."""
        async with self._own:
            holder = f"{self._owner}-{next(self._numbers)}"
            try:
                while not await to_the_end(self._take(holder)):
                    await self._clock.sleep(KNOCK_S * (0.5 + self._clock.chance()))
                yield
            finally:
                with contextlib.suppress(StoreError):  # then its time runs out
                    await to_the_end(self._db.run(sharing.leave_slot, self._name, owner=holder))

    async def _take(self, holder: str) -> bool:
        now = self._clock.now()
        return await self._db.run(
            sharing.take_slot, self._name, width=self._width, owner=holder, now=now, until=now + self._hold
        )


class Gate:
    """Lets writes through its door."""

    def __init__(self, send_delta: SendDelta, door: Door | None = None) -> None:
        self._send_delta = send_delta
        self._door = door or Door()
        self._waiting: dict[TagDelta, list[_Waiting]] = {}
        self._flushing: set[asyncio.Task[None]] = set()

    async def write(self, check: Check, send: Callable[[], Awaitable[T]]) -> T:
        """Wait for the door, then check that writing is still allowed (it raises if not), then send."""
        async with self._door.passing():
            await check()
            return await send()

    async def change_tags(self, document_id: int, delta: TagDelta, check: Check) -> None:
        """Send the delta for this document, together with others that wait with the same one."""
        waiting = _Waiting(document_id, check, asyncio.get_running_loop().create_future())
        group = self._waiting.setdefault(delta, [])
        group.append(waiting)
        if len(group) == 1:
            flush = asyncio.create_task(self._flush(delta))
            self._flushing.add(flush)
            flush.add_done_callback(self._flushing.discard)
        await waiting.done

    async def _flush(self, delta: TagDelta) -> None:
        group: list[_Waiting] = []
        try:
            async with self._door.passing():
                group = self._waiting.pop(delta)  # whoever comes from now on begins a new group
                await self._send(group[:SHARED], delta)
            for first in range(SHARED, len(group), SHARED):
                async with self._door.passing():
                    await self._send(group[first : first + SHARED], delta)
        except StoreError as error:  # the shared door cannot be opened now
            for waiting in group or self._waiting.pop(delta, []):
                _end(waiting, error)

    async def _send(self, batch: list[_Waiting], delta: TagDelta) -> None:
        allowed = [waiting for waiting in batch if await _is_allowed(waiting)]
        if not allowed:
            return
        try:
            await self._send_delta([waiting.document_id for waiting in allowed], delta)
        except PermanentError as error:
            if len(allowed) == 1:
                _end(allowed[0], error)
                return
            for waiting in allowed:  # one bad id makes the whole call fail with nothing written
                await self._send([waiting], delta)
        except Exception as error:  # noqa: BLE001 - whatever it is, each waiting delivery must hear of it
            for waiting in allowed:
                _end(waiting, error)
        else:
            for waiting in allowed:
                _end(waiting, None)


async def _is_allowed(waiting: _Waiting) -> bool:
    try:
        await waiting.check()
    except Exception as error:  # noqa: BLE001 - as below
        _end(waiting, error)
        return False
    return not waiting.done.done()


def _end(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.done.done():  # its delivery was cancelled while it waited
        return
    if error is None:
        waiting.done.set_result(None)
    else:
        waiting.done.set_exception(error)
