"""What a list of tagged documents is worth that was asked for before the end of a job."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sidecar.domain.document import Tagged
from sidecar.domain.job import State
from sidecar.store import report
from tests.worker.conftest import World, running, until


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
                return all(job.finished_at for job in await sidecar.parts.db.run(report.jobs))

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
        jobs = await sidecar.parts.db.run(report.jobs)
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.SUCCEEDED]
