"""Fall-backs: who is asked next, who is passed over, what waits, and what never leaves the house."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar import settings
from sidecar.domain.errors import OutageError, PermanentError, SettingsError, TemporaryError
from sidecar.domain.job import Job, State
from sidecar.domain.privacy import Privacy
from sidecar.engines.llm import Model, Reply
from sidecar.parts import text_models
from sidecar.practice.faults import Answer, Fault, Verdict
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import listing
from sidecar.store.transaction import Transaction, reading
from sidecar.worker.chain import Chain
from tests.worker.conftest import World, fast_clock, running, until
from tests.worker.test_budgets import NOON, clock_at

SPEED = 120.0
BAD_KEY = Answer(401, body='{"error": {"message": "bad key"}}')
BUSY = Answer(429, body='{"error": {"message": "slow down"}}', headers={"Retry-After": "600"})


@pytest.fixture
def second() -> Iterator[PracticeModel]:
    with PracticeModel() as model:
        yield model


@dataclass(frozen=True)
class Line:
    """A line of the ledger."""

    model: str
    outcome: str


@reading
def ledger(tx: Transaction) -> list[Line]:
    rows = tx.rows("SELECT model, outcome FROM ledger ORDER BY id")
    return [Line(row.model, row.outcome.split(":")[0]) for row in rows]


def fallback(model: PracticeModel, name: str = "practice") -> dict[str, str]:
    return {"llm_fallbacks": f"{name}@{model.url}"}


def filed(world: World, *documents: int) -> bool:
    return all("auto-tagged" in world.archive.tag_names(document) for document in documents)


@pytest.mark.parametrize("answer", [BAD_KEY, BUSY], ids=["key", "busy"])
async def test_the_next_endpoint_is_asked_where_the_first_refuses_and_the_first_is_left_alone(
    world: World, second: PracticeModel, answer: Answer
) -> None:
    world.model.faults.add(Fault(answer=answer))
    documents = [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(2)]
    async with world.sidecar(**fallback(second, "other"), tagging_concurrency=1) as sidecar:
        await sidecar.run(drain=True)
        assert set(sidecar.providers.parked) == {"model"}
        jobs: list[Job] = await sidecar.parts.db.run(listing.jobs)
        lines = await sidecar.parts.db.run(ledger)
    assert filed(world, *documents)
    assert {job.attempt for job in jobs} == {1}
    assert set(lines) == {Line("other", "answered")}
    assert len(second.calls()) == 2


async def test_the_first_is_asked_again_once_it_is_back(world: World, second: PracticeModel) -> None:
    world.model.faults.add(Fault(answer=Answer(503, body="")))
    one = world.letter("auto-tag")
    async with world.sidecar(fast_clock(SPEED), **fallback(second)) as sidecar, running(sidecar):
        await until(lambda: filed(world, one), "filed by the second")
        world.model.faults.clear()
        await until(lambda: not sidecar.providers.parked, "the first is back")
        two = world.letter("auto-tag", content="Another letter. Ambervale Energy, 2026-05-12.")
        await until(lambda: filed(world, two), "filed by the first")
    assert (len(world.model.calls()), len(second.calls())) == (1, 1)


async def test_while_all_are_away_nothing_is_burnt_and_the_job_waits(world: World, second: PracticeModel) -> None:
    for model in (world.model, second):
        model.faults.add(Fault(answer=Answer(503, body="")))
    document = world.letter("auto-tag")
    clock = fast_clock(SPEED)
    async with world.sidecar(clock, **fallback(second)) as sidecar, running(sidecar):
        await until(lambda: set(sidecar.providers.parked) == {"model", "model 2"}, "both parked")
        later = clock.now() + timedelta(minutes=2)
        await until(lambda: clock.now() > later, "two minutes")
        assert world.archive.tag_names(document) == {"auto-tag"}
        second.faults.clear()
        await until(lambda: filed(world, document), "filed")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.attempt == 1


@pytest.mark.parametrize("names", ["first, second", "practice, practice"])
async def test_two_unusable_answers_of_one_model_and_the_next_one_is_asked(world: World, names: str) -> None:
    world.model.misbehave("garbage", times=2)
    document = world.letter("auto-tag")
    async with world.sidecar(llm_model=names) as sidecar:
        await sidecar.run(drain=True)
        lines = await sidecar.parts.db.run(ledger)
    assert filed(world, document)
    one, two = names.split(", ")
    assert lines == [Line(one, "unusable"), Line(one, "unusable"), Line(two, "answered")]


async def test_the_same_name_at_two_endpoints_is_two_models(world: World, second: PracticeModel) -> None:
    world.model.misbehave("garbage")
    document = world.letter("auto-tag")
    (job,) = await world.drain(**fallback(second))
    assert (job.state, filed(world, document)) == (State.SUCCEEDED, True)
    assert (len(world.model.calls()), len(second.calls())) == (2, 1)


async def test_a_document_that_no_model_can_answer_is_given_up_with_what_each_said(
    world: World, second: PracticeModel
) -> None:
    world.model.misbehave("garbage")
    second.misbehave("content_filter")
    document = world.letter("auto-tag")
    await world.drain(**fallback(second, "other"))
    (note,) = world.archive.notes(document)
    assert "practice gave no usable answer, twice" in note
    assert "other gave no usable answer, once: It was stopped by the provider's content filter" in note


async def test_a_model_that_had_its_chances_is_not_paid_again_while_the_other_one_is_waited_for(
    world: World, second: PracticeModel
) -> None:
    world.model.misbehave("garbage", matching="POISON")
    second.faults.add(Fault(answer=Answer(503, body="")))
    poison = world.letter("auto-tag", content="POISON of Ambervale Energy")
    clock = fast_clock(SPEED)
    async with world.sidecar(clock, **fallback(second)) as sidecar, running(sidecar):
        await until(lambda: "model 2" in sidecar.providers.parked, "parked")
        good = world.letter("auto-tag")
        await until(lambda: filed(world, good), "others are filed by the first meanwhile")
        later = clock.now() + timedelta(minutes=2)
        await until(lambda: clock.now() > later, "two minutes")
        jobs = await sidecar.parts.db.run(listing.jobs)
        assert {job.document_id: job.state for job in jobs}[poison] in (State.SCHEDULED, State.READY, State.RUNNING)
        assert len(world.model.calls()) == 3, "two for the poison, one for the good one"
        second.faults.clear()
        await until(lambda: filed(world, poison), "filed")
        jobs = await sidecar.parts.db.run(listing.jobs)
    assert {job.attempt for job in jobs} == {1}
    assert len(world.model.calls()) == 3


async def test_bad_answers_are_counted_over_all_attempts_and_starts_and_a_person_may_begin_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each repair is refused, and the program is started anew, so that nothing in its memory helps."""
    judge, questions = world.model.faults.judge, itertools.count(1)

    def refuse_every_other(method: str, path: str, query: str) -> Verdict:
        is_refused = "completions" in path and next(questions) % 2 == 0
        return Verdict(0, 0, Fault(answer=BUSY)) if is_refused else judge(method, path, query)

    monkeypatch.setattr(world.model.faults, "judge", refuse_every_other)
    world.model.misbehave("garbage")
    document = world.letter("auto-tag")
    for start in range(1, 4):
        await world.drain()
        assert len(world.model.calls()) == start
    (note,) = world.archive.notes(document)
    assert "practice gave no usable answer, three times: " in note
    assert world.archive.tag_names(document) == {"auto-failed"}
    monkeypatch.undo()
    world.model.behave()
    world.archive.edit(document, add_tags=["auto-tag"])
    await world.drain()
    assert filed(world, document)


