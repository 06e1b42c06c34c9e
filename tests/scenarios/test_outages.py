"""A model or a Paperless that is away, or answers badly, costs a document nothing but time."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import not_a_pdf
from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.paperless import ArchiveProcess
from tests.scenarios.world import (
    FAILED,
    OCR,
    OCR_DONE,
    TAG,
    TAG_DONE,
    WatchedFault,
    World,
    assert_history,
    assert_reads,
)
from tests.waiting import until

pytestmark = pytest.mark.scenario

DOCUMENT = r"/documents/\d+/$"
BULK_EDIT = r"/bulk_edit/$"
HTML = "<html><head><title>Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def assert_done_at_the_first_attempt(world: World, *documents: int) -> None:
    """Check that nothing was counted against the documents."""
    jobs = world.store.jobs()
    assert {job.document_id for job in jobs} == set(documents)
    assert {job.state for job in jobs} == {"succeeded"}
    assert {job.attempt for job in jobs} == {1}
    for document_id in documents:
        assert FAILED not in world.archive.tag_names(document_id)
        assert world.archive.notes(document_id) == []


# -- the model


def test_a_model_that_cannot_be_reached_costs_no_attempt_and_all_is_done_when_it_is_back(world: World) -> None:
    port = int(world.model.url.rpartition(":")[2].partition("/")[0])
    world.model.stop()
    documents = [world.add_letter(letter(number)) for number in range(3)]
    read = world.add_scan([letter(7).text], tags=[OCR])
    with world.sidecar.running():
        world.until_finished(read)  # what needs no model goes on
        polls = world.polls()
        until(lambda: world.polls() >= polls + 6, "six looks without a model")
        assert all(world.archive.tag_names(document_id) == {TAG} for document_id in documents)
        world.model.start(port)
        world.until_finished(*documents)

    assert_done_at_the_first_attempt(world, *documents, read)
    for number, document_id in enumerate(documents):
        assert world.filing(document_id) == letter(number).fields
        assert_history(world, document_id, tagging=True)
    assert len(world.model.calls()) == len(documents)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(503, "text/html", HTML), id="503"),
        pytest.param(Answer(500, "text/html", HTML), id="500"),
        pytest.param(Answer(429, body='{"error":{"message":"slow"}}', headers={"Retry-After": "2"}), id="429"),
    ],
)
def test_a_model_that_turns_everybody_away_for_a_while_costs_no_attempt(world: World, answer: Answer) -> None:
    documents = [world.add_letter(letter(number)) for number in range(3)]
    world.model.faults.add(Fault(answer=answer))
    with world.sidecar.running():
        polls = world.polls()
        until(lambda: world.polls() >= polls + 6, "six looks while the model turns everybody away")
        assert all(world.archive.tag_names(document_id) == {TAG} for document_id in documents)
        world.model.faults.clear()
        world.until_finished(*documents)

    assert_done_at_the_first_attempt(world, *documents)
    for number, document_id in enumerate(documents):
        assert world.filing(document_id) == letter(number).fields


def test_a_model_that_asks_for_patience_is_not_asked_again_before_that(world: World) -> None:
    document_id = world.add_letter(letter(0))
    patience = WatchedFault(
        method="POST", path="/chat/", times=1, answer=Answer(429, body="{}", headers={"Retry-After": "4"})
    )
    early = WatchedFault(method="POST", path="/chat/", delay_s=0.01)
    world.model.faults.add(patience)
    with world.sidecar.running():
        until(patience.arrived.is_set, "the model was asked")
        world.model.faults.add(early)
        asked = len(world.archive.requests())
        polls = world.polls()
        until(lambda: world.polls() >= polls + 4 or early.arrived.is_set(), "four looks, one a third of a second")
        assert not early.arrived.is_set()
        world.until_finished(document_id)
        assert len(world.archive.requests()) > asked

    assert_done_at_the_first_attempt(world, document_id)


def test_a_model_that_hangs_up_in_the_middle_of_an_answer_is_asked_again(world: World) -> None:
    document_id = world.add_letter(letter(0))
    world.model.faults.add(Fault(method="POST", path="/chat/", drop="after", times=1))
    with world.sidecar.running():
        world.until_finished(document_id)

    assert world.filing(document_id) == letter(0).fields
    assert_history(world, document_id, tagging=True)
    assert FAILED not in world.archive.tag_names(document_id)


# -- Paperless


#: What happens to a write whose sender cannot know what became of it; the reader of a failed test finds it by its name.
LOST_ANSWERS: dict[str, dict[str, Any]] = {
    "connection lost before": {"drop": "before"},
    "connection lost after it was done": {"drop": "after"},
    "502 instead": {"answer": Answer(502, "text/html", HTML)},
    "502 after it was done": {"answer_after": Answer(502, "text/html", HTML)},
    "400 after it was done": {"answer_after": Answer(400, "text/html", HTML)},
    "500 after it was done": {"answer_after": Answer(500, "text/html", HTML)},
}
#: SCENARIO_FULL=1 tries both kinds of work, and everything on marks of failure too.
FULL = os.environ.get("SCENARIO_FULL") == "1"
KINDS = [TAG, OCR] if FULL else [TAG]
ON_MARKS = list(LOST_ANSWERS) if FULL else ["connection lost after it was done", "502 instead"]
SHORT_PAGE = "# A page\n\nThat is read.\n\nFrom one end to the other."


@pytest.mark.parametrize("kind", KINDS)
def test_fields_whose_answer_was_lost_or_wrong_are_written_once(world: World, kind: str) -> None:
    world.sidecar.settings["PAPERLESS_TIMEOUT_S"] = 1
    documents = {}
    for number, (name, effect) in enumerate(LOST_ANSWERS.items()):
        document_id = world.add_letter(letter(number)) if kind == TAG else world.add_scan([SHORT_PAGE], tags=[OCR])
        world.archive.faults.add(Fault(method="PATCH", path=f"/documents/{document_id}/$", times=1, **effect))
        documents[document_id] = name
    with world.sidecar.running():
        world.until_finished(*documents)

    assert_all_written_once(world, documents, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_tags_whose_answer_was_lost_or_wrong_are_written_once(world: World, kind: str) -> None:
    world.sidecar.settings["PAPERLESS_TIMEOUT_S"] = 1
    for effect in LOST_ANSWERS.values():  # one after the other, each for one request
        world.archive.faults.add(Fault(method="POST", path=BULK_EDIT, times=1, **effect))
    documents = {
        world.add_letter(letter(number)) if kind == TAG else world.add_scan([SHORT_PAGE], tags=[OCR]): f"no. {number}"
        for number in range(6)
    }
    with world.sidecar.running():
        world.until_finished(*documents)

    assert_all_written_once(world, documents, kind)
    assert len(world.requests("POST", "/bulk_edit/")) >= len(LOST_ANSWERS), "not every fault was met"


def assert_all_written_once(world: World, documents: dict[int, str], kind: str) -> None:
    """Check that all documents are done, and each write stands once in the history."""
    for number, (document_id, name) in enumerate(documents.items()):
        assert [job.state for job in world.store.jobs(document_id)] == ["succeeded"], name
        assert_history(world, document_id, ocr=kind == OCR, tagging=kind == TAG)
        if kind == OCR:
            assert_reads(world.archive.document(document_id)["content"], SHORT_PAGE)
            assert world.archive.tag_names(document_id) == {OCR_DONE}, name
        else:
            assert world.filing(document_id) == letter(number).fields, name
            assert world.archive.tag_names(document_id) == {TAG_DONE, *letter(number).tags}, name


@pytest.mark.parametrize("path", ["/notes/$", BULK_EDIT], ids=["note", "tags"])
def test_the_reason_of_a_failure_survives_lost_and_wrong_answers_and_stands_in_one_note(
    world: World, path: str
) -> None:
    world.sidecar.settings["PAPERLESS_TIMEOUT_S"] = 1
    documents = [world.add_scan_with(not_a_pdf(), [OCR]) for _ in ON_MARKS]
    for name in ON_MARKS:  # one after the other, each for one request
        world.archive.faults.add(Fault(method="POST", path=path, times=1, **LOST_ANSWERS[name]))
    with world.sidecar.running():
        world.until_finished(*documents)

    for document_id in documents:
        assert world.archive.tag_names(document_id) == {FAILED}
        assert ["neither a PDF" in note for note in world.archive.notes(document_id)] == [True]
        assert world.our_history(document_id) == [frozenset({"tags"})]
        (job,) = world.store.jobs(document_id)
        assert job.state == "failed"
        assert "neither a PDF" in (job.reason or "")


def test_a_field_that_paperless_refuses_is_left_out_and_the_rest_is_written(world: World) -> None:
    document_id = world.add_letter(letter(1))
    refusal = Answer(400, body='{"document_type":["Invalid pk \\"4\\" - object does not exist."]}')
    world.archive.faults.add(Fault(method="PATCH", path=DOCUMENT, times=1, answer=refusal))

    assert world.sidecar.drain() == 0

    assert world.filing(document_id) == {**letter(1).fields, "document_type": None}
    assert world.archive.tag_names(document_id) == {TAG_DONE, *letter(1).tags}
    assert_history(world, document_id, tagging=True)
    (job,) = world.store.jobs()
    assert "type" in (job.reason or ""), "the owner is not told that the type was refused"


def test_a_gateway_that_answers_502_to_everything_for_a_while_costs_no_attempt(world: World) -> None:
    filed = [world.add_letter(letter(number)) for number in range(3)]
    scan = world.add_scan(book(4), tags=[OCR])
    with world.sidecar.running() as run:
        until(world.ledger.starts, "a page is being read")
        world.archive.faults.add(Fault(answer=Answer(502, "text/html", HTML)))
        assert run.goes_on(4), "the sidecar gave up because Paperless was away"
        world.archive.faults.clear()
        world.until_finished(*filed, scan)

    assert_done_at_the_first_attempt(world, *filed, scan)
    assert headings_in(world.archive.document(scan)["content"]) == headings(4)
    assert set(world.ledger.starts().values()) == {1}
    assert_history(world, scan, ocr=True)
    for document_id in filed:
        assert_history(world, document_id, tagging=True)


@pytest.fixture
def elsewhere(world: World) -> Iterator[ArchiveProcess]:
    """The world's archive as a process of its own, which can be killed."""
    world.archive.stop()
    with ArchiveProcess(world.folder / "archive") as process:
        world.sidecar.settings["PAPERLESS_URL"] = process.url
        yield process


