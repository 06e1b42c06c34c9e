"""The main journeys against a real paperless-ngx: PAPERLESS_URL and PAPERLESS_TOKEN name one that may be written to.

Everything made there has a name of its own and is removed again, out of the trash too; other documents are not
touched. The model is the practice model.
"""

import socket
import subprocess
from hashlib import sha256

import pytest

from sidecar.domain.document import VERSION_LABEL
from sidecar.practice.samples import scan_pdf, text_pdf
from tests.live.conftest import Live
from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.world import FILING, WatchedFault, assert_reads
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(1200)]

DPI = 150
CONTENT, TAGS = frozenset({"content"}), frozenset({"tags"})


def test_ten_documents_with_both_triggers_end_with_text_and_filing_each_written_once(live: Live) -> None:
    paperless = live.paperless
    letters = [letter(number) for number in range(10)]
    documents = paperless.upload(*(scan_pdf([one.text, book(1)[0]], dpi=DPI) for one in letters))
    for document_id in documents:
        paperless.patch(document_id, content="~~ nearly n0thing c0u1d be re@d")
    paperless.tag_documents(*documents, add=(live.ocr, live.tag, paperless.tag("mine")))
    before = {document_id: paperless.newest_entry(document_id) for document_id in documents}

    assert live.sidecar.drain(within_s=600) == 0

    for document_id, one in zip(documents, letters, strict=True):
        document = paperless.document(document_id)
        assert_reads(document["content"], f"{one.text} {book(1)[0].removeprefix('# ')}")
        assert {field: document[field] for field in FILING} == one.fields
        assert document["tags"] == {live.ocr_done, live.tag_done, paperless.tag("mine"), *one.tags}
        assert document["notes"] == []
        entries = paperless.entries_after(document_id, before[document_id])
        assert entries.count(CONTENT) == 1
        assert entries.count(TAGS) == 2
        assert [entry for entry in entries if entry not in (CONTENT, TAGS)] == [fields_of(entries)]
    assert {job.state for job in live.store.jobs()} == {"succeeded"}
    assert len(live.model.calls()) == len(documents)


def fields_of(entries: list[frozenset[str]]) -> frozenset[str]:
    """Give the one entry that changed fields of a filing and nothing else."""
    (fields,) = [entry for entry in entries if entry <= FILING]
    return fields


def test_a_title_and_a_tag_set_by_a_person_while_the_model_thinks_stay_and_the_rest_is_written(live: Live) -> None:
    paperless, one = live.paperless, letter(2)
    (document_id,) = paperless.upload(text_pdf([one.text]))
    paperless.tag_documents(document_id, add=(live.tag,))
    before = paperless.newest_entry(document_id)
    thinking = WatchedFault(method="POST", path="/chat/completions", delay_s=3.0)
    live.model.faults.add(thinking)
    urgent = paperless.tag("urgent")
    with live.sidecar.running():
        until(thinking.arrived.is_set, "the model was asked")
        paperless.patch(document_id, title=f"{paperless.mark} my own title")
        paperless.tag_documents(document_id, add=(urgent,))
        until(lambda: ended(live, document_id), "the document is filed")

    document = paperless.document(document_id)
    assert {field: document[field] for field in FILING} == {
        **one.fields,
        "title": f"{paperless.mark} my own title",
    }
    assert document["tags"] == {live.tag_done, urgent, *one.tags}
    entries = paperless.entries_after(document_id, before)
    assert entries.count(frozenset({"title"})) == 1, "only the person's"
    assert entries.count(TAGS) == 2, "the person's and ours"
    assert len(entries) == 4


