"""The store is gone with all it knew: the tags in Paperless are enough to start again from nothing."""

import shutil

import pytest

from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.world import OCR, OCR_DONE, TAG_DONE, World, assert_history
from tests.waiting import until

pytestmark = pytest.mark.scenario


@pytest.mark.parametrize("answers", [1, 4])
def test_with_the_store_lost_in_the_middle_of_the_work_all_is_done_from_the_tags(world: World, answers: int) -> None:
    world.sidecar.settings["TAGGING_CONCURRENCY"] = 1
    long = world.add_scan(book(6), tags=[OCR], title="book")
    letters = [world.add_letter(letter(number)) for number in range(5)]
    run = world.sidecar.start()
    until(lambda: len(world.model.calls()) >= answers and world.store.pages(long), "some of the work is done")
    run.kill()
    done = {one for one in letters if TAG_DONE in world.archive.tag_names(one)}
    shutil.rmtree(world.folder / "data")

    with world.sidecar.running():
        until(lambda: not any(world.waiting_triggers(one) for one in [long, *letters]), "no trigger is left")
        world.until_finished(*({long, *letters} - done))

    assert headings_in(world.archive.document(long)["content"]) == headings(6)
    assert world.archive.tag_names(long) == {OCR_DONE}
    assert_history(world, long, ocr=True)
    for number, document_id in enumerate(letters):
        assert world.filing(document_id) == letter(number).fields
        assert world.archive.tag_names(document_id) == {TAG_DONE, *letter(number).tags}
        assert_history(world, document_id, tagging=True)
    assert not done & {job.document_id for job in world.store.jobs()}, "what was done was done again"
