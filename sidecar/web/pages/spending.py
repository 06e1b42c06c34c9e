"""Spending: what models cost by day or month, and what the budgets leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.desk import spending as desk
from sidecar.domain.budget import Period
from sidecar.domain.job import Kind
from sidecar.store.spending import Spending
from sidecar.web.site import Here, Site
from sidecar.web.who import Reader

router = APIRouter(include_in_schema=False)

#: So many days or months are shown, this one included.
LAST = {Period.DAY: 30, Period.MONTH: 12}
#: So many models have a colour of their own; the rest share one.
COLOURS = 5
#: Of the names of the rest so much is told, in characters.
NAMES_MAX = 80
#: The picture's height in its own units, and the width of one bar with its gap.
HEIGHT, STEP = 100.0, 10
#: What ended so long ago changes no more and is added up once.
SETTLED = timedelta(hours=1)
REMEMBERED = 200
#: Lines of the table, so that no page is longer than 100 kB; the API has all.
LINES = 80


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a bar: its place in the picture, its colour, and what it says."""

    y: float
    height: float
    colour: int
    model: str
    amount: float


@dataclass(slots=True)
class Bar:
    """What was spent in one period."""

    start: datetime
    label: str
    rows: list[Spending] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """The money of all its calls whose price is known."""
        return sum(row.cost for row in self.rows)

    @property
    def tokens(self) -> int:
        """The tokens of all its calls, in and out."""
        return sum(row.input_tokens + row.output_tokens for row in self.rows)

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return sum(row.calls for row in self.rows)


@router.get("/spending")
async def spending(request: Request, here: Here, who: Reader, by: str = "day") -> Response:
    """Show what was spent."""
    period, now = (Period.MONTH if by == "month" else Period.DAY), here.now()
    bars = await _bars(here, period, now)
    in_money = any(bar.cost for bar in bars)
    models = _models(bars, in_money=in_money)
    _draw(bars, models, in_money=in_money)
    return here.shell.page(
        request,
        "spending.html",
        who=who,
        here="spending",
        by=period,
        periods=list(Period),
        bars=bars,
        table=_table(bars),
        more=max(0, sum(len(bar.rows) for bar in bars) - LINES),
        models=models[:COLOURS],
        others=models[COLOURS:],
        in_money=in_money,
        step=STEP,
        top=max((_amount(bar.rows, in_money=in_money) for bar in bars), default=0.0),
        limits=await desk.limits(here.parts, now),
        currency=here.parts.settings.currency,
    )


async def _bars(here: Site, by: Period, now: datetime) -> list[Bar]:
    starts = desk.starts(by, LAST[by], here.parts, now)
    bars = [Bar(start, desk.label(by, start, here.parts)) for start in starts]
    wanted = [bar for bar in bars if (by, bar.start) not in here.spent]
    # What is not settled yet are the newest ones, so what is asked for is one stretch to the end.
    begins = [bar.start for bar in bars if bar.start >= wanted[0].start]
    found: dict[datetime, list[Spending]] = {}
    for row in await desk.by_period(here.parts, by, begins, now):
        found.setdefault(row.start, []).append(row)
    for bar in bars:
        rows = here.spent.get((by, bar.start))
        bar.rows = list(rows) if rows is not None else found.get(bar.start, [])
        end = by.end(bar.start, here.parts.budgets[Kind.TAGGING].zone)
        if now - end > SETTLED:
            here.spent[by, bar.start] = bar.rows
    while len(here.spent) > REMEMBERED:
        here.spent.pop(next(iter(here.spent)))
    return bars


def _table(bars: Sequence[Bar]) -> list[Bar]:
    """Return what the table shows: the newest first, as many lines as it has room for."""
    shown, room = [], LINES
    for bar in reversed(bars):
        if bar.rows and room > 0:
            shown.append(Bar(bar.start, bar.label, bar.rows[:room]))
            room -= len(bar.rows)
    return shown


def _amount(rows: Sequence[Spending], *, in_money: bool) -> float:
    return sum(row.cost if in_money else row.input_tokens + row.output_tokens for row in rows)


def _models(bars: Sequence[Bar], *, in_money: bool) -> list[str]:
    """Return the models by what they came to, the dearest first."""
    sums: dict[str, float] = {}
    for bar in bars:
        for row in bar.rows:
            sums[row.model] = sums.get(row.model, 0.0) + _amount([row], in_money=in_money)
    return sorted(sums, key=lambda model: (-sums[model], model))


def _draw(bars: Sequence[Bar], models: Sequence[str], *, in_money: bool) -> None:
    """Give each bar its slices, the dearest model at the bottom."""
    top = max((_amount(bar.rows, in_money=in_money) for bar in bars), default=0.0)
    for bar in bars:
        y = HEIGHT
        parts = [(number, model, {model}) for number, model in enumerate(models[:COLOURS])]
        parts.append((COLOURS, ", ".join(models[COLOURS:])[:NAMES_MAX], set(models[COLOURS:])))
        for colour, name, meant in parts:
            amount = _amount([row for row in bar.rows if row.model in meant], in_money=in_money)
            if amount > 0:
                height = HEIGHT * amount / top
                y -= height
                bar.slices.append(Slice(y, height, colour, name, amount))
