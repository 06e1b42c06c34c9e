"""Documents that cannot be done, among forty that can: the good ones finish, each bad one ends with its reason."""

import json

import pytest

from sidecar.practice.faults import Fault
from sidecar.practice.samples import (
    empty_pdf,
    encrypted_pdf,
    huge_image,
    not_a_pdf,
    pdf_with_damaged_scan,
)
from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.memory import peak_of
from tests.scenarios.world import FAILED, OCR, OCR_DONE, TAG, TAG_DONE, World, assert_history, assert_reads
from tests.waiting import until

pytestmark = pytest.mark.scenario

#: A decoded 20,000 x 20,000 image takes 400 MB in grey; all else here fits well below this.
MEMORY_LIMIT = 300 * 2**20
FILED, READ = 36, 4


def test_forty_good_documents_finish_beside_eight_bad_ones_and_each_bad_one_says_why(world: World) -> None:
    # a bad document's next attempt is so far away that whoever had to wait for it would never finish
    world.sidecar.settings |= {"RETRY_BASE_S": 100_000, "RETRY_CAP_S": 100_000}
    world.model.delay_s = 0.1
    world.model.misbehave("garbage", matching="gibberish")
    archive = world.archive
    bad = {
        "page 3": world.add_scan_with(pdf_with_damaged_scan(book(4)), [OCR]),
        "neither a PDF": world.add_scan_with(not_a_pdf(), [OCR]),
        "encrypted": world.add_scan_with(encrypted_pdf(), [OCR]),
        "no pages": world.add_scan_with(empty_pdf(), [OCR]),
        "20000 x 20000 pixels": archive.add_document(
            huge_image(), title="huge", mime_type="image/png", tags=[OCR], original_file_name="huge.png"
        ),
        "model": archive.add_document(b"%PDF-1.4", title="garbled", content="Much gibberish here.", tags=[TAG]),
    }
    crashing = world.add_scan(book(2), tags=[OCR], title="crashing")
    world.ledger.crash_at(crashing, page=1, times=1000)
    deleted, withdrawn = (world.add_scan(book(2), tags=[OCR], title=title) for title in ("deleted", "withdrawn"))
    archive.faults.add(Fault(path=f"/documents/({deleted}|{withdrawn})/download/", delay_s=3.0))
    filed = {world.add_letter(letter(number)): letter(number) for number in range(FILED)}
    read = {world.add_scan([letter(number).text], tags=[OCR]): letter(number) for number in range(READ)}

    with world.sidecar.running() as run, peak_of(run.pid) as memory:
        world.until_running(deleted, "ocr")
        archive.delete(deleted)
        world.until_running(withdrawn, "ocr")
        archive.edit(withdrawn, remove_tags=[OCR])
        world.until_finished(*filed, *read, *bad.values(), deleted, withdrawn)
        assert [job.state for job in world.store.jobs(crashing)] == ["scheduled"]

        listed = json.loads(world.sidecar.call("jobs", "--json", "--limit", "1000").stdout)

    for document_id, one in filed.items():
        assert world.filing(document_id) == one.fields
        assert archive.tag_names(document_id) == {TAG_DONE, *one.tags}
        assert_history(world, document_id, tagging=True)
    for document_id, one in read.items():
        assert_reads(archive.document(document_id)["content"], one.text)
        assert archive.tag_names(document_id) == {OCR_DONE}
        assert_history(world, document_id, ocr=True)
    reasons = {job["document_id"]: job["reason"] for job in listed}
    for words, document_id in bad.items():
        assert archive.tag_names(document_id) == {FAILED}
        assert words.lower() in reasons[document_id].lower()
        assert [reasons[document_id] in note for note in archive.notes(document_id)] == [True]
    for document_id in (deleted, withdrawn):
        assert [job.state for job in world.store.jobs(document_id)] == ["cancelled"]
        assert archive.tag_names(document_id) <= {OCR}
        assert archive.notes(document_id) == []
        assert world.our_history(document_id) == []
    assert {job.attempt for job in world.store.jobs() if job.document_id in {*filed, *read}} == {1}
    assert 0 < memory.pss_bytes < MEMORY_LIMIT


