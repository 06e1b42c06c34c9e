"""A store that cannot be used for a while: nothing that was paid for is lost, and no job is blamed."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from pathlib import Path

import pytest

from sidecar.app import Sidecar
from sidecar.domain.errors import StoreError
from sidecar.domain.job import State
from sidecar.practice.samples import scan_pdf
from sidecar.store import listing
from sidecar.store.transaction import Transaction, durable
from sidecar.worker import finishing
from sidecar.worker.folder import WorkFolder
from tests.worker.conftest import LETTER, World, running, until


@durable
def _limit(tx: Transaction, pages: int) -> None:
    tx.rows(f"PRAGMA max_page_count = {pages}")


@durable
def _fill(tx: Transaction, table: str, size: int) -> None:
    text, key = "x" * size, uuid.uuid4().hex
    if table == "event":
        tx.run("INSERT INTO event (job_id, at, text) VALUES (0, 0, :text)", text=text)
    elif table == "answer":
        tx.run(
            "INSERT INTO answer (key, document_id, model, suggestion, created_at) VALUES (:key, 0, '', :text, 0)",
            key=key,
            text=text,
        )
    else:
        tx.run("INSERT INTO page VALUES (:key, 0, 0, :text, '', NULL, 0, 0, '', NULL)", key=key, text=text)


async def fill_the_disk(sidecar: Sidecar) -> None:
    """Let SQLite find no room for another row."""
    await sidecar.parts.db.run(_limit, 1)  # means: as large as it is now
    for table in ("event", "answer", "page"):
        for size in (4000, 400, 40, 1):
            with pytest.raises(StoreError, match="full"):
                while True:
                    await sidecar.parts.db.run(_fill, table, size)


async def free_the_disk(sidecar: Sidecar) -> None:
    """Make room again. Said in one commit with something that finds none, it is told so too, and says it once more."""
    while True:
        with contextlib.suppress(StoreError):
            return await sidecar.parts.db.run(_limit, 1_000_000)


async def done(sidecar: Sidecar) -> bool:
    return {job.state for job in await sidecar.parts.db.run(listing.jobs)} == {State.SUCCEEDED}


async def test_an_answer_that_comes_while_the_disk_is_full_is_kept_in_mind_and_not_paid_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "STORE_S", 0.05)
    world.model.delay_s = 1.0
    document = world.letter("auto-tag")
    async with world.sidecar() as sidecar, running(sidecar):
        await until(lambda: _is_running(sidecar), "the model was asked")
        await fill_the_disk(sidecar)
        await until(lambda: bool(world.model.calls()), "the model has answered")
        await asyncio.sleep(0.3)  # the answer finds no room
        assert world.writes(document) == []
        await free_the_disk(sidecar)
        await until(lambda: done(sidecar), "done")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert len(world.model.calls()) == 1
    assert (job.attempt, job.crashes) == (1, 0)
    assert world.archive.tag_names(document) >= {"auto-tagged"}
    assert len(world.writes(document)) == 2


async def test_a_page_that_is_read_while_the_disk_is_full_is_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "STORE_S", 0.05)
    document = world.letter("auto-ocr", data=scan_pdf([LETTER] * 4), content="")
    async with world.sidecar(ocr_cores=1) as sidecar, running(sidecar):
        await until(lambda: _is_running(sidecar), "reading began")
        await fill_the_disk(sidecar)
        await asyncio.sleep(0.5)
        await free_the_disk(sidecar)
        await until(lambda: done(sidecar), "done")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.attempt, job.crashes, job.pages_done) == (1, 0, 4)
    assert sorted(world.writes(document)) == ["content", "tags"]


async def _is_running(sidecar: Sidecar) -> bool:
    return any(job.state is State.RUNNING and job.base for job in await sidecar.parts.db.run(listing.jobs))


# -- the work folder


def test_the_folders_of_dead_programs_are_cleared_and_those_of_living_ones_left(tmp_path: Path) -> None:
    living, dead = WorkFolder(tmp_path, "living"), tmp_path / "dead"
    living.open()
    (living.path / "page").write_text("being read")
    dead.mkdir()
    (dead / "page").write_text("left")
    (tmp_path / "dead.lock").write_text("")
    (tmp_path / "stray").write_text("left by an older version")
    mine = WorkFolder(tmp_path, "mine")
    mine.open()
    assert (living.path / "page").read_text() == "being read"
    assert sorted(left.name for left in tmp_path.iterdir()) == ["living", "living.lock", "mine", "mine.lock"]
    mine.close()
    living.close()
    assert list(tmp_path.iterdir()) == []
