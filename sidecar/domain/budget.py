"""What calls to models may cost in a day and in a month, in money and in tokens, and until when work waits then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from sidecar.domain.job import Kind
from sidecar.domain.prices import in_words

#: How the reason of a job that waits for its budget begins; it is found by these words.
WAITS = "Waits for its budget: "
#: Which lines of the ledger count against which budget.
PURPOSES: Mapping[Kind, tuple[str, ...]] = {Kind.TAGGING: ("tagging", "suggest", "eval"), Kind.OCR: ("page",)}


class Period(StrEnum):
    """A time for which a budget is set; it begins and ends at midnight in the owner's time zone."""

    DAY = "day"
    MONTH = "month"

    def start(self, at: datetime, zone: tzinfo) -> datetime:
        """Return when the period that `at` lies in began (aware UTC)."""
        return _midnight(self._first(at, zone), zone)

    def end(self, at: datetime, zone: tzinfo) -> datetime:
        """Return when it ends, which is when the next one begins (aware UTC)."""
        first = self._first(at, zone)
        if self is Period.DAY:
            return _midnight(first + timedelta(days=1), zone)
        return _midnight((first + timedelta(days=32)).replace(day=1), zone)

    def _first(self, at: datetime, zone: tzinfo) -> date:
        day = at.astimezone(zone).date()
        return day if self is Period.DAY else day.replace(day=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls came to."""

    money: float = 0.0
    tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.money + other.money, self.tokens + other.tokens)

    def __mul__(self, times: int) -> Spent:
        return Spent(self.money * times, self.tokens * times)


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be spent in one period; None for as much as you like."""

    #: The setting that says so, for the owner.
    setting: str
    period: Period
    money: float | None = None
    tokens: int | None = None

    def is_spent(self, spent: Spent, price: Spent) -> bool:
        """Say whether nothing more may be spent, on a call of this price: one that is free costs no money."""
        if self.money is not None and spent.money >= self.money and price.money > 0:
            return True
        return self.tokens is not None and spent.tokens >= self.tokens

    def in_words(self, spent: Spent, currency: str) -> str:
        """Return what was spent of what, for people."""
        parts = []
        if self.money is not None:
            parts.append(f"{in_words(spent.money, currency)} of {in_words(self.money, currency)}")
        if self.tokens is not None:
            parts.append(f"{spent.tokens} of {self.tokens} tokens")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no further call may be made, and until when (aware UTC)."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one kind of work; none at all if nothing was set."""

    kind: Kind
    limits: tuple[Limit, ...] = ()
    zone: tzinfo = UTC
    currency: str = "USD"

    def starts(self, now: datetime) -> dict[Period, datetime]:
        """Return when the periods began that anything is limited in."""
        return {limit.period: limit.period.start(now, self.zone) for limit in self.limits}

    @property
    def purposes(self) -> tuple[str, ...]:
        """Which lines of the ledger count against it."""
        return PURPOSES[self.kind]

    @property
    def is_in_money(self) -> bool:
        """Say whether any limit is one of money, so that prices have to be known."""
        return any(limit.money is not None for limit in self.limits)

    def refusal(self, now: datetime, spent: Mapping[Period, Spent], price: Spent) -> Refusal | None:
        """Return why a call of this price may not be made, after so much was spent in each period; None if it may."""
        gone = [one for one in self.limits if one.is_spent(spent.get(one.period, Spent()), price)]
        if not gone:
            return None
        limit = max(gone, key=lambda one: one.period.end(now, self.zone))
        until = limit.period.end(now, self.zone)
        said = limit.in_words(spent.get(limit.period, Spent()), self.currency)
        again = f"{until.astimezone(self.zone):%Y-%m-%d %H:%M} ({self.zone})"
        return Refusal(
            until,
            f"{WAITS}what {limit.setting} allows for this {limit.period} is spent ({said}). It goes on by itself at "
            f"{again}, or once the setting is raised and the sidecar started anew.",
        )

    def room(self, now: datetime, spent: Mapping[Period, Spent], aside: Spent, price: Spent) -> Refusal | bool:
        """Return the refusal if what is spent leaves no room for a call; else whether there is room beside `aside`."""
        refused = self.refusal(now, spent, price)
        if refused is not None:
            return refused
        return self.refusal(now, {period: one + aside for period, one in spent.items()}, price) is None


def parse_limit(text: str, setting: str, period: Period) -> Limit:
    """Read what may be spent: `2.50`, `2000000 tokens`, or both with a comma. Raises ValueError in words."""
    money: float | None = None
    tokens: int | None = None
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(tokens?)?", part)
        if found is None or float(found[1]) == 0:
            raise ValueError(
                "must be an amount above 0 with a point, a number of tokens, or both with a comma: "
                "2.50, 2000000 tokens; empty for no limit"
            )
        if (tokens if found[2] else money) is not None:
            raise ValueError("must be one amount of money and one number of tokens at most, with a point in the amount")
        if found[2]:
            if "." in found[1]:
                raise ValueError("must be a whole number of tokens")
            tokens = int(found[1])
        else:
            money = float(found[1])
    return Limit(setting, period, money, tokens)
