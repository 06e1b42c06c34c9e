"""Budgets: when a period begins and ends, what refuses a call, and how limits are read."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sidecar.domain.budget import WAITS, Budget, Limit, Period, Spent, parse_limit
from sidecar.domain.job import Kind

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone", "now", "start", "end"),
    [
        (Period.DAY, UTC, "2026-05-12 23:59", "2026-05-12 00:00", "2026-05-13 00:00"),
        (Period.DAY, BERLIN, "2026-05-12 23:59", "2026-05-12 22:00", "2026-05-13 22:00"),
        (Period.DAY, BERLIN, "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),  # 23 hours
        (Period.DAY, BERLIN, "2026-10-25 12:00", "2026-10-24 22:00", "2026-10-25 23:00"),  # 25 hours
        (Period.MONTH, UTC, "2026-12-31 23:59", "2026-12-01 00:00", "2027-01-01 00:00"),
        (Period.MONTH, BERLIN, "2026-03-31 22:30", "2026-03-31 22:00", "2026-04-30 22:00"),
        (Period.MONTH, UTC, "2028-02-29 12:00", "2028-02-01 00:00", "2028-03-01 00:00"),
        (
            Period.DAY,
            ZoneInfo("America/Asuncion"),
            "2023-10-01 12:00",
            "2023-10-01 04:00",
            "2023-10-02 03:00",
        ),
    ],
)
def test_periods_begin_at_midnight_where_the_owner_is(
    period: Period, zone: ZoneInfo, now: str, start: str, end: str
) -> None:
    assert (period.start(at(now), zone), period.end(at(now), zone)) == (at(start), at(end))
    assert period.start(at(end), zone) == at(end)
    assert period.end(at(start), zone) == at(end)


DAY = Limit("TAGGING_BUDGET_DAY", Period.DAY, money=1.0)
MONTH = Limit("TAGGING_BUDGET_MONTH", Period.MONTH, tokens=1000)
BUDGET = Budget(Kind.TAGGING, (DAY, MONTH), BERLIN, "EUR")
NOW = at("2026-05-12 12:00")
CALL = Spent(0.01, 100)


@pytest.mark.parametrize(
    ("day", "month", "until"),
    [
        (Spent(0.99, 999), Spent(5.0, 999), None),
        (Spent(1.0, 0), Spent(5.0, 999), "2026-05-12 22:00"),
        (Spent(0.0, 0), Spent(0.0, 1000), "2026-05-31 22:00"),
        (Spent(2.0, 0), Spent(0.0, 1000), "2026-05-31 22:00"),
    ],
)
def test_what_is_spent_refuses_until_the_last_of_its_periods_ends(day: Spent, month: Spent, until: str | None) -> None:
    refused = BUDGET.refusal(NOW, {Period.DAY: day, Period.MONTH: month}, CALL)
    assert (refused.until if refused else None) == (at(until) if until else None)


def test_the_reason_says_how_much_of_what_and_when_it_goes_on() -> None:
    refused = BUDGET.refusal(NOW, {Period.DAY: Spent(1.25, 7)}, CALL)
    assert refused is not None
    assert refused.reason == (
        f"{WAITS}what TAGGING_BUDGET_DAY allows for this day is spent (1.25 EUR of 1.00 EUR). It goes on by itself at "
        "2026-05-13 00:00 (Europe/Berlin), or once the setting is raised and the sidecar started anew."
    )


def test_a_call_that_costs_nothing_needs_no_money_but_has_tokens() -> None:
    free = Spent(0.0, 100)
    assert BUDGET.refusal(NOW, {Period.DAY: Spent(9.0, 0)}, free) is None
    assert BUDGET.refusal(NOW, {Period.MONTH: Spent(0.0, 1000)}, free) is not None


def test_without_limits_nothing_is_refused() -> None:
    assert Budget(Kind.OCR).refusal(NOW, {}, CALL) is None
    assert not Budget(Kind.OCR).starts(NOW)


@pytest.mark.parametrize(
    ("text", "money", "tokens"),
    [("0.50", 0.5, None), ("2000000 tokens", None, 2_000_000), ("2, 500 Tokens", 2.0, 500), ("1 token", None, 1)],
)
def test_a_limit_is_money_or_tokens_or_both(text: str, money: float | None, tokens: int | None) -> None:
    assert parse_limit(text, "X", Period.DAY) == Limit("X", Period.DAY, money, tokens)


@pytest.mark.parametrize("text", ["0", "0 tokens", "-1", "2,50", "1.5 tokens", "much", "1 tokens, 2 tokens", "1 USD"])
def test_a_wrong_limit_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        parse_limit(text, "X", Period.DAY)
