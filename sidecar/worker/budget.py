"""The purse: before each call to a model it is looked whether what was spent, and is being spent, leaves room for it.

What a call may come to is set aside while it is under way, so that however many run at a time, all together overspend
by one call at most: the last one that still found room. Where only what is set aside fills the budget, a call waits
for the others to end; where it is spent, `BudgetError` says until when.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sidecar.domain.budget import Budget, Spent
from sidecar.domain.errors import BudgetError
from sidecar.domain.job import Kind
from sidecar.domain.prices import Prices
from sidecar.store import rescue, spending
from sidecar.store.database import Database
from sidecar.worker.clock import Clock

#: How often a call that waits for others to end looks again, in seconds.
LOOK_S = 0.5


@dataclass(eq=False, slots=True)
class Place:
    """What one call may come to, while it is under way."""

    kind: Kind
    price: Spent


class Purse:
    """Knows what may be spent on each kind of work, and what the calls of this program have set aside."""

    def __init__(
        self, db: Database, budgets: Mapping[Kind, Budget], prices: Prices, clock: Clock, *, owner: str
    ) -> None:
        self._db = db
        self._budgets = budgets
        self._clock = clock
        self._owner = owner
        self._places: set[Place] = set()
        self._looking = asyncio.Lock()
        self.prices = prices

    @asynccontextmanager
    async def call(self, kind: Kind, model: str, host: str, guess: tuple[int, int]) -> AsyncIterator[Place]:
        """Set aside what a call with so many tokens in and out may come to, while the block runs.

        The call's line has to be in the ledger when the block ends. Raises BudgetError.
        """
        place = Place(kind, Spent(self.prices.cost(model, *guess, host) or 0.0, sum(guess)))
        try:
            await self.take(place)
            yield place
        finally:
            self._places.discard(place)

    async def take(self, place: Place) -> None:
        """Set one call's price aside; anew for a second call, once the first is in the ledger. Raises BudgetError."""
        self._places.discard(place)
        budget = self._budgets.get(place.kind, Budget(place.kind))
        while True:
            async with self._looking:
                if not budget.limits or await self._has_room(budget, place.price):
                    self._places.add(place)
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

    async def _has_room(self, budget: Budget, price: Spent) -> bool:
        """Say whether there is room beside what is set aside. Raises BudgetError if there is none even without."""
        now, kind = self._clock.now(), budget.kind
        spent = await self._db.run(spending.spent, budget.purposes, budget.starts(now))
        if (refused := budget.refusal(now, spent, price)) is not None:
            raise BudgetError(refused.reason, until=refused.until)
        aside = sum((place.price for place in self._places if place.kind is kind), Spent())
        if self._db.is_shared:
            aside += price * await self._db.run(spending.under_way, kind, before=self._owner)
        full = {period: one + aside for period, one in spent.items()}
        return budget.refusal(now, full, price) is None