async def test_bad_answers_are_counted_over_all_starts_for_each_model_of_a_chain(
    world: World, second: PracticeModel
) -> None:
    world.model.misbehave("garbage")
    second.faults.add(Fault(answer=Answer(503, body="")))
    document = world.letter("auto-tag")
    for hour in range(5):
        if hour == 4:
            assert len(world.model.calls()) == 3
            second.faults.clear()
        async with world.sidecar(clock_at(NOON + timedelta(hours=hour)), **fallback(second, "other")) as sidecar:
            await sidecar.run(drain=True)
    assert filed(world, document)
    assert len(world.model.calls()) == 3


async def test_one_that_waits_by_itself_does_not_spin(world: World, second: PracticeModel) -> None:
    world.model.misbehave("garbage", matching="POISON")
    second.faults.add(Fault(answer=BUSY))
    world.letter("auto-tag", content="POISON of Ambervale Energy")
    async with world.sidecar(**fallback(second)) as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.SCHEDULED
    assert job.lease_token <= 2
    assert (job.run_after - job.created_at).total_seconds() > 500


async def test_an_endpoint_that_hangs_up_on_everybody_is_parked_after_three_documents(
    world: World, second: PracticeModel
) -> None:
    world.model.faults.add(Fault(path="chat", drop="before"))
    documents = [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(4)]
    async with world.sidecar(**fallback(second), tagging_concurrency=1) as sidecar:
        await sidecar.run(drain=True)
        assert "model" in sidecar.providers.parked
        jobs = await sidecar.parts.db.run(listing.jobs)
    assert filed(world, *documents)
    assert {job.attempt for job in jobs} == {1}


