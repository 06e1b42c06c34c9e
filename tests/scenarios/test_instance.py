"""Starting, stopping and resting: the program as its owner's machine sees it."""

import json
import sqlite3
from contextlib import closing

import pytest

from sidecar.practice.faults import Fault
from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.world import OCR, OCR_DONE, WatchedFault, World, assert_history
from tests.waiting import until

pytestmark = pytest.mark.scenario


def test_a_second_instance_on_the_same_folder_is_refused_in_words_and_the_first_works_on(world: World) -> None:
    with world.sidecar.running():
        until(world.polls, "the first looked for documents")

        second = world.sidecar.call("run")

        assert second.returncode == 4
        assert "sidecar" in second.stderr.lower()
        assert str(world.store.file.parent) in second.stderr
        assert "Traceback" not in second.stderr
        document_id = world.add_letter(letter(0))
        world.until_finished(document_id)
    assert_history(world, document_id, tagging=True)


def test_after_a_kill_the_folder_is_free_at_once(world: World) -> None:
    run = world.sidecar.start()
    until(world.polls, "it looked for documents")
    run.kill(children=False)

    assert world.sidecar.drain() == 0


def test_all_missing_and_wrong_settings_are_named_at_once_with_exit_code_3(world: World) -> None:
    for name in ("PAPERLESS_URL", "PAPERLESS_TOKEN"):
        del world.sidecar.settings[name]
    world.sidecar.settings |= {"POLL_INTERVAL_S": "often", "OPENAI_BASE_URL": "localhost:11434", "OCR_DPI": 5}

    ended = world.sidecar.call("run")

    assert ended.returncode == 3
    for name in ("PAPERLESS_URL", "PAPERLESS_TOKEN", "POLL_INTERVAL_S", "OPENAI_BASE_URL", "OCR_DPI"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr
    assert world.archive.requests() == []


def test_a_wrong_token_is_said_in_words_and_never_printed(world: World) -> None:
    world.sidecar.settings["PAPERLESS_TOKEN"] = "not-the-right-token-of-anybody"
    with world.sidecar.running():
        until(lambda: "check PAPERLESS_TOKEN" in world.sidecar.log, "the owner is told what to do")

    assert "not-the-right-token" not in world.sidecar.log


def test_stopped_in_the_middle_of_a_long_document_it_ends_in_time_and_goes_on_where_it_was(world: World) -> None:
    world.sidecar.settings["STOP_GRACE_S"] = 10
    document_id = world.add_scan(book(20, paragraphs=2), tags=[OCR])
    run = world.sidecar.start()
    until(lambda: len(world.ledger.ends()) >= 5, "five pages were read")

    run.terminate()
    code = run.wait(within_s=10 + 5)

    assert code == 0
    assert world.waiting_triggers(document_id) == {OCR}
    (job,) = world.store.jobs()
    assert (job.state, job.attempt, job.crashes) == ("ready", 0, 0)
    kept = world.store.pages(document_id)
    assert 5 <= len(kept) < 20
    starts = world.ledger.starts()
    assert {page for _, page in starts} == kept, "a page under way at the stop was thrown away"

    assert world.sidecar.drain() == 0

    later = world.ledger.starts() - starts
    assert {page for _, page in later} == set(range(1, 21)) - kept
    assert set(world.ledger.starts().values()) == {1}
    assert headings_in(world.archive.document(document_id)["content"]) == headings(20)
    assert_history(world, document_id, ocr=True)
    assert [job.attempt for job in world.store.jobs()] == [1]


def test_stopped_while_it_writes_it_finishes_the_write(world: World) -> None:
    document_id = world.add_letter(letter(0))
    slow = WatchedFault(method="PATCH", path=r"/documents/\d+/$", delay_s=2.0)
    world.archive.faults.add(slow)
    run = world.sidecar.start()
    until(slow.arrived.is_set, "the write was sent")

    assert run.stop() == 0

    world.archive.faults.clear()
    assert world.sidecar.drain() == 0
    assert world.filing(document_id) == letter(0).fields
    assert_history(world, document_id, tagging=True)
    assert len(world.model.calls()) == 1
    assert [(job.state, job.attempt, job.crashes) for job in world.store.jobs()] == [("succeeded", 1, 0)]


def test_stopped_while_the_model_thinks_it_does_not_wait_for_ever_and_counts_no_attempt(world: World) -> None:
    document_id = world.add_letter(letter(0))
    thinking = WatchedFault(method="POST", path="/chat/", delay_s=60.0)
    world.model.faults.add(thinking)
    world.sidecar.settings["STOP_GRACE_S"] = 1
    run = world.sidecar.start()
    until(thinking.arrived.is_set, "the model was asked")

    run.terminate()
    assert run.wait(within_s=1 + 10) == 0

    world.model.faults.clear()
    assert world.sidecar.drain() == 0
    assert [(job.state, job.attempt, job.crashes) for job in world.store.jobs()] == [("succeeded", 1, 0)]
    assert_history(world, document_id, tagging=True)


def test_at_rest_it_asks_for_tagged_documents_once_a_round_and_writes_nothing(world: World) -> None:
    rounds, round_s = 12, 1.0
    world.sidecar.settings["POLL_INTERVAL_S"] = round_s
    world.add_scan([letter(0).text], tags=["mine"])
    with world.sidecar.running():
        until(lambda: world.polls() >= 2, "two looks")
        world.archive.clear_requests()
        before = world.store.fingerprint()
        until(lambda: len(world.archive.requests()) >= rounds, f"{rounds} requests")
        requests = world.archive.requests()
        after = world.store.fingerprint()

    assert {(one.method, one.path) for one in requests} == {("GET", "/api/documents/")}
    passed_s = requests[-1].started_s - requests[0].started_s
    assert len(requests) - 1 <= passed_s / round_s * 1.1, "more than one look a round"
    assert before, "there is no store to compare"
    assert after == before
    assert world.model.calls() == []


def test_the_jobs_command_tells_from_beside_a_running_sidecar_what_happened(world: World) -> None:
    with world.sidecar.running():
        document_id = world.add_scan(book(2), tags=[OCR])
        world.until_finished(document_id)
        (listed,) = json.loads(world.sidecar.call("jobs", "--json").stdout)
        told = json.loads(world.sidecar.call("jobs", "show", str(listed["id"]), "--json").stdout)

    assert (listed["document_id"], listed["kind"], listed["state"]) == (document_id, "ocr", "succeeded")
    assert (listed["pages_done"], listed["pages_total"], listed["attempt"]) == (2, 2, 1)
    assert listed["reason"] in [event["text"] for event in told["events"]]


def test_a_folder_whose_store_is_newer_than_the_program_is_refused_in_words(world: World) -> None:
    assert world.sidecar.drain() == 0
    with closing(sqlite3.connect(world.store.file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    ended = world.sidecar.call("run")

    assert ended.returncode == 4
    assert "newer" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_left_over_after_a_drain_is_told_by_the_exit_code(world: World) -> None:
    document_id = world.add_scan(book(2), tags=[OCR])
    world.ledger.crash_at(document_id, page=2, times=1)
    world.sidecar.settings |= {"RETRY_BASE_S": 3600, "RETRY_CAP_S": 3600}

    assert world.sidecar.drain() == 5

    assert world.archive.tag_names(document_id) == {OCR}
    (job,) = world.store.jobs()
    assert (job.state, job.attempt) == ("scheduled", 1)


def test_a_burst_of_failing_answers_does_not_slow_the_looks_for_new_documents(world: World) -> None:
    world.add_letter(letter(0))
    world.model.faults.add(Fault(drop="before"))
    with world.sidecar.running():
        polls = world.polls()
        until(lambda: world.polls() >= polls + 3, "it goes on looking")
        read = world.add_scan([letter(1).text], tags=[OCR])
        world.until_finished(read)

    assert world.archive.tag_names(read) == {OCR_DONE}