def test_the_pages_beside_a_broken_one_are_kept_and_tagging_again_reads_no_page_twice(world: World) -> None:
    document_id = world.add_scan_with(pdf_with_damaged_scan(book(5)), [OCR], content="as it was")
    assert world.sidecar.drain() == 0
    assert world.store.pages(document_id) == {1, 2, 4, 5}
    archive = world.archive
    assert archive.document(document_id)["content"] == "as it was"
    archive.edit(document_id, add_tags=[OCR])

    assert world.sidecar.drain() == 0

    assert archive.tag_names(document_id) == {FAILED}
    assert {page for _, page in world.ledger.starts()} == {1, 2, 4, 5}
    assert set(world.ledger.starts().values()) == {1}


def test_a_page_whose_scan_is_damaged_does_not_pass_as_a_blank_page(world: World) -> None:
    document_id = world.add_scan_with(pdf_with_damaged_scan(book(4)), [OCR], content="as it was")

    assert world.sidecar.drain() == 0

    assert world.archive.document(document_id)["content"] == "as it was"
    assert world.archive.tag_names(document_id) == {FAILED}


def test_a_page_at_which_tesseract_crashes_once_is_read_again_and_the_document_is_done(world: World) -> None:
    document_id = world.add_scan(book(3), tags=[OCR])
    world.ledger.crash_at(document_id, page=2, times=1)

    with world.sidecar.running():
        world.until_finished(document_id)

    assert headings_in(world.archive.document(document_id)["content"]) == headings(3)
    assert_history(world, document_id, ocr=True)
    assert {page: count for (_, page), count in world.ledger.starts().items()} == {1: 1, 2: 2, 3: 1}


def test_a_page_at_which_tesseract_always_crashes_ends_after_the_last_attempt_with_its_reason(world: World) -> None:
    world.sidecar.settings["MAX_ATTEMPTS"] = 3
    document_id = world.add_scan(book(3), tags=[OCR], content="as it was")
    world.ledger.crash_at(document_id, page=2, times=1000)

    with world.sidecar.running():
        world.until_finished(document_id)

    archive = world.archive
    assert archive.document(document_id)["content"] == "as it was"
    assert archive.tag_names(document_id) == {FAILED}
    (job,) = world.store.jobs()
    assert (job.state, job.attempt) == ("failed", 3)
    assert "Page 2" in (job.reason or "")
    assert [(job.reason or "?") in note for note in archive.notes(document_id)] == [True]
    assert {page: count for (_, page), count in world.ledger.starts().items()} == {1: 1, 2: 3, 3: 1}


def test_text_much_shorter_than_what_stood_there_is_refused_with_the_reason(world: World) -> None:
    long_text = "\n".join(f"Line {number} of a text that a good scan once gave." for number in range(60))
    document_id = world.add_scan([letter(0).text], tags=[OCR], content=long_text)

    assert world.sidecar.drain() == 0

    archive = world.archive
    assert archive.document(document_id)["content"] == long_text
    assert archive.tag_names(document_id) == {FAILED}
    (note,) = archive.notes(document_id)
    assert (world.store.jobs()[0].reason or "?") in note
    assert not any("content" in entry for entry in world.our_history(document_id))


def test_a_model_that_names_what_nobody_offered_files_the_rest(world: World) -> None:
    document_id = world.add_letter(letter(0))
    world.model.misbehave("unknown_name")

    assert world.sidecar.drain() == 0

    filing = world.filing(document_id)
    assert filing == {**letter(0).fields, "correspondent": None, "document_type": None}
    assert world.archive.tag_names(document_id) == {TAG_DONE}


def test_a_tag_that_a_workflow_keeps_putting_back_ends_with_a_reason_after_a_few_jobs(world: World) -> None:
    document_id = world.add_letter(letter(0))
    archive = world.archive

    def looped() -> bool:
        """Be the workflow, which comes when a job is over, until one has failed."""
        states = [job.state for job in world.store.jobs()]
        if "failed" not in states and "running" not in states and TAG not in archive.tag_names(document_id):
            archive.edit(document_id, add_tags=[TAG])
        return "failed" in states

    with world.sidecar.running():
        until(looped, "the loop was noticed")
        jobs = world.store.jobs()
        archive.edit(document_id, add_tags=[TAG])
        polls = world.polls()
        until(lambda: world.polls() >= polls + 5, "five more looks")

    assert len(jobs) <= 6
    assert world.store.jobs() == jobs, "the loop went on"
    assert "workflow" in (jobs[-1].reason or "")
    assert FAILED in archive.tag_names(document_id)
    assert any("workflow" in note for note in archive.notes(document_id))
    assert len(world.model.calls()) <= 2
    assert world.filing(document_id) == letter(0).fields
