"""Who is away: a provider that does not answer is parked for everybody and asked for a sign of life later.

While it is parked no job that needs it is claimed, so an outage costs no attempt and no tag, however long it lasts.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.errors import MisconfiguredError, OutageError, WorkError
from sidecar.domain.retry import parking_s
from sidecar.worker.clock import Clock

_log = logging.getLogger(__name__)

Probe = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Parked:
    """A provider that is left alone."""

    until: datetime
    since: datetime
    failures: int
    reason: str


class Providers:
    """The services we depend on. `probes` ask each for a sign of life and raise if there is none."""

    def __init__(self, probes: Mapping[str, Probe], *, clock: Clock, on_return: Callable[[], None]) -> None:
        self._probes = probes
        self._clock = clock
        self._on_return = on_return
        self.parked: dict[str, Parked] = {}

    def available(self, names: Collection[str]) -> bool:
        """Say whether none of these is parked."""
        return not any(name in self.parked for name in names)

    def park(self, error: OutageError) -> None:
        """Leave the provider alone for a while; longer each time until it answers."""
        before = self.parked.get(error.provider)
        now = self._clock.now()
        failures = before.failures + 1 if before and now >= before.until else before.failures if before else 1
        wait_s = parking_s(failures, self._clock.chance(), error.retry_after_s)
        if before is None:
            level = logging.ERROR if isinstance(error, MisconfiguredError) else logging.WARNING
            _log.log(level, "%s Work that needs it waits; nothing is lost.", error)
        until = max(now + timedelta(seconds=wait_s), before.until if before else now)
        self.parked[error.provider] = Parked(until, before.since if before else now, failures, str(error))

    async def is_alive(self, name: str) -> bool:
        """Ask the provider for a sign of life now; park it if there is none."""
        try:
            await self._probes[name]()
        except OutageError as error:
            self.park(error)
            return False
        except WorkError as error:
            self.park(OutageError(name, str(error)))
            return False
        return True

    async def watch(self) -> None:
        """Ask parked providers again when their time is over, for ever."""
        while True:
            await self._clock.sleep(1.0)
            for name, parked in list(self.parked.items()):
                if self._clock.now() >= parked.until and await self.is_alive(name):
                    del self.parked[name]
                    away = self._clock.now() - parked.since
                    _log.info("%s is back after %.0f s", name, away.total_seconds())
                    self._on_return()