def test_paperless_away_from_the_start_is_waited_for(world: World, elsewhere: ArchiveProcess) -> None:
    document_id = world.add_letter(letter(0))
    elsewhere.kill()
    with world.sidecar.running() as run:
        assert run.goes_on(2), "the sidecar gave up because Paperless was not there yet"
        elsewhere.start()
        world.until_finished(document_id)

    assert_history(world, document_id, tagging=True)


@pytest.mark.parametrize("method, path", [("PATCH", DOCUMENT), ("POST", BULK_EDIT)], ids=["fields", "tags"])
def test_paperless_killed_in_the_middle_of_a_write_and_back_later_loses_and_doubles_nothing(
    world: World, elsewhere: ArchiveProcess, method: str, path: str
) -> None:
    world.sidecar.settings["PAPERLESS_TIMEOUT_S"] = 5
    filed = [world.add_letter(letter(number)) for number in range(4)]
    scan = world.add_scan([letter(5).text], tags=[OCR])
    elsewhere.remote.faults.add(Fault(method=method, path=path, delay_s=1.0))
    with world.sidecar.running() as run:
        until(world.store.intended, "a write was journalled")
        assert run.goes_on(0.5)
        elsewhere.kill()
        assert run.goes_on(3), "the sidecar gave up because Paperless was away"
        assert all(world.waiting_triggers(document_id) for document_id in (*filed, scan))
        elsewhere.start()
        world.until_finished(*filed, scan)

    assert_done_at_the_first_attempt(world, *filed, scan)
    assert_history(world, scan, ocr=True)
    for number, document_id in enumerate(filed):
        assert world.filing(document_id) == letter(number).fields
        assert_history(world, document_id, tagging=True)
    assert len(world.model.calls()) == len(filed)
