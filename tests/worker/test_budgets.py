"""A budget that is spent: the running calls end, no further one is made, the tags stay, and it goes on by itself."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sidecar.app import Sidecar
from sidecar.domain.budget import WAITS, Budget, Limit, Period
from sidecar.domain.errors import BudgetError, SettingsError
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.prices import Prices
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import scan_pdf
from sidecar.store import ledger, listing, spending
from sidecar.store.ledger import Call
from sidecar.store.transaction import Transaction, reading
from sidecar.worker.budget import Purse
from sidecar.worker.clock import Clock
from tests.worker.conftest import World, running, until
from tests.worker.test_sharing import Following, shared

__all__ = ["shared"]

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
#: An hour in a second, for waiting until midnight; a lease of a day then outlasts 24 seconds of a busy machine.
QUICK = 3600.0
PRICES = "practice: 1000/1000"
VISION = {"ocr_engine": "vision", "vision_model": "practice", "ocr_dpi": 100, "tesseract": "library"}
GIVEN = {"prices": PRICES, "budget_timezone": "Europe/Berlin", "lease_s": 86400.0}


def clock_at(start: datetime, speed: float = 1.0) -> Clock:
    """A clock that shows `start` now and goes so fast; nothing sleeps for less than a real moment."""
    began = time.monotonic()
    return Clock(
        now=lambda: start + timedelta(seconds=(time.monotonic() - began) * speed),
        sleep=lambda seconds: asyncio.sleep(max(seconds / speed, min(seconds, 0.02))),
        chance=lambda: 0.5,
    )


@reading
def paid(tx: Transaction) -> list[Any]:
    return tx.rows("SELECT * FROM ledger ORDER BY id")


async def jobs_of(sidecar: Sidecar) -> list[Job]:
    return (await sidecar.parts.db.run(listing.jobs, limit=1000))[::-1]


async def over(sidecar: Sidecar) -> bool:
    return all(job.finished_at for job in await jobs_of(sidecar))


def letters(world: World, number: int) -> list[int]:
    return [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(number)]


def waiting(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job.state is State.SCHEDULED and str(job.reason).startswith(WAITS)]


async def test_a_budget_spent_in_the_middle_of_50_documents_stops_the_calls_and_the_next_day_goes_on_by_itself(
    world: World,
) -> None:
    one = await _price_of_one(world)
    documents = letters(world, 50)
    given = {**GIVEN, "tagging_budget_day": f"{one * 30:.6f}"}
    async with world.sidecar(clock_at(NOON), **given) as sidecar, running(sidecar):

        async def stands() -> bool:
            jobs = await jobs_of(sidecar)
            return len(jobs) == 50 and all(job.finished_at or job.run_after for job in jobs)

        await until(stands, "all that was allowed is done")
        jobs, calls = await jobs_of(sidecar), len(world.model.calls())
        spent = sum(row.cost for row in await sidecar.parts.db.run(paid))
    left = waiting(jobs)
    filed = [document for document in documents if "auto-tagged" in world.archive.tag_names(document)]
    assert len(filed) == calls == 50 - len(left)
    assert one * 30 <= spent < one * 31.5, "all together overspend by one call at most"
    assert {job.run_after for job in left} == {NOON + timedelta(hours=10)}, "midnight in Berlin"
    assert {job.attempt for job in left} == {0}
    assert all("TAGGING_BUDGET_DAY" in str(job.reason) for job in left)
    for job in left:
        assert world.archive.tag_names(job.document_id) == {"auto-tag"}
        assert world.archive.notes(job.document_id) == []

    async with world.sidecar(clock_at(NOON + timedelta(hours=9)), **given) as sidecar:
        assert len(waiting(await jobs_of(sidecar))) == len(left), "starting anew changes nothing"
    async with world.sidecar(clock_at(NOON + timedelta(hours=9, minutes=50), QUICK), **given) as sidecar:
        async with running(sidecar):
            await until(lambda: over(sidecar), "the next day goes on")
        days = {datetime.fromtimestamp(row.created_at, BERLIN).day for row in await sidecar.parts.db.run(paid)}
    assert all("auto-tagged" in world.archive.tag_names(document) for document in documents)
    assert len(world.model.calls()) == 50, "no document was paid for twice"
    assert days == {12, 13}


async def test_many_calls_at_a_time_overspend_by_no_more_than_one(world: World) -> None:
    one = await _price_of_one(world)
    letters(world, 12)
    world.model.delay_s = 0.1
    given = {**GIVEN, "tagging_budget_day": f"{one * 3:.6f}", "tagging_concurrency": 12}
    async with world.sidecar(clock_at(NOON), **given) as sidecar:
        assert not await sidecar.run(drain=True)
        jobs, spent = await jobs_of(sidecar), sum(row.cost for row in await sidecar.parts.db.run(paid))
    assert len(world.model.calls()) == 12 - len(waiting(jobs))
    assert spent < one * 4.5


async def test_programs_on_one_store_overspend_by_one_call_together(shared: Following) -> None:
    """Each makes calls of ten tokens as long as it may; a hundred are allowed."""
    budget = Budget(Kind.TAGGING, (Limit("TAGGING_BUDGET_DAY", Period.DAY, tokens=100),))
    clock = clock_at(NOON, 100.0)
    purses = [
        Purse(shared, {Kind.TAGGING: budget}, Prices(), clock, owner=owner, hold=timedelta(hours=1)) for owner in "abc"
    ]
    made = itertools.count(1)

    async def work(purse: Purse) -> None:
        while True:
            async with purse.call(Kind.TAGGING, "m", "h", (8, 2)):
                await asyncio.sleep(0.01)
                call = Call("tagging", "m", 8, 2, "answered", 1.0)
                await shared.run(ledger.record_alone, next(made), call, now=clock.now())

    ended = await asyncio.gather(*(work(purse) for purse in purses for _ in range(4)), return_exceptions=True)
    assert {type(error) for error in ended} == {BudgetError}
    spent = await shared.run(spending.spent, budget.purposes, budget.starts(clock.now()))
    assert spent[Period.DAY].tokens == 100


async def test_a_budget_in_tokens_needs_no_price_and_counts_what_a_provider_does_not_count(world: World) -> None:
    letters(world, 6)
    filing = {"title": "A letter", "tags": [], "correspondent": None, "document_type": None, "created": None}
    uncounted = {"object": "chat.completion", "choices": [{"index": 0, "message": {"content": json.dumps(filing)}}]}
    world.model.faults.add(Fault(path="chat/completions", answer=Answer(200, body=json.dumps(uncounted))))
    given = {"tagging_budget_month": "1500 tokens", "tagging_concurrency": 1}
    async with world.sidecar(clock_at(NOON), **given) as sidecar:
        assert not await sidecar.run(drain=True)
        jobs, rows = await jobs_of(sidecar), await sidecar.parts.db.run(paid)
    assert {row.estimated for row in rows} == {1}
    assert all(row.input_tokens > 100 and row.output_tokens > 10 and row.cost is None for row in rows)
    left = waiting(jobs)
    assert 0 < len(left) == 6 - len(rows)
    assert {job.run_after for job in left} == {datetime(2026, 6, 1, tzinfo=UTC)}


async def test_raising_the_setting_and_starting_anew_goes_on_at_once(world: World) -> None:
    one = await _price_of_one(world)
    documents = letters(world, 4)
    async with world.sidecar(clock_at(NOON), **GIVEN, tagging_budget_day=f"{one * 1.5:.6f}") as sidecar:
        assert not await sidecar.run(drain=True)
        assert len(waiting(await jobs_of(sidecar))) == 2
    async with world.sidecar(clock_at(NOON), **GIVEN, tagging_budget_day=f"{one * 9:.6f}") as sidecar:
        assert await sidecar.run(drain=True)
    assert all("auto-tagged" in world.archive.tag_names(document) for document in documents)
    assert len(world.model.calls()) == 4


async def test_pages_wait_for_their_own_budget_and_filing_goes_on(world: World) -> None:
    pages = [f"Dear customer,\nwe thank you for order {n} of May and deliver it soon.\nKind regards" for n in range(6)]
    scan, letter = world.letter("auto-ocr", content="", data=scan_pdf(pages, dpi=100)), letters(world, 1)[0]
    given = {**GIVEN, **VISION, "ocr_budget_day": "1 tokens", "vision_concurrency": 1}
    async with world.sidecar(clock_at(NOON), **given) as sidecar:
        assert not await sidecar.run(drain=True)
        (job,) = waiting(await jobs_of(sidecar))
        rows = await sidecar.parts.db.run(paid)
    assert [row.purpose for row in rows].count("page") == 1, "the first one found room, no further one was asked about"
    assert (job.document_id, job.attempt, job.pages_done) == (scan, 0, 1)
    assert "OCR_BUDGET_DAY" in str(job.reason)
    assert world.archive.tag_names(scan) == {"auto-ocr"}
    assert "auto-tagged" in world.archive.tag_names(letter)

    given["ocr_budget_day"] = "1000000 tokens"
    async with (
        world.sidecar(clock_at(NOON + timedelta(hours=9, minutes=50), QUICK), **given) as sidecar,
        running(sidecar),
    ):
        await until(lambda: over(sidecar), "the next day goes on")
    assert "auto-ocr-done" in world.archive.tag_names(scan)
    assert sum(call.has_image for call in world.model.calls()) == 6, "no page was paid for twice"


@pytest.mark.parametrize("kind", ["tagging", "ocr"])
async def test_a_hiccup_of_the_free_fall_back_is_tried_again_soon_and_not_next_month(world: World, kind: str) -> None:
    hiccup = Fault(path="completions", answer=Answer(500, body='{"error": {"message": "out of memory"}}'), times=1)
    text = "Dear customer,\nwe thank you for order 7 of May and deliver it soon.\nKind regards"
    document = world.letter(f"auto-{kind}".replace("tagging", "tag"), content=text, data=scan_pdf([text], dpi=100))
    with PracticeModel() as home:
        home.faults.add(hiccup)
        given = {"prices": "dear: 1000/1000, practice: 0/0", f"{kind}_budget_month": "0.10"}
        if kind == "tagging":
            given |= {"llm_model": "dear", "llm_fallbacks": f"practice@{home.url}"}
        else:
            given |= {**VISION, "vision_model": "dear", "vision_fallbacks": f"practice@{home.url}"}  # type: ignore[dict-item]
        spent = Call("page" if kind == "ocr" else kind, "dear", 100, 100, "answered", 1.0, "x", 0.2)
        async with world.sidecar(clock_at(NOON, 100.0), **given, lease_s=86400.0) as sidecar:
            await sidecar.parts.db.run(ledger.record_alone, 99, spent, now=NOON)
            await sidecar.poller.round()
            async with running(sidecar):
                await until(lambda: over(sidecar), "it is tried again within minutes", within_s=10)
            (job,) = await jobs_of(sidecar)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    assert world.model.begun() == 0
    assert "auto-ocr-done" in world.archive.tag_names(document) or kind == "tagging"


async def test_where_the_fall_back_fails_for_good_a_document_waits_for_the_budget_and_does_not_fail(
    world: World,
) -> None:
    (document,) = letters(world, 1)
    with PracticeModel() as home:
        home.faults.add(Fault(path="completions", answer=Answer(500, body='{"error": {"message": "out of memory"}}')))
        given = {
            "prices": "dear: 1000/1000, practice: 0/0", "tagging_budget_month": "0.10", "llm_model": "dear",
            "llm_fallbacks": f"practice@{home.url}", "max_attempts": 2, "lease_s": 86400.0,
        }  # fmt: skip
        async with world.sidecar(clock_at(NOON, 100.0), **given) as sidecar:
            spent = Call("tagging", "dear", 100, 100, "answered", 1.0, "x", 0.2)
            await sidecar.parts.db.run(ledger.record_alone, 99, spent, now=NOON)
            await sidecar.poller.round()
            async with running(sidecar):

                async def waits() -> bool:
                    return bool(waiting(await jobs_of(sidecar)))

                await until(waits, "it waits for the budget", within_s=10)
            (job,) = await jobs_of(sidecar)
    assert job.run_after == datetime(2026, 6, 1, tzinfo=UTC)
    assert len(home.calls()) == 0
    assert world.archive.tag_names(document) == {"auto-tag"}


async def test_a_budget_that_ends_between_a_bad_answer_and_its_repair_pays_no_question_twice(world: World) -> None:
    world.model.misbehave("garbage")
    letters(world, 1)
    given = {**GIVEN, "tagging_budget_day": "0.0001"}
    async with world.sidecar(clock_at(NOON, QUICK * 24), **given) as sidecar:
        await sidecar.poller.round()
        async with running(sidecar):
            await until(lambda: over(sidecar), "given up on the second day")
        (job,) = await jobs_of(sidecar)
        rows = await sidecar.parts.db.run(paid)
    assert job.state is State.FAILED
    assert "no usable answer, twice" in str(job.reason)
    assert [row.outcome.split(":")[0] for row in rows] == ["unusable"] * 2
    assert [len(call.body["messages"]) for call in world.model.calls()] == [2, 4], "the second call was the repair"


async def test_money_without_a_price_is_a_wrong_setting(world: World) -> None:
    with pytest.raises(SettingsError) as caught:
        async with world.sidecar(tagging_budget_day="1", ocr_budget_month="1", **VISION):
            pass
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0].startswith(
        "TAGGING_BUDGET_DAY is an amount of money, but what practice at 127.0.0.1"
    )
    assert "PRICES" in caught.value.problems[0]
    async with world.sidecar(tagging_budget_day="1", prices="*@127.0.0.1: 0/0"):
        pass


async def _price_of_one(world: World) -> float:
    """File one letter on a store of its own, and say what that cost."""
    world.letter("auto-tag", content="Letter 9. Ambervale Energy, 2026-05-12.")
    async with world.sidecar(prices=PRICES, data_dir=world.folder / "other") as sidecar:
        await sidecar.run(drain=True)
        (row,) = await sidecar.parts.db.run(paid)
    world.model.clear_calls()
    assert row.cost == pytest.approx((row.input_tokens + row.output_tokens) / 1000)
    assert (row.provider, row.estimated) == ("127.0.0.1", 0)
    return float(row.cost)
