"""Starts the worker, keeps it running, and stops it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self

from sidecar import __version__
from sidecar.assembly import ALIVE, Worker
from sidecar.domain.errors import OutageError, TemporaryError, WorkError
from sidecar.domain.retry import parking_s
from sidecar.domain.trigger import Tags
from sidecar.parts import Parts
from sidecar.store import listing, review
from sidecar.worker.clock import Clock, steady_clock
from sidecar.worker.upkeep import show_life

_log = logging.getLogger(__name__)

#: At the start a Paperless that is away is asked at least this often.
REACH_EVERY_S = 60.0
#: How often it is looked whether our tags are still there, in seconds: one request.
TAGS_EVERY_S = 600.0


class Sidecar:
    """The running program: poller, runner and upkeep around one store. Made by `start`."""

    def __init__(self, parts: Parts, tags: Tags, clock: Clock) -> None:
        self.parts = parts
        #: True once a tag of ours was deleted or renamed in Paperless: a new start makes and finds them again.
        self.is_outdated = False
        self._own_tags = parts.tag_names.by_id(tags)
        self._doubt = asyncio.Event()
        self._clock = clock
        worker = Worker(parts, tags, clock, on_strange_tags=self._doubt_tags)
        self.runner, self.poller, self.upkeep = worker.runner, worker.poller, worker.upkeep
        self.providers, self.leases = worker.providers, worker.leases
        self.folder, self.purse = worker.folder, worker.purse

    @classmethod
    async def start(cls, parts: Parts, clock: Clock | None = None, *, patient: bool = True) -> Self:
        """Open the store, reach Paperless and take back unfinished jobs.

        A Paperless that is away is waited for as long as it takes, unless not `patient`. Raises SettingsError,
        StoreError and InstanceError before anything was done.
        """
        await _prepare(parts)
        clock = clock or steady_clock(await parts.db.time())
        sidecar = cls(parts, await _reach(parts, clock) if patient else await parts.tags(), clock)
        await sidecar.upkeep.begin()
        await sidecar.purse.wake()
        _log.info("sidecar %s works for %s", __version__, parts.settings.paperless_url)
        return sidecar

    async def run(self, *, drain: bool = False, stop: asyncio.Event | None = None) -> bool:
        """Work until `stop` is set; with `drain` until nothing is due. Return whether no work is left."""
        self.folder.open()
        self.runner.begin()
        loops = [self.runner.watch, self.leases.keep, self.providers.watch, self.upkeep.watch, self._listen]
        if not drain:
            loops.append(self.poller.watch)
        ending = self._drained() if drain else (stop or asyncio.Event()).wait()
        tasks: set[asyncio.Task[Any]] = {asyncio.create_task(self._for_ever(loop)) for loop in loops}
        tasks |= {asyncio.create_task(ending), asyncio.create_task(self._for_ever(self._watch_tags))}
        if drain and stop:
            tasks.add(asyncio.create_task(stop.wait()))
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            await self.runner.stop(self.parts.settings.stop_grace_s)
            end_children()
            await self.runner.stop(1.0)  # readers whose program just ended hand their jobs back
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.folder.close()
        return not await self.parts.db.run(listing.waiting)

    async def _listen(self) -> None:
        await self.parts.db.listen(self.runner.wake, self.poller.ring)

    def _doubt_tags(self) -> None:
        self.parts.names.forget()
        self._doubt.set()

    async def _watch_tags(self) -> None:
        """Return when one of our tags is no longer what it was; looked at every ten minutes, and when in doubt."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), TAGS_EVERY_S)
            self._doubt.clear()
            with contextlib.suppress(WorkError):
                if not await self.parts.names.all_there(self._own_tags):
                    _log.warning("A tag of the sidecar was deleted or renamed in Paperless; starting anew.")
                    self.parts.names.forget()
                    self.is_outdated = True
                    return

    async def _drained(self) -> None:
        """Return when Paperless has nothing new, nothing runs, and what waits cannot be done now."""
        while True:
            await self.upkeep.tick(leading=True)
            made = await self.poller.round()
            while await self._moves():
                await self._clock.sleep(0.1)
            if not made:
                return

    async def _moves(self) -> bool:
        was_busy, begun = self.runner.is_busy, self.runner.begun
        ready = await self.parts.db.run(listing.ready)
        decided = bool(ready) and self.runner.can_write() and await self.parts.db.run(review.is_ready)
        if was_busy or self.runner.is_busy or self.runner.begun != begun:
            return True  # what was begun or ended meanwhile, and what came of it, is not in the answers
        return decided or any(self.runner.can_run(kind) for kind in ready)

    async def _for_ever(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Keep one of the loops going: a fault in it is logged, and it begins again."""
        while True:
            try:
                return await loop()
            except Exception:  # noqa: BLE001 - one loop's fault must not end the others
                _log.exception("a fault in the sidecar; going on")
                await self._clock.sleep(5.0)


def end_children() -> None:
    """End what is still being drawn or read for us, so that stopping never waits for a slow page. Linux only."""
    with contextlib.suppress(OSError):
        for listed in Path("/proc/self/task").glob("*/children"):
            for child in listed.read_text().split():
                os.kill(int(child), signal.SIGTERM)


class Present:
    """The sidecar that runs now, for what runs beside it."""

    def __init__(self) -> None:
        #: None while it starts (which may take until Paperless can be reached), and once it has ended.
        self.sidecar: Sidecar | None = None


#: Something that runs beside the worker from before its start until after its end, such as the dashboard.
Beside = Callable[[Present], AbstractAsyncContextManager[None]]


async def serve(parts: Parts, *, drain: bool = False, beside: Beside | None = None) -> bool:
    """Start and run until SIGTERM or SIGINT, from the very first moment; return whether no work is left.

    With `drain` nothing is waited for: a Paperless that is away raises OutageError. `beside` finds the store open.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    present = Present()
    async with contextlib.AsyncExitStack() as stack:
        if beside is not None:
            await _prepare(parts)
            await stack.enter_async_context(beside(present))
        while True:
            sidecar = present.sidecar = await _started(parts, stop, patient=not drain)
            if sidecar is None:
                return True
            done = await sidecar.run(drain=drain, stop=stop)
            present.sidecar = None
            if stop.is_set() or not sidecar.is_outdated:
                return done


async def _prepare(parts: Parts) -> None:
    """Look whether all is in place and open the store; doing it twice does nothing more."""
    parts.prompts.check()
    await asyncio.to_thread(parts.engine.check)
    parts.db.hold_instance()
    await asyncio.to_thread(parts.db.migrate)


async def _started(parts: Parts, stop: asyncio.Event, *, patient: bool) -> Sidecar | None:
    """Start a sidecar; None if it was told to stop before that was done."""
    starting = asyncio.create_task(Sidecar.start(parts, patient=patient))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return starting.result() if starting.done() else None
    finally:
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)


async def _reach(parts: Parts, clock: Clock) -> Tags:
    failures = 0
    while True:
        show_life(parts.settings.data_dir / ALIVE)
        try:
            return await parts.tags()
        except (OutageError, TemporaryError) as error:
            failures += 1
            wait_s = min(parking_s(failures, clock.chance()), REACH_EVERY_S)
            _log.error("%s Trying again in %.0f s.", error, wait_s)
            await clock.sleep(wait_s)
