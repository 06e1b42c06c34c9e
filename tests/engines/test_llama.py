"""Against a real llama.cpp server that runs a real, very small model: what it says is poor, how it says it is real."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.errors import OutageError
from sidecar.domain.job import State
from sidecar.domain.suggestion import AnswerError
from sidecar.domain.thinking import Thinking
from sidecar.engines.asking import Asker, parse
from sidecar.engines.forms import Form
from sidecar.engines.llm import Model, Reply
from sidecar.engines.prompts import Prompts
from sidecar.store import listing
from sidecar.store.transaction import Transaction, reading
from tests.engines import llama_server
from tests.engines.test_asking import Question
from tests.worker.conftest import LETTER, NAMES, World, a_world

pytestmark = [
    pytest.mark.skipif(llama_server.why_not() is not None, reason=str(llama_server.why_not())),
    pytest.mark.xdist_group("llama"),
]

SCHEMA = {
    "type": "object",
    "properties": {
        "correspondent": {"type": ["string", "null"], "enum": ["Ambervale Energy", "Brook Bank", None]},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["Invoice", "Tax"]}, "maxItems": 2},
    },
    "required": ["correspondent", "tags"],
    "additionalProperties": False,
}
RULES = "File the letter. Answer with one JSON object with correspondent and tags."
Llama = tuple[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def llama() -> Iterator[Llama]:
    with llama_server.serving(1536) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as found:
        yield found


@asynccontextmanager
async def model_at(url: str, **given: Any) -> AsyncIterator[Model]:
    model = Model("smollm2", base_url=url, api_key=None, **given)
    try:
        yield model
    finally:
        await model.close()


def check(answer: object) -> dict[str, object]:
    """Hold the answer to the schema."""
    if not isinstance(answer, dict) or set(answer) != {"correspondent", "tags"}:
        raise AnswerError("It must have correspondent and tags.")
    if answer["correspondent"] not in ("Ambervale Energy", "Brook Bank", None):
        raise AnswerError("The correspondent is not in the list.")
    if not isinstance(answer["tags"], list) or not set(answer["tags"]) <= {"Invoice", "Tax"}:
        raise AnswerError("The tags are not in the list.")
    return answer


async def test_the_schema_is_kept_and_the_tokens_are_counted(llama: Llama) -> None:
    async with model_at(llama[0], max_tokens=80, thinking=Thinking.OFF) as model:
        await model.probe()
        reply = await model.ask([{"role": "user", "content": f"{RULES}\n\n{LETTER}"}], SCHEMA)
    check(parse(reply))
    assert reply.form is Form.SCHEMA
    assert not reply.cut_off
    assert not reply.estimated
    assert reply.input_tokens
    assert reply.output_tokens
    assert json.loads(reply.text)


async def test_an_answer_is_really_cut_off_and_gets_more_room(llama: Llama) -> None:
    outcomes: list[str] = []

    async def record(_reply: Reply, outcome: str, _found: object) -> None:
        outcomes.append(outcome)

    async with model_at(llama[0], max_tokens=40) as model:
        await Asker(Prompts()).ask(model, Question(LETTER, RULES, SCHEMA), check, record)
    assert outcomes == ["unusable: It was cut off at the token limit.", "answered"]


async def test_a_context_that_really_overflows_costs_part_of_the_document_and_not_the_answer() -> None:
    text = f"{LETTER}\n" + "\n".join(f"Line {n} about the electricity of your house." for n in range(300))
    calls: list[Reply] = []

    async def record(reply: Reply, _outcome: str, _found: object) -> None:
        calls.append(reply)

    with llama_server.serving(512) as (url, _):
        async with model_at(url, max_tokens=60) as model:
            await Asker(Prompts()).ask(model, Question(text, RULES, SCHEMA), check, record)
    (reply,) = calls
    assert reply.input_tokens
    assert 200 < reply.input_tokens < 512
    assert f"of the text's {len(text)} characters" in reply.notes[0]
    assert "has room for 512 tokens" in reply.notes[0]


@reading
def ledger(tx: Transaction) -> list[tuple[str, str, int, int]]:
    rows = tx.rows("SELECT provider, model, input_tokens, estimated FROM ledger")
    return [(row.provider, row.model, row.input_tokens, row.estimated) for row in rows]


async def test_a_letter_is_filed_by_a_real_model(llama: Llama, world: World) -> None:
    document = world.letter("auto-tag")
    async with world.sidecar(openai_base_url=llama[0], llm_model="smollm2", llm_max_tokens=200) as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        lines = await sidecar.parts.db.run(ledger)
    assert job.state is State.SUCCEEDED, job.reason
    tags = world.archive.tag_names(document)
    assert "auto-tagged" in tags
    assert tags <= {"auto-tagged", *NAMES["tags"]}, "whatever it thinks of, nothing outside the list comes in"
    assert {line[:2] for line in lines} == {("127.0.0.1", "smollm2")}
    assert all(tokens > 100 and not estimated for _, _, tokens, estimated in lines)


async def test_a_server_that_stopped_is_parked_and_the_tag_stays(world: World) -> None:
    with llama_server.serving(512) as (url, program):
        program.kill()
        program.wait()
        document = world.letter("auto-tag")
        async with world.sidecar(openai_base_url=url, llm_model="smollm2") as sidecar:
            await sidecar.run(drain=True)
            assert "cannot be reached" in sidecar.providers.parked["model"].reason
            (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.state, job.attempt) == (State.READY, 0)
    assert world.archive.tag_names(document) == {"auto-tag"}
    async with model_at(url) as model:
        with pytest.raises(OutageError):
            await model.probe()
