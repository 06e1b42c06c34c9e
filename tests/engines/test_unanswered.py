"""A call that brought no answer: where the provider may charge for it all the same it is told, else it is not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from sidecar.domain.errors import WorkError
from sidecar.engines.llm import Model, Reply
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.model import PracticeModel

QUESTION = [{"role": "user", "content": "What is this document about, in one word? " * 10}]
USAGE = {"prompt_tokens": 77, "completion_tokens": 5, "total_tokens": 82}


@pytest.fixture
def server() -> Iterator[PracticeModel]:
    with PracticeModel() as model:
        yield model


async def lost(address: str, timeout_s: float = 5.0) -> list[tuple[Reply, str]]:
    """Ask, fail, and return what was told of it."""
    told: list[tuple[Reply, str]] = []

    async def unanswered(reply: Reply, why: str) -> None:
        told.append((reply, why))

    model = Model("practice", base_url=address, api_key=None, timeout_s=timeout_s)
    try:
        with pytest.raises(WorkError):
            await model.ask(QUESTION, unanswered=unanswered)
    finally:
        await model.close()
    return told


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(path="chat", drop="before"), "hung up"),
        (Fault(path="chat", drop="after"), "hung up"),
        (Fault(path="chat", answer=Answer(500, body='{"error": {"message": "oops"}}')), "answered 500"),
        (Fault(path="chat", answer=Answer(502, "text/html", "<html>Bad Gateway</html>")), "answered 502"),
        (Fault(path="chat", answer=Answer(504)), "answered 504"),
        (Fault(path="chat", answer=Answer(524)), "answered 524"),
        (Fault(path="chat", answer=Answer(200, body="this is not JSON")), "no proper answer"),
        (Fault(path="chat", answer=Answer(200, body='{"error": {"message": "broke down", "code": 502}}')), "502"),
        (Fault(path="chat", answer=Answer(200, body='{"choices": []}')), "without an answer"),
    ],
)
async def test_what_may_have_been_worked_on_is_told_as_an_estimate(
    server: PracticeModel, fault: Fault, words: str
) -> None:
    server.faults.add(fault)
    ((reply, why),) = await lost(server.url)
    assert words in why
    assert reply.estimated
    assert (reply.input_tokens, reply.output_tokens, reply.seconds) == (140, 0, 0.0)
    assert (reply.model, reply.url) == ("practice", server.url)


async def test_an_answer_that_does_not_come_in_time_may_be_charged(server: PracticeModel) -> None:
    server.delay_s = 1.0
    ((reply, why),) = await lost(server.url, timeout_s=0.2)
    assert "no answer within" in why
    assert reply.input_tokens == 140


async def test_what_the_server_counted_of_an_answer_without_choices_is_no_estimate(server: PracticeModel) -> None:
    server.faults.add(Fault(path="chat", answer=Answer(200, body=json.dumps({"choices": [], "usage": USAGE}))))
    ((reply, _),) = await lost(server.url)
    assert (reply.input_tokens, reply.output_tokens, reply.estimated) == (77, 5, False)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "content filter"),
        (400, "gpt-9 is not a valid model ID"),
        (401, "bad key"),
        (402, "Insufficient credits"),
        (403, "forbidden"),
        (404, "no such model"),
        (429, "slow down"),
        (500, "the prompt is too long: maximum context length is 2048 tokens"),
        (501, "not implemented"),
        (503, "loading"),
        (521, "web server is down"),
        (529, "overloaded"),
    ],
)
async def test_a_refusal_is_not_charged(server: PracticeModel, status: int, message: str) -> None:
    server.faults.add(Fault(path="chat", answer=Answer(status, body=json.dumps({"error": {"message": message}}))))
    assert await lost(server.url) == []


async def test_what_was_never_sent_is_not_charged() -> None:
    assert await lost("http://127.0.0.1:9/v1") == [], "refused"
    assert await lost("http://no-such-host.invalid/v1") == [], "no such name"
    with closing(socket.socket()) as full:  # takes no connection: the second one waits for its place
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        with closing(socket.create_connection(place)), closing(socket.socket()) as other:
            other.setblocking(False)
            other.connect_ex(place)
            assert await lost(f"http://127.0.0.1:{place[1]}/v1", timeout_s=0.3) == [], "not connected in time"


async def test_an_option_that_was_refused_is_left_out_and_nothing_is_told(server: PracticeModel) -> None:
    told: list[str] = []

    async def unanswered(_reply: Reply, why: str) -> None:
        told.append(why)

    server.misbehave("reject_response_format")
    model = Model("practice", base_url=server.url, api_key=None)
    try:
        schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
        assert (await model.ask(QUESTION, schema, unanswered=unanswered)).text
    finally:
        await model.close()
    assert told == []
