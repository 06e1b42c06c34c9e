"""Tag a document in Paperless: its text and its filing come back, once."""

import pytest

from sidecar.practice.samples import demo_samples
from tests.scenarios.letters import letter
from tests.scenarios.world import OCR, OCR_DONE, TAG, TAG_DONE, World, assert_history, assert_reads

pytestmark = pytest.mark.scenario


def test_ten_documents_with_both_triggers_end_with_text_and_filing_each_written_once(world: World) -> None:
    letters = [letter(number) for number in range(10)]
    documents = [
        world.add_scan([one.text], tags=[OCR, TAG, "mine"], title=f"scan{number}") for number, one in enumerate(letters)
    ]

    assert world.sidecar.drain() == 0

    for document_id, one in zip(documents, letters, strict=True):
        assert_reads(world.archive.document(document_id)["content"], one.text)
        assert world.filing(document_id) == one.fields
        assert world.archive.tag_names(document_id) == {OCR_DONE, TAG_DONE, "mine", *one.tags}
        assert_history(world, document_id, ocr=True, tagging=True)
        assert world.archive.notes(document_id) == []
    assert {job.state for job in world.store.jobs()} == {"succeeded"}
    assert len(world.store.jobs()) == 2 * len(documents)


def test_the_documents_of_the_demo_end_as_the_demo_says(world: World) -> None:
    samples = {
        world.archive.add_document(
            one.data,
            title=one.title,
            mime_type=one.mime_type,
            content=one.content,
            tags=one.tags,
            original_file_name=one.filename,
        ): one
        for one in demo_samples()
    }
    world.sidecar.settings["OCR_DPI"] = 300

    assert world.sidecar.drain() == 0

    locked = max(samples)
    assert "auto-failed" in world.archive.tag_names(locked)
    for document_id, sample in samples.items():
        assert world.waiting_triggers(document_id) == set()
        if document_id != locked:
            assert_history(world, document_id, ocr=OCR in sample.tags, tagging=TAG in sample.tags)
            assert (world.archive.document(document_id)["content"] != sample.content) == (OCR in sample.tags)
            assert (world.archive.document(document_id)["title"] != sample.title) == (TAG in sample.tags)


def test_a_document_tagged_while_the_sidecar_runs_is_found_and_done(world: World) -> None:
    one = letter(3)
    with world.sidecar.running():
        document_id = world.add_letter(one)
        world.until_finished(document_id)

        assert world.filing(document_id) == one.fields
        assert_history(world, document_id, tagging=True)


def test_a_document_tagged_again_later_is_read_from_what_is_kept(world: World) -> None:
    document_id = world.add_scan([letter(1).text], tags=[OCR])
    assert world.sidecar.drain() == 0
    world.archive.edit(document_id, content="damaged by hand, letter by letter, " * 8, add_tags=[OCR])

    assert world.sidecar.drain() == 0

    assert letter(1).title in world.archive.document(document_id)["content"]
    assert world.archive.tag_names(document_id) == {OCR_DONE}
    assert set(world.ledger.starts().values()) == {1}
