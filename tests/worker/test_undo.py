"""Undo on a real archive over real HTTP: what the sidecar wrote goes, what a person wrote stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest

from sidecar.app import Sidecar
from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.domain.trigger import LOOP_REASON
from sidecar.domain.writeback import Proposal, TagDelta
from sidecar.practice.faults import Fault
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import listing, queue, undoing
from sidecar.worker.lane import Lane
from tests.worker.conftest import LETTER, World, fast_clock, once_a_write_waits, running, until

KEPT = ("title", "content", "correspondent", "document_type", "storage_path", "created", "custom_fields", "tags")


def standing(world: World, document: int) -> dict[str, Any]:
    """What a person would miss."""
    found = world.archive.document(document)
    return {name: found[name] for name in KEPT} | {"tags": sorted(found["tags"])}


class Filing:
    """Files documents as it is told instead of asking a model; all that comes after is the sidecar's own."""

    def __init__(self, world: World, sidecar: Sidecar) -> None:
        self._world = world
        self._sidecar = sidecar
        self.values: Mapping[str, Any] = {}
        self.add: Sequence[int] = ()
        self.note: str | None = None
        sidecar.runner._lanes[Kind.TAGGING] = Lane(self._propose, 1, ("paperless",))  # type: ignore[index]

    async def file(self, document: int, *add: int, note: str | None = None, **values: Any) -> Job:
        """Tag the document, have it filed like this, and return the job."""
        self.values, self.add, self.note = values, add, note
        self._world.archive.edit(document, add_tags=["auto-tag"])
        await self._sidecar.run(drain=True)
        return (await self._sidecar.parts.db.run(listing.jobs, document_id=document, limit=1))[0]

    async def undo(self, document: int, *jobs: Job) -> Job:
        """Have these jobs taken back as the command does, or by the tag if none is named."""
        if jobs:
            await self._sidecar.parts.db.run(
                queue.enqueue, document, Kind.UNDO, priority=Priority.NOW, now=self._sidecar._clock.now(),
                ask=[job.id for job in jobs],
            )  # fmt: skip
        else:
            self._world.archive.edit(document, add_tags=["auto-undo"])
        await self._sidecar.run(drain=True)
        return (await self._sidecar.parts.db.run(listing.jobs, document_id=document, limit=1))[0]

    async def _propose(self, job: Job) -> Proposal:
        tags = await self._sidecar.parts.tags()
        found = await self._sidecar.parts.paperless.document(job.document_id)
        delta = TagDelta(frozenset({tags.tagging_done, *self.add}), frozenset({tags.tagging}))
        return Proposal({name: found.value(name) for name in self.values}, self.values, delta, self.note)


@asynccontextmanager
async def filing(world: World, **given: Any) -> AsyncIterator[Filing]:
    async with world.sidecar(**given) as sidecar:
        yield Filing(world, sidecar)


async def test_the_undo_tag_takes_back_all_that_was_read_and_filed(world: World) -> None:
    document = world.letter("Keep", content="~~ c0uld n0t be re@d", data=text_pdf([LETTER]))
    before = standing(world, document)
    world.archive.edit(document, add_tags=["auto-ocr", "auto-tag"])
    await world.drain()
    assert world.archive.document(document)["content"] != before["content"]
    assert "Invoice" in world.archive.tag_names(document)
    world.archive.edit(document, add_tags=["auto-undo"])
    *_, job = await world.drain()
    assert standing(world, document) == before
    assert (job.kind, job.state) == (Kind.UNDO, State.SUCCEEDED)
    assert str(job.reason).startswith("Took back: ")


async def test_what_a_person_changed_since_is_not_undone_and_is_told(world: World) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        await file.file(document, title="Ours", created="2025-05-05")
        world.archive.edit(document, title="Theirs")
        job = await file.undo(document)
    assert standing(world, document) == before | {"title": "Theirs"}
    assert job.reason == "Took back: date, tags. Kept what was changed since: title."


