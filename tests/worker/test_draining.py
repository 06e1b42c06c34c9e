"""Draining: doing what is due and ending, neither too early nor never."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.domain.job import State
from sidecar.store import queue
from sidecar.store.database import Database
from tests.worker.conftest import World


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
