"""A delivery breaks off, and before anybody goes on with it a person edits the document: what they did stays.

What they undid is not done again either, nothing is written a second time, and what they asked for anew is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sidecar.app import Sidecar
from sidecar.domain.job import Job, Kind, State
from sidecar.practice.faults import Answer, Fault
from sidecar.store import listing
from tests.worker.conftest import World, fast_clock, running, until
from tests.worker.test_undo import Filing, standing

FIELDS = "correspondent+created+document_type+title"
BROKEN = Answer(500, body="it broke down")


def once_the_tags_are_changed(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], None]) -> None:
    """Have the deed done right after the next change of tags was answered."""
    gate = sidecar.runner._attempts._delivery._gate
    change_tags = gate.change_tags

    async def changed(*given: Any) -> None:
        await change_tags(*given)
        monkeypatch.setattr(gate, "change_tags", change_tags)
        deed()

    monkeypatch.setattr(gate, "change_tags", changed)


def no_read_back(world: World, document: int) -> Callable[[], None]:
    """Let the next look at the document fail; a look that fails is taken once more at once."""
    return lambda: world.archive.faults.add(Fault("GET", f"documents/{document}/", times=2, answer=BROKEN))


async def jobs_of(sidecar: Sidecar) -> list[Job]:
    return (await sidecar.parts.db.run(listing.jobs))[::-1]


async def to_the_end(sidecar: Sidecar, jobs: int = 1) -> list[Job]:
    """Let it work until so many jobs have ended, and return all."""

    async def ended() -> bool:
        found = await jobs_of(sidecar)
        return len(found) >= jobs and all(job.finished_at for job in found)

    async with running(sidecar):
        await until(ended, "all jobs have ended")
    return await jobs_of(sidecar)


async def breaks_off(sidecar: Sidecar) -> None:
    await sidecar.run(drain=True)
    *_, job = await jobs_of(sidecar)
    assert job.state is State.SCHEDULED, f"it did not break off: {job.reason}"


async def test_what_a_person_put_back_after_all_was_sent_is_not_written_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(fast_clock(400)) as sidecar:
        once_the_tags_are_changed(sidecar, monkeypatch, no_read_back(world, document))
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan", correspondent=None, remove_tags=["Invoice"])
        (job,) = await to_the_end(sidecar)
    after = world.archive.document(document)
    assert (after["title"], after["correspondent"], after["created"]) == ("scan", None, "2026-05-12")
    assert world.archive.tag_names(document) == {"auto-tagged"}
    assert world.writes(document) == [FIELDS, "tags", "correspondent+title", "tags"]
    assert job.state is State.SUCCEEDED
    assert "changed it again at once: correspondent, title" in str(job.reason)


@pytest.mark.parametrize("drop", ["POST", None])
async def test_what_a_person_put_back_stays_where_no_mark_of_ours_was_to_come(
    world: World, monkeypatch: pytest.MonkeyPatch, drop: str | None
) -> None:
    """The document was filed before: of the tags nothing but the trigger is to change."""
    document = world.letter("auto-tag", "auto-tagged", "Invoice")
    async with world.sidecar(fast_clock(400)) as sidecar:
        if drop:
            world.archive.faults.add(Fault(drop, "bulk_edit", times=1, drop="after"))
        else:
            once_the_tags_are_changed(sidecar, monkeypatch, no_read_back(world, document))
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan", correspondent=None, document_type=None, created="2026-01-02")
        before = standing(world, document)
        (job,) = await to_the_end(sidecar)
    assert standing(world, document) == before
    assert world.writes(document) == [FIELDS, "tags", FIELDS]
    assert job.state is State.SUCCEEDED


@pytest.mark.parametrize("log", [200, 403])
@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_one_of_several_fields_that_a_person_put_back_stays_and_the_rest_is_done(
    world: World, method: str, log: int
) -> None:
    """The answer to the fields, or to the tags, was lost; the trigger is on, or off. The log can be read, or not."""
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault(method, None if method == "PATCH" else "bulk_edit", times=1, drop="after"))
    if log != 200:
        world.archive.faults.add(Fault("GET", "history", answer=Answer(log, "text/html", "Insufficient permissions")))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan")
        (job,) = await to_the_end(sidecar)
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}
    assert sorted(world.writes(document)) == sorted([FIELDS, "title", "tags"])
    assert job.state is State.SUCCEEDED


async def test_all_fields_put_back_by_a_person_before_the_tags_were_sent_stay(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault("POST", "bulk_edit", times=1, drop="before"))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan", correspondent=None, document_type=None, created="2026-01-02")
        (job,) = await to_the_end(sidecar)
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}
    assert world.writes(document) == [FIELDS, FIELDS, "tags"]
    assert job.state is State.SUCCEEDED


async def test_a_field_that_a_person_gave_its_old_value_before_anything_was_sent_is_theirs(world: World) -> None:
    """When it was decided, somebody else's title stood there: it was never ours to write."""
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault("PATCH", times=1, drop="before"))
    async with world.sidecar(fast_clock(400)) as sidecar:
        begin = sidecar.runner._attempts._delivery.deliver

        async def after_an_edit(*given: Any) -> Any:
            world.archive.edit(document, title="A person's")
            sidecar.runner._attempts._delivery.deliver = begin  # type: ignore[method-assign]
            return await begin(*given)

        sidecar.runner._attempts._delivery.deliver = after_an_edit  # type: ignore[method-assign]
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan")
        await to_the_end(sidecar)
    after = world.archive.document(document)
    assert (after["title"], after["created"]) == ("scan", "2026-05-12")


