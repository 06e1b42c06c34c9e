"""Delivery on a real archive over real HTTP: once, and over nobody's edit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from sidecar.app import Sidecar
from sidecar.domain.job import State
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import text_pdf
from sidecar.store import journal, listing
from sidecar.worker.delivery import FRESH
from tests.worker.conftest import LETTER, World, fast_clock, running, until

FIELDS = "correspondent+created+document_type+title"


async def test_a_tagged_document_is_read_filed_and_written_once(world: World) -> None:
    document = world.letter("auto-ocr", "auto-tag", "Keep")
    jobs = await world.drain()
    after = world.archive.document(document)
    assert world.archive.tag_names(document) == {"Keep", "Invoice", "auto-ocr-done", "auto-tagged"}
    assert after["created"] == "2026-05-12"
    assert after["correspondent"] is not None
    assert world.writes(document) in (["content", "tags", FIELDS, "tags"], ["tags", FIELDS, "tags"])
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.SUCCEEDED]


async def test_a_filing_takes_five_requests_and_one_model_call(world: World) -> None:
    warm = world.letter("auto-tag", content="Another letter, 2026-01-01")
    async with world.sidecar() as sidecar:
        await sidecar.run(drain=True)
        document = world.letter("auto-tag")
        world.archive.clear_requests()
        world.model.clear_calls()
        await sidecar.run(drain=True)
    about = [e for e in world.archive.requests() if f"/{document}/" in e.path or "bulk_edit" in e.path]
    assert [e.method for e in about] == ["GET", "GET", "PATCH", "POST", "GET"]
    assert len(world.model.calls()) == 1
    assert "auto-tagged" in world.archive.tag_names(warm)


async def test_what_a_person_changes_while_the_model_thinks_stays(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.delay_s = 0.5
    async with world.sidecar() as sidecar, running(sidecar):
        await until(lambda: bool(world.model.calls()) or _asked(world), "the model was asked")
        world.archive.edit(document, title="My own title", add_tags=["Mine"])
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "filed")
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
        entry = await sidecar.parts.db.run(journal.find, job.id)
    after = world.archive.document(document)
    assert after["title"] == "My own title"
    assert "Mine" in world.archive.tag_names(document)
    assert after["created"] == "2026-05-12"
    assert "Kept what somebody changed meanwhile: title" in str(job.reason)
    assert entry is not None
    assert entry.conflicts[0]["field"] == "title"


def _asked(world: World) -> bool:
    return any(e.method == "GET" and "/api/document_types/" in e.path for e in world.archive.requests())


async def _finished(sidecar: object) -> bool:
    from sidecar.app import Sidecar  # noqa: PLC0415

    assert isinstance(sidecar, Sidecar)
    jobs = await sidecar.parts.db.run(listing.jobs)
    return bool(jobs) and all(job.finished_at for job in jobs)


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_a_write_whose_answer_is_lost_is_looked_at_and_not_repeated(world: World, method: str, drop: str) -> None:
    document = world.letter("auto-tag")
    path = "bulk_edit" if method == "POST" else None
    world.archive.faults.add(Fault(method=method, path=path, times=1, drop=drop))  # type: ignore[arg-type]
    async with world.sidecar(fast_clock(60)) as sidecar, running(sidecar):
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.SUCCEEDED
    assert world.writes(document) == [FIELDS, "tags"]
    assert len(world.model.calls()) == 1


async def test_an_error_that_hides_a_write_is_seen_through(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(
        Fault(path="bulk_edit", times=1, answer_after=Answer(400, "text/html", "<h1>Bad Request</h1>"))
    )
    async with world.sidecar(fast_clock(60)) as sidecar, running(sidecar):
        await until(lambda: _finished(sidecar), "finished")
    assert world.writes(document) == [FIELDS, "tags"]
    assert world.archive.tag_names(document) == {"Invoice", "auto-tagged"}


async def test_a_field_that_paperless_refuses_is_dropped_and_the_rest_is_written(world: World) -> None:
    document = world.letter("auto-tag")
    refusal = Answer(400, body='{"correspondent": ["Invalid pk \\"1\\" - object does not exist."]}')
    world.archive.faults.add(Fault(method="PATCH", times=1, answer=refusal))
    (job,) = await world.drain()
    after = world.archive.document(document)
    assert (after["correspondent"], after["created"]) == (None, "2026-05-12")
    assert "Paperless refused the correspondent: Invalid pk" in str(job.reason)
    assert job.state is State.SUCCEEDED


async def test_the_owner_takes_the_trigger_off_before_anything_was_written(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.delay_s = 0.5
    async with world.sidecar() as sidecar, running(sidecar):
        await until(lambda: _asked(world), "the model was asked")
        world.archive.edit(document, remove_tags=["auto-tag"])
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.CANCELLED
    assert "trigger tag was taken off" in str(job.reason)
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.tag_names(document) == set()


async def test_a_document_that_vanishes_ends_as_cancelled(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.delay_s = 0.5
    async with world.sidecar() as sidecar, running(sidecar):
        await until(lambda: _asked(world), "the model was asked")
        world.archive.delete(document)
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.state, job.reason) == (State.CANCELLED, "The document is no longer in Paperless.")


async def test_a_failed_reading_keeps_its_mark_though_the_filing_succeeds(world: World) -> None:
    document = world.letter("auto-ocr", "auto-tag", data=b"no pdf at all")
    await world.drain()
    assert world.archive.tag_names(document) == {"Invoice", "auto-failed", "auto-tagged"}


async def test_a_model_cannot_put_the_sidecars_own_tags_on(world: World) -> None:
    document = world.letter("auto-tag")
    answer = '{"title": null, "tags": ["auto-ocr", "Auto-Tag", "Fresh"], "correspondent": null, "created": null}'
    reply = {"choices": [{"message": {"content": answer}, "finish_reason": "stop"}], "usage": None}
    world.model.faults.add(Fault(path="chat", answer=Answer(200, body=json.dumps(reply))))
    await world.drain(create_names=frozenset({"tags"}))
    assert world.archive.tag_names(document) == {"auto-tagged", "Fresh"}


async def test_a_reason_is_not_lost_when_paperless_hiccups_at_the_marks(world: World) -> None:
    document = world.letter("auto-ocr", data=b"no pdf at all")
    world.archive.faults.add(Fault(path="bulk_edit", times=1, answer=Answer(503)))
    async with world.sidecar(fast_clock(60)) as sidecar, running(sidecar):
        await until(lambda: "auto-failed" in world.archive.tag_names(document), "marked")
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.FAILED
    assert "neither a PDF nor an image" in str(job.reason)
    assert len(world.archive.notes(document)) == 1


async def test_marks_have_attempts_of_their_own(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.faults.add(Fault(path="chat", drop="before"))
    world.archive.faults.add(Fault(path="bulk_edit", times=1, drop="before"))
    async with world.sidecar(fast_clock(60), max_attempts=1) as sidecar, running(sidecar):
        await until(lambda: "auto-failed" in world.archive.tag_names(document), "marked")
        await until(lambda: _finished(sidecar), "finished")
        jobs = await sidecar.parts.db.run(listing.jobs)
    assert [job.state for job in jobs] == [State.FAILED]


async def test_a_stop_in_the_middle_of_a_slow_write_does_not_write_twice(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault(path="bulk_edit", times=1, delay_s=2.5))
    async with world.sidecar(stop_grace_s=0.2) as sidecar:
        async with running(sidecar):
            await until(lambda: world.archive.faults.are_used_up, "the tags are under way")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.state, job.attempt) == (State.SCHEDULED, 0)
    async with world.sidecar(fast_clock(20)) as sidecar, running(sidecar):
        await until(lambda: _finished(sidecar), "finished")
    assert world.writes(document) == [FIELDS, "tags"]


async def test_a_second_reading_is_cancelled_when_the_trigger_is_taken_off_before_anything_was_written(
    world: World,
) -> None:
    document = world.letter(
        "auto-ocr", "auto-ocr-done", data=text_pdf([LETTER + "\nAnd a line that was not read before."])
    )
    before = world.archive.document(document)["content"]
    world.archive.faults.add(Fault(method="PATCH", times=1, answer=Answer(503)))
    async with world.sidecar(fast_clock(60)) as sidecar, running(sidecar):
        await until(lambda: any(e.method == "PATCH" for e in world.archive.requests()), "the text was sent")
        world.archive.edit(document, remove_tags=["auto-ocr"])
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.CANCELLED
    assert world.archive.document(document)["content"] == before


async def test_a_tag_of_ours_that_was_deleted_is_made_again(world: World) -> None:
    world.letter("auto-tag", content="First letter, 2026-01-01")
    async with world.sidecar() as sidecar:
        await sidecar.run(drain=True)
        _remove_tag(world, "auto-tagged")
        world.letter("auto-tag")
        async with running(sidecar):
            await until(lambda: sidecar.is_outdated, "it was noticed")
    jobs = await world.drain(retry_base_s=0.01)
    assert "auto-failed" not in {tag for job in jobs for tag in world.archive.tag_names(job.document_id)}


def _remove_tag(world: World, name: str) -> None:
    import httpx  # noqa: PLC0415

    (row,) = (row for row in _names(world, "tags") if row["name"] == name)
    headers = {"Authorization": "Token practice-token"}
    assert httpx.delete(f"{world.archive.url}/api/tags/{row['id']}/", headers=headers).status_code == 204


async def test_a_workflow_that_sets_a_title_back_is_told_and_not_fought(world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(paperless_writes=2) as sidecar, running(sidecar):
        world.archive.faults.add(Fault(path="bulk_edit", times=1, delay_s=0.4))
        await until(lambda: any(e.method == "PATCH" for e in world.archive.requests()), "the fields were sent")
        world.archive.edit(document, title="scan")
        await until(lambda: _finished(sidecar), "finished")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.SUCCEEDED
    assert "changed it again at once: title" in str(job.reason)
    assert sum(e.method == "PATCH" for e in world.archive.requests()) == 1


async def test_a_failure_shows_its_reason_once_and_a_later_success_takes_the_mark_off(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.misbehave("garbage")
    await world.drain()
    assert world.archive.tag_names(document) == {"auto-failed"}
    assert len(world.archive.notes(document)) == 1
    assert "no usable answer" in world.archive.notes(document)[0]
    world.model.behave()
    world.archive.edit(document, add_tags=["auto-tag"])
    await world.drain()
    assert "auto-failed" not in world.archive.tag_names(document)
    assert "auto-tagged" in world.archive.tag_names(document)


async def test_a_user_who_may_not_write_notes_still_gets_the_fail_tag(world: World) -> None:
    document = world.letter("auto-ocr", data=b"no pdf at all")
    world.archive.faults.add(Fault(method="POST", path="/notes/", answer=Answer(403, body='{"detail": "no"}')))
    (job,) = await world.drain()
    assert world.archive.tag_names(document) == {"auto-failed"}
    assert job.state is State.FAILED


async def test_a_document_that_may_not_be_changed_fails_and_is_not_tried_for_ever(world: World) -> None:
    world.letter("auto-tag")
    world.archive.faults.add(Fault(method="PATCH|POST", path="/documents/", answer=Answer(403, body="{}")))
    jobs = await world.drain()
    assert {job.state for job in jobs} == {State.FAILED}
    assert len(jobs) <= 4, "the trigger tag stays on, and is not believed for ever"
    assert "does not allow" in str(jobs[0].reason)


async def test_a_workflow_that_keeps_tagging_is_given_up_with_a_reason(world: World) -> None:
    document = world.letter("auto-ocr")
    for _ in range(8):
        await world.drain()
        world.archive.edit(document, add_tags=["auto-ocr"])
    jobs = await world.drain()
    assert len(jobs) <= 5
    assert "workflow" in str(jobs[-1].reason)
    assert jobs[-1].state is State.FAILED


async def test_the_same_text_is_never_asked_about_twice(world: World) -> None:
    document = world.letter("auto-tag")
    await world.drain()
    world.archive.edit(document, add_tags=["auto-tag"], title="scan")
    await world.drain()
    assert len(world.model.calls()) == 1
    assert world.archive.document(document)["title"] != "scan"


async def test_writes_go_one_at_a_time(world: World) -> None:
    documents = [world.letter("auto-ocr", content=f"Letter {n}") for n in range(6)]
    world.archive.faults.add(Fault(method="PATCH|POST", path="/documents/", delay_s=0.15))
    await world.drain(ocr_concurrency=6)
    sent = [e for e in world.archive.requests() if e.method in ("PATCH", "POST") and "documents" in e.path]
    writes = sorted((e.started_s, e.ended_s) for e in sent)
    overlaps = [after for before, after in pairwise(writes) if after[0] < before[1] - 0.005]
    assert not overlaps
    assert all("auto-ocr-done" in world.archive.tag_names(document) for document in documents)


async def test_a_stopped_sidecar_hands_its_jobs_back_uncounted_and_the_next_one_finishes(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.delay_s = 30.0
    async with world.sidecar() as sidecar:
        async with running(sidecar):
            await until(lambda: sidecar.runner.is_busy and _asked(world), "the model was asked")
            await asyncio.sleep(0)
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.state, job.attempt) == (State.READY, 0)
    world.model.delay_s = 0.0
    (job,) = await world.drain()
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    assert world.writes(document) == [FIELDS, "tags"]


async def test_a_new_name_is_made_only_where_the_owner_allows_it(world: World) -> None:
    text = "Nimbus Travel\n2026-07-01\nYour booking."
    world.letter("auto-tag", content=text)
    await world.drain()
    names = {row["name"] for row in _names(world, "correspondents")}
    assert names == {"Ambervale Energy"}


def _names(world: World, kind: str) -> list[dict[str, object]]:
    import httpx  # noqa: PLC0415

    answer = httpx.get(f"{world.archive.url}/api/{kind}/", headers={"Authorization": "Token practice-token"})
    rows = answer.json()["results"]
    assert isinstance(rows, list)
    return rows


# -- what happens while a write waits in the door


async def _intended(sidecar: Sidecar) -> bool:
    return await sidecar.parts.db.run(journal.find, 1) is not None


@asynccontextmanager
async def _waiting_in_the_door(sidecar: Sidecar) -> AsyncIterator[None]:
    """Let the sidecar's first write wait until the block is over, and then run it to the end of its work."""
    async with running(sidecar):
        async with sidecar.runner._attempts._delivery._gate._door.passing():
            await until(lambda: _intended(sidecar), "the write waits")
            yield
            await asyncio.sleep(2 * FRESH.total_seconds())
        await until(lambda: _finished(sidecar), "all is done")


async def test_an_edit_made_while_the_write_waits_for_its_turn_stays(world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar() as sidecar:
        async with _waiting_in_the_door(sidecar):
            world.archive.edit(document, title="My own title")
        (job,) = await sidecar.parts.db.run(listing.jobs)
        entry = await sidecar.parts.db.run(journal.find, job.id)
    assert (world.archive.document(document)["title"], job.state) == ("My own title", State.SUCCEEDED)
    assert "Kept what somebody changed meanwhile: title" in str(job.reason)
    assert entry is not None
    assert "title" not in entry.written
    assert [conflict["current"] for conflict in entry.conflicts] == ["My own title"]


async def test_a_trigger_taken_off_while_the_write_waits_for_its_turn_stops_it(world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar() as sidecar:
        async with _waiting_in_the_door(sidecar):
            world.archive.edit(document, remove_tags=["auto-tag"])
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.CANCELLED
    assert world.archive.tag_names(document) == set()
    assert world.writes(document) == ["tags"]  # the person's
