"""Trials by hand pay from the same purse as the work, and whatever runs beside them on one store reckons with them."""

from __future__ import annotations

import asyncio
import itertools
from datetime import date, timedelta
from pathlib import Path

import pytest

from sidecar.desk.suggest import Trial, suggest
from sidecar.domain.budget import Budget, Limit, Period, Spent
from sidecar.domain.errors import BudgetError
from sidecar.domain.job import Kind
from sidecar.domain.prices import Prices
from sidecar.parts import Parts
from sidecar.store import ledger, rescue, spending
from sidecar.store.ledger import Call
from sidecar.store.sqlite import SqliteDatabase
from sidecar.worker.budget import Purse
from tests.worker.conftest import World
from tests.worker.test_budgets import NOON, clock_at, letters, paid

BUDGET = Budget(Kind.TAGGING, (Limit("TAGGING_BUDGET_DAY", Period.DAY, tokens=100),))


async def _trials(parts: Parts, documents: list[int]) -> list[Trial | BaseException]:
    tags = await parts.tags()
    tries = (suggest(parts, tags, document, today=date(2026, 5, 12)) for document in documents)
    return await asyncio.gather(*tries, return_exceptions=True)


async def test_trials_at_once_overspend_by_one_call_together(world: World) -> None:
    documents = letters(world, 6)
    world.model.delay_s = 0.2
    async with world.sidecar(prices="practice: 1000/1000", tagging_budget_day="0.01") as sidecar:
        ended = await _trials(sidecar.parts, documents)
        rows = await sidecar.parts.db.run(paid)
    assert [type(one) for one in ended].count(BudgetError) == 5
    assert len(rows) == 1


async def test_a_trial_goes_to_the_model_that_costs_nothing_where_the_money_is_spent(world: World) -> None:
    (document,) = letters(world, 1)
    given = {"llm_model": "dear, practice", "prices": "practice: 0/0, dear: 1000/1000", "tagging_budget_day": "0.01"}
    async with world.sidecar(**given) as sidecar:
        spent = Call("tagging", "dear", 100, 100, "answered", 1.0, "x", 0.2)
        await sidecar.parts.db.run(ledger.record_alone, 99, spent, now=await sidecar.parts.db.time())
        (trial,) = await _trials(sidecar.parts, [document])
    assert isinstance(trial, Trial)
    assert [asked.call.model for asked in trial.calls] == ["practice"]


async def test_two_programs_on_one_file_overspend_by_one_call_together(tmp_path: Path) -> None:
    """Each makes calls of ten tokens as long as it may; a hundred are allowed."""
    clock, made, file = clock_at(NOON, 100.0), itertools.count(1), tmp_path / "sidecar.db"
    stores = [SqliteDatabase(file), SqliteDatabase(file)]
    stores[0].migrate()

    async def work(store: SqliteDatabase, purse: Purse) -> None:
        while True:
            async with purse.call(Kind.TAGGING, "m", "h", (8, 2)):
                await asyncio.sleep(0.02)
                call = Call("tagging", "m", 8, 2, "answered", 1.0)
                await store.run(ledger.record_alone, next(made), call, now=clock.now())

    tasks = []
    for owner, store in enumerate(stores):
        purse = Purse(store, {Kind.TAGGING: BUDGET}, Prices(), clock, owner=f"{owner}")
        tasks += [work(store, purse) for _ in range(4)]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    spent = await stores[0].run(spending.spent, BUDGET.purposes, BUDGET.starts(clock.now()))
    for store in stores:
        store.close()
    assert {type(error) for error in ended} == {BudgetError}
    assert spent[Period.DAY].tokens == 100


def test_each_call_under_way_counts_for_what_it_may_cost(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "sidecar.db")
    db.migrate()
    until = NOON + timedelta(hours=1)

    def room(holder: str, tokens: int, known: dict[str, Spent]) -> object:
        price = Spent(tokens=tokens)
        return db.run_now(spending.set_aside, BUDGET, price, holder=holder, now=NOON, until=until, known=known)

    assert room("dear", 90, {}) is True
    assert room("cheap", 5, {"dear": Spent(tokens=90)}) is True
    assert room("third", 5, {"dear": Spent(tokens=90), "cheap": Spent(tokens=10)}) is False
    db.close()


@pytest.mark.parametrize("is_start", [True, False])
def test_what_a_killed_program_had_set_aside_is_given_back_at_the_next_start(tmp_path: Path, is_start: bool) -> None:
    db = SqliteDatabase(tmp_path / "sidecar.db")
    db.migrate()
    given = {"now": NOON, "until": NOON + timedelta(hours=1)}
    price = Spent(tokens=100)
    assert db.run_now(spending.set_aside, BUDGET, price, holder="dead", **given) is True
    db.run_now(rescue.rescue, now=NOON, everything=is_start, settle=timedelta(0), max_crashes=5)
    assert db.run_now(spending.set_aside, BUDGET, price, holder="next", **given) is is_start
    db.close()
