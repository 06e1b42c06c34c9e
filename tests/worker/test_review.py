"""Review on a real archive over real HTTP: what would be written is shown, waits, and is written as it was shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import httpx
import pytest

from sidecar.app import Sidecar
from sidecar.domain.errors import OutageError
from sidecar.domain.job import Kind, State
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import text_pdf
from sidecar.store import listing, review
from sidecar.store.review import Decision
from tests.worker.conftest import LETTER, World, fast_clock, once_a_write_waits, running, until
from tests.worker.test_custom_fields import give

FIELDS = "correspondent+created+document_type+title"


async def test_a_proposal_waits_as_a_note_and_is_written_once_when_it_is_approved(world: World) -> None:
    document = world.letter("auto-tag", "auto-review", "Keep")
    (job,) = await world.drain()
    (note,) = world.archive.notes(document)
    assert job.state is State.REVIEW
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.tag_names(document) == {"auto-tag", "auto-review", "Keep"}
    assert "Correspondent: none -> Ambervale Energy" in note
    assert "Tags: + Invoice" in note
    assert "Date: 2026-01-02 -> 2026-05-12" in note

    world.archive.edit(document, add_tags=["auto-approve"])
    (job,) = await world.drain()
    assert job.state is State.SUCCEEDED
    assert world.archive.tag_names(document) == {"Keep", "Invoice", "auto-tagged"}
    assert world.archive.document(document)["created"] == "2026-05-12"
    assert world.archive.notes(document) == []
    assert [entry for entry in world.writes(document) if entry == FIELDS] == [FIELDS]
    assert len(world.model.calls()) == 1


async def test_what_a_person_changes_while_it_waits_stays(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    world.archive.edit(document, title="My own title", add_tags=["auto-approve", "Mine"])
    (job,) = await world.drain()
    after = world.archive.document(document)
    assert (after["title"], after["created"]) == ("My own title", "2026-05-12")
    assert world.archive.tag_names(document) == {"Mine", "Invoice", "auto-tagged"}
    assert "Kept what somebody changed meanwhile: title" in str(job.reason)


@pytest.mark.parametrize(
    "way", ["the tag auto-reject", "both tags", "the trigger tag taken off", "the document deleted"]
)
async def test_what_is_rejected_is_never_written_and_leaves_nothing_behind(world: World, way: str) -> None:
    document = world.letter("auto-tag", "auto-review", "Keep")
    await world.drain()
    match way:
        case "the tag auto-reject":
            world.archive.edit(document, add_tags=["auto-reject"])
        case "both tags":
            world.archive.edit(document, add_tags=["auto-reject", "auto-approve"])
        case "the trigger tag taken off":
            world.archive.edit(document, remove_tags=["auto-tag"])
        case _:
            world.archive.delete(document)
    (job,) = await world.drain()
    assert job.state is State.CANCELLED
    if way != "the document deleted":
        assert str(job.reason).startswith("Rejected by ")
        assert world.archive.tag_names(document) == {"Keep"}
        assert world.archive.notes(document) == []
    assert world.archive.document(document)["title"] == "scan"
    assert not [entry for entry in world.writes(document) if entry == FIELDS]


async def test_a_proposal_that_waits_is_no_work_that_is_left_and_is_not_made_again(world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(review="tagging") as sidecar:
        assert await sidecar.run(drain=True)
        assert await sidecar.run(drain=True)
        assert [job.state for job in await sidecar.parts.db.run(listing.jobs)] == [State.REVIEW]
    assert len(world.archive.notes(document)) == 1
    assert len(world.model.calls()) == 1


async def test_a_text_and_then_a_filing_are_shown_one_after_the_other(world: World) -> None:
    document = world.letter(
        "auto-ocr", "auto-tag", "auto-review", content="~~ c0uld n0t be re@d", data=text_pdf([LETTER])
    )
    (reading,) = await world.drain()
    (note,) = world.archive.notes(document)
    assert (reading.kind, reading.state) == (Kind.OCR, State.REVIEW)
    assert 'Text: "~~ c0uld n0t be re@d"' in note
    world.archive.edit(document, add_tags=["auto-approve"])
    reading, filing = await world.drain()
    (note,) = world.archive.notes(document)
    assert (reading.state, filing.state) == (State.SUCCEEDED, State.REVIEW)
    assert "Correspondent: none -> Ambervale Energy" in note
    assert world.archive.tag_names(document) == {"auto-tag", "auto-review", "auto-ocr-done"}


async def test_an_approval_of_before_there_was_anything_to_see_does_not_count(world: World) -> None:
    document = world.letter("auto-tag", "auto-review", "auto-approve")
    (job,) = await world.drain()
    assert job.state is State.REVIEW
    assert world.archive.tag_names(document) == {"auto-tag", "auto-review"}


async def test_what_changes_nothing_is_not_shown(world: World) -> None:
    document = world.letter("auto-tag", content="Nothing here names anything.")
    (first,) = await world.drain()
    world.archive.edit(document, add_tags=["auto-tag"])
    _, job = await world.drain(review="all")
    assert (first.state, job.state) == (State.SUCCEEDED, State.SUCCEEDED)
    assert world.archive.notes(document) == []


async def test_a_tag_deleted_while_a_proposal_waits_is_left_out_and_the_rest_is_written(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    _delete_tag(world, "Invoice")
    world.archive.edit(document, add_tags=["auto-approve"])
    (job,) = await world.drain()
    assert job.state is State.SUCCEEDED
    assert world.archive.tag_names(document) == {"auto-tagged"}
    assert world.archive.document(document)["created"] == "2026-05-12"


async def test_a_tag_of_ours_deleted_while_a_proposal_waits_is_put_on_anew(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    _delete_tag(world, "auto-tagged")
    world.archive.edit(document, add_tags=["auto-approve"])
    (job,) = await world.drain()
    assert job.state is State.SUCCEEDED
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}


def _delete_tag(world: World, name: str) -> None:
    headers = {"Authorization": "Token practice-token"}
    found = httpx.get(f"{world.archive.url}/api/tags/", params={"page_size": 100}, headers=headers).json()["results"]
    (tag,) = (row["id"] for row in found if row["name"] == name)
    httpx.delete(f"{world.archive.url}/api/tags/{tag}/", headers=headers).raise_for_status()


async def test_a_document_that_is_given_up_loses_the_tags_and_the_note_of_its_review_too(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    world.archive.edit(document, add_tags=["auto-approve"])
    refusal = Answer(403, body='{"detail": "You do not have permission to perform this action."}')
    world.archive.faults.add(Fault(method="PATCH", answer=refusal))
    (job,) = await world.drain()
    assert job.state is State.FAILED
    assert world.archive.tag_names(document) == {"auto-failed"}
    (note,) = world.archive.notes(document)
    assert "gave up" in note


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_note_whose_answer_is_lost_is_not_posted_twice(world: World, drop: Literal["before", "after"]) -> None:
    document = world.letter("auto-tag", "auto-review")
    world.archive.faults.add(Fault(method="POST", path="/notes/", times=1, drop=drop))
    async with world.sidecar(fast_clock(300)) as sidecar, running(sidecar):
        await until(lambda: _is(sidecar, State.REVIEW), "the proposal waits")
        world.archive.edit(document, add_tags=["auto-approve"])
        await until(lambda: _is(sidecar, State.SUCCEEDED), "it is written")
    posted = [entry for entry in world.archive.history(document) if "Note Added" in entry["changes"]]
    assert len(posted) == 1
    assert world.archive.notes(document) == []
    assert len(world.model.calls()) == 1


async def test_what_was_approved_is_written_while_the_model_is_away(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    waiting = world.letter("auto-tag", content="Another letter")
    world.archive.edit(document, add_tags=["auto-approve"])
    world.model.faults.add(Fault(path="chat", answer=Answer(503)))
    async with world.sidecar() as sidecar:
        sidecar.providers.park(OutageError("model", "The model is away."))
        assert not await sidecar.run(drain=True)
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}
    assert world.archive.tag_names(waiting) == {"auto-tag"}


async def test_notes_that_may_not_be_written_or_removed_keep_nothing_from_being_done(world: World) -> None:
    document, other = (world.letter("auto-tag", "auto-review") for _ in range(2))
    refusal = Answer(403, body='{"detail": "You do not have permission to perform this action."}')
    world.archive.faults.add(Fault(method="POST", path=f"/{other}/notes/", answer=refusal))
    world.archive.faults.add(Fault(method="DELETE", path="/notes/", answer=refusal))
    jobs = await world.drain()
    assert [job.state for job in jobs] == [State.REVIEW, State.REVIEW]
    for one in (document, other):
        world.archive.edit(one, add_tags=["auto-approve"])
    jobs = await world.drain()
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.SUCCEEDED]
    assert [len(world.archive.notes(one)) for one in (document, other)] == [1, 0]


async def test_a_list_that_misses_a_document_does_not_reject_its_proposal(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    empty = Answer(200, body='{"count": 0, "next": null, "previous": null, "results": []}')
    world.archive.faults.add(Fault(method="GET", path=r"/api/documents/\?", times=1, answer=empty))
    await world.drain()
    (job,) = await world.drain()
    assert job.state is State.REVIEW
    assert len(world.archive.notes(document)) == 1


async def test_a_review_that_is_asked_for_while_the_write_waits_for_its_turn_comes_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar() as sidecar:
        once_a_write_waits(sidecar, monkeypatch, lambda: world.archive.edit(document, add_tags=["auto-review"]))
        await sidecar.run(drain=True)
        assert await _is(sidecar, State.REVIEW)
        world.archive.edit(document, add_tags=["auto-reject"])
        await sidecar.run(drain=True)
        assert await _is(sidecar, State.CANCELLED)
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.notes(document) == []


@pytest.mark.parametrize("status", [403, 500])
async def test_a_document_that_cannot_be_looked_at_keeps_no_other_from_being_found(world: World, status: int) -> None:
    document = world.letter("auto-tag", "auto-review")
    await world.drain()
    world.archive.edit(document, add_tags=["auto-approve"])
    other = world.letter("auto-tag")
    broken = Answer(status, body='{"detail": "It is not to be had."}')
    world.archive.faults.add(Fault(method="GET", path=f"/documents/{document}/", answer=broken))
    waiting, done = await world.drain()
    assert (waiting.state, done.state) == (State.REVIEW, State.SUCCEEDED)
    assert "auto-tagged" in world.archive.tag_names(other)
    world.archive.faults.clear()
    approved, _ = await world.drain()
    assert approved.state is State.SUCCEEDED


async def test_a_trigger_taken_off_after_the_approval_leaves_nothing_of_the_review_behind(world: World) -> None:
    document = world.letter("auto-tag", "auto-review", "Keep")
    (job,) = await world.drain()
    async with world.sidecar() as sidecar:
        now = datetime.now(UTC)
        assert await sidecar.parts.db.run(review.decide, job.id, Decision.APPROVED, by="the command line", now=now)
        world.archive.edit(document, remove_tags=["auto-tag"])
        await sidecar.run(drain=True)
        assert await _is(sidecar, State.CANCELLED)
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.notes(document) == []
    assert world.archive.tag_names(document) == {"Keep"}


async def test_a_summary_is_shown_first_even_where_nothing_else_is_to_be_written(world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(review="tagging") as sidecar:
        give(sidecar, {}, note="A summary of the letter.")
        await sidecar.run(drain=True)
        assert await _is(sidecar, State.REVIEW)
        (shown,) = world.archive.notes(document)
        assert 'Note: "A summary of the letter."' in shown
        world.archive.edit(document, add_tags=["auto-approve"])
        await sidecar.run(drain=True)
    assert world.archive.notes(document) == ["A summary of the letter."]


async def _is(sidecar: Sidecar, state: State) -> bool:
    return [job.state for job in await sidecar.parts.db.run(listing.jobs)] == [state]
