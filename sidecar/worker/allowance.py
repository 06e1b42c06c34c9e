"""What one measurement may spend in all: what a call costs is known after it, so its price is set aside before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sidecar.domain.budget import Limit, Spent
from sidecar.domain.errors import BudgetError
from sidecar.worker.clock import Clock

#: How often a call looks again that waits for others to show what they cost, in seconds.
LOOK_S = 0.1


@dataclass(slots=True)
class Allowance:
    """What one run may spend in all, apart from the budgets of the daily work."""

    clock: Clock
    limit: Limit | None = None
    spent: Spent = field(default_factory=Spent)
    #: The prices of calls that are under way.
    _aside: dict[str, Spent] = field(default_factory=dict, init=False)

    @asynccontextmanager
    async def setting_aside(self, key: str, price: Spent) -> AsyncIterator[None]:
        """Set a call's price aside for the block; wait while others may still use the rest up. Raises BudgetError."""
        self.require(price)
        while self._is_full(price):
            await self.clock.sleep(LOOK_S)
            self.require(price)
        self._aside[key] = price
        try:
            yield
        finally:
            self._aside.pop(key, None)

    def require(self, price: Spent) -> None:
        """Raise BudgetError if a call of this price may not be made any more."""
        if self.limit is not None and self.limit.is_spent(self.spent, price):
            raise BudgetError("The --budget of this run is spent.", until=self.clock.now())

    def _is_full(self, price: Spent) -> bool:
        """Say whether what is under way may still use it up."""
        under_way = sum(self._aside.values(), Spent())
        return self.limit is not None and self.limit.is_spent(self.spent + under_way, price)
