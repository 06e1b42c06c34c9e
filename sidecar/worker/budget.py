"""The purse: before each call to a model it is looked whether what was spent, and is being spent, leaves room for it.

What a call may come to is set aside while it is under way, so that however many run at a time, all together overspend
by one call at most: the last one that still found room. Where only what is set aside fills the budget, a call waits
for the others to end; where it is spent, `BudgetError` says until when.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from sidecar.domain.budget import Budget, Refusal, Spent
from sidecar.domain.errors import BudgetError, StoreError
from sidecar.domain.job import Kind
from sidecar.domain.prices import Prices
from sidecar.store import rescue, spending
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import to_the_end

#: How often a call that waits for others to end looks again, in seconds.
LOOK_S = 0.5
#: No call takes so long; one with a repair neither.
HOLD = timedelta(hours=2)


@dataclass(eq=False, slots=True)
class Place:
    """What one call may come to, while it is under way."""

    kind: Kind
    price: Spent
    #: Its name in the store.
    holder: str


class Purse:
    """Knows what may be spent on each kind of work, and what the calls under way have set aside.

    It is set aside in the store, so that a trial or a measurement beside the daily work reckons with it, and so do all
    machines on one store. Each place is held for `hold` at most: a program that died keeps nothing for longer.
    """

    def __init__(
        self,
        db: Database,
        budgets: Mapping[Kind, Budget],
        prices: Prices,
        clock: Clock,
        *,
        owner: str,
        hold: timedelta = HOLD,
    ) -> None:
        self._db = db
        self._budgets = budgets
        self._clock = clock
        self._holders = (f"{owner}-{number}" for number in itertools.count(1))
        self._hold = hold
        self._places: set[Place] = set()
        self._looking = asyncio.Lock()
        self.prices = prices

    @asynccontextmanager
    async def call(self, kind: Kind, model: str, host: str, guess: tuple[int, int]) -> AsyncIterator[Place]:
        """Set aside what a call with so many tokens in and out may come to, while the block runs.

        The call's line has to be in the ledger when the block ends. Raises BudgetError.
        """
        price = Spent(self.prices.cost(model, *guess, host) or 0.0, sum(guess))
        place = Place(kind, price, next(self._holders))
        try:
            await self.take(place)
            yield place
        finally:
            await self._leave(place)

    async def take(self, place: Place) -> None:
        """Set one call's price aside; anew for a second call, once the first is in the ledger. Raises BudgetError."""
        await self._leave(place)
        budget = self._budgets.get(place.kind, Budget(place.kind))
        while budget.limits:
            async with self._looking:
                if await to_the_end(self._set_aside(budget, place)):
                    return
            await self._clock.sleep(LOOK_S)

    async def wake(self) -> None:
        """Make jobs ready that wait for a budget that has room again: a setting was raised, or the clock was set."""
        free = [kind for kind, budget in self._budgets.items() if not await self._is_spent(budget)]
        await self._db.run(rescue.promote_waiting, free, now=self._clock.now())

    async def _is_spent(self, budget: Budget) -> bool:
        now = self._clock.now()
        spent = await self._db.run(spending.spent, budget.purposes, budget.starts(now))
        return budget.refusal(now, spent, Spent(money=1.0)) is not None

    async def _set_aside(self, budget: Budget, place: Place) -> bool:
        """Take the place if there is room beside the others. Raises BudgetError if there is none even without them."""
        now = self._clock.now()
        known = {other.holder: other.price for other in self._places}
        room = await self._db.run(
            spending.set_aside, budget, place.price, holder=place.holder, now=now, until=now + self._hold, known=known
        )
        if isinstance(room, Refusal):
            raise BudgetError(room.reason, until=room.until)
        if room:
            self._places.add(place)
        return room

    async def _leave(self, place: Place) -> None:
        if place in self._places:
            self._places.discard(place)
            with suppress(StoreError):  # then its time runs out
                await to_the_end(self._db.run(spending.give_back, place.kind, holder=place.holder))
