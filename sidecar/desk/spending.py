"""What calls to models came to in each of the last days or months, and what the budgets leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.budget import Limit, Period, Spent
from sidecar.domain.job import Kind
from sidecar.parts import Parts
from sidecar.store import spending
from sidecar.store.spending import Spending


@dataclass(frozen=True, slots=True)
class Left:
    """A limit, and what of it is spent."""

    kind: Kind
    limit: Limit
    spent: Spent
    #: When the next period begins.
    until: datetime

    @property
    def share(self) -> float:
        """How much is spent, from 0 to 1: of the money or of the tokens, whichever is nearer to its end."""
        shares = [
            spent / allowed
            for spent, allowed in ((self.spent.money, self.limit.money), (self.spent.tokens, self.limit.tokens))
            if allowed
        ]
        return min(1.0, max(shares, default=0.0))


def starts(by: Period, last: int, parts: Parts, now: datetime) -> list[datetime]:
    """Return when the last so many days or months began, this one included, the oldest first."""
    zone = parts.budgets[Kind.TAGGING].zone
    found = [by.start(now, zone)]
    while len(found) < last:
        found.append(by.start(found[-1] - timedelta(hours=1), zone))
    return found[::-1]


async def by_period(parts: Parts, by: Period, begins: Sequence[datetime], now: datetime) -> list[Spending]:
    """Return what was spent in each of the periods, by purpose, model and endpoint."""
    return await parts.db.run(spending.by_period, begins, by.end(now, parts.budgets[Kind.TAGGING].zone))


async def limits(parts: Parts, now: datetime) -> list[Left]:
    """Return how much of each limit is spent."""
    found = []
    for budget in parts.budgets.values():
        if not budget.limits:
            continue
        spent = await parts.db.run(spending.spent, budget.purposes, budget.starts(now))
        found += [
            Left(budget.kind, limit, spent[limit.period], limit.period.end(now, budget.zone)) for limit in budget.limits
        ]
    return found


def label(by: Period, start: datetime, parts: Parts) -> str:
    """Return what a period is called: 2026-11-30 or 2026-11."""
    return f"{start.astimezone(parts.budgets[Kind.TAGGING].zone):{'%Y-%m-%d' if by is Period.DAY else '%Y-%m'}}"
