"""The practice model: an OpenAI-compatible endpoint that answers from the document's own words, for nothing."""

import argparse
import itertools
import json
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from sidecar.practice.faults import Answer, Faults, fault_from_json
from sidecar.practice.model_moods import Mode, Moods, chat_body, completion
from sidecar.practice.model_obedient import obey
from sidecar.practice.model_prompt import ImageReader, Prompt, tool_of, understand
from sidecar.practice.model_rejections import RejectionMode, is_refusal, rejection
from sidecar.practice.model_rules import SchemaAnswerer
from sidecar.practice.serving import PracticeServer, Request, json_answer

NAME = "practice model"
UNKNOWN_NAME = "A Name Nobody Offered"


@dataclass(frozen=True)
class Call:
    """One request for a completion: what a provider would send a bill for. Times are of time.monotonic()."""

    started_s: float
    ended_s: float
    model: str
    #: The document's text, as Prompt.document.
    document: str
    prompt_characters: int
    has_image: bool
    status: int
    #: The parsed request.
    body: dict[str, Any]


class PracticeModel:
    """A practice model on loopback; `url` is the base URL a client is given."""

    def __init__(
        self,
        *,
        delay_s: float = 0.0,
        api_key: str | None = None,
        calls_file: Path | None = None,
        languages: str | None = None,
        images: ImageReader | None = None,
    ) -> None:
        """`images` says what pictures of pages say; without it they are read by Tesseract, in `languages`."""
        #: Seconds every completion takes.
        self.delay_s = delay_s
        self._api_key = api_key
        self._calls_file = calls_file
        self._images = images or ImageReader(languages)
        self._moods = Moods()
        self._calls: list[Call] = []
        self._begun: list[str] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._server = PracticeServer(self._answer, self._control)

    @property
    def url(self) -> str:
        """The base URL, ending in /v1."""
        return f"{self._server.url}/v1"

    @property
    def faults(self) -> Faults:
        """The rules about what goes wrong on the wire."""
        return self._server.faults

    def start(self, port: int = 0) -> None:
        """Serve in a thread of this process; port 0 picks a free one."""
        self._server.start(port)

    def stop(self) -> None:
        """Stop serving and hang up all connections."""
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def misbehave(self, mode: Mode, times: int | None = None, matching: str | None = None) -> None:
        """Answer wrongly: `times` times (None for ever), only to documents that contain `matching`."""
        self._moods.add(mode, times, matching)

    def behave(self) -> None:
        """End all misbehaviour."""
        self._moods.clear()

    def calls(self) -> list[Call]:
        """Give the calls so far, in the order they began; those under way are not among them."""
        with self._lock:
            return sorted(self._calls, key=lambda call: call.started_s)

    def begun(self) -> int:
        """Count the calls so far, with those that are under way or whose caller is gone: all would be paid for."""
        with self._lock:
            return len(self._begun)

    def documents(self) -> list[str]:
        """Give the documents of the calls that `begun` counts, in their order."""
        with self._lock:
            return list(self._begun)

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        with self._lock:
            self._calls.clear()

    def _answer(self, request: Request) -> Answer:
        if self._api_key is not None and request.header("Authorization") != f"Bearer {self._api_key}":
            return error_answer(401, "Incorrect API key provided.", code="invalid_api_key")
        if (request.method, request.path) == ("GET", "/v1/models"):
            model = {"id": NAME, "object": "model", "created": 0, "owned_by": "practice"}
            return json_answer({"object": "list", "data": [model]})
        if (request.method, request.path) == ("POST", "/v1/chat/completions"):
            return self._complete(request)
        return error_answer(404, f"Unknown request URL: {request.method} {request.path}", code="unknown_url")

    def _complete(self, request: Request) -> Answer:
        started_s = time.monotonic()
        try:
            body = json.loads(request.body)
            prompt = understand(body, self._images)
        except (ValueError, TypeError, KeyError, AttributeError):
            return error_answer(400, "We could not parse the JSON body of your request.")
        with self._lock:
            self._begun.append(prompt.document)
        if self.delay_s > 0:
            time.sleep(self.delay_s)  # the switch for a slow model: waiting is what it is for
        answer = self._reply(body, prompt)
        self._remember(started_s, body, prompt, answer.status)
        return answer

    def _reply(self, body: dict[str, Any], prompt: Prompt) -> Answer:
        mode = self._moods.take(prompt.document, body)
        if mode is not None and is_refusal(mode):
            no = rejection(cast("RejectionMode", mode), body)
            return error_answer(no.status, no.message, param=no.param, code=no.code, more=no.more)
        if mode == "obedient":
            content = obey(prompt.document, prompt.schema)
        else:
            content = plain_answer(prompt, UNKNOWN_NAME if mode == "unknown_name" else None)
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        done = completion(mode, content, limit, is_json=prompt.schema is not None)
        number, name = next(self._numbers), body.get("model", NAME)
        return json_answer(
            chat_body(
                number,
                name,
                prompt.characters,
                done,
                mode=mode,
                tool=tool_of(body),
                probabilities=bool(body.get("logprobs")),
            )
        )

    def _remember(self, started_s: float, body: dict[str, Any], prompt: Prompt, status: int) -> None:
        call = Call(
            started_s=started_s,
            ended_s=time.monotonic(),
            model=str(body.get("model", "")),
            document=prompt.document,
            prompt_characters=prompt.characters,
            has_image=prompt.has_image,
            status=status,
            body=body,
        )
        with self._lock:
            self._calls.append(call)
            if self._calls_file is not None:
                with self._calls_file.open("a") as ledger:
                    ledger.write(json.dumps(asdict(call)) + "\n")

    def _control(self, request: Request) -> Answer:
        sent = json.loads(request.body) if request.body else {}
        match request.method, request.path.removeprefix("/practice/"):
            case "GET", "calls":
                return json_answer([asdict(call) for call in self.calls()])
            case "POST", "clear":
                self.clear_calls()
            case "POST", "faults":
                self.faults.replace(fault_from_json(fault) for fault in sent)
            case "POST", "misbehave":
                self.misbehave(**sent)
            case "POST", "behave":
                self.behave()
            case _:
                return json_answer({"detail": "no such control"}, 404)
        return json_answer(None)


def plain_answer(prompt: Prompt, unknown_name: str | None = None) -> str:
    """Answer a prompt: JSON for a schema, else the document's own text."""
    if prompt.schema is None:
        return prompt.document.strip()
    return json.dumps(SchemaAnswerer(prompt.schema, prompt.document, unknown_name).answer(), ensure_ascii=False)


def error_answer(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Answer:
    """Make an error in OpenAI's shape, with more in it where a server has more."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code, **(more or {})}
    return json_answer({"error": error}, status)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a practice model as a process of its own until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.practice.model", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--calls-file", type=Path, help="gets one JSON line a call, before it is answered")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds every completion takes")
    parser.add_argument("--languages", help="tesseract languages for images, as in eng+deu")
    options = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    model = PracticeModel(delay_s=options.delay, calls_file=options.calls_file, languages=options.languages)
    model.start(options.port)
    print(f"practice model on {model.url}", flush=True)  # noqa: T201 - the line a starter waits for
    stopping.wait()
    model.stop()


if __name__ == "__main__":
    main()
