"""Calls that brought no answer and may have to be paid for: each is one line of the ledger, and budgets count it."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.app import Sidecar
from sidecar.domain.budget import WAITS
from sidecar.domain.job import Job, Kind, State
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import scan_pdf
from sidecar.store import listing, spending
from sidecar.store.transaction import Transaction, reading
from tests.worker.conftest import LETTER, World, fast_clock, running, until

PAGE = "Dear customer,\nwe thank you for your order of May and deliver it soon.\nKind regards"
VISION = {"ocr_engine": "vision", "vision_model": "practice", "ocr_dpi": 100, "tesseract": "library"}
BROKEN = Fault(path="chat/completions", times=1, answer=Answer(502, "text/html", "<html>Bad Gateway</html>"))


@reading
def lines(tx: Transaction) -> list[Any]:
    return tx.rows("SELECT * FROM ledger ORDER BY id")


async def jobs_of(sidecar: Sidecar) -> list[Job]:
    return (await sidecar.parts.db.run(listing.jobs, limit=1000))[::-1]


async def done(world: World, **given: Any) -> tuple[Job, list[Any]]:
    """Work until the only job is over."""

    async def is_over() -> bool:
        return all(job.finished_at for job in await jobs_of(sidecar))

    async with world.sidecar(
        fast_clock(3000.0), poll_interval_s=300.0, prices="practice: 1000/1000", **given
    ) as sidecar:
        async with running(sidecar):
            await until(lambda: bool(world.model.begun()), "it is asked")
            await until(is_over, "it is done")
        (job,) = await jobs_of(sidecar)
        return job, await sidecar.parts.db.run(lines)


async def test_each_try_at_filing_that_may_be_charged_is_a_line_and_so_is_the_answer(world: World) -> None:
    world.letter("auto-tag")
    world.model.faults.add(BROKEN)
    job, found = await done(world)
    assert job.state is State.SUCCEEDED
    assert [(row.estimated, row.output_tokens > 0, row.seconds > 0) for row in found] == [
        (1, False, False), (0, True, True),
    ]  # fmt: skip
    lost, real = found
    assert "answered 502" in lost.outcome
    assert real.input_tokens / 2 < lost.input_tokens < real.input_tokens * 2
    assert lost.cost == lost.input_tokens / 1000
    assert {row.provider for row in found} == {"127.0.0.1"}


async def test_each_try_at_a_page_that_may_be_charged_is_a_line(world: World) -> None:
    world.letter("auto-ocr", content="", data=scan_pdf([PAGE], dpi=100))
    world.model.faults.add(BROKEN)
    job, found = await done(world, **VISION)
    assert job.state is State.SUCCEEDED
    assert [(row.purpose, row.estimated, row.output_tokens > 0) for row in found] == [
        ("page", 1, False), ("page", 0, True),
    ]  # fmt: skip
    assert found[0].cost == found[0].input_tokens / 1000 > 1


@pytest.mark.parametrize("kind", [Kind.TAGGING, Kind.OCR])
async def test_a_budget_counts_them_and_is_spent_by_them(world: World, kind: Kind) -> None:
    """The provider takes every call and never answers: without the lines it would be asked for ever."""
    world.model.faults.add(Fault(path="chat/completions", drop="after"))
    given: dict[str, Any] = {"tagging_budget_day": "100 tokens", "tagging_concurrency": 1, "ocr_concurrency": 1}
    for _ in range(2):
        if kind is Kind.TAGGING:
            world.letter("auto-tag")
        else:
            world.letter("auto-ocr", content="", data=scan_pdf([PAGE], dpi=100))
            given |= {"ocr_budget_day": "100 tokens", **VISION}
    async with world.sidecar(fast_clock(600.0), **given) as sidecar:
        assert not await sidecar.run(drain=True)
        jobs = await jobs_of(sidecar)
        assert len(await sidecar.parts.db.run(lines)) == world.model.begun() == 1
        budget = sidecar.parts.budgets[kind]
        now = await sidecar.parts.db.time()
        spent = await sidecar.parts.db.run(spending.spent, budget.purposes, budget.starts(now))
    assert all(one.tokens > 100 for one in spent.values())
    assert {job.state for job in jobs} == {State.SCHEDULED}
    assert any(str(job.reason).startswith(WAITS) for job in jobs)


@pytest.mark.parametrize("kind", [Kind.TAGGING, Kind.OCR])
async def test_a_call_that_is_given_up_at_a_stop_is_a_line_too(world: World, kind: Kind) -> None:
    world.letter(
        "auto-tag" if kind is Kind.TAGGING else "auto-ocr",
        content=LETTER if kind is Kind.TAGGING else "",
        data=scan_pdf([PAGE], dpi=100),
    )
    world.model.delay_s = 30.0
    async with world.sidecar(stop_grace_s=0.1, **VISION) as sidecar:
        async with running(sidecar):
            await until(lambda: world.model.begun() == 1, "the model thinks")
        (job,), (line,) = await jobs_of(sidecar), await sidecar.parts.db.run(lines)
    assert (job.state, job.attempt) == (State.READY, 0)
    assert (line.estimated, line.output_tokens, line.outcome) == (1, 0, "It was stopped before it answered.")
    assert line.input_tokens > 100


@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
async def test_a_refusal_counts_nothing(world: World, status: int) -> None:
    world.letter("auto-tag")
    world.model.faults.add(Fault(path="chat/completions", times=1, answer=Answer(status, body='{"error": {}}')))
    async with world.sidecar(fast_clock(600.0)) as sidecar:
        await sidecar.run(drain=True)
        found = await sidecar.parts.db.run(lines)
    assert [row.estimated for row in found] in ([], [0]), "the answer, if there came one"
