"""Spending: what calls to models came to, and what the budgets leave."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from sidecar.desk import spending as desk
from sidecar.domain.budget import Period
from sidecar.domain.job import Kind
from sidecar.web.api.shapes import ERRORS
from sidecar.web.site import Here
from sidecar.web.who import Reader

router = APIRouter(prefix="/api/spending", tags=["spending"])


class SpentOut(BaseModel):
    """What the calls of one purpose to one model at one endpoint came to in a day or month."""

    period: str = Field(description="2026-11-30 or 2026-11.")
    purpose: str
    model: str
    provider: str | None
    calls: int
    estimated: int = Field(description="Calls whose tokens are our own estimate.")
    unpriced: int = Field(description="Calls of which no price is known; their money is missing in the cost.")
    input_tokens: int
    output_tokens: int
    cost: float


class LimitOut(BaseModel):
    """A budget, and what of it is spent."""

    setting: str
    kind: Kind
    period: Period
    until: datetime = Field(description="When the next period begins.")
    money: float | None
    money_spent: float
    tokens: int | None
    tokens_spent: int


class SpendingOut(BaseModel):
    """What was spent, the oldest first."""

    currency: str
    spending: list[SpentOut]
    limits: list[LimitOut]


@router.get("", responses=ERRORS)
async def spending(
    here: Here,
    _: Reader,
    by: Period = Period.DAY,
    last: Annotated[int, Query(ge=1, le=366, description="So many days or months, this one included.")] = 7,
) -> SpendingOut:
    """Tell what calls to models came to by day or month, and how much of each budget is spent."""
    now = here.now()
    rows = await desk.by_period(here.parts, by, desk.starts(by, last, here.parts, now), now)
    return SpendingOut(
        currency=here.parts.settings.currency,
        spending=[
            SpentOut(
                period=desk.label(by, row.start, here.parts),
                **{name: getattr(row, name) for name in SpentOut.model_fields if name != "period"},
            )
            for row in rows
        ],
        limits=[
            LimitOut(
                setting=one.limit.setting,
                kind=one.kind,
                period=one.limit.period,
                until=one.until,
                money=one.limit.money,
                money_spent=one.spent.money,
                tokens=one.limit.tokens,
                tokens_spent=one.spent.tokens,
            )
            for one in await desk.limits(here.parts, now)
        ],
    )
