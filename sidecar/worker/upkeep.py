"""Upkeep: what has to happen in time, whoever died. It is a loop of the program, never a job."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sidecar.domain.errors import StoreError
from sidecar.store import keeping, rescue, spending
from sidecar.store.database import Database
from sidecar.worker.clock import Clock

_log = logging.getLogger(__name__)

#: A job that no news came of is found within a second.
TICK_S = 0.9
RESCUE_EVERY = timedelta(seconds=15)
#: An answer that took longer, since the line stalled or the machine slept, does not tell the time any more.
AT_ONCE = timedelta(seconds=1)
#: Should the program that leads be frozen, the others do its work in so many times the time.
NOT_LEADING = 10
SIGN_EVERY = timedelta(seconds=20)
PRUNE_EVERY = timedelta(hours=6)
#: Of one tick; what is left comes with the next one.
PRUNE_AT_ONCE = timedelta(seconds=1)
#: A tick that comes or takes so much longer than it should: the machine, the line or the server stood still.
STALL = timedelta(seconds=3)


def show_life(file: Path) -> None:
    """Touch the file that the health check looks at; a volume that cannot be written makes the program unwell."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as error:
        _log.error("%s cannot be touched: %s", file, error.strerror)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long what is kept or waited for, and how often a death is forgiven."""

    #: After a write whose answer nobody saw, until the document may be touched again.
    settle: timedelta
    #: How long a lease is.
    lease: timedelta
    #: How long finished jobs and their texts are kept.
    keep: timedelta
    #: Deaths over one job before it is given up.
    max_crashes: int


@dataclass(frozen=True, slots=True)
class Released:
    """What looking for stalled jobs came to."""

    #: Taken back.
    jobs: int = 0
    #: Whose lease ran out too, and whose runner may live: nobody could renew for a while.
    left: int = 0
    #: Until when those have time to be renewed; None if none were left.
    until: datetime | None = None
    #: Why nobody could, as a clause.
    why: str = ""


class Upkeep:
    """Wakes scheduled jobs, rescues those of dead runners, forgets old ones, and shows that the program lives."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bounds: Bounds,
        *,
        alive_file: Path,
        on_ready: Callable[[], None],
        renew: Callable[[], Awaitable[None]],
        on_leap: Callable[[timedelta], None] = lambda _leap: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bounds = bounds
        self._alive_file = alive_file
        self._on_ready = on_ready
        self._renew = renew
        self._on_leap = on_leap
        self._ticks = 0
        self._ticked = clock.now()
        self._due: dict[str, datetime] = {}
        #: Until when leases that ran out prove nothing, and why.
        self._excused_until, self._excuse = self._ticked, ""
        if db.is_shared:
            self._let_all_renew("this sidecar has just started and cannot know whether the store was away before")

    async def begin(self) -> None:
        """Take back all running jobs, right after the start: on a store of our own their runner is dead.

        On a store that is shared it may live, and what has to be taken back is known when its lease ran out.
        """
        if self._db.is_shared:
            return
        await self._straighten()
        await self.rescue(everything=True)

    async def release_stalled(self) -> Released:
        """Take back now the jobs whose lease ran out; our own leases are renewed first. Raises StoreError.

        On a store that is shared nothing is taken back while living runners may not have had the time to renew, as
        after an outage of the store. Then it is done by itself once they had.
        """
        self._excuse_stall(self._clock.now())
        await self._renew()
        now = self._clock.now()
        self._excuse_stall(now)
        if not self._db.is_shared or now >= self._excused_until:
            return Released(await self.rescue(everything=False))
        left = await self._db.run(rescue.expired, now=now)
        return Released(left=left, until=self._excused_until, why=self._excuse) if left else Released()

    async def rescue(self, *, everything: bool) -> int:
        """Take back jobs whose runner died: all that run, or those whose lease ran out. Return how many."""
        now = self._clock.now()
        rescued = await self._db.run(
            rescue.rescue,
            now=now,
            everything=everything,
            settle=self._bounds.settle,
            max_crashes=self._bounds.max_crashes,
        )
        if rescued:
            _log.warning("%s unfinished jobs of a dead runner go on", len(rescued))
            self._on_ready()
        return len(rescued)

    async def watch(self) -> None:
        """Tick every second, for ever. A tick reads; it writes only when something is due."""
        while True:
            try:
                await self.tick()
            except StoreError as error:
                _log.error("%s", error)
                self._let_all_renew("the store was away")
            await self._clock.sleep(TICK_S)

    async def tick(self, *, leading: bool = False) -> None:
        """Do what is due now. Only the program that leads looks after the jobs of all, or all do, but seldom.

        `leading` does it all the same, for a program that wants nothing left behind.
        """
        if self._is_due("sign", SIGN_EVERY):
            show_life(self._alive_file)
        began = self._clock.now()
        self._excuse_stall(began)  # we slept: others may have slept too, and could not renew
        self._ticked = began
        await self._follow_the_clock()
        if await self._db.stirred():  # somebody at the command line, or on another machine, made a job ready
            self._on_ready()
        self._ticks += 1
        if not (leading or self._db.leads() or self._ticks % NOT_LEADING == 0):
            return
        await self._straighten()
        now = self._clock.now()
        due_at = await self._db.run(rescue.due_at)
        if due_at is not None and due_at <= now:
            await self._db.run(rescue.promote, now=now)
            self._on_ready()
        self._excuse_stall(self._clock.now())  # the store let us wait: others too
        is_due = self._is_due("rescue", min(RESCUE_EVERY, self._bounds.lease / 3))
        if is_due and (await self._db.run(rescue.expired, now=self._clock.now())) > 0:
            await self._renew()  # after a long sleep of the machine our own leases seem to have run out
            await self.rescue(everything=False)
        if self._is_due("prune", PRUNE_EVERY) and await self._prune(now - self._bounds.keep):
            self._due["prune"] = self._clock.now()

    async def _follow_the_clock(self) -> None:
        """Go by the store's time, and move all that waits along when its clock was set."""
        asked = self._clock.now()
        told = await self._db.time()
        if self._clock.now() - asked > AT_ONCE:
            return
        leap = self._clock.follow(told)
        if not leap:
            return
        _log.warning("the clock was set by %.0f s; what waits waits as long as it would have", leap.total_seconds())
        self._due = {what: due + leap for what, due in self._due.items()}
        self._on_leap(leap)
        self._let_all_renew("the clock was set")
        if self._db.leads():
            await self._db.run(rescue.shift, by=leap)
        await self._renew()

    async def _straighten(self) -> None:
        """Move along what waits for a time that the clock will not show for long, since somebody set it back."""
        now, lease = self._clock.now(), self._bounds.lease
        if await self._db.run(rescue.is_crooked, now=now, lease=lease):
            await self._db.run(rescue.straighten, now=now, lease=lease)
            _log.warning("the clock was set back while nobody looked; what waits waits as long as it would have")

    def _excuse_stall(self, now: datetime) -> None:
        if self._db.is_shared and now - self._ticked > STALL:
            self._let_all_renew("this machine, the database or the line between them stood still")

    def _let_all_renew(self, why: str) -> None:
        """Put the rescue off: while the store was away nobody could renew, and that does not make anybody dead.

        Nor does it while not all have noticed that the clock was set.
        """
        self._due["rescue"] = self._excused_until = self._clock.now() + self._bounds.lease / 2
        self._excuse = why

    async def _prune(self, before: datetime) -> bool:
        """Forget what is old for a moment, and say whether there is more: nothing else waits for long meanwhile."""
        until = self._clock.now() + PRUNE_AT_ONCE
        paid = min(before, self._clock.now() - spending.KEPT)
        if await self._db.run(spending.old, before=paid):
            while await self._db.run(spending.forget, before=paid):
                if self._clock.now() > until:
                    return True
                await self._clock.sleep(0.01)
        if not await self._db.run(keeping.old, before=before):
            return False
        while await self._db.run(keeping.prune, before=before, now=self._clock.now()):
            if self._clock.now() > until:
                return True
            await self._clock.sleep(0.01)
        return False

    def _is_due(self, what: str, every: timedelta) -> bool:
        now = self._clock.now()
        if now < self._due.get(what, now):
            return False
        self._due[what] = now + every
        return True
