"""Who is away: a provider that does not answer is parked for everybody and asked for a sign of life later.

While it is parked no job that needs it is claimed, so an outage costs no attempt and no tag, however long it lasts.

Some providers give signs of life and still serve nobody (a model that cannot be loaded). So failures of several
documents in a row, with no success in between, count as an outage too.

On a store that several programs share they tell each other who is away, and who is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta

from sidecar.domain.errors import MisconfiguredError, OutageError, StoreError
from sidecar.domain.retry import parking_s
from sidecar.observe import news
from sidecar.observe.news import Cause
from sidecar.store import sharing
from sidecar.store.database import Database
from sidecar.store.sharing import Parked
from sidecar.worker.clock import Clock

_log = logging.getLogger(__name__)

#: So many different documents in a row, and it is not the documents.
STREAK = 3
#: How long a sign of life may take, in seconds.
SIGN_S = 15.0

Probe = Callable[[], Awaitable[None]]


class Providers:
    """The services we depend on. `probes` ask each for a sign of life and raise if there is none."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        clock: Clock,
        on_return: Callable[[], None],
        shared: Database | None = None,
        chains: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`chains` names, for the first provider of a chain, all of it: any of them will do in its place."""
        self._shared = shared
        self._chains = chains or {}
        #: Parked or back by our own word, and not told to the others yet.
        self._untold: set[str] = set()
        self._probes = probes
        self._clock = clock
        self._on_return = on_return
        self.parked: dict[str, Parked] = {}
        #: Times a provider was parked since it last proved itself.
        self._failures: dict[str, int] = {}
        self._streaks: dict[str, set[object]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them."""
        return tuple(self._probes)

    def available(self, names: Collection[str]) -> bool:
        """Say whether none of these is parked; of a chain one that is not will do."""
        return all(any(each not in self.parked for each in self._chain(name)) for name in names)

    def why_parked(self, name: str) -> tuple[str, float] | None:
        """Return why this one, whoever stands in for it, is left alone, and for how many more seconds; else None."""
        parked = self.parked.get(name)
        return None if parked is None else (parked.reason, (parked.until - self._clock.now()).total_seconds())

    def proved(self, names: Collection[str]) -> None:
        """Note that work with these providers came to its end: forget what was held against them.

        Of a chain it is not known who did it; that is for `answered` to say.
        """
        for name in names:
            if len(self._chain(name)) == 1:
                self.answered(name)

    def answered(self, name: str) -> None:
        """Forget what was held against this one."""
        self._failures.pop(name, None)
        self._streaks.pop(name, None)

    def _chain(self, name: str) -> Collection[str]:
        return self._chains.get(name) or (name,)

    def park(self, error: OutageError) -> None:
        """Leave the provider alone for a while; longer each time until it proves itself."""
        name, now = error.provider, self._clock.now()
        before = self.parked.get(name)
        if before is None or now >= before.until:  # jobs that were under way together fail together: that is once
            self._failures[name] = self._failures.get(name, 0) + 1
        wait_s = parking_s(self._failures.setdefault(name, 1), self._clock.chance(), error.retry_after_s)
        if before is None:
            level = logging.ERROR if isinstance(error, MisconfiguredError) else logging.WARNING
            _log.log(level, "%s Work that needs it waits; nothing is lost.", error)
            news.tell(Cause.PARKED, f"{error} Work that needs it waits; nothing is lost.")
        until = max(now + timedelta(seconds=wait_s), before.until if before else now)
        self.parked[name] = Parked(until, before.since if before else now, str(error))
        self._untold.add(name)

    def shift(self, by: timedelta) -> None:
        """Move the times of parked providers along with a clock that was set."""
        self.parked = {
            name: replace(one, until=one.until + by, since=one.since + by) for name, one in self.parked.items()
        }

    async def excuses(self, name: str, document: object, reason: str) -> bool:
        """Say whether a document's failure is the provider's fault and not the document's own. `document` is anything
        by which documents are told apart.

        It is if the provider gives no sign of life now, or if it failed several documents in a row.
        """
        streak = self._streaks.setdefault(name, set())
        streak.add(document)
        if not await self.is_alive(name):
            return True
        if len(streak) < STREAK:
            return False
        self.park(OutageError(name, reason))
        return True

    async def is_alive(self, name: str) -> bool:
        """Ask the provider for a sign of life now; park it if there is none."""
        try:
            async with asyncio.timeout(SIGN_S):
                await self._probes[name]()
        except OutageError as error:
            self.park(error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no sign of life
            said = str(error) or f"{name} gave no sign of life within {SIGN_S:.0f} s."
            self.park(OutageError(name, said))
            return False
        return True

    async def watch(self) -> None:
        """Ask parked providers again when their time is over, for ever."""
        while True:
            await self._clock.sleep(1.0)
            try:
                await self._exchange()
            except StoreError as error:
                _log.warning("%s", error)
            for name, parked in list(self.parked.items()):
                if self._clock.now() >= parked.until and await self.is_alive(name):
                    self._untold.add(name)
                    self._is_back(name)

    def _is_back(self, name: str) -> None:
        away = self._clock.now() - self.parked.pop(name).since
        _log.info("%s is back after %.0f s", name, away.total_seconds())
        self._on_return()

    async def _exchange(self) -> None:
        """Tell the other programs on the store what we found out, and take over what they did."""
        if self._shared is None:
            return
        telling, self._untold = self._untold, set()
        try:
            ours = {name: self.parked[name] for name in telling if name in self.parked}
            if ours:
                await self._shared.run(sharing.park, ours)
            for name in telling - ours.keys():
                await self._shared.run(sharing.unpark, name)
            theirs = await self._shared.run(sharing.parked)
        except StoreError:
            self._untold |= telling
            raise
        for name in set(self.parked) - theirs.keys() - self._untold:
            self._is_back(name)
        for name, parked in theirs.items():
            if name not in self.parked:
                _log.warning("%s Another sidecar found out; work that needs it waits.", parked.reason)
            if name not in self._untold:
                self.parked[name] = parked
