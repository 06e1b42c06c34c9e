"""Draining: doing what is due and ending, neither too early nor never."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.domain.job import Kind, State
from sidecar.practice.samples import text_pdf
from sidecar.store import listing, queue
from sidecar.store.database import Database
from sidecar.worker.runner import Runner
from tests.worker.conftest import LETTER, World


async def test_a_claim_whose_answer_is_late_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a claim's commit and its answer the job is neither ready nor running here; it is work all the same."""
    run = Database.run

    async def late(self: Database, operation: Callable[..., Any], *given: Any, **named: Any) -> Any:
        answer = await run(self, operation, *given, **named)
        if operation is queue.claim and answer is not None:
            await asyncio.sleep(0.5)
        return answer

    monkeypatch.setattr(Database, "run", late)
    letter = world.letter("auto-tag")
    (job,) = await world.drain()
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    assert "auto-tagged" in world.archive.tag_names(letter)


async def test_a_job_that_runs_and_makes_another_one_while_the_store_is_slow_to_answer_is_not_overlooked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading is neither running before the answer nor after it, and the filing that came of it is not in it."""
    run, wake, is_held = Database.run, Runner.wake, False
    letter = world.letter(content="~~ c0uld n0t be re@d", data=text_pdf([LETTER]))

    def come_to_look(runner: Runner) -> None:
        monkeypatch.setattr(Runner, "wake", wake)
        runner.wake()

    async with world.sidecar() as sidecar:

        async def held(self: Database, operation: Callable[..., Any], *given: Any, **named: Any) -> Any:
            nonlocal is_held
            answer = await run(self, operation, *given, **named)
            if operation is listing.ready and not is_held:
                is_held = True
                world.archive.edit(letter, add_tags=["auto-ocr", "auto-tag"])
                await run(self, queue.enqueue, letter, Kind.OCR, priority=10, now=sidecar._clock.now())
                await sidecar.runner._start_all()
                monkeypatch.setattr(Runner, "wake", lambda _runner: None)
                await asyncio.gather(*sidecar.runner._running)
                asyncio.get_running_loop().call_soon(come_to_look, sidecar.runner)
            return answer

        monkeypatch.setattr(Database, "run", held)
        assert await sidecar.run(drain=True)
        jobs = await sidecar.parts.db.run(listing.jobs)
    assert [(job.kind, job.state) for job in jobs] == [
        (Kind.TAGGING, State.SUCCEEDED), (Kind.OCR, State.SUCCEEDED),
    ]  # fmt: skip
