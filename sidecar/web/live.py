"""Live updates: pages that are open hear of what changed by server-sent events.

What a page shows is made once a second for all that look at it, and sent only when it is another; nothing is made
while nobody looks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

from starlette.responses import StreamingResponse

from sidecar.domain.errors import StoreError, WorkError

_log = logging.getLogger(__name__)

#: How often it is looked whether what a page shows is another, in seconds.
EVERY_S = 1.0
#: After a fault it is looked again later, in seconds.
AFTER_FAULT_S = 10.0
#: Something is sent at least so often, so that proxies keep the line open.
SIGN_S = 20.0
#: A stream ends after so long and the browser comes again, so that a login that is over does not go on.
STREAM_S = 600.0

Make = Callable[[], Awaitable[str]]


class _Topic:
    """One thing that pages show, and who waits for its next version."""

    def __init__(self) -> None:
        self.text = ""
        self.version = 0
        self.listeners = 0
        self.changed = asyncio.Event()
        self.making: asyncio.Task[None] | None = None

    def set(self, text: str) -> None:
        if text != self.text:
            self.text, self.version = text, self.version + 1
            self.wake()

    def wake(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


class Live:
    """All streams of one dashboard."""

    def __init__(self) -> None:
        self._topics: dict[Hashable, _Topic] = {}
        self._closing = False

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return sum(topic.listeners for topic in self._topics.values())

    def close(self) -> None:
        """End all streams now."""
        self._closing = True
        for topic in self._topics.values():
            topic.wake()

    def stream(self, key: Hashable, make: Make) -> StreamingResponse:
        """Return an endless answer that sends what `make` gives for this key, whenever it gives something else."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(key, make), media_type="text/event-stream", headers=headers)

    async def _events(self, key: Hashable, make: Make) -> AsyncIterator[str]:
        topic = self._topics.setdefault(key, _Topic())
        topic.listeners += 1
        try:
            if topic.making is None:
                topic.making = asyncio.create_task(self._keep(topic, make))
            until, seen = asyncio.get_running_loop().time() + STREAM_S, 0
            yield "retry: 2000\n\n"
            while not self._closing and asyncio.get_running_loop().time() < until:
                if topic.version != seen:
                    seen = topic.version
                    yield _event(topic.text)
                elif not await _changes(topic.changed):
                    yield ":\n\n"
        finally:
            topic.listeners -= 1
            if not topic.listeners:
                self._topics.pop(key, None)
                if topic.making is not None:
                    topic.making.cancel()

    async def _keep(self, topic: _Topic, make: Make) -> None:
        while not self._closing:
            try:
                topic.set(await make())
            except StoreError as error:
                _log.warning("%s", error)
            except WorkError as error:  # what is looked at was forgotten meanwhile
                _log.info("%s", error)
                await asyncio.sleep(AFTER_FAULT_S)
            except Exception:  # noqa: BLE001 - all that look at it would never hear of anything again
                _log.exception("a fault in the dashboard; going on")
                await asyncio.sleep(AFTER_FAULT_S)
            await asyncio.sleep(EVERY_S)


async def _changes(changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(SIGN_S):
            await changed.wait()
    except TimeoutError:
        return False
    return True


def _event(text: str) -> str:
    return "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