def test_a_trigger_taken_off_while_the_model_thinks_cancels_the_filing(live: Live) -> None:
    paperless = live.paperless
    (document_id,) = paperless.upload(text_pdf([letter(3).text]))
    paperless.tag_documents(document_id, add=(live.tag,))
    before, title = paperless.newest_entry(document_id), paperless.document(document_id)["title"]
    thinking = WatchedFault(method="POST", path="/chat/completions", delay_s=3.0)
    live.model.faults.add(thinking)
    with live.sidecar.running():
        until(thinking.arrived.is_set, "the model was asked")
        paperless.tag_documents(document_id, remove=(live.tag,))
        until(lambda: ended(live, document_id), "the job is cancelled")

    document = paperless.document(document_id)
    assert (document["title"], document["tags"], document["notes"]) == (title, set(), [])
    assert paperless.entries_after(document_id, before) == [TAGS], "only the owner's own"
    assert [job.state for job in live.store.jobs()] == ["cancelled"]


def test_a_document_deleted_while_the_model_thinks_harms_nobody(live: Live) -> None:
    paperless = live.paperless
    deleted, other = paperless.upload(text_pdf([letter(3).text]), text_pdf([letter(4).text]))
    paperless.tag_documents(deleted, other, add=(live.tag,))
    thinking = WatchedFault(method="POST", path="/chat/completions", delay_s=3.0)
    live.model.faults.add(thinking)
    with live.sidecar.running():
        until(thinking.arrived.is_set, "the model was asked")
        paperless.delete(deleted)
        until(lambda: ended(live, deleted) and ended(live, other), "both are over")

    assert paperless.is_gone(deleted)
    assert [job.state for job in live.store.jobs(deleted)] == ["cancelled"]
    assert [job.state for job in live.store.jobs(other)] == ["succeeded"]
    assert paperless.document(other)["title"] == letter(4).title


def test_a_document_that_cannot_be_done_says_so_in_a_note_and_by_its_tag(live: Live) -> None:
    paperless = live.paperless
    (document_id,) = paperless.upload(text_pdf([letter(0).text]))
    long_text = " ".join(f"Much more than the page says, in sentence {number}." for number in range(100))
    paperless.patch(document_id, content=long_text)
    paperless.tag_documents(document_id, add=(live.ocr,))

    assert live.sidecar.drain() == 0

    document = paperless.document(document_id)
    assert document["tags"] == {live.failed}
    assert document["content"] == long_text.strip()
    (job,) = live.store.jobs()
    assert [(job.reason or "?") in note["note"] for note in document["notes"]] == [True]


def test_killed_in_the_middle_of_a_long_scan_it_goes_on_and_writes_once(live: Live) -> None:
    paperless = live.paperless
    (document_id,) = paperless.upload(scan_pdf(book(8), dpi=DPI))
    paperless.patch(document_id, content="~~ nearly n0thing c0u1d be re@d")
    paperless.tag_documents(document_id, add=(live.ocr,))
    before = paperless.newest_entry(document_id)
    run = live.sidecar.start()
    until(lambda: len(live.store.pages(document_id)) >= 3, "three pages are kept")
    run.kill()

    assert live.sidecar.drain() == 0

    document = paperless.document(document_id)
    assert headings_in(document["content"]) == headings(8)
    assert document["tags"] == {live.ocr_done}
    assert sorted(map(sorted, paperless.entries_after(document_id, before))) == [["content"], ["tags"]]


def ended(live: Live, document_id: int) -> bool:
    """Say whether a document's jobs are all over."""
    jobs = live.store.jobs(document_id)
    return bool(jobs) and all(job.finished_at is not None for job in jobs)