async def test_a_persons_edit_between_two_write_backs_is_where_an_undo_of_both_ends(world: World) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        await file.file(document, title="First", created="2025-05-05")
        world.archive.edit(document, title="Theirs")
        await file.file(document, title="Second", created="2025-06-06")
        await file.undo(document)
    assert standing(world, document) == before | {"title": "Theirs"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_write_backs_taken_back_one_after_the_other_end_with_what_stood_there_first(
    world: World, order: tuple[int, int]
) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        jobs = [await file.file(document, title=title) for title in ("First", "Second")]
        for one in order:
            await file.undo(document, jobs[one])
    assert standing(world, document) == before


async def test_an_older_write_back_taken_back_alone_leaves_what_a_younger_one_wrote_over_it(world: World) -> None:
    document = world.letter()
    async with filing(world) as file:
        first = await file.file(document, title="First", created="2025-05-05")
        await file.file(document, title="Second")
        job = await file.undo(document, first)
        gone = await file._sidecar.parts.db.run(undoing.preview, document, [first.id])
    after = world.archive.document(document)
    assert (after["title"], after["created"]) == ("Second", "2026-01-02")
    assert job.reason == "Took back: date, tags. Kept what was changed since: title."
    assert (first.id, "created") in gone.gone
    assert (first.id, "title") not in gone.gone


async def test_a_filing_that_only_put_tags_on_is_taken_back(world: World) -> None:
    document = world.letter("Keep")
    before = standing(world, document)
    urgent = world.archive.add_name("tags", "Urgent")
    async with filing(world) as file:
        await file.file(document, urgent)
        assert world.archive.tag_names(document) == {"Keep", "Urgent", "auto-tagged"}
        job = await file.undo(document)
    assert standing(world, document) == before
    assert job.reason == "Took back: tags."


async def test_parent_tags_that_came_along_with_ours_go_with_them(world: World) -> None:
    top = world.archive.add_name("tags", "Money")
    middle = world.archive.add_name("tags", "Bills", parent=top)
    leaf = world.archive.add_name("tags", "Power", parent=middle)
    document, theirs = world.letter("Keep"), world.letter("Money")
    before = standing(world, document), standing(world, theirs)
    async with filing(world) as file:
        for one in (document, theirs):
            await file.file(one, leaf)
            assert {"Money", "Bills", "Power"} <= world.archive.tag_names(one)
            await file.undo(one)
    assert (standing(world, document), standing(world, theirs)) == before


async def test_a_parent_tag_stays_while_a_tag_of_a_person_stands_under_it(world: World) -> None:
    top = world.archive.add_name("tags", "Money")
    leaf = world.archive.add_name("tags", "Power", parent=top)
    world.archive.add_name("tags", "Water", parent=top)
    document = world.letter()
    async with filing(world) as file:
        await file.file(document, leaf)
        world.archive.edit(document, add_tags=["Water"])
        await file.undo(document)
    assert world.archive.tag_names(document) == {"Money", "Water"}


async def test_the_note_that_came_with_a_filing_goes_with_it_and_a_persons_stays(world: World) -> None:
    document = world.letter()
    async with filing(world) as file:
        await file.file(document, title="Ours", note="A summary of the letter.")
        await file._sidecar.parts.paperless.add_note(document, "Mine.")
        await file.undo(document)
    assert world.archive.notes(document) == ["Mine."]


async def test_the_marks_of_a_failure_are_taken_back(world: World) -> None:
    document = world.letter("auto-ocr", data=b"no pdf at all")
    await world.drain()
    assert world.archive.tag_names(document) == {"auto-failed"}
    world.archive.edit(document, add_tags=["auto-undo"])
    await world.drain()
    assert world.archive.tag_names(document) == set()
    assert world.archive.notes(document) == []


async def test_an_undo_can_be_done_once_and_the_document_filed_again(world: World) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        await file.file(document, title="First")
        await file.undo(document)
        again = await file.undo(document)
        await file.file(document, title="Second")
        assert world.archive.document(document)["title"] == "Second"
        await file.undo(document)
    assert again.reason == "There was nothing to take back."
    assert standing(world, document) == before


async def test_an_undo_tag_that_a_workflow_keeps_adding_is_not_believed_for_ever(world: World) -> None:
    document = world.letter()
    async with filing(world) as file:
        await file.file(document, title="First")
        for _ in range(5):
            job = await file.undo(document)
    assert (job.kind, job.state, job.reason) == (Kind.UNDO, State.FAILED, LOOP_REASON)
    assert world.archive.tag_names(document) == {"auto-failed"}


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_an_undo_whose_answer_is_lost_is_looked_at_and_not_repeated(
    world: World, method: str, drop: Literal["before", "after"]
) -> None:
    document = world.letter()
    before = standing(world, document)
    async with filing(world) as file:
        await file.file(document, title="Ours")
    writes = world.writes(document)
    world.archive.faults.add(Fault(method=method, path="bulk_edit" if method == "POST" else None, times=1, drop=drop))
    world.archive.edit(document, add_tags=["auto-undo"])
    async with world.sidecar(fast_clock(300)) as sidecar, running(sidecar):
        await until(lambda: _is_undone(sidecar), "taken back")
    assert standing(world, document) == before
    assert world.writes(document) == [*writes, "tags", "title", "tags"]


async def _is_undone(sidecar: Sidecar) -> bool:
    jobs = await sidecar.parts.db.run(listing.jobs)
    return jobs[0].kind is Kind.UNDO and jobs[0].state is State.SUCCEEDED


async def test_undo_of_a_hundred_documents_restores_every_field_except_where_a_person_edited_since(
    world: World,
) -> None:
    parent = world.archive.add_name("tags", "Utilities")
    leaf = world.archive.add_name("tags", "Electricity", parent=parent)
    paper = text_pdf([LETTER])
    documents = [
        world.letter(*(["Keep"] if n % 3 else []), content="~~ c0uld n0t be re@d" if n % 2 else LETTER, data=paper)
        for n in range(100)
    ]
    before = {one: standing(world, one) for one in documents}
    await world.drain()
    for n, one in enumerate(documents):
        world.archive.edit(one, add_tags=["auto-tag", "auto-ocr"] if n % 2 else ["auto-tag"])
    async with world.sidecar(ocr_concurrency=8, tagging_concurrency=16, poll_interval_s=60) as sidecar:
        await sidecar.run(drain=True)
        assert all("auto-tagged" in world.archive.tag_names(one) for one in documents)
        filing = Filing(world, sidecar)
        filing.values, filing.add = {"title": "A second time", "created": "2025-05-05"}, [leaf]
        for one in documents[:30]:
            world.archive.edit(one, add_tags=["auto-tag"])
        for one in documents[10:20]:
            world.archive.edit(one, title=f"Between the two, {one}")
        await sidecar.run(drain=True)
        for one in documents[10:20]:
            before[one]["title"] = f"Between the two, {one}"
        assert all("Utilities" in world.archive.tag_names(one) for one in documents[:30])
        for one in documents[50:60]:
            world.archive.edit(one, title=f"Since then, {one}", add_tags=["Mine"])
            before[one] |= {"title": f"Since then, {one}"}
        mine = {one: world.archive.tag_names(one) & {"Mine"} for one in documents}
        found = await sidecar.parts.db.run(undoing.writers)
        for one, jobs in found.items():
            now = sidecar._clock.now()
            await sidecar.parts.db.run(queue.enqueue, one, Kind.UNDO, priority=Priority.NOW, now=now, ask=jobs)
        assert await sidecar.run(drain=True)
        ended = await sidecar.parts.db.run(listing.jobs, limit=100)
    assert {job.state for job in ended if job.kind is Kind.UNDO} == {State.SUCCEEDED}
    assert sorted(found) == documents
    for one in documents:
        after = standing(world, one)
        assert after | {"tags": 0} == before[one] | {"tags": 0}
        keep = {"Keep"} if documents.index(one) % 3 else set()
        assert world.archive.tag_names(one) == keep | mine[one]


@pytest.mark.parametrize("text", [LETTER, "Ambervale Energy\nThe total of 1,234.50 EUR is due within thirty days."])
async def test_under_a_searchable_version_the_text_of_before_it_comes_back_and_the_version_stays(
    world: World, text: str
) -> None:
    document = world.letter("auto-ocr", content="What a person typed, word by word.", data=scan_pdf([text]))
    await world.drain(searchable_pdf="version")
    assert "Ambervale" in world.archive.document(document)["content"]
    assert len(world.archive.versions(document)) == 2
    world.archive.edit(document, add_tags=["auto-undo"])
    *_, job = await world.drain()
    assert world.archive.document(document)["content"] == "What a person typed, word by word."
    assert len(world.archive.versions(document)) == 2
    assert "The searchable version stays" in str(job.reason)


async def test_custom_fields_are_taken_back_one_by_one_and_those_of_a_person_stay(world: World) -> None:
    amount = world.archive.add_name("custom_fields", "Amount", data_type="monetary")
    due = world.archive.add_name("custom_fields", "Due", data_type="date")
    paid = world.archive.add_name("custom_fields", "Paid", data_type="boolean")
    document = world.letter()
    world.archive.edit(document, custom_fields=[{"field": amount, "value": "EUR1.00"}])
    async with filing(world) as file:
        await file.file(document, **{f"custom_fields.{amount}": "EUR2.50", f"custom_fields.{due}": "2026-06-01"})
        held = world.archive.document(document)["custom_fields"]
        world.archive.edit(document, custom_fields=[*held, {"field": paid, "value": True}])
        await file.undo(document)
    found = {one["field"]: one["value"] for one in world.archive.document(document)["custom_fields"]}
    assert found == {amount: "EUR1.00", paid: True}


async def test_a_custom_field_that_stood_there_empty_is_empty_again_and_not_gone(world: World) -> None:
    amount = world.archive.add_name("custom_fields", "Amount", data_type="monetary")
    due = world.archive.add_name("custom_fields", "Due", data_type="date")
    document = world.letter()
    world.archive.edit(document, custom_fields=[{"field": amount, "value": None}])
    async with filing(world) as file:
        for value in ("EUR2.50", "EUR3.00"):
            await file.file(document, **{f"custom_fields.{amount}": value, f"custom_fields.{due}": "2026-06-01"})
        await file.undo(document)
    assert world.archive.document(document)["custom_fields"] == [{"field": amount, "value": None}]


async def test_a_filing_that_was_withdrawn_before_anything_was_sent_is_nothing_to_be_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar() as sidecar:
        once_a_write_waits(sidecar, monkeypatch, lambda: world.archive.edit(document, remove_tags=["auto-tag"]))
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        assert job.state is State.CANCELLED
        world.archive.edit(document, correspondent="Ambervale Energy", title="Ambervale Energy", add_tags=["auto-undo"])
        before = standing(world, document)
        await sidecar.run(drain=True)
        undo, _ = await sidecar.parts.db.run(listing.jobs)
    assert undo.reason == "There was nothing to take back."
    assert standing(world, document) | {"tags": 0} == before | {"tags": 0}
