"""People work on the same documents at the same time: what they do stays."""

import pytest

from sidecar.practice.faults import Fault
from tests.scenarios.letters import book, letter
from tests.scenarios.world import FAILED, OCR, OCR_DONE, TAG, TAG_DONE, WatchedFault, World, assert_history
from tests.waiting import until

pytestmark = pytest.mark.scenario

THEIRS = "What I typed in myself, because I know what the letter says and no machine does."


def test_a_title_and_a_tag_set_by_a_person_while_the_model_thinks_stay_and_the_rest_is_written(world: World) -> None:
    one = letter(2)
    document_id = world.add_letter(one)
    thinking = WatchedFault(method="POST", path="/chat/completions", delay_s=1.5)
    world.model.faults.add(thinking)
    with world.sidecar.running():
        until(thinking.arrived.is_set, "the model was asked")
        world.archive.edit(document_id, title="My own title", add_tags=["urgent"])
        world.until_finished(document_id)

    assert world.filing(document_id) == {**one.fields, "title": "My own title"}
    assert world.archive.tag_names(document_id) == {TAG_DONE, "urgent", *one.tags}
    assert_history(world, document_id, tagging=True)
    assert not any("title" in entry for entry in world.our_history(document_id))


def test_a_change_made_between_the_last_look_and_the_write_loses_no_tag(world: World) -> None:
    document_id = world.add_letter(letter(2))
    tagging = WatchedFault(method="POST", path="/bulk_edit/", delay_s=1.5)
    world.archive.faults.add(tagging)
    with world.sidecar.running():
        until(tagging.arrived.is_set, "the tags are being written")
        world.archive.edit(document_id, add_tags=["urgent"])
        world.until_finished(document_id)

    assert world.archive.tag_names(document_id) == {TAG_DONE, "urgent", *letter(2).tags}


def test_a_tag_taken_off_by_a_person_while_the_model_thinks_stays_off(world: World) -> None:
    document_id = world.add_letter(letter(2), tags=[TAG, "old"])
    thinking = WatchedFault(method="POST", path="/chat/completions", delay_s=1.5)
    world.model.faults.add(thinking)
    with world.sidecar.running():
        until(thinking.arrived.is_set, "the model was asked")
        world.archive.edit(document_id, remove_tags=["old"])
        world.until_finished(document_id)

    assert world.archive.tag_names(document_id) == {TAG_DONE, *letter(2).tags}


def test_content_typed_by_a_person_while_pages_are_read_stays_and_is_not_called_a_failure(world: World) -> None:
    document_id = world.add_scan(book(6), tags=[OCR])
    with world.sidecar.running():
        until(world.ledger.ends, "a page was read")
        world.archive.edit(document_id, content=THEIRS, add_tags=["urgent"])
        world.until_finished(document_id)

    assert world.archive.document(document_id)["content"] == THEIRS
    assert world.archive.tag_names(document_id) == {OCR_DONE, "urgent"}
    assert world.our_history(document_id) == [frozenset({"tags"})]
    (job,) = world.store.jobs()
    assert "text" in (job.reason or "").lower(), "the owner is not told that the text was kept"


def test_a_trigger_taken_off_while_pages_are_read_cancels_the_reading(world: World) -> None:
    document_id = world.add_scan(book(6), tags=[OCR], content="as it was")
    with world.sidecar.running():
        until(world.ledger.ends, "a page was read")
        world.archive.edit(document_id, remove_tags=[OCR])
        world.until_finished(document_id)

    assert world.archive.document(document_id)["content"] == "as it was"
    assert world.archive.tag_names(document_id) == set()
    assert world.our_history(document_id) == []
    assert [job.state for job in world.store.jobs()] == ["cancelled"]


def test_a_trigger_taken_off_while_the_model_thinks_cancels_the_filing(world: World) -> None:
    document_id = world.add_letter(letter(4), title="as it was")
    thinking = WatchedFault(method="POST", path="/chat/completions", delay_s=1.5)
    world.model.faults.add(thinking)
    with world.sidecar.running():
        until(thinking.arrived.is_set, "the model was asked")
        world.archive.edit(document_id, remove_tags=[TAG])
        world.until_finished(document_id)

    assert world.archive.document(document_id)["title"] == "as it was"
    assert world.archive.tag_names(document_id) == set()
    assert world.our_history(document_id) == []
    assert [job.state for job in world.store.jobs()] == ["cancelled"]


def test_a_trigger_put_back_after_a_failure_is_done_and_takes_the_mark_of_failure_off(world: World) -> None:
    document_id = world.add_letter(letter(4))
    world.model.misbehave("garbage")
    world.sidecar.settings["MAX_ATTEMPTS"] = 1
    assert world.sidecar.drain() == 0
    assert world.archive.tag_names(document_id) == {FAILED}
    world.model.behave()
    world.archive.edit(document_id, add_tags=[TAG])

    assert world.sidecar.drain() == 0

    assert world.filing(document_id) == letter(4).fields
    assert world.archive.tag_names(document_id) == {TAG_DONE, *letter(4).tags}


def test_slow_answers_of_paperless_change_nothing(world: World) -> None:
    world.archive.faults.add(Fault(delay_s=(0.0, 0.25)))
    document_id = world.add_scan([letter(5).text], tags=[OCR, TAG])

    assert world.sidecar.drain() == 0

    assert world.filing(document_id) == letter(5).fields
    assert_history(world, document_id, ocr=True, tagging=True)
