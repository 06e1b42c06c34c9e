"""Ways in which comparable programs file badly, by name: none of them can be had here.

The table "What filing must not do" in docs/guarantees.md names these tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.domain.job import State
from sidecar.domain.suggestion import FilingRules, check_answer
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.practice.archive import Kind
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import scan_pdf, text_pdf
from tests.engines.test_tagging import TODAY
from tests.worker.conftest import LETTER, World, fast_clock, running, until

DONE, FAILED, TRIGGER = "auto-tagged", "auto-failed", "auto-tag"
#: A few answers and attempts, at the speed of a test.
SOON = {"max_attempts": 3, "retry_base_s": 0.01, "retry_cap_s": 0.02}


def filed(world: World, document: int) -> Mapping[str, Any]:
    return world.archive.document(document)


def names(world: World, kind: Kind) -> set[str]:
    return {row["name"] for row in world.archive.state.rows("SELECT name FROM names WHERE kind = ?", (kind,))}


def names_of(world: World) -> dict[int, str]:
    rows = world.archive.state.rows("SELECT id, name FROM names WHERE kind = 'correspondents'")
    return {row["id"]: row["name"] for row in rows}


async def test_a_document_that_fails_is_not_asked_about_for_ever(world: World) -> None:
    document = world.letter(TRIGGER)
    world.model.misbehave("garbage")
    for _ in range(4):  # each of them a program that was started anew
        await world.drain(**SOON)
    calls = len(world.model.calls())
    assert calls <= 2, "one question and one repair"
    assert world.archive.tag_names(document) == {FAILED}
    assert "no usable answer" in world.archive.notes(document)[0]
    await world.drain(**SOON)
    assert len(world.model.calls()) == calls


async def test_what_paperless_did_not_take_is_not_called_done(world: World) -> None:
    document = world.letter(TRIGGER)
    lost = Answer(200, body=b'{"result":"OK"}')
    world.archive.faults.add(Fault("POST", "/bulk_edit/", answer=lost))
    async with world.sidecar(clock=fast_clock(200), poll_interval_s=3600) as sidecar, running(sidecar):
        await until(
            lambda: sum(e.path.endswith("bulk_edit/") for e in world.archive.requests()) >= 2, "it was tried again"
        )
        assert world.archive.tag_names(document) == {TRIGGER}, "nothing was taken, and it says so"
        world.archive.faults.clear()
        await until(lambda: DONE in world.archive.tag_names(document), "it goes on by itself", within_s=60)


async def test_a_document_can_be_filed_again_at_any_time(world: World) -> None:
    document = world.letter(TRIGGER)
    await world.drain()
    world.archive.edit(document, title="mine", add_tags=[TRIGGER])
    jobs = await world.drain()
    assert [job.state for job in jobs] == [State.SUCCEEDED] * 2
    assert filed(world, document)["title"] != "mine"


async def test_a_store_that_was_lost_or_is_new_keeps_no_document_from_being_filed(world: World) -> None:
    document = world.letter(TRIGGER)
    await world.drain()
    world.archive.edit(document, title="mine", add_tags=[TRIGGER])
    await world.drain(data_dir=world.folder / "another store")
    assert filed(world, document)["title"] != "mine"


async def test_no_name_is_made_unless_the_owner_allows_it(world: World) -> None:
    world.model.misbehave("unknown_name")
    kinds: tuple[Kind, ...] = ("tags", "correspondents", "document_types")
    world.letter(TRIGGER)
    async with world.sidecar():  # our own tags are made at the start
        before = {kind: names(world, kind) for kind in kinds}
    await world.drain()
    assert {kind: names(world, kind) for kind in kinds} == before


async def test_tags_that_are_the_owners_tools_are_neither_offered_nor_given(world: World) -> None:
    inbox = "Inbox"
    world.archive.add_name("tags", inbox, is_inbox_tag=True)
    words = f"{LETTER}\nInbox auto-ocr auto-tagged auto-failed"
    document = world.letter(TRIGGER, content=words)
    await world.drain()
    (call,) = world.model.calls()
    tags = call.body["response_format"]["json_schema"]["schema"]["properties"]["tags"]["items"]["enum"]
    assert set(tags) & {inbox, TRIGGER, DONE, FAILED, "auto-ocr"} == set()
    assert inbox not in world.archive.tag_names(document)


@pytest.mark.parametrize(
    ("policy", "title"), [("off", "scan 7"), ("fill-empty", "scan 7"), ("replace", "Ambervale Energy")]
)
async def test_what_a_person_filled_in_is_replaced_only_where_the_owner_says_so(
    world: World, policy: str, title: str
) -> None:
    document = world.letter(TRIGGER, correspondent="Somebody Else", document_type="Letter")
    world.archive.edit(document, title="scan 7", created="2020-02-02")
    await world.drain(title_policy=policy, created_policy="off")
    found = filed(world, document)
    assert found["title"] == title
    assert found["created"] == "2020-02-02"
    others = {row["id"]: row["name"] for row in world.archive.state.rows("SELECT id, name FROM names")}
    assert others[found["correspondent"]] == "Somebody Else"


@pytest.mark.parametrize(("language", "words"), [("German", "In German."), ("", "In the language of the document.")])
async def test_titles_are_in_the_language_of_the_document_or_the_one_that_is_set(
    world: World, language: str, words: str
) -> None:
    world.letter(TRIGGER)
    await world.drain(llm_language=language)
    assert words in world.model.calls()[0].body["messages"][0]["content"]


@pytest.mark.parametrize(
    "said", ["1990-01-01T99", "0001-01-01", "2099-12-31", "31.02.2026", "unknown", "None", "0000-00-00", ""]
)
def test_a_date_in_doubt_is_none(said: str) -> None:
    found = check_answer({"created": said}, FilingRules(), Vocabulary(), TODAY)
    assert found.created in (None, "1990-01-01" if said.startswith("1990") else None)


async def test_without_a_date_in_the_text_the_date_stays(world: World) -> None:
    document = world.letter(TRIGGER, content="Ambervale Energy\nThank you for being with us.")
    before = filed(world, document)["created"]
    await world.drain()
    assert filed(world, document)["created"] == before
    assert DONE in world.archive.tag_names(document)


async def test_a_field_that_paperless_refuses_costs_none_of_the_others(world: World) -> None:
    document = world.letter(TRIGGER)
    refusal = Answer(400, body=b'{"created":["Date has wrong format."]}')
    world.archive.faults.add(Fault("PATCH", "/api/documents/", answer=refusal, times=1))
    (job,) = await world.drain()
    assert job.state is State.SUCCEEDED
    assert "Paperless refused the date" in str(job.reason)
    assert filed(world, document)["title"] == "Ambervale Energy"
    assert {"Invoice", DONE} <= world.archive.tag_names(document)


async def test_names_that_are_made_belong_to_everybody(world: World) -> None:
    world.model.misbehave("obedient")
    world.letter(TRIGGER, content="correspondent: Newcomer Ltd\ntag: Novelty")
    await world.drain(create_names=(Names.TAGS, Names.CORRESPONDENTS))
    rows = world.archive.state.rows("SELECT owner FROM names WHERE name IN ('Newcomer Ltd', 'Novelty')")
    assert [row["owner"] for row in rows] == [None, None]


async def test_a_slow_model_is_waited_for_as_long_as_the_owner_says(world: World) -> None:
    document = world.letter(TRIGGER)
    world.model.delay_s = 1.2
    await world.drain(llm_timeout_s=1.0, max_attempts=1)
    assert DONE not in world.archive.tag_names(document)
    world.archive.edit(document, add_tags=[TRIGGER])
    await world.drain(llm_timeout_s=3600)
    assert DONE in world.archive.tag_names(document)


async def test_a_long_text_is_shown_by_its_beginning_and_its_end(world: World) -> None:
    first, last = "Ambervale Energy begins.", "Invoice ends."
    long = f"{first}\n{'middle ' * 20_000}\n{last}"
    world.letter(TRIGGER, content=long, data=text_pdf(["Much."]))
    await world.drain(document_tokens=500)
    (call,) = world.model.calls()
    assert first in call.document
    assert last in call.document
    assert len(call.document) <= 3 * 500 + 20


@pytest.mark.parametrize("mode", ["thinking", "fenced", "reject_json_schema", "reject_temperature"])
async def test_a_model_that_thinks_aloud_or_a_server_that_can_little_files_all_the_same(
    world: World, mode: Any
) -> None:
    document = world.letter(TRIGGER)
    world.model.misbehave(mode)
    await world.drain()
    assert DONE in world.archive.tag_names(document)
    assert filed(world, document)["title"] == "Ambervale Energy"


async def test_a_busy_model_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    documents = [world.letter(TRIGGER, content=f"{LETTER}\n{number}") for number in range(5)]
    busy = Answer(429, body=b"{}", headers={"Retry-After": "60"})
    world.model.faults.add(Fault("POST", "/chat/completions", answer=busy, times=1))
    async with world.sidecar(clock=fast_clock(60), tagging_concurrency=1) as sidecar, running(sidecar):
        await until(lambda: all(DONE in world.archive.tag_names(number) for number in documents), "all are filed")
    jobs = await world.drain()
    assert [job.state for job in jobs] == [State.SUCCEEDED] * len(documents)
    assert all(job.attempt == 1 for job in jobs), "no job was blamed"


async def test_a_failure_is_seen_in_paperless_with_its_reason(world: World) -> None:
    document = world.letter(TRIGGER, content="")
    await world.drain()
    assert world.archive.tag_names(document) == {FAILED}
    (note,) = world.archive.notes(document)
    assert "no text to judge by" in note


async def test_a_tag_taken_off_while_the_document_waits_means_no(world: World) -> None:
    first, second = world.letter(TRIGGER), world.letter(TRIGGER, content=f"{LETTER} Second.")
    world.model.delay_s = 0.3
    async with world.sidecar(tagging_concurrency=1) as sidecar, running(sidecar):
        await until(lambda: world.model.begun() == 1, "the first is with the model")
        asked, waiting = (first, second) if "Second" not in world.model.documents()[0] else (second, first)
        await asyncio.to_thread(world.archive.edit, waiting, remove_tags=[TRIGGER])
        await until(lambda: DONE in world.archive.tag_names(asked), "the first is filed")
    await world.drain()
    assert len(world.model.calls()) == 1
    assert world.writes(waiting) == ["tags"], "the person's own"


async def test_several_documents_are_with_the_model_at_a_time(world: World) -> None:
    for number in range(4):
        world.letter(TRIGGER, content=f"{LETTER}\n{number}")
    world.model.delay_s = 0.4
    await world.drain(tagging_concurrency=4)
    calls = world.model.calls()
    assert max(call.started_s for call in calls) < min(call.ended_s for call in calls)


async def test_a_scan_that_is_to_be_read_is_filed_by_its_new_text(world: World) -> None:
    document = world.letter("auto-ocr", TRIGGER, content="Amb3rva|e En rgy lnv0ice", data=scan_pdf([LETTER], dpi=150))
    await world.drain(ocr_dpi=150)
    (call,) = world.model.calls()
    assert "Ambervale Energy" in call.document
    assert {"Invoice", DONE, "auto-ocr-done"} <= world.archive.tag_names(document)


@pytest.mark.parametrize("content", ["", "  \n\t ", "- . , / _ \u2014"], ids=["empty", "white", "marks"])
async def test_a_document_without_text_is_never_filed(world: World, content: str) -> None:
    neighbour = world.letter(content=LETTER, correspondent="Ambervale Energy")
    document = world.letter(TRIGGER, content=content)
    await world.drain()
    assert world.model.calls() == []
    assert filed(world, document)["correspondent"] is None
    assert world.archive.history(neighbour) == []


async def test_what_was_written_can_be_taken_back(world: World) -> None:
    document = world.letter(TRIGGER)
    before = filed(world, document)
    await world.drain()
    assert filed(world, document)["title"] != before["title"]
    world.archive.edit(document, correspondent="Somebody Else", add_tags=["auto-undo", "mine"])
    await world.drain()
    after = filed(world, document)
    assert {name: after[name] for name in ("title", "document_type", "created")} == {
        name: before[name] for name in ("title", "document_type", "created")
    }
    assert names_of(world)[after["correspondent"]] == "Somebody Else", "a person chose it since"
    assert world.archive.tag_names(document) == {"mine"}


async def test_what_it_costs_has_a_limit(world: World) -> None:
    documents = [world.letter(TRIGGER, content=f"{LETTER}\n{number}") for number in range(5)]
    jobs = await world.drain(tagging_budget_day="600 tokens", tagging_concurrency=1)
    calls = len(world.model.calls())
    assert 1 <= calls < len(documents)
    waiting = [job for job in jobs if job.state is State.SCHEDULED]
    assert len(waiting) == len(documents) - calls
    assert all("TAGGING_BUDGET_DAY" in str(job.reason) and job.finished_at is None for job in waiting)
    assert all(TRIGGER in world.archive.tag_names(job.document_id) for job in waiting), "it goes on by itself"


async def test_no_name_is_made_beside_one_that_is_nearly_the_same(world: World) -> None:
    world.archive.add_name("correspondents", "Stadtwerke Köln GmbH")
    world.model.misbehave("obedient")
    for said in ("Stadtwerke Koeln", "STADTWERKE KÖLN", "Stadtwerke Köln G.m.b.H.", "Stadtwerke  Köln"):
        world.letter(TRIGGER, content=f"correspondent: {said}")
    before = names(world, "correspondents")
    await world.drain(create_names=(Names.CORRESPONDENTS,))
    assert names(world, "correspondents") == before


async def test_a_tag_is_offered_with_those_above_it(world: World) -> None:
    house = world.archive.add_name("tags", "House")
    world.archive.add_name("tags", "Electricity", parent=house)
    world.letter(TRIGGER)
    await world.drain()
    schema = world.model.calls()[0].body["response_format"]["json_schema"]["schema"]
    offered = schema["properties"]["tags"]["items"]["enum"]
    assert any("House" in name and "Electricity" in name for name in offered), offered


async def test_one_bad_custom_field_costs_none_of_the_others(world: World) -> None:
    fields = {
        name: world.archive.add_name("custom_fields", name, data_type=kind, extra_data={})
        for name, kind in (("Amount", "monetary"), ("Due", "date"), ("Pieces", "integer"))
    }
    world.model.misbehave("obedient")
    values = '{"Amount": "1.130,50 EUR", "Due": "soon", "Pieces": 3}'
    document = world.letter(TRIGGER, content=f'{{"title": "Good", "custom_fields": {values}}}')
    (job,) = await world.drain(custom_fields="all")
    held = {one["field"]: one["value"] for one in filed(world, document)["custom_fields"]}
    assert held == {fields["Amount"]: "EUR1130.50", fields["Pieces"]: 3}
    assert filed(world, document)["title"] == "Good"
    assert "Due" in str(job.reason), "and it is said which one"


async def test_new_names_are_whose_the_owner_says(world: World) -> None:
    world.model.misbehave("obedient")
    world.letter(TRIGGER, content="correspondent: Newcomer Ltd", owner=4)
    await world.drain(create_names=(Names.CORRESPONDENTS,), names_owner="document")
    row = world.archive.state.row("SELECT owner FROM names WHERE name = 'Newcomer Ltd'")
    assert row is not None
    assert row["owner"] == 4
