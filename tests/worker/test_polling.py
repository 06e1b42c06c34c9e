"""What a list of tagged documents is worth that was asked for before the end of a job, and rounds that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import pytest

from sidecar.domain.document import Tagged
from sidecar.domain.errors import StoreError
from sidecar.domain.job import State
from sidecar.practice.faults import Answer, Fault
from sidecar.store import listing, queue
from sidecar.store.database import Database
from tests.worker.conftest import World, fast_clock, running, until


async def test_a_list_that_is_older_than_the_end_of_a_job_makes_no_second_one(world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(poll_interval_s=3600) as sidecar:
        paperless, listed, go_on = sidecar.parts.paperless, asyncio.Event(), asyncio.Event()
        ask = paperless.tagged

        async def slowly(tags: Collection[int]) -> list[Tagged]:
            found = await ask(tags)
            listed.set()
            await go_on.wait()
            return found

        async with running(sidecar):
            await until(lambda: "auto-tag" not in world.archive.tag_names(document), "filed once")

            async def over() -> bool:
                return all(job.finished_at for job in await sidecar.parts.db.run(listing.jobs))

            await until(over, "the job has ended")
            world.archive.edit(document, add_tags=["auto-tag"])
            paperless.tagged = slowly  # type: ignore[method-assign]
            stale = asyncio.create_task(sidecar.poller.round())
            await listed.wait()
            paperless.tagged = ask  # type: ignore[method-assign]
            assert await sidecar.poller.round() == 1
            await until(over, "filed a second time")
            go_on.set()
            assert await stale == 0
            assert "auto-tag" not in world.archive.tag_names(document)
        jobs = await sidecar.parts.db.run(listing.jobs)
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.SUCCEEDED]


@pytest.mark.parametrize("fails", ["Paperless", "the store"])
async def test_a_ring_whose_round_fails_is_not_forgotten_until_tomorrow(
    world: World, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    run, failed = Database.run, False

    async def away_once(self: Database, operation: Callable[..., Any], *given: Any, **named: Any) -> Any:
        nonlocal failed
        if operation is queue.unfinished and fails == "the store" and not failed:
            failed = True
            raise StoreError("The store is away.")
        return await run(self, operation, *given, **named)

    async with world.sidecar(fast_clock(100), poll_interval_s=86400) as sidecar, running(sidecar):
        began = sidecar.poller.polled_at
        await until(lambda: sidecar.poller.polled_at > began, "the first round")
        monkeypatch.setattr(Database, "run", away_once)
        if fails == "Paperless":
            world.archive.faults.add(Fault("GET", r"/api/documents/\?", times=1, answer=Answer(403, body="{}")))
        document = world.letter("auto-tag")
        sidecar.poller.ring()
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "filed")
    assert failed == (fails == "the store")
