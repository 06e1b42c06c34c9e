"""Who is away: a provider that does not answer is parked for everybody and asked for a sign of life later.

While it is parked no job that needs it is claimed, so an outage costs no attempt and no tag, however long it lasts.

Some providers give signs of life and still serve nobody (a model that cannot be loaded). So failures of several
documents in a row, with no success in between, count as an outage too. Others refuse a single document in the words for
everybody (a firewall before an endpoint). So the refusals of each are counted: if others are answered in between, they
are the document's own.

On a store that several programs share they tell each other who is away, and who is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sidecar.domain.errors import MisconfiguredError, OutageError, StoreError, TemporaryError
from sidecar.domain.retry import PARK_CAP_S, parking_s
from sidecar.observe import news
from sidecar.observe.news import Cause
from sidecar.store import sharing
from sidecar.store.database import Database
from sidecar.store.sharing import Parked
from sidecar.worker.clock import Clock

_log = logging.getLogger(__name__)

#: So many different documents in a row, and it is not the documents.
STREAK = 3
#: So many refusals of one document, while others are answered, and it is the document.
REFUSALS = 3
#: The same where the provider calls itself busy, with answers to others before each of them: that may be bad luck.
BUSY_REFUSALS = 50
#: Who is refused again lets so many others go first that are refused as well, each for as long as it parks.
MOST_ASIDE = 6
#: So many refused documents are remembered.
REMEMBERED = 10_000
#: How long a sign of life may take, in seconds.
SIGN_S = 15.0

Probe = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Refused:
    """A document that was refused by a provider."""

    times: int
    #: Answers that the provider had given before the first time; of one that is busy, before the last that counted.
    answers: int

    def counts(self, answers: int, is_witnessed: bool, *, is_busy: bool) -> bool:
        """Count one more refusal after so many answers, and say whether they are the document's own failures by now."""
        if not is_busy:
            self.times += 1
            return is_witnessed and self.times >= REFUSALS
        if is_witnessed:
            self.times, self.answers = self.times + 1, answers
        return self.times >= BUSY_REFUSALS


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
        #: Answers of each so far; and by provider and document, how often it was refused, since so many answers.
        self._answers: Counter[str] = Counter()
        self._refused: dict[tuple[str, object], _Refused] = {}
        #: Documents whose own fault it is, as one provider showed: others that refuse them need not show it too.
        self._at_fault: set[object] = set()

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
                self._absolve(name)

    def answered(self, name: str, document: object) -> None:
        """Note that this one answered about a document: forget what was held against both."""
        self._absolve(name)
        self._answers[name] += 1
        self._refused.pop((name, document), None)
        self._at_fault.discard(document)

    def _absolve(self, name: str) -> None:
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

    async def refused(self, error: OutageError, document: object) -> OutageError | TemporaryError:
        """Park who turned a document away, and return what that means for the document, for good.

        A TemporaryError of its own, with nobody parked, if in doubt (`is_doubtful`) it met with that a few times, while
        the provider gives signs of life and answers about other documents. Before that, from the second time on, it is
        to let others go first (`aside_s`), by whom that can be seen.
        """
        name = error.provider
        if not error.is_doubtful:
            self.park(error)
            return error
        error.is_doubtful = False
        before = self._refused.get((name, document))
        if before is None:
            self._refused[name, document] = _Refused(1, self._answers[name])
            while len(self._refused) > REMEMBERED:
                oldest = next(iter(self._refused))
                del self._refused[oldest]
                self._at_fault.discard(oldest[1])
        elif await self.is_alive(name):
            is_witnessed = self._answers[name] > before.answers or document in self._at_fault
            if before.counts(self._answers[name], is_witnessed, is_busy=not isinstance(error, MisconfiguredError)):
                self._at_fault.add(document)
                return TemporaryError(f"{error} It answers about other documents, so it is this one that it refuses.")
        else:
            before = None
        self.park(error)
        if before is not None:
            others = sum(one == name for one, _ in self._refused)
            left_s = (self.parked[name].until - self._clock.now()).total_seconds()
            error.aside_s = min(others, MOST_ASIDE) * min(left_s, PARK_CAP_S)
        return error

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
