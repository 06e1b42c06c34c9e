"""Undos are asked for while another one of the document waits: none of the wishes is lost, or it is said."""

from __future__ import annotations

import pytest

from sidecar.desk import jobs as desk
from sidecar.desk.jobs import Done
from sidecar.domain.errors import PermanentError
from sidecar.domain.job import Job, Kind, State
from sidecar.store import listing, queue
from tests.worker.conftest import World
from tests.worker.test_broken_off import jobs_of
from tests.worker.test_undo import Filing, filing, standing


async def ask(file: Filing, document: int, *jobs: Job) -> Done:
    """Ask as the command, the dashboard and the API do; nothing is done yet."""
    sidecar = file._sidecar
    return await desk.ask_back(sidecar.parts, document, [job.id for job in jobs], now=sidecar._clock.now())


async def test_all_of_it_asked_for_by_tag_while_the_undo_of_one_job_waits_is_done_after_it(world: World) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        await file.file(document, title="First")
        second = await file.file(document, created="2026-06-06")
        await ask(file, document, second)
        world.archive.edit(document, add_tags=["auto-undo"])
        await file._sidecar.run(drain=True)
        await file._sidecar.run(drain=True)
        jobs = await jobs_of(file._sidecar)
    assert standing(world, document) == before
    assert [(job.ask, job.state) for job in jobs if job.kind is Kind.UNDO] == [
        ((second.id,), State.SUCCEEDED), (None, State.SUCCEEDED),
    ]  # fmt: skip


async def test_what_is_asked_for_while_an_undo_waits_is_added_to_it(world: World) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        first = await file.file(document, title="First")
        second = await file.file(document, created="2026-06-06")
        waiting = await ask(file, document, second)
        added = await ask(file, document, first)
        await file._sidecar.run(drain=True)
        undo = (await jobs_of(file._sidecar))[-1]
    assert standing(world, document) == before
    assert added.job_id == waiting.job_id == undo.id
    assert added.said.endswith(f"job {undo.id} (undo) was waiting; it takes back what job {first.id} wrote, too.")
    assert undo.ask == (first.id, second.id)


async def test_an_undo_of_all_that_waits_takes_back_what_is_asked_for_by_name_too(world: World) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        first = await file.file(document, title="First")
        world.archive.edit(document, add_tags=["auto-undo"])
        await file._sidecar.poller.round()
        done = await ask(file, document, first)
        await file._sidecar.run(drain=True)
        undo = (await jobs_of(file._sidecar))[-1]
    assert standing(world, document) == before
    assert done.job_id is None
    assert done.said.endswith(f"job {undo.id} (undo) is waiting already; it takes back what job {first.id} wrote.")


@pytest.mark.parametrize("how", ["at work", "given up"])
async def test_of_an_undo_that_has_begun_it_is_said_that_the_rest_was_not_asked_for(world: World, how: str) -> None:
    document = world.letter()
    async with filing(world) as file:
        first = await file.file(document, title="First")
        second = await file.file(document, created="2026-06-06")
        asked = await ask(file, document, second)
        db, now, length = file._sidecar.parts.db, file._sidecar._clock.now(), file._sidecar.runner._leases.length
        claimed = await db.run(queue.claim, Kind.UNDO, owner="another", now=now, lease=length)
        assert claimed is not None
        if how == "given up":
            await db.run(queue.doom, claimed, reason="It cannot be done.", now=now)
            await db.run(queue.retry, claimed, run_after=now, reason="Paperless is away.", now=now, blame=True)
        with pytest.raises(PermanentError) as said:
            await ask(file, document, first)
        undo = await db.run(listing.job, claimed.id)
    assert undo is not None
    assert undo.ask == (second.id,)
    assert f"job {asked.job_id} (undo) has begun already. What job {first.id} wrote was not asked for" in str(
        said.value
    )


async def test_what_is_asked_for_twice_is_one_wish(world: World) -> None:
    document = world.letter()
    async with filing(world) as file:
        first = await file.file(document, title="First")
        made = await ask(file, document, first)
        again = await ask(file, document, first)
    assert again.job_id is None
    assert again.said.endswith(f"job {made.job_id} (undo) is waiting already; it takes back what job {first.id} wrote.")