async def hear(model: Model) -> Reply:
    """Ask the model for a word."""
    return await model.ask([{"role": "user", "content": "Ambervale"}])


async def test_without_a_worker_a_chain_asks_in_turn_and_parks_nobody(world: World, second: PracticeModel) -> None:
    world.model.faults.add(Fault(answer=BUSY, times=1))
    first, other = (
        Model("m", base_url=one.url, api_key=None, provider=p) for one, p in ((world.model, "a"), (second, "b"))
    )
    chain = Chain([first, other])
    found = [await chain.walk(hear, about="try") for _ in range(2)]
    assert [(one.model, one.provider) for one in found] == [("m", "b"), ("m", "a")]
    second.stop()
    world.model.faults.add(Fault(answer=Answer(500, body="{}")))
    with pytest.raises(OutageError, match="cannot be reached"):
        await chain.walk(hear, about="try")
    with pytest.raises(TemporaryError):
        await Chain([first]).walk(hear, about="try")
    for one in (first, other):
        await one.close()


# -- private


async def test_a_private_question_goes_to_the_house_alone(world: World, second: PracticeModel) -> None:
    away = world.model.url.replace("127.0.0.1", "localtest.example")  # the same server, by a name anybody may own
    far = Model("far", base_url=away, api_key=None, provider="model")
    near = Model("near", base_url=second.url, api_key=None, provider="model 2")
    chain = Chain([far, near], privacy=Privacy(("Private",)))
    assert (await chain.walk(hear, about="try", private=True)).model == "near"
    assert not world.model.calls()
    second.misbehave("error_in_200")
    with pytest.raises(TemporaryError):
        await chain.walk(hear, about="try", private=True)
    assert not world.model.calls(), "not even where the near one fails"
    with pytest.raises(PermanentError, match="PRIVATE_TAGS"):
        await Chain([far], privacy=Privacy(("Private",))).walk(hear, about="try", private=True)
    assert not world.model.calls()
    for model in (far, near):
        await model.close()


async def test_a_single_model_elsewhere_is_never_asked_a_private_question() -> None:
    far = Model("far", base_url="https://api.example.com/v1", api_key=None)
    with pytest.raises(PermanentError, match="not in your own network"):
        await far.walk(lambda _: pytest.fail("it was asked"), about="x", private=True)


# -- settings


def models_of(**given: object) -> list[Model]:
    return text_models(settings.load(paperless_url="http://p", paperless_token="t", **given))


def test_fall_backs_are_named_in_one_line_and_no_key_goes_to_another_host() -> None:
    models = models_of(
        llm_model="big, small",
        openai_api_key="ours",
        openai_base_url="https://one.example/v1",
        llm_fallbacks="@cf/meta/llama@https://two.example/v1, qwen3@http://ollama:11434/v1",
        llm_fallback_api_keys="theirs",
    )
    assert [(model.name, model.provider, model.address) for model in models] == [
        ("big", "model", "https://one.example/v1"),
        ("small", "model 2", "https://one.example/v1"),
        ("@cf/meta/llama", "model 3", "https://two.example/v1"),
        ("qwen3", "model 4", "http://ollama:11434/v1"),
    ]
    assert [model._api_key for model in models] == ["ours", "ours", "theirs", "none"]


@pytest.mark.parametrize(
    "wrong", ["rpm", "rpm=", "rpm=0", "rpm=-1", "rpm=1.5", "tpm=many", "rps=1", "rpm=1 rpm=2", "rpm=1 and more"]
)
def test_rates_of_a_fall_back_that_are_none_are_said_at_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"LLM_FALLBACKS is wrong.*rpm=20 tpm=50000, or none"):
        models_of(llm_fallbacks=f"a@http://b {wrong}")


