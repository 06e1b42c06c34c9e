"""Telling people by Apprise: of each cause one message in a while, with what came meanwhile summed up in it.

News comes from the worker and is only noted there; sending is for a task of its own, on a thread. So a service that is
slow, away or wrong holds up no job and fails none. What was noted and not sent yet is lost with a kill.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from sidecar.observe import meter, news
from sidecar.observe.news import Cause

_log = logging.getLogger(__name__)

MISSING = "NOTIFY_URLS: Apprise is not installed; pip install 'paperless-sidecar[notify]'."
WRONG = (
    "NOTIFY_URLS: at least one of the addresses is none that Apprise knows; see https://github.com/caronc/apprise/wiki."
)
NOT_TAKEN = "A message could not be delivered to all of NOTIFY_URLS; try them with `sidecar notify --test`."
#: What comes so soon after the first is told with it, in seconds.
GATHER_S = 5.0
#: How long the last messages may take when the program ends, in seconds.
LAST_S = 5.0
#: Different sentences in one message, and how long each may be.
LINES = 10
LONGEST = 300

_TITLES = {
    Cause.FAILED: ("A job was given up", "{number} jobs were given up"),
    Cause.BUDGET: ("Work waits for a budget", "Work waits for a budget"),
    Cause.PARKED: ("A service is away", "Services are away"),
    Cause.REVIEW: ("A document waits for approval", "{number} documents wait for approval"),
}


class Telephone:
    """The services that messages go to. Apprise is loaded with the first message: an idle sidecar does not need it."""

    def __init__(self, urls: str, redact: Callable[[str], str] = str) -> None:
        """`redact` takes secrets out of what is sent."""
        self._urls = urls
        self._redact = redact
        self._apprise: Any = None

    def problem(self) -> str | None:
        """Return in a sentence why nobody can be told, None if nothing is known against it."""
        if not is_installed():
            return MISSING
        return None if self._open() else WRONG

    def send(self, title: str, text: str) -> bool:
        """Send a message to all, and say whether all took it. Blocks; raises whatever Apprise may raise."""
        return self._open() and bool(self._apprise.notify(title=title, body=self._redact(text)))

    def _open(self) -> bool:
        """Say whether all addresses are understood."""
        if self._apprise is None:
            import apprise  # noqa: PLC0415 - an extra, and a second to load

            self._apprise = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Paperless Sidecar", async_mode=False))
            self._understood = bool(self._apprise.add(self._urls)) and len(self._apprise) > 0
        return self._understood


def is_installed() -> bool:
    """Say whether Apprise is there, without loading it."""
    return importlib.util.find_spec("apprise") is not None


@dataclass(slots=True)
class _Heap:
    """What came of one cause since the last message."""

    texts: Counter[str] = field(default_factory=Counter)
    #: Not before then, on the clock that nobody sets.
    due: float = 0.0


class Notifier:
    """Notes news, and sends it on when its time has come."""

    def __init__(
        self, telephone: Telephone, causes: Collection[Cause], *, every_s: float, gather_s: float = GATHER_S
    ) -> None:
        self._telephone = telephone
        self._every_s = every_s
        self._gather_s = gather_s
        self._heaps = {cause: _Heap() for cause in causes}
        self._came = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._under_way: asyncio.Future[bool] | None = None

    def note(self, cause: Cause, text: str) -> None:
        """Note that something happened. Never waits; may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the program is at its end
            self._loop.call_soon_threadsafe(self._note, cause, text)

    def _note(self, cause: Cause, text: str) -> None:
        heap = self._heaps.get(cause)
        if heap is None:
            return
        if not heap.texts:
            heap.due = max(heap.due, time.monotonic() + self._gather_s)
        # Many different sentences are only counted, so that a long outage of people takes no memory.
        heap.texts[text if text in heap.texts or len(heap.texts) <= 10 * LINES else ""] += 1
        self._came.set()

    async def watch(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._came.clear()
            await self._send(time.monotonic())
            waiting = [heap.due for heap in self._heaps.values() if heap.texts]
            wait_s = max(min(waiting) - time.monotonic(), 0.0) if waiting else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), wait_s)

    async def finish(self) -> None:
        """Send all that was noted, due or not, after what is under way."""
        if self._under_way is not None:
            await asyncio.shield(self._under_way)
        await asyncio.sleep(0)  # what was noted a moment ago
        await self._send(float("inf"))

    async def _send(self, now: float) -> None:
        for cause, heap in self._heaps.items():
            if not heap.texts or heap.due > now:
                continue
            title, text = message(cause, heap.texts)
            heap.texts, heap.due = Counter(), time.monotonic() + self._every_s
            taken = await self._call(title, text)
            meter.notifications.labels(cause.value, "sent" if taken else "failed").inc()
            if not taken:
                _log.warning("%s", NOT_TAKEN)

    async def _call(self, title: str, text: str) -> bool:
        """Send on a thread that the program's end does not wait for; whoever stops waiting does not stop it."""
        self._under_way = answer = self._loop.create_future()

        def send() -> None:
            try:
                taken = self._telephone.send(title, text)
            except Exception as error:  # noqa: BLE001 - whatever a service's plugin raises, work goes on
                _log.warning("A message could not be sent: %s: %s", type(error).__name__, error)
                taken = False
            with contextlib.suppress(RuntimeError):  # the program is at its end
                self._loop.call_soon_threadsafe(answer.set_result, taken)

        threading.Thread(target=send, name="message", daemon=True).start()
        return await asyncio.shield(answer)


def message(cause: Cause, texts: Counter[str]) -> tuple[str, str]:
    """Return a message's title and text: each sentence once, with how often it came, and how many more there were."""
    number = texts.total()
    one, many = _TITLES[cause]
    title = f"Paperless Sidecar: {one if number == 1 else many.format(number=number)}"
    told = [(text, times) for text, times in texts.items() if text][:LINES]
    lines = [f"{text[:LONGEST]}{f' ({times} times)' if times > 1 else ''}" for text, times in told]
    if more := number - sum(times for _, times in told):
        lines.append(f"And {more} more.")
    return title, "\n".join(lines)


@contextlib.asynccontextmanager
async def telling(
    telephone: Telephone, causes: Collection[Cause], *, every_s: float, gather_s: float = GATHER_S
) -> AsyncIterator[None]:
    """Tell people what happens while the block runs, and at its end what was not told yet."""
    notifier = Notifier(telephone, causes, every_s=every_s, gather_s=gather_s)
    with news.listening(notifier.note):
        watching = asyncio.create_task(notifier.watch(), name="notifications")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(notifier.finish(), LAST_S)