def test_a_searchable_version_comes_once_and_is_never_read_again(live: Live) -> None:
    paperless = live.paperless
    live.sidecar.settings["SEARCHABLE_PDF"] = "version"
    pages = [letter(0).text, book(1)[0]]
    scan = scan_pdf(pages, dpi=DPI)
    (document_id,) = paperless.upload(scan)
    paperless.patch(document_id, content="~~ nearly n0thing c0u1d be re@d")
    paperless.tag_documents(document_id, add=(live.ocr,))
    run = live.sidecar.start()
    until(lambda: len(paperless.versions(document_id)) == 2, "the version is there", within_s=300)
    run.kill()

    assert live.sidecar.drain(within_s=600) == 0

    wanted = " ".join(text.removeprefix("# ") for text in pages)
    assert_reads(paperless.document(document_id)["content"], wanted)
    assert paperless.document(document_id)["tags"] == {live.ocr_done}
    newest, root = paperless.versions(document_id)
    assert (newest["version_label"], root["is_root"]) == (VERSION_LABEL, True)
    assert root["checksum"] == sha256(scan).hexdigest()
    assert_reads(text_of(paperless.file(document_id)), wanted)
    assert paperless.file(document_id, version=root["id"]) == scan
    kept = live.store.pages(document_id)

    paperless.tag_documents(document_id, add=(live.ocr,))
    assert live.sidecar.drain(within_s=600) == 0
    assert paperless.versions(document_id) == [newest, root]
    assert live.store.pages(document_id) == kept
    assert paperless.document(document_id)["tags"] == {live.ocr_done}
    assert_reads(paperless.document(document_id)["content"], wanted)


def test_a_filing_is_shown_approved_and_taken_back(live: Live) -> None:
    paperless, one = live.paperless, letter(2)
    (document_id,) = paperless.upload(text_pdf([one.text]))
    before = paperless.document(document_id)
    paperless.tag_documents(document_id, add=(live.tag, live.review, paperless.tag("mine")))

    assert live.sidecar.drain() == 0
    document = paperless.document(document_id)
    (note,) = document["notes"]
    assert f"-> {one.fields['correspondent']}" in note["note"]
    assert {field: document[field] for field in FILING} == {field: before[field] for field in FILING}

    paperless.tag_documents(document_id, add=(live.approve,))
    assert live.sidecar.drain() == 0
    document = paperless.document(document_id)
    assert {field: document[field] for field in FILING} == one.fields
    assert document["tags"] == {live.tag_done, paperless.tag("mine"), *one.tags}
    assert document["notes"] == []

    paperless.tag_documents(document_id, add=(live.undo,))
    assert live.sidecar.drain() == 0
    document = paperless.document(document_id)
    assert {field: document[field] for field in FILING} == {field: before[field] for field in FILING}
    assert document["tags"] == {paperless.tag("mine")}


def test_what_is_rejected_is_not_written_and_leaves_nothing_behind(live: Live) -> None:
    paperless = live.paperless
    (document_id,) = paperless.upload(text_pdf([letter(3).text]))
    title = paperless.document(document_id)["title"]
    paperless.tag_documents(document_id, add=(live.tag, live.review))
    assert live.sidecar.drain() == 0
    assert len(paperless.document(document_id)["notes"]) == 1

    paperless.tag_documents(document_id, add=(live.reject,))
    assert live.sidecar.drain() == 0
    document = paperless.document(document_id)
    assert (document["title"], document["tags"], document["notes"]) == (title, set(), [])


def text_of(pdf: bytes) -> str:
    """Give the text of a PDF, as a reader would select it."""
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def test_paperless_rings_when_a_document_is_tagged_and_the_workflows_go_again(live: Live) -> None:
    paperless, one = live.paperless, letter(3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    given = {
        "WEBHOOK_SECRET": "a-secret-of-twenty-four",
        "WEBHOOK_URL": address,
        "WEB_PORT": address.rpartition(":")[2],
        "POLL_INTERVAL_S": 86400,  # nothing but a ring lets it look
    }
    live.sidecar.settings |= given
    try:
        assert "Made: workflow" in live.sidecar.call("setup", "--webhook").stdout
        assert "No workflow had to be touched" in live.sidecar.call("setup", "--webhook").stdout
        assert len(paperless.workflows(live.tag)) == 2
        live.sidecar.start()
        until(lambda: "works for" in live.sidecar.log, "it works")
        (document_id,) = paperless.upload(text_pdf([one.text]))
        paperless.tag_documents(document_id, add=(live.tag,))
        until(lambda: live.tag_done in paperless.document(document_id)["tags"], "it is filed", within_s=120)
    finally:
        live.sidecar.call("setup", "--no-webhook")
    assert paperless.workflows(live.tag) == []
