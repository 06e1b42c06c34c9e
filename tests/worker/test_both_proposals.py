"""A text and a filing that wait on one document: what a tag stands for, and what a decision on one alone leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sidecar.app import Sidecar
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.writeback import Proposal
from sidecar.practice.samples import text_pdf
from sidecar.store import listing, review
from sidecar.store.review import Decision
from sidecar.worker.lane import Lane
from tests.worker.conftest import LETTER, World

NEW_TEXT = f"{LETTER}\nMeter number 4711."


@pytest.fixture
async def filing(world: World) -> int:
    """A document on which a filing waits, and whose text would be another one if it were read."""
    document = world.letter("auto-tag", "auto-review", "Keep", data=text_pdf([NEW_TEXT]))
    (job,) = await world.drain()
    assert (job.kind, job.state) == (Kind.TAGGING, State.REVIEW)
    return document


@pytest.fixture
async def both(world: World, filing: int) -> int:
    """The same, with a new text that waits too."""
    world.archive.edit(filing, add_tags=["auto-ocr"])
    assert [job.state for job in await world.drain()] == [State.REVIEW, State.REVIEW]
    assert len(world.archive.notes(filing)) == 2
    return filing


def written(world: World, document: int) -> set[str]:
    """What was written of the two."""
    found = world.archive.document(document)
    now = {"filing": found["title"] != "scan", "text": found["content"] != LETTER}
    return {what for what, is_written in now.items() if is_written}


async def test_each_note_says_that_a_tag_decides_on_both(world: World, both: int) -> None:
    for note in world.archive.notes(both):
        assert "Should another proposal stand here too, the two tags decide on both" in note


async def test_a_tag_approves_all_that_is_shown_by_one_look_at_the_document(
    world: World, both: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.archive.edit(both, add_tags=["auto-approve"])
    async with world.sidecar() as sidecar:
        document, looks = sidecar.parts.paperless.document, list[int]()

        async def once(document_id: int) -> Any:
            looks.append(document_id)
            if len(looks) > 1:  # the first one was done meanwhile, and took the tag off
                world.archive.edit(both, remove_tags=["auto-approve"])
            return await document(document_id)

        monkeypatch.setattr(sidecar.parts.paperless, "document", once)
        assert await sidecar.poller.round() == 2
        monkeypatch.setattr(sidecar.parts.paperless, "document", document)
        await sidecar.run(drain=True)
        assert await _states(sidecar) == {Kind.OCR: State.SUCCEEDED, Kind.TAGGING: State.SUCCEEDED}
    assert written(world, both) == {"filing", "text"}
    assert world.archive.tag_names(both) == {"Keep", "Invoice", "auto-tagged", "auto-ocr-done"}
    assert world.archive.notes(both) == []


async def test_a_tag_rejects_all_that_is_shown(world: World, both: int) -> None:
    world.archive.edit(both, add_tags=["auto-reject"])
    assert [job.state for job in await world.drain()] == [State.CANCELLED, State.CANCELLED]
    assert written(world, both) == set()
    assert world.archive.tag_names(both) == {"Keep"}
    assert world.archive.notes(both) == []


@pytest.mark.parametrize(("tag", "end"), [("auto-approve", State.SUCCEEDED), ("auto-reject", State.CANCELLED)])
async def test_a_tag_of_before_the_second_proposal_was_shown_decides_on_the_first_alone(
    world: World, filing: int, tag: str, end: State
) -> None:
    world.archive.edit(filing, add_tags=["auto-ocr"])
    async with world.sidecar() as sidecar:
        _while_it_works(sidecar, Kind.OCR, lambda: world.archive.edit(filing, add_tags=[tag]))
        await sidecar.run(drain=True)
        assert await _states(sidecar) == {Kind.TAGGING: end, Kind.OCR: State.REVIEW}
    assert written(world, filing) == ({"filing"} if end is State.SUCCEEDED else set())
    assert {"auto-ocr", "auto-review"} < world.archive.tag_names(filing)
    assert tag not in world.archive.tag_names(filing)
    (note,) = world.archive.notes(filing)
    assert "a new text" in note


@pytest.mark.parametrize("when", ["in the door", "as it goes out"])
async def test_a_tag_that_comes_while_the_second_proposal_waits_to_be_shown_decides_on_the_first_alone(
    world: World, filing: int, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    world.archive.edit(filing, add_tags=["auto-ocr"])
    async with world.sidecar() as sidecar:
        place = sidecar.parts.paperless if when == "as it goes out" else sidecar.runner._attempts._reviews._writer._gate
        name = "add_note" if when == "as it goes out" else "write"
        pass_on = getattr(place, name)

        async def late(*given: Any) -> Any:
            monkeypatch.setattr(place, name, pass_on)
            world.archive.edit(filing, add_tags=["auto-approve"])
            return await pass_on(*given)

        monkeypatch.setattr(place, name, late)
        await sidecar.run(drain=True)
        await sidecar.run(drain=True)
        assert await _states(sidecar) == {Kind.TAGGING: State.SUCCEEDED, Kind.OCR: State.REVIEW}
    assert written(world, filing) == {"filing"}
    assert {"auto-ocr", "auto-review"} < world.archive.tag_names(filing)
    assert "auto-approve" not in world.archive.tag_names(filing)
    (note,) = world.archive.notes(filing)
    assert "a new text" in note


@pytest.mark.parametrize("kind", [Kind.OCR, Kind.TAGGING])
@pytest.mark.parametrize("decision", Decision)
async def test_a_decision_on_one_alone_leaves_the_other_waiting_with_its_tags_and_its_note(
    world: World, both: int, kind: Kind, decision: Decision
) -> None:
    trigger, other = ("auto-tag", Kind.TAGGING) if kind is Kind.OCR else ("auto-ocr", Kind.OCR)
    async with world.sidecar() as sidecar:
        await _decide(sidecar, kind, decision)
        await sidecar.run(drain=True)
        end = State.SUCCEEDED if decision is Decision.APPROVED else State.CANCELLED
        assert await _states(sidecar) == {kind: end, other: State.REVIEW}
        assert {trigger, "auto-review"} < world.archive.tag_names(both)
        assert len(world.archive.notes(both)) == 1
        world.archive.edit(both, add_tags=["auto-reject"])
        await sidecar.run(drain=True)
        assert await _states(sidecar) == {kind: end, other: State.CANCELLED}
    assert world.archive.notes(both) == []
    assert not {"auto-review", "auto-tag", "auto-ocr", "auto-reject"} & world.archive.tag_names(both)


@pytest.mark.parametrize("decision", Decision)
async def test_a_tag_that_comes_while_the_other_one_ends_is_heard_and_not_taken_off_with_it(
    world: World, both: int, monkeypatch: pytest.MonkeyPatch, decision: Decision
) -> None:
    async with world.sidecar() as sidecar:
        await _decide(sidecar, Kind.TAGGING, decision)
        is_written = decision is Decision.APPROVED
        where: Any = sidecar.runner._attempts._delivery if is_written else sidecar.runner._attempts._reviews
        name = "deliver" if is_written else "drop"
        step = getattr(where, name)

        async def late(job: Job, *given: Any) -> Any:
            if job.kind is Kind.TAGGING:
                world.archive.edit(both, add_tags=["auto-approve"])
            return await step(job, *given)

        monkeypatch.setattr(where, name, late)
        await sidecar.run(drain=True)
        await sidecar.run(drain=True)
        states = await _states(sidecar)
    assert states[Kind.OCR] is State.SUCCEEDED
    assert "text" in written(world, both)
    assert "auto-approve" not in world.archive.tag_names(both)


async def test_words_that_came_while_the_tag_was_looked_at_are_not_approved_by_it(
    world: World, filing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.archive.edit(filing, add_tags=["auto-approve"])
    async with world.sidecar() as sidecar:
        document = sidecar.parts.paperless.document

        async def slow(document_id: int) -> Any:
            found = await document(document_id)
            monkeypatch.setattr(sidecar.parts.paperless, "document", document)
            (kept,) = await sidecar.parts.db.run(review.open_ones)
            words = (kept.proposal, f"{kept.shown} Changed.")
            now = datetime.now(UTC)
            assert await sidecar.parts.db.run(review.edit, kept.job_id, *words, seen=kept.shown, by="me", now=now)
            (job,) = await sidecar.parts.db.run(listing.jobs)
            await sidecar.runner._start_all()  # shown anew and waiting, all before the answer is here
            while sidecar.runner.is_busy:
                await sidecar._clock.sleep(0.01)
            assert job.id == kept.job_id
            return found

        monkeypatch.setattr(sidecar.parts.paperless, "document", slow)
        assert await sidecar.poller.round() == 0
        assert await _states(sidecar) == {Kind.TAGGING: State.REVIEW}


async def _states(sidecar: Sidecar) -> dict[Kind, State]:
    return {job.kind: job.state for job in await sidecar.parts.db.run(listing.jobs)}


async def _decide(sidecar: Sidecar, kind: Kind, decision: Decision) -> None:
    (job,) = (job for job in await sidecar.parts.db.run(listing.jobs) if job.kind is kind)
    now = datetime.now(UTC)
    assert await sidecar.parts.db.run(review.decide, job.id, decision, by="the dashboard", now=now)


def _while_it_works(sidecar: Sidecar, kind: Kind, happens: Any) -> None:
    lane = sidecar.runner._lanes[kind]

    async def step(job: Job) -> Proposal:
        happens()
        return await lane.step(job)

    sidecar.runner._lanes[kind] = Lane(step, lane.width, lane.needs)  # type: ignore[index]