async def test_fields_put_back_by_a_person_stay_though_it_is_thought_anew_since_a_tag_was_gone(world: World) -> None:
    document = world.letter("auto-tag")
    gone = Answer(400, body='{"non_field_errors": ["Some tags in add_tags don\'t exist or were specified twice."]}')
    world.archive.faults.add(Fault("POST", "bulk_edit", times=1, answer=gone))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan", correspondent=None)
        (job,) = await to_the_end(sidecar)
    after = world.archive.document(document)
    assert (after["title"], after["correspondent"], after["created"]) == ("scan", None, "2026-05-12")
    assert world.writes(document) == [FIELDS, "correspondent+title", "tags"]
    assert job.state is State.SUCCEEDED


async def test_what_is_asked_for_anew_after_all_was_sent_is_done_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(fast_clock(400)) as sidecar:
        once_the_tags_are_changed(sidecar, monkeypatch, no_read_back(world, document))
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan", add_tags=["auto-tag"], remove_tags=["auto-tagged"])
        jobs = await to_the_end(sidecar, 2)
    assert [job.state for job in jobs] == [State.SUCCEEDED] * 2
    assert world.archive.document(document)["title"] != "scan"
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}
    assert world.writes(document) == [FIELDS, "tags", "title", "tags", "tags", "title", "tags"]


@pytest.mark.parametrize("how", ["tag", "by name"])
async def test_an_undo_that_broke_off_takes_back_neither_what_a_person_did_since_nor_what_was_filed_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    document = world.letter()
    urgent = world.archive.add_name("tags", "Urgent")
    async with world.sidecar(fast_clock(400)) as sidecar:
        file = Filing(world, sidecar)
        job = await file.file(document, urgent, title="Ours", created="2025-05-05")
        once_the_tags_are_changed(sidecar, monkeypatch, no_read_back(world, document))
        await file.undo(document, *([job] if how == "by name" else []))
        assert (await jobs_of(sidecar))[-1].state is State.SCHEDULED
        file.add = ()
        world.archive.edit(document, created="2025-05-05", add_tags=["Urgent", "auto-tag"])
        jobs = await to_the_end(sidecar, 3)
    after = world.archive.document(document)
    assert (after["title"], after["created"]) == ("Ours", "2025-05-05")
    assert world.archive.tag_names(document) == {"Urgent", "auto-tagged"}
    assert [(one.kind, one.state) for one in jobs] == [
        (kind, State.SUCCEEDED) for kind in (Kind.TAGGING, Kind.UNDO, Kind.TAGGING)
    ]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_while_nobody_knows_what_an_undo_has_sent_the_document_is_not_filed_anew(
    world: World, method: str
) -> None:
    document = world.letter()
    async with world.sidecar(fast_clock(400)) as sidecar:
        file = Filing(world, sidecar)
        job = await file.file(document, title="Ours")
        world.archive.faults.add(Fault(method, None if method == "PATCH" else "bulk_edit", times=1, drop="after"))
        await file.undo(document, job)
        assert (await jobs_of(sidecar))[-1].state is State.SCHEDULED
        world.archive.edit(document, add_tags=["auto-tag"])
        await to_the_end(sidecar, 3)
    assert world.archive.document(document)["title"] == "Ours"
    assert world.archive.tag_names(document) == {"auto-tagged"}
    assert [entry for entry in world.writes(document) if entry == "title"] == ["title"] * 3


