"""Asking any server: the forms it takes, what it refuses, what it makes of the answer, and a key that stays secret."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from sidecar.domain.errors import (
    MisconfiguredError,
    OutageError,
    PermanentError,
    TemporaryError,
    TooLongError,
    UnusableError,
    WorkError,
)
from sidecar.domain.suggestion import AnswerError
from sidecar.domain.thinking import Thinking
from sidecar.engines import complaints
from sidecar.engines.asking import Asker
from sidecar.engines.found_json import found_json
from sidecar.engines.llm import Model, Reply
from sidecar.engines.prompts import Prompts
from sidecar.engines.thinking import thoughtless
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.model import PracticeModel
from sidecar.practice.model_moods import LOGPROB
from sidecar.practice.model_rejections import CONTEXT_TOKENS, RejectionMode

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": ["string", "null"], "maxLength": 128},
        "created": {"type": ["string", "null"]},
    },
    "required": ["title", "created"],
    "additionalProperties": False,
}
RULES = 'Answer with one JSON object: {"title": .., "created": ..}.'
LETTER = "Ambervale Energy\nInvoice\n12 May 2026\nTotal 84.20 EUR"
LONG = f"{LETTER}\n" + "\n".join(f"Line {n} of many about the electricity of your house." for n in range(300))
KEY = "sk-practice-0123456789abcdef"


@dataclass
class Question:
    text: str = LETTER
    rules_text: str = RULES
    schema: Any = None
    examples: tuple[str, ...] = ()
    found: str = ""

    def __post_init__(self) -> None:
        self.schema = self.schema or SCHEMA


@pytest.fixture
def server() -> Iterator[PracticeModel]:
    with PracticeModel() as model:
        yield model


@asynccontextmanager
async def model_at(server: PracticeModel, **given: Any) -> AsyncIterator[Model]:
    model = Model("practice", base_url=server.url, **{"api_key": KEY, "max_tokens": 300, **given})
    try:
        yield model
    finally:
        await model.close()


def check(answer: object) -> str:
    if not isinstance(answer, dict) or not isinstance(answer.get("created"), str):
        raise AnswerError('"created" must be a string.')
    return str(answer["created"])


async def ask(model: Model, text: str = LETTER) -> tuple[str, list[tuple[Reply, str]]]:
    """Return the date that was found, and every call with what came of it."""
    calls: list[tuple[Reply, str]] = []

    async def record(reply: Reply, outcome: str, _found: str | None) -> None:
        calls.append((reply, outcome))

    return await Asker(Prompts()).ask(model, Question(text), check, record), calls


def forms(server: PracticeModel) -> list[str]:
    """In which form each call asked, and with which status it was answered."""
    asked = []
    for call in server.calls():
        kind = (call.body.get("response_format") or {}).get("type") or ("tool" if "tools" in call.body else "plain")
        asked.append(f"{kind} {call.status}")
    return asked


# -- what servers refuse

REFUSALS: dict[RejectionMode, list[str]] = {
    "reject_json_schema": ["json_schema 400", "tool 200"],
    "reject_json_schema_as_llama_cpp_python": ["json_schema 500", "tool 200"],
    "reject_lengths": ["json_schema 400", "json_schema 200"],
    "reject_temperature": ["json_schema 400", "json_schema 200"],
    "reject_max_tokens": ["json_schema 400", "json_schema 200"],
    "reject_system_role": ["json_schema 500", "json_schema 200"],
}


@pytest.mark.parametrize("mode", REFUSALS)
async def test_what_is_refused_costs_one_request_and_is_never_sent_again(
    server: PracticeModel, mode: RejectionMode
) -> None:
    server.misbehave(mode)
    async with model_at(server) as model:
        assert (await ask(model))[0] == "2026-05-12"
        assert forms(server) == REFUSALS[mode]
        server.clear_calls()
        await ask(model)
    assert forms(server) == REFUSALS[mode][1:]


async def test_a_server_that_takes_neither_schema_nor_tools_is_asked_for_a_json_object(server: PracticeModel) -> None:
    server.misbehave("reject_json_schema")
    server.misbehave("reject_tools_as_vllm")
    async with model_at(server) as model:
        await model.ask([{"role": "user", "content": LETTER}], SCHEMA)
    assert forms(server) == ["json_schema 400", "tool 400", "tool 400", "json_object 200"]


async def test_a_server_that_refuses_everything_is_asked_a_bounded_number_of_times(server: PracticeModel) -> None:
    for mode in (
        "reject_response_format", "reject_tools_as_vllm", "reject_temperature", "reject_max_tokens",
        "reject_thinking_as_openai", "reject_effort_none", "reject_system_role",
    ):  # fmt: skip
        server.misbehave(mode)  # type: ignore[arg-type]
    async with model_at(server, thinking=Thinking.OFF) as model:
        await model.ask([{"role": "system", "content": RULES}, {"role": "user", "content": LETTER}], SCHEMA)
        assert len(server.calls()) <= 12
        server.clear_calls()
        await model.ask([{"role": "system", "content": RULES}, {"role": "user", "content": LETTER}], SCHEMA)
    (call,) = server.calls()
    assert set(call.body) == {"model", "messages", "max_completion_tokens", "reasoning_effort"}
    assert RULES in call.body["messages"][0]["content"]


async def test_one_that_always_says_the_same_is_no_endless_loop(server: PracticeModel) -> None:
    said = "temperature max_tokens max_completion_tokens response_format tool_choice tools grammar system role not json"
    server.faults.add(Fault(path="chat", answer=Answer(400, body=json.dumps({"error": {"message": said}}))))
    async with model_at(server, thinking=Thinking.OFF) as model:
        with pytest.raises(PermanentError):
            await ask(model)


async def test_a_server_that_takes_the_schema_and_answers_in_prose_is_asked_in_a_simpler_form(
    server: PracticeModel,
) -> None:
    server.misbehave("ignore_json_schema")
    async with model_at(server) as model:
        found, calls = await ask(model)
        assert found == "2026-05-12"
        assert [outcome for _, outcome in calls] == ["unusable: It is not JSON.", "answered"]
        await ask(model)
    assert forms(server) == ["json_schema 200", "tool 200", "tool 200"], "and from then on at once"


async def test_models_are_told_apart_by_what_they_refuse(server: PracticeModel) -> None:
    async with model_at(server) as first, model_at(server) as second:
        server.misbehave("reject_json_schema", times=1)
        await ask(first)
        await ask(second)
    assert forms(server) == ["json_schema 400", "tool 200", "json_schema 200"]


# -- thinking


@pytest.mark.parametrize(
    "mode",
    ["thinking", "thinking_without_a_start", "channels", "kimi", "reasoning_content", "all_is_reasoning",
     "content_in_parts", "fenced", "talkative"],
)  # fmt: skip
async def test_the_answer_is_found_behind_thoughts_and_talk(server: PracticeModel, mode: Any) -> None:
    server.misbehave(mode)
    async with model_at(server) as model:
        found, calls = await ask(model)
    assert found == "2026-05-12"
    assert len(calls) == 1


async def test_thinking_that_never_ends_is_switched_off_from_then_on(server: PracticeModel) -> None:
    server.misbehave("thinking_for_ever")
    async with model_at(server) as model:
        found, calls = await ask(model)
        await ask(model)
    assert found == "2026-05-12"
    assert [reply.thought for reply, _ in calls] == [True, False]
    assert len(server.calls()) == 3


@pytest.mark.parametrize("mode", ["reject_thinking_as_openai", "reject_thinking_as_ollama", "reject_effort_none"])
async def test_switching_thinking_off_where_that_is_not_known_does_no_harm(
    server: PracticeModel, mode: RejectionMode
) -> None:
    server.misbehave(mode)
    async with model_at(server, thinking=Thinking.OFF) as model:
        assert (await ask(model))[0] == "2026-05-12"
        server.clear_calls()
        await ask(model)
    assert forms(server) == ["json_schema 200"]


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("<think>a</think>{}", "{}"),
        ("<think>a</think>\n<think>b</think>\n{}", "{}"),
        ("<think>never", ""),
        ("a {b}\n</think>\n\n{}", "{}"),
        ('{"title": "about </think>"}', '{"title": "about </think>"}'),
        ("<|channel|>analysis<|message|>hm", ""),
        ("<|channel|>final <|constrain|>json<|message|>{}<|return|>", "{}"),
        ("[THINK]a[/THINK]{}", "{}"),
        ("no thoughts", "no thoughts"),
    ],
)
def test_thoughts_are_taken_off(said: str, rest: str) -> None:
    assert thoughtless(said) == rest


# -- JSON in what is said


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff {"a": 1} ', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure:\n```\n{"a": 1}\n```\nBye', {"a": 1}),
        ('{see} {"a": {"b": "}"}} {', {"a": {"b": "}"}}),
        ('[{"a": 1}]', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('{"a": 1} {"a": 1}', {"a": 1}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": [1, 2,], "b": "x,]",}', {"a": [1, 2], "b": "x,]"}),
    ],
)
def test_the_one_object_is_found(said: str, found: object) -> None:
    assert found_json(said) == found


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "empty"),
        ("prose", "not JSON"),
        ("{a: 1}", "not JSON"),
        ('{"a": 1} or {"a": 2}', "several"),
        ('{"a": {"b": 1}, "c": [', "not JSON"),
        ('{"a": {"b": 1} "c": {"d": 2}}', "not JSON"),
        ("{" * 50_000, "not JSON"),
        ('{"a":' * 20_000, "not JSON"),
    ],
)
def test_what_is_no_single_object_is_said_so(said: str, problem: str) -> None:
    with pytest.raises(AnswerError, match=problem):
        found_json(said)


# -- cut off, too long


async def test_an_answer_that_was_cut_off_gets_twice_the_room_and_no_repair(server: PracticeModel) -> None:
    async with model_at(server, max_tokens=8) as model:
        found, calls = await ask(model)
    assert found == "2026-05-12"
    assert [outcome for _, outcome in calls][-1] == "answered"
    first, second = server.calls()[:2]
    assert (first.body["max_tokens"], second.body["max_tokens"]) == (8, 16)
    assert first.body["messages"][0] == second.body["messages"][0]
    assert len(second.body["messages"]) == 2


async def test_more_room_than_the_server_has_is_not_asked_for_again(server: PracticeModel) -> None:
    server.misbehave("reject_many_tokens")
    async with model_at(server, max_tokens=4000) as model:
        await ask(model)
        await ask(model)
    assert [call.body["max_tokens"] for call in server.calls()] == [4000, CONTEXT_TOKENS, CONTEXT_TOKENS]


LENGTHS = [mode for mode in get_args(RejectionMode) if mode.startswith("too_long")]


@pytest.mark.parametrize("mode", LENGTHS)
async def test_a_document_without_room_in_the_context_is_shortened_and_that_is_said(
    server: PracticeModel, mode: RejectionMode
) -> None:
    server.misbehave(mode)
    async with model_at(server) as model:
        found, calls = await ask(model, LONG)
    assert found == "2026-05-12", "the beginning is kept"
    ((reply, outcome),) = calls
    assert outcome == "answered"
    assert f"of the text's {len(LONG)} characters" in reply.notes[0]
    assert [call.status for call in server.calls()].count(200) == 1
    assert len(server.calls()) == 2
    shown = len(server.calls()[-1].document)
    assert shown > CONTEXT_TOKENS * 4 * 0.4, "not more is taken away than has to be"


async def test_a_server_that_leaves_a_part_out_without_a_word_is_found_out_by_its_count(server: PracticeModel) -> None:
    server.misbehave("truncate_as_ollama")
    async with model_at(server) as model:
        text = LONG * 6
        found, calls = await ask(model, text)
        assert found == "2026-05-12"
        assert [outcome for _, outcome in calls] == ["unusable: The server cut off the question.", "answered"]
        assert "was shown" in calls[-1][0].notes[0]
        (_, short) = await ask(model)
    assert [outcome for _, outcome in short] == ["answered"]


async def test_rules_without_room_are_no_reason_to_ask_again_and_again(server: PracticeModel) -> None:
    server.misbehave("too_long_as_llama_cpp")
    async with model_at(server) as model:
        with pytest.raises(TooLongError):
            await Asker(Prompts()).ask(model, Question(LONG, rules_text=RULES * 200), check, _forget)
    assert len(server.calls()) == 1


async def _forget(_reply: Reply, _outcome: str, _found: str | None) -> None:
    """Keep nothing."""


# -- answers that are none


async def test_a_talk_that_a_busy_server_stopped_goes_on_with_the_repair(server: PracticeModel) -> None:
    server.misbehave("garbage", times=1)
    asker, question, told = Asker(Prompts()), Question(LETTER), []

    async def record(_reply: Reply, outcome: str, _found: str | None) -> None:
        told.append(outcome)
        if len(told) == 1:
            server.faults.add(Fault(path="chat", times=2, answer=Answer(429, body="{}")))

    async with model_at(server) as model:
        for _ in range(2):
            with pytest.raises(OutageError):
                await asker.ask(model, question, check, record)
        assert await asker.ask(model, question, check, record) == "2026-05-12"
        await asker.ask(model, question, check, record)
    assert [outcome.split(":")[0] for outcome in told] == ["unusable", "answered", "answered"]
    assert [len(call.body["messages"]) for call in server.calls()] == [2, 4, 2]


@pytest.mark.parametrize("mode", ["garbage", "empty", "null_content", "refuse"])
async def test_no_usable_answer_twice_is_the_end_for_this_model(server: PracticeModel, mode: Any) -> None:
    server.misbehave(mode)
    async with model_at(server) as model:
        with pytest.raises(UnusableError, match="no usable answer, twice"):
            await ask(model)
    assert len(server.calls()) == 2


async def test_an_answer_that_a_filter_stopped_is_not_asked_for_again(server: PracticeModel) -> None:
    server.misbehave("content_filter")
    async with model_at(server) as model:
        with pytest.raises(UnusableError, match="content filter"):
            await ask(model)
    assert len(server.calls()) == 1


@pytest.mark.parametrize(
    ("mode", "error", "words"),
    [
        ("error_in_200", TemporaryError, "502.*Provider returned error"),
        ("no_choices", TemporaryError, "without an answer"),
    ],
)
async def test_an_answer_that_is_none(server: PracticeModel, mode: Any, error: type[WorkError], words: str) -> None:
    server.misbehave(mode)
    async with model_at(server) as model:
        with pytest.raises(error, match=words):
            await ask(model)


async def test_what_nobody_counted_is_estimated_and_marked(server: PracticeModel) -> None:
    server.misbehave("no_usage", times=1)
    async with model_at(server) as model:
        ((guessed, _),) = (await ask(model))[1]
        ((counted, _),) = (await ask(model))[1]
    assert (guessed.estimated, counted.estimated) == (True, False)
    assert guessed.input_tokens
    assert guessed.output_tokens
    assert counted.input_tokens
    assert counted.input_tokens <= guessed.input_tokens <= 2 * counted.input_tokens


# -- the key


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_a_key_that_a_server_repeats_is_shown_to_nobody(
    server: PracticeModel, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    said = {"error": {"message": f"Incorrect API key provided: {KEY}. Bearer {KEY} temperature", "key": KEY}}
    server.faults.add(Fault(path="chat|models", answer=Answer(status, body=json.dumps(said))))
    async with model_at(server) as model:
        for trying in (ask(model), model.probe()):
            try:
                await trying
            except WorkError as error:
                assert KEY not in str(error)
                assert error.__cause__ is None
    assert KEY not in caplog.text


def test_a_key_shown_in_part_is_masked_too() -> None:
    assert complaints.masked("provided: sk-pra****cdef.", KEY) == "provided: ***"
    assert complaints.masked("nothing of it", KEY) == "nothing of it"
    assert complaints.masked("no key", None) == "no key"


# -- waiting

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "said", "wait_s"),
    [
        ({"retry-after": "17"}, "", 17.0),
        ({"retry-after": "0.5"}, "", 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, "", 1.5),
        ({"retry-after": "Mon, 30 Nov 2026 12:01:30 GMT"}, "", 90.0),
        ({"retry-after": "Mon, 30 Nov 2026 13:01:30 GMT", "date": "Mon, 30 Nov 2026 13:01:00 GMT"}, "", 30.0),
        ({"retry-after": "Mon, 30 Nov 2026 11:00:00 GMT"}, "", 0.0),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "inf"}, "", None),
        ({}, "Rate limit reached. Please try again in 20s.", 20.0),
        ({}, "Please try again in 7m12s.", 432.0),
        ({}, "Please try again in 120ms.", 0.12),
        ({}, "Please retry in 34.074824224s.", 34.074824224),
        ({}, "try again in 1h2m3s", 3723.0),
        ({}, "Please try again later.", None),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(headers: dict[str, str], said: str, wait_s: float | None) -> None:
    assert complaints.retry_after_s(headers, said, NOW) == wait_s


@pytest.mark.parametrize(
    ("said", "is_too_long"),
    [
        (
            "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 10000, Requested 10964.",
            True,
        ),
        ("Limit 10,000, Used 9,000, Requested 10,964 tokens per minute", True),
        ("Rate limit reached for gpt-4o on tokens per min (TPM): Limit 10000, Used 9036, Requested 964.", False),
        ("Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Requested 1.", False),
        ("Too many tokens, please wait before trying again.", False),
    ],
)
async def test_a_question_that_takes_more_than_a_minute_allows_is_too_long_and_any_other_one_waits(
    server: PracticeModel, said: str, is_too_long: bool
) -> None:
    server.faults.add(Fault(path="chat", answer=Answer(429, body=json.dumps({"error": {"message": said}}))))
    model = Model("practice", base_url=server.url, api_key=None)
    with pytest.raises(TooLongError if is_too_long else OutageError) as caught:
        await model.ask([{"role": "user", "content": LETTER}])
    await model.close()
    if isinstance(caught.value, TooLongError):
        assert (caught.value.context_tokens, caught.value.asked_tokens) == (10_000, 10_964)


@pytest.mark.parametrize(
    ("said", "code", "error"),
    [
        ("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", True),
        ("Rate limit reached for gpt-5-mini on requests per min (RPM): Limit 3", "rate_limit_exceeded", False),
        ("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free requests per day", None, False),
        ("Your team has either used all available credits or reached its monthly spending limit.", None, True),
    ],
)
async def test_an_empty_account_is_told_apart_from_a_limit_per_minute(
    server: PracticeModel, said: str, code: str | None, error: bool
) -> None:
    body = json.dumps({"error": {"message": said, "code": code}})
    server.faults.add(Fault(path="chat", answer=Answer(429, body=body, headers={"Retry-After": "20"})))
    async with model_at(server) as model:
        with pytest.raises(OutageError) as caught:
            await ask(model)
    assert isinstance(caught.value, MisconfiguredError) is error
    assert caught.value.retry_after_s == (None if error else 20)


async def test_probabilities_are_asked_for_where_they_are_wished_for(server: PracticeModel) -> None:
    model = Model("practice", base_url=server.url, api_key=None)
    plain = await model.ask([{"role": "user", "content": LETTER}], SCHEMA)
    model.manners.probabilities = True
    told = await model.ask([{"role": "user", "content": LETTER}], SCHEMA)
    await model.close()
    assert "logprobs" not in server.calls()[0].body
    assert (plain.tokens, "".join(piece for piece, _ in told.tokens)) == ((), plain.text)
    assert all(number == LOGPROB for _, number in told.tokens)


async def test_a_server_that_has_no_probabilities_answers_without(server: PracticeModel) -> None:
    server.misbehave("reject_logprobs")
    model = Model("practice", base_url=server.url, api_key=None)
    model.manners.probabilities = True
    for _ in range(2):
        reply = await model.ask([{"role": "user", "content": LETTER}], SCHEMA)
        assert reply.text.startswith("{")
        assert reply.tokens == ()
    await model.close()
    assert [call.status for call in server.calls()] == [403, 200, 200]


@pytest.mark.parametrize(
    "logprobs", [None, {}, {"content": None}, {"content": "x"}, {"content": [{"token": "a"}, {"token": 1}]}]
)
async def test_probabilities_of_another_shape_are_none(logprobs: object) -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop",
                         "index": 0, "logprobs": logprobs}], "id": "1", "object": "chat.completion", "created": 1,
            "model": "m"}  # fmt: skip
    with PracticeModel() as odd:
        odd.faults.add(Fault("POST", "/chat/completions", answer=Answer(200, body=json.dumps(body).encode())))
        model = Model("practice", base_url=odd.url, api_key=None)
        model.manners.probabilities = True
        reply = await model.ask([{"role": "user", "content": LETTER}], SCHEMA)
        await model.close()
    assert (reply.text, reply.tokens) == ("{}", ())
