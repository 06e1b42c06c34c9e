"""Time and chance as values, so that a test can bring its own."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: A smaller difference between two clocks is drift, not a leap.
LEAP = timedelta(seconds=2)


def _now() -> datetime:
    return datetime.now(UTC)


def _ticks_s() -> float:
    """Return seconds that nobody can set: they go on while the machine sleeps, where the system counts that."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyTime:
    """The time by a clock on the wall that is looked at now and then, carried on by ticks in between.

    So nothing that waits here is cut short or drawn out when somebody sets that clock.
    """

    def __init__(self, wall: datetime | None = None, ticks_s: Callable[[], float] = _ticks_s) -> None:
        self._ticks_s = ticks_s
        self._set(wall or _now())

    def now(self) -> datetime:
        """Return the time (aware UTC)."""
        return self._wall + timedelta(seconds=self._ticks_s() - self._began_s)

    def follow(self, wall: datetime) -> timedelta:
        """Go by what the clock on the wall shows now, and return by how much it leapt (zero for a drift)."""
        leap = wall - self.now()
        self._set(wall)
        return leap if abs(leap) >= LEAP else timedelta(0)

    def _set(self, wall: datetime) -> None:
        self._wall, self._began_s = wall, self._ticks_s()


def _stay(_wall: datetime) -> timedelta:
    return timedelta(0)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the loops know of time: now (aware UTC), sleeping (seconds), and a number in [0, 1)."""

    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    #: Goes by the clock on the wall, which shows this time, and returns by how much it leapt.
    follow: Callable[[datetime], timedelta] = _stay


def steady_clock(wall: datetime | None = None) -> Clock:
    """Return the clock that the program goes by; `wall` is the time to begin with, this machine's if None."""
    time = SteadyTime(wall)
    return Clock(now=time.now, follow=time.follow)
