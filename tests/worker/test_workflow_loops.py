"""Workflows in Paperless that work against the sidecar: they win, nothing is doubled, and nothing goes on for ever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from sidecar.domain.job import Job, Kind, State
from sidecar.domain.trigger import LOOP_REASON, ROUNDS_LIMIT
from sidecar.practice.archive_workflows import Workflow
from sidecar.practice.faults import Fault
from sidecar.practice.samples import scan_pdf
from tests.worker.conftest import LETTER, World, running, until

AGAIN = Workflow(assign_tags=("auto-tag",))
TITLE = "Invoice of somebody"


async def rounds(world: World, most: int = 16, **given: object) -> list[Job]:
    """Drain again and again, the workflows' own work done in between, until a drain makes no job any more."""
    known: list[Job] = []
    for _ in range(most):
        jobs = await world.drain(**given)
        if len(jobs) == len(known):
            return jobs
        known = jobs
        await until(lambda: not waiting(world), "Paperless has done its own work")
    pytest.fail(f"it goes on: {len(known)} jobs, {[job.reason for job in known]}")


def waiting(world: World) -> list[object]:
    return world.archive.state.column("SELECT id FROM tasks WHERE status = 'pending'")


@dataclass
class Entries:
    """What the archive's log says was done to a document by the sidecar, by a person, and by tasks."""

    ours: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def entries(world: World, document: int) -> Entries:
    found = Entries()
    for entry in reversed(world.archive.history(document)):
        if entry["action"] == "update":
            name = (entry["actor"] or {}).get("username")
            (found.ours if name == "admin" else found.others).append("+".join(sorted(entry["changes"])))
    return found


async def test_a_workflow_that_adds_the_trigger_again_after_every_update_is_told_so_and_then_left_alone(
    world: World,
) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([AGAIN])
    jobs = await rounds(world)
    assert [job.state for job in jobs] == [State.SUCCEEDED] * 4 + [State.FAILED]
    assert jobs[-1].reason == LOOP_REASON
    assert "workflow probably keeps adding the trigger tag" in LOOP_REASON
    assert len(world.model.calls()) == 1, "the same text was asked about once"
    assert sum("title" in entry for entry in entries(world, document).ours) == 1
    assert [LOOP_REASON in note for note in world.archive.notes(document)] == [True]
    tags = world.archive.tag_names(document)
    assert {"auto-failed", "auto-tag"} <= tags, "the workflow put it on once more, and that is its right"
    world.archive.clear_requests()
    assert len(await world.drain()) == len(jobs)
    assert {exchange.method for exchange in world.archive.requests()} == {"GET"}, "nothing is written any more"


async def test_it_goes_on_by_itself_when_the_workflow_has_a_condition(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(has_not_tags=("auto-tagged",), assign_tags=("auto-tag",))])
    jobs = await rounds(world)
    assert [job.state for job in jobs] == [State.SUCCEEDED]
    assert "auto-tag" not in world.archive.tag_names(document)


async def test_a_title_that_a_workflow_sets_stays_and_is_written_over_once_only(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(assign={"title": TITLE})])
    (job,) = await rounds(world)
    assert job.state is State.SUCCEEDED
    assert world.archive.document(document)["title"] == TITLE
    assert "a workflow in Paperless, changed it again at once: title" in str(job.reason)


async def test_a_workflow_that_sets_the_title_back_and_the_trigger_again_comes_to_an_end(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(assign_tags=("auto-tag",), assign={"title": TITLE})])
    jobs = await rounds(world)
    assert (jobs[-1].state, jobs[-1].reason) == (State.FAILED, LOOP_REASON)
    assert len(jobs) <= 5
    assert len(world.model.calls()) == 1
    assert world.archive.document(document)["title"] == TITLE


async def test_even_a_workflow_that_changes_something_new_each_time_comes_to_an_end(world: World) -> None:
    document = world.letter("auto-tag")
    # It runs in the task of the bulk edit, after the sidecar has read back: each round finds a title of its own.
    lengthens = Workflow(
        has_not_tags=("auto-tag",), assign_tags=("auto-tag",), assign={"title": "{{ doc_title }} once more"}
    )
    world.archive.workflows.replace([lengthens])
    jobs = await rounds(world)
    assert (jobs[-1].state, jobs[-1].reason) == (State.FAILED, LOOP_REASON)
    assert len(jobs) <= ROUNDS_LIMIT + 1
    assert len(world.model.calls()) == 1
    assert str(world.archive.document(document)["title"]).endswith("once more")


