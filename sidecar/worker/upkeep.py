"""Upkeep: what has to happen in time, whoever died. It is a loop of the program, never a job."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from sidecar.domain.errors import StoreError
from sidecar.store import report, rescue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock

_log = logging.getLogger(__name__)

TICK_S = 1.0
RESCUE_EVERY = timedelta(seconds=15)
SIGN_EVERY = timedelta(seconds=20)
PRUNE_EVERY = timedelta(hours=6)


def show_life(file: Path) -> None:
    """Touch the file that the health check looks at; a volume that cannot be written makes the program unwell."""
    try:
        file.touch()
    except OSError as error:
        _log.error("%s cannot be touched: %s", file, error.strerror)


class Upkeep:
    """Wakes scheduled jobs, rescues those of dead runners, forgets old ones, and shows that the program lives."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        settle: timedelta,
        max_crashes: int,
        keep: timedelta,
        alive_file: Path,
        on_ready: Callable[[], None],
        renew: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._settle = settle
        self._max_crashes = max_crashes
        self._keep = keep
        self._alive_file = alive_file
        self._on_ready = on_ready
        self._renew = renew
        self._seen_version = -1
        self._due: dict[str, datetime] = {}

    async def rescue(self, *, everything: bool) -> None:
        """Take back jobs whose runner died; `everything` only right after the start, on a store of our own."""
        now = self._clock.now()
        rescued = await self._db.run(
            rescue.rescue, now=now, everything=everything, settle=self._settle, max_crashes=self._max_crashes
        )
        if rescued:
            _log.warning("%s unfinished jobs of a dead runner go on", len(rescued))
            self._on_ready()

    async def watch(self) -> None:
        """Tick every second, for ever. A tick reads; it writes only when something is due."""
        while True:
            try:
                await self.tick()
            except StoreError as error:
                _log.error("%s", error)
            await self._clock.sleep(TICK_S)

    async def tick(self) -> None:
        """Do what is due now."""
        now = self._clock.now()
        version = await self._db.data_version()
        if version != self._seen_version:  # somebody at the command line wrote something
            self._seen_version = version
            self._on_ready()
        due_at = await self._db.run(rescue.due_at)
        if due_at is not None and due_at <= now:
            await self._db.run(rescue.promote, now=now)
            self._on_ready()
        if self._is_due("rescue", RESCUE_EVERY) and await self._db.run(rescue.expired, now=now):
            await self._renew()  # after a leap of the clock or a long sleep our own leases seem to have run out
            await self.rescue(everything=False)
        if self._is_due("sign", SIGN_EVERY):
            show_life(self._alive_file)
        if self._is_due("prune", PRUNE_EVERY):
            await self._prune(now - self._keep)

    async def _prune(self, before: datetime) -> None:
        while await self._db.run(report.old, before=before):
            await self._db.run(report.prune, before=before)
            await self._clock.sleep(0.01)

    def _is_due(self, what: str, every: timedelta) -> bool:
        now = self._clock.now()
        if now < self._due.get(what, now):
            return False
        self._due[what] = now + every
        return True
