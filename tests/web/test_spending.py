"""Spending: figures by day and month, a picture of them, and what budgets leave."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

import httpx

from sidecar.store import ledger
from sidecar.store.ledger import Call
from tests.web.conftest import Site, Stage
from tests.web.test_pages import EVIL

#: Each call is about another document: a repeat of one is written down once.
documents = itertools.count(1)


def spend(site: Site, cost: float | None, model: str = "gpt-x", purpose: str = "tagging", days: int = 0) -> None:
    call = Call(purpose, model, 1000, 100, "answered", 2.0, "api.example.org", cost=cost)
    site.db.run_now(ledger.record_alone, next(documents), call, now=datetime.now(UTC) - timedelta(days=days))


def test_spending_is_shown_by_day_and_by_month_with_what_a_budget_leaves(stage: Stage) -> None:
    site = stage.open(prices="gpt-x: 1/2, practice: 0/0", tagging_budget_day="2.00, 10000 tokens", currency="EUR")
    spend(site, 1.25)
    spend(site, 0.5, days=40)
    spend(site, 0.25, model="see-all", purpose="page", days=1)
    anna = site.person("anna")
    days = anna.get("/spending").text
    assert "1.25 EUR of 2.00 EUR" in days
    assert "1,100 of 10,000 tokens" in days
    assert "0.7500 EUR left." in days
    assert "see-all" in days
    assert "0.5000 EUR" not in days
    months = anna.get("/spending?by=month", headers={"Accept-Language": "de"}).text
    assert "0,5000 EUR" in months
    assert "Nach Monaten" in months
    said = site.machine("read").get("/api/spending?by=day&last=30").json()
    assert {(row["model"], row["purpose"], row["cost"]) for row in said["spending"]} == {
        ("gpt-x", "tagging", 1.25),
        ("see-all", "page", 0.25),
    }
    assert (said["limits"][0]["setting"], said["limits"][0]["money_spent"]) == ("TAGGING_BUDGET_DAY", 1.25)


def test_the_highest_bar_fills_the_picture_and_without_prices_it_shows_tokens(site: Site, anna: httpx.Client) -> None:
    spend(site, None)
    spend(site, None, model="other")
    spend(site, None, days=1)
    shown = anna.get("/spending").text
    bars = re.findall(r'<rect class="(c\d)" x="(\d+)" y="([\d.]+)" width="8" height="([\d.]+)"', shown)
    assert bars == [("c0", "281", "50.00", "50.00"), ("c0", "291", "50.00", "50.00"), ("c1", "291", "0.00", "50.00")]
    assert "2,200 tokens" in shown
    assert "unknown" in shown
    assert "No budget is set" in shown
    assert " style=" not in shown


def test_days_that_are_over_are_added_up_once_and_today_each_time(site: Site, anna: httpx.Client) -> None:
    spend(site, 1.0, days=3)
    assert "1.00 USD" in anna.get("/spending").text
    spend(site, 2.0)
    spend(site, 4.0)
    assert "6.00 USD" in anna.get("/spending").text


def test_the_name_of_a_model_is_text(site: Site, anna: httpx.Client) -> None:
    spend(site, 1.0, model=EVIL)
    shown = anna.get("/spending").text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown


def test_without_a_call_it_says_so(anna: httpx.Client) -> None:
    assert "No model was asked" in anna.get("/spending?by=nonsense").text


def test_many_models_share_the_last_colour_and_the_page_stays_short(site: Site, anna: httpx.Client) -> None:
    for day in range(30):
        for number in range(8):
            spend(site, 1.0 + number, model=f"model-with-a-rather-long-name-{number}", days=day)
    page = anna.get("/spending")
    assert len(page.content) < 100_000
    assert "model-with-a-rather-long-name-2, model-with-a-rather-long-name-1" in page.text
    assert page.text.count('class="c5" x=') == 30
    assert "160 more lines" in page.text
