"""The one door through which writes go to Paperless, few at a time.

A Paperless on SQLite becomes slower and answers 500 when writes come at once, so they queue here. Each tag delta
costs Paperless a background task of seconds; documents that wait with the same delta share one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sidecar.domain.errors import PermanentError
from sidecar.domain.writeback import TagDelta

T = TypeVar("T")

#: Documents that share one tag delta at the most.
SHARED = 50

Check = Callable[[], Awaitable[None]]
SendDelta = Callable[[list[int], TagDelta], Awaitable[None]]


@dataclass(slots=True)
class _Waiting:
    document_id: int
    check: Check
    done: asyncio.Future[None]


class Gate:
    """Lets `width` writes through at a time, in the order they came."""

    def __init__(self, send_delta: SendDelta, *, width: int = 1) -> None:
        self._send_delta = send_delta
        self._door = asyncio.Semaphore(width)
        self._waiting: dict[TagDelta, list[_Waiting]] = {}
        self._flushing: set[asyncio.Task[None]] = set()

    async def write(self, check: Check, send: Callable[[], Awaitable[T]]) -> T:
        """Wait for the door, then check that writing is still allowed (it raises if not), then send."""
        async with self._door:
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
        async with self._door:
            group = self._waiting.pop(delta)  # whoever comes from now on begins a new group
            for first in range(0, len(group), SHARED):
                await self._send(group[first : first + SHARED], delta)

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