async def test_a_correspondent_that_a_workflow_assigns_while_the_model_thinks_stays(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(has_tags=("urgent",), assign={"correspondent": "Quillstone Insurance"})])
    world.model.delay_s = 0.3
    async with world.sidecar() as sidecar, running(sidecar):
        await until(lambda: world.model.begun() == 1, "the model was asked")
        await asyncio.to_thread(world.archive.edit, document, add_tags=["urgent"])
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "it is filed")
    (job,) = await world.drain()
    assert "Kept what somebody changed meanwhile: correspondent" in str(job.reason)
    found = world.archive.document(document)
    names = {row["id"]: row["name"] for row in world.archive.state.rows("SELECT id, name FROM names WHERE kind = ?",
                                                                     ("correspondents",))}  # fmt: skip
    assert names[found["correspondent"]] == "Quillstone Insurance"
    assert {"urgent", "Invoice", "auto-tagged"} <= world.archive.tag_names(document)


async def test_a_correspondent_that_a_workflow_assigns_on_our_own_write_stays(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(assign={"correspondent": "Quillstone Insurance"})])
    (job,) = await rounds(world)
    assert job.state is State.SUCCEEDED
    assert "changed it again at once: correspondent" in str(job.reason)
    assert sum("correspondent" in entry for entry in entries(world, document).ours) == 2, "ours, then the workflow's"


async def test_a_workflow_that_takes_the_trigger_off_in_the_middle_of_our_write_loses_nothing(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(remove_tags=("auto-tag",))])
    (job,) = await rounds(world)
    assert job.state is State.SUCCEEDED
    assert {"Invoice", "auto-tagged"} <= world.archive.tag_names(document)
    assert sum("title" in entry for entry in entries(world, document).ours) == 1


async def test_a_workflow_that_takes_our_result_tag_off_is_not_argued_with(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(remove_tags=("auto-tagged", "Invoice"))])
    (job,) = await rounds(world)
    assert job.state is State.SUCCEEDED
    assert world.archive.tag_names(document) & {"auto-tag", "auto-tagged", "Invoice"} == set()
    assert entries(world, document).ours.count("tags") <= 2, "one tag delta, and no second try"


async def test_a_workflow_that_tags_every_failure_again_does_not_fill_the_document_with_notes(world: World) -> None:
    document = world.letter("auto-tag", content="")
    world.archive.workflows.replace([AGAIN])
    jobs = await rounds(world)
    assert [job.state for job in jobs] == [State.FAILED] * 4
    assert jobs[-1].reason == LOOP_REASON
    notes = world.archive.notes(document)
    assert sum(LOOP_REASON in note for note in notes) == 1
    assert len(notes) == len(jobs), "one for each job that was given up, and no more"
    assert world.model.calls() == []


async def test_two_workflows_that_send_a_document_round_between_reading_and_filing_come_to_an_end(
    world: World,
) -> None:
    document = world.letter("auto-ocr", content="", data=scan_pdf([LETTER], dpi=150))
    world.archive.workflows.replace([
        Workflow(has_tags=("auto-ocr-done",), assign_tags=("auto-tag",)),
        Workflow(has_tags=("auto-tagged",), assign_tags=("auto-ocr",)),
    ])  # fmt: skip
    jobs = await rounds(world, ocr_dpi=150)
    for kind in Kind.OCR, Kind.TAGGING:
        of_kind = [job for job in jobs if job.kind is kind]
        assert len(of_kind) <= 5, kind
    assert LOOP_REASON in [job.reason for job in jobs]
    assert len(world.model.calls()) == 1
    assert sum("content" in entry for entry in entries(world, document).ours) == 1


async def test_a_workflow_that_runs_while_an_answer_of_paperless_is_lost_doubles_nothing(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.workflows.replace([Workflow(assign_tags=("seen",))])
    world.archive.faults.add(Fault("PATCH", "/api/documents/", drop="after", times=1))
    async with world.sidecar(paperless_timeout_s=1.0) as sidecar, running(sidecar):
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "it is filed", within_s=40)
    found = entries(world, document).ours
    assert sum("title" in entry for entry in found) == 1
    assert {"seen", "Invoice"} <= world.archive.tag_names(document)
