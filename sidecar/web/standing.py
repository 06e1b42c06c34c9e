"""How things stand: what the overview shows, looked up once for all who look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.app import Present
from sidecar.desk import spending as desk
from sidecar.desk.spending import Left
from sidecar.domain.budget import Period
from sidecar.domain.job import Job, Kind, State
from sidecar.parts import Parts
from sidecar.store import listing, pauses, statistics
from sidecar.store.database import Database
from sidecar.store.pauses import Pause
from sidecar.store.statistics import Counts, Hour

#: It is looked up again after so long, in seconds, and takes no more than a twentieth of the time where it is slow;
#: on a machine that is slow for a moment, pages are still not older than the last figure.
EVERY_S = 0.9
SHARE = 20
OLDEST_S = 5.0
#: The figures of the last hours change slowly and cost more.
HOURS_EVERY_S = 60.0
#: What was spent is added up again after so long, in seconds.
SPENT_EVERY_S = 10.0
HOURS = 24
RUNNING = 20
ENDED = 8


@dataclass(frozen=True, slots=True)
class Service:
    """Something that we depend on."""

    name: str
    #: "well", "away", or "starting" where nothing is known yet.
    state: str
    reason: str = ""
    since: datetime | None = None
    #: When it is asked for a sign of life again.
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """What calls to models came to today, in the time zone of the budgets."""

    calls: int = 0
    #: Calls of which no price is known; their money is missing in `cost`.
    unpriced: int = 0
    tokens: int = 0
    cost: float = 0.0
    limits: Sequence[Left] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at one moment."""

    unfinished: Counts
    today: Counts
    open_failures: int
    oldest_waiting: datetime | None
    running: Sequence[Job]
    ended: Sequence[Job]
    paused: Mapping[Kind, Pause]
    hours: Sequence[Hour]
    services: Sequence[Service]
    spent: Today

    def number(self, state: State) -> int:
        """Return how many jobs are in this unfinished state."""
        return sum(jobs for (found, _), jobs in self.unfinished.items() if found == state)

    def done_today(self) -> int:
        """Return how many jobs succeeded today."""
        return sum(jobs for (found, _), jobs in self.today.items() if found is State.SUCCEEDED)

    @property
    def busiest(self) -> int:
        """The most jobs that ended in one of the hours; at least 1."""
        return max([1, *(hour.succeeded + hour.failed for hour in self.hours)])


class Observer:
    """Looks how things stand, not more often than needed."""

    def __init__(self, parts: Parts, present: Present) -> None:
        self._parts = parts
        self._db: Database = parts.db
        self._files = bool(parts.settings.llm_model)
        self._present = present
        self._looking = asyncio.Lock()
        self._seen: tuple[float, Standing] | None = None
        self._hours: tuple[float, Sequence[Hour]] = (0.0, ())
        self._spent: tuple[float, Today] = (0.0, Today())
        #: When the dashboard was first looked at while the worker starts.
        self._starting_since: datetime | None = None
        self._changes = 0

    async def look(self, now: datetime) -> Standing:
        """Return how things stand, a second ago or a few, and never before the last change here. Raises StoreError."""
        async with self._looking:
            loop = asyncio.get_running_loop()
            began, changes = loop.time(), self._changes
            if self._seen is not None and began <= self._seen[0]:
                return self._seen[1]
            standing = await self._look(now, began)
            took = loop.time() - began
            if changes == self._changes:
                self._seen = (began + max(EVERY_S, min(SHARE * took, OLDEST_S)), standing)
            return standing

    def forget(self) -> None:
        """Look anew the next time: somebody changed something here and wants to see it."""
        self._changes += 1
        self._seen = None

    async def _look(self, now: datetime, began: float) -> Standing:
        run = self._db.run
        if began > self._hours[0]:
            since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
            self._hours = (began + HOURS_EVERY_S, await run(statistics.hours, since=since, number=HOURS))
        if began > self._spent[0]:
            self._spent = (began + SPENT_EVERY_S, await self._add_up(now))
        midnight = Period.DAY.start(now, self._parts.budgets[Kind.TAGGING].zone)
        return Standing(
            unfinished=await run(statistics.unfinished),
            today=await run(statistics.ended, since=midnight),
            open_failures=await run(statistics.open_failures),
            oldest_waiting=await run(statistics.oldest_waiting),
            running=await run(listing.running, limit=RUNNING),
            ended=await run(listing.ended_last, limit=ENDED),
            paused=await run(pauses.paused),
            hours=self._hours[1],
            services=self._services(now),
            spent=self._spent[1],
        )

    async def _add_up(self, now: datetime) -> Today:
        starts = desk.starts(Period.DAY, 1, self._parts, now)
        rows = await desk.by_period(self._parts, Period.DAY, starts, now)
        return Today(
            calls=sum(row.calls for row in rows),
            unpriced=sum(row.unpriced for row in rows),
            tokens=sum(row.input_tokens + row.output_tokens for row in rows),
            cost=sum(row.cost for row in rows),
            limits=await desk.limits(self._parts, now),
        )

    def _services(self, now: datetime) -> list[Service]:
        sidecar = self._present.sidecar
        if sidecar is None:
            self._starting_since = self._starting_since or now
            return [Service("paperless", "starting", since=self._starting_since)]
        self._starting_since = None
        parked = sidecar.providers.parked
        names = [name for name in sidecar.providers.names if name != "model" or self._files]
        names += sorted(set(parked) - set(sidecar.providers.names))
        return [
            Service(name, "away", parked[name].reason, parked[name].since, parked[name].until)
            if name in parked
            else Service(name, "well")
            for name in names
        ]