def test_keys_for_nobody_and_fall_backs_without_an_address_are_said_at_the_start() -> None:
    with pytest.raises(SettingsError, match="LLM_FALLBACK_API_KEYS has 2 keys for 1"):
        models_of(llm_fallbacks="a@http://b", llm_fallback_api_keys="1,2")
    with pytest.raises(SettingsError, match=r"LLM_FALLBACKS is wrong.*MODEL@ADDRESS"):
        models_of(llm_fallbacks="just-a-name")


def test_keys_come_from_a_file_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    file.write_text("one\ntwo\n")
    monkeypatch.setenv("LLM_FALLBACK_API_KEYS_FILE", str(file))
    models = models_of(llm_fallbacks="a@http://b, c@http://d")
    assert [model._api_key for model in models] == ["one", "two"]


# -- pages


async def test_pages_go_to_the_next_endpoint_while_the_first_is_away(world: World, second: PracticeModel) -> None:
    pages = ["Dear customer,\nwe thank you for your order and deliver the following items."] * 2
    document = world.letter("auto-ocr", content="", data=scan_pdf(pages, dpi=150))
    world.model.faults.add(Fault(answer=Answer(503, body="")))
    given = {"ocr_engine": "vision", "vision_model": "practice", "ocr_dpi": 150, "vision_concurrency": 1}
    async with world.sidecar(**given, vision_fallbacks=f"other@{second.url}") as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        lines = await sidecar.parts.db.run(ledger)
        assert set(sidecar.providers.parked) == {"vision model"}
    assert job.state is State.SUCCEEDED
    assert "auto-ocr-done" in world.archive.tag_names(document)
    assert lines == [Line("other", "answered")] * 2


async def test_a_key_that_an_endpoint_repeats_is_in_no_note_story_or_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    key = "sk-practice-0123456789abcdef"
    said = json.dumps({"error": {"message": f"this document is flagged: {key}"}})
    world.model.faults.add(Fault(path="chat", answer=Answer(400, body=said)))
    document = world.letter("auto-tag")
    async with world.sidecar(openai_api_key=key) as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        story = await sidecar.parts.db.run(listing.story, job.id)
    told = " ".join([*world.archive.notes(document), str(job), str(story), caplog.text])
    assert "flagged" in told
    assert key not in told


async def test_a_private_document_is_filed_by_the_model_in_the_house_alone(world: World, second: PracticeModel) -> None:
    world.archive.add_name("tags", "Private")
    document = world.letter("auto-tag", "Private")
    given = {"openai_base_url": "http://far.example.com/v1", "private_tags": "Private", **fallback(second)}
    async with world.sidecar(**given) as sidecar:
        await sidecar.run(drain=True)
        assert not sidecar.providers.parked, "the far one was not even looked for"
    assert filed(world, document)
    assert len(second.calls()) == 1


async def test_a_private_document_waits_for_the_model_in_the_house_while_others_are_filed_elsewhere(
    world: World, second: PracticeModel
) -> None:
    world.archive.add_name("tags", "Private")
    private = world.letter("auto-tag", "Private", content="Our secret. Ambervale Energy, 2026-05-12.")
    second.faults.add(Fault(answer=BUSY))
    given = {"private_tags": "Private", **fallback(second)}
    async with world.sidecar(**given) as sidecar:
        # Both stand-ins are on this machine; of this one it is said that it is not.
        sidecar.parts.models[0]._base_url = world.model.url.replace("127.0.0.1", "localhost.localdomain")
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        assert set(sidecar.providers.parked) == {"model 2"}
    assert (job.state, job.document_id, job.attempt) == (State.SCHEDULED, private, 0)
    assert not world.model.calls()


async def test_a_document_that_was_shown_in_part_says_so_in_its_story(world: World) -> None:
    world.model.misbehave("too_long_as_llama_cpp")
    text = "Ambervale Energy\nInvoice\n2026-05-12\n" + "A line about the electricity of your house.\n" * 300
    document = world.letter("auto-tag", content=text, data=text_pdf(["A letter."]))
    async with world.sidecar() as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        story = await sidecar.parts.db.run(listing.story, job.id)
    assert filed(world, document)
    assert any("has room for 1500 tokens" in event.text for event in story)