async def test_an_undo_that_broke_off_before_it_sent_anything_takes_all_back_though_a_person_took_a_tag_off(
    world: World,
) -> None:
    document = world.letter()
    urgent = world.archive.add_name("tags", "Urgent")
    async with world.sidecar(fast_clock(400)) as sidecar:
        file = Filing(world, sidecar)
        job = await file.file(document, urgent, title="Ours")
        world.archive.faults.add(Fault("PATCH", times=1, drop="before"))
        await file.undo(document, job)
        assert (await jobs_of(sidecar))[-1].state is State.SCHEDULED
        world.archive.edit(document, remove_tags=["Urgent"])
        *_, undo = await to_the_end(sidecar, 2)
    assert undo.reason == "Took back: title, tags."
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.tag_names(document) == set()


async def test_a_second_break_off_after_it_was_thought_anew_is_gone_on_with_by_the_new_proposal_alone(
    world: World,
) -> None:
    document = world.letter()
    async with world.sidecar(fast_clock(400)) as sidecar:
        file = Filing(world, sidecar)
        world.archive.faults.add(Fault("POST", "bulk_edit", times=1, answer=Answer(400, body='{"tags": ["gone"]}')))
        await file.file(document, title="Ours", correspondent=1)
        world.archive.edit(document, title="scan")
        file.values = {"title": "Ours", "created": "2026-05-12"}
        world.archive.faults.add(Fault("PATCH", times=1, drop="before"))
        (job,) = await to_the_end(sidecar)
    after = world.archive.document(document)
    assert job.state is State.SUCCEEDED, job.reason
    assert (after["title"], after["correspondent"], after["created"]) == ("scan", 1, "2026-05-12")


@pytest.mark.parametrize(
    "fault", [{"answer": Answer(503, body="away")}, {"answer": Answer(429, body="away")}, {"drop": "before"}],
    ids=["503", "429", "dropped"],
)  # fmt: skip
async def test_all_is_written_where_nothing_was_and_a_person_set_one_field_to_our_value_meanwhile(
    world: World, fault: Any
) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault("PATCH", times=1, **fault))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, correspondent=1)
        (job,) = await to_the_end(sidecar)
    after = world.archive.document(document)
    assert (after["correspondent"], after["document_type"], after["created"]) == (1, 1, "2026-05-12")
    assert after["title"] != "scan"
    assert world.writes(document) == ["correspondent", "created+document_type+title", "tags"]
    assert job.state is State.SUCCEEDED


async def test_a_trigger_that_a_person_took_off_after_a_write_was_refused_means_no(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault("PATCH", times=1, answer=Answer(503, body="away")))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, correspondent=1, remove_tags=["auto-tag"])
        (job,) = await to_the_end(sidecar)
    assert (job.state, world.archive.document(document)["title"]) == (State.CANCELLED, "scan")
    assert world.writes(document) == ["correspondent", "tags"]


async def test_tags_that_were_refused_for_sure_are_sent_though_a_person_put_one_of_them_on(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault("POST", "bulk_edit", times=1, answer=Answer(503, body="away")))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, add_tags=["auto-tagged"])
        (job,) = await to_the_end(sidecar)
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}
    assert job.state is State.SUCCEEDED


async def test_all_fields_that_a_person_put_back_stay_where_paperless_logged_our_write(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault("PATCH", times=1, drop="after"))
    async with world.sidecar(fast_clock(400)) as sidecar:
        await breaks_off(sidecar)
        world.archive.edit(document, title="scan", correspondent=None, document_type=None, created="2026-01-02")
        before = standing(world, document)
        (job,) = await to_the_end(sidecar)
    after = standing(world, document)
    assert {name: after[name] for name in ("title", "correspondent", "created")} == {
        name: before[name] for name in ("title", "correspondent", "created")
    }
    assert world.writes(document) == [FIELDS, FIELDS, "tags"]
    assert job.state is State.SUCCEEDED
