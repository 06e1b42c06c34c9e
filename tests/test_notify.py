"""Messages to people, as a real service gets them over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sidecar.cli.main import app
from sidecar.logs import Redaction
from sidecar.notify import LINES, Telephone, message, telling
from sidecar.observe import news
from sidecar.observe.news import Cause
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import not_a_pdf, text_pdf

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

HOUR = 3600.0


Command = Callable[..., Result]
LETTER = "Ambervale Energy: please pay 84.20 EUR for electricity."


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command line, in a folder with no .env; the log goes on as it was."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield lambda *words, **environment: CliRunner().invoke(app, list(words), env=environment)
    root.handlers, root.level = handlers, level


class Service:
    """Takes messages as JSON, as a webhook does."""

    def __init__(self) -> None:
        self.taken: list[dict[str, str]] = []
        self.status = 200
        self.answering = threading.Event()
        self.answering.set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                service.answering.wait(30)
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def texts(self) -> list[str]:
        return [one["message"] for one in self.taken]

    async def has(self, number: int) -> None:
        over = time.monotonic() + 60
        while len(self.taken) < number:
            assert time.monotonic() < over, self.taken
            await asyncio.sleep(0.01)


@pytest.fixture
def service() -> Iterator[Service]:
    one = Service()
    yield one
    one.answering.set()
    one.server.shutdown()
    one.server.server_close()


async def test_what_comes_within_the_time_is_summed_up_in_one_message(service: Service) -> None:
    async with telling(Telephone(service.url), tuple(Cause), every_s=HOUR, gather_s=0.0):
        news.tell(Cause.FAILED, "Document 1: ocr failed. No file.")
        await service.has(1)
        for number in range(2, 30):
            news.tell(Cause.FAILED, f"Document {number}: ocr failed. No file.")
        for _ in range(3):
            news.tell(Cause.PARKED, "The model is away.")
        await service.has(2)
        await asyncio.sleep(0.05)
        assert [one["title"] for one in service.taken] == [
            "Paperless Sidecar: A job was given up", "Paperless Sidecar: Services are away",
        ]  # fmt: skip
    assert service.taken[0]["message"] == "Document 1: ocr failed. No file."
    assert service.taken[1]["message"] == "The model is away. (3 times)"
    assert service.taken[2]["title"] == "Paperless Sidecar: 28 jobs were given up", "the rest at the end, not never"
    assert service.texts[2].splitlines()[-1] == f"And {28 - LINES} more."
    assert len(service.taken) == 3


async def test_after_the_time_the_next_message_goes_out_by_itself(service: Service) -> None:
    async with telling(Telephone(service.url), [Cause.BUDGET], every_s=0.2, gather_s=0.0):
        news.tell(Cause.BUDGET, "Spent.")
        await service.has(1)
        news.tell(Cause.BUDGET, "Spent again.")
        await service.has(2)
    assert service.texts == ["Spent.", "Spent again."]


async def test_only_causes_that_are_wanted_are_told_and_secrets_are_not(service: Service) -> None:
    async with telling(Telephone(service.url, Redaction(["sk-secret"])), [Cause.PARKED], every_s=HOUR, gather_s=0.0):
        news.tell(Cause.FAILED, "Not wanted.")
        news.tell(Cause.PARKED, "The key sk-secret was refused.")
        await service.has(1)
    assert service.texts == ["The key [secret] was refused."]
    news.tell(Cause.PARKED, "Nobody listens any more.")
    assert len(service.taken) == 1


async def test_a_service_that_hangs_or_refuses_holds_up_nothing_and_ends_nothing(service: Service) -> None:
    service.answering.clear()
    async with telling(Telephone(f"{service.url}?rto=1"), tuple(Cause), every_s=0.0, gather_s=0.0):
        began = time.monotonic()
        for number in range(1000):
            news.tell(Cause.FAILED, f"Document {number} failed.")
        assert time.monotonic() - began < 1, "telling never waits"
        await service.has(1)
        service.answering.set()
        service.status = 500
        news.tell(Cause.REVIEW, "Refused.")
        await service.has(2)
        service.status = 200
        news.tell(Cause.PARKED, "Told.")
        await service.has(3)
    assert "Told." in service.texts


async def test_a_service_that_hangs_does_not_hold_up_the_end(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.notify.LAST_S", 0.1)
    service.answering.clear()
    async with telling(Telephone(f"{service.url}?rto=30"), tuple(Cause), every_s=0.0, gather_s=0.0):
        news.tell(Cause.FAILED, "One.")
        await service.has(1)
    assert not service.answering.is_set(), "nobody waited for the answer"


async def test_what_is_under_way_at_the_end_is_waited_for_and_sent_once(service: Service) -> None:
    service.answering.clear()
    async with telling(Telephone(service.url), tuple(Cause), every_s=HOUR, gather_s=0.0):
        news.tell(Cause.FAILED, "One.")
        await service.has(1)
        news.tell(Cause.FAILED, "Two.")
        asyncio.get_running_loop().call_later(0.1, service.answering.set)
    assert service.texts == ["One.", "Two."]


async def test_with_apprise_raising_the_next_message_still_goes(service: Service) -> None:
    class Broken(Telephone):
        tries = 0

        def send(self, title: str, text: str) -> bool:
            self.tries += 1
            if self.tries == 1:
                raise ZeroDivisionError(title)
            return super().send(title, text)

    broken = Broken(service.url)
    async with telling(broken, tuple(Cause), every_s=0.0, gather_s=0.0):
        news.tell(Cause.FAILED, "One.")
        over = time.monotonic() + 60
        while not broken.tries:
            assert time.monotonic() < over
            await asyncio.sleep(0.01)
        news.tell(Cause.FAILED, "Two.")
        await service.has(1)
    assert service.texts == ["Two."]


def test_a_job_that_fails_one_that_waits_for_a_person_a_budget_and_an_outage_are_told(
    tmp_path: Path, service: Service, command: Command
) -> None:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        given = {
            "PAPERLESS_URL": archive.url, "PAPERLESS_TOKEN": "practice-token", "OPENAI_BASE_URL": model.url,
            "LLM_MODEL": "practice", "DATA_DIR": str(tmp_path / "store"), "NOTIFY_URLS": service.url,
            "LOG_LEVEL": "off",
        }  # fmt: skip
        bad = archive.add_document(not_a_pdf(), title="scan", content="", tags=("auto-ocr",))
        shown = archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER, tags=("auto-tag", "auto-review"))
        assert command("run", "--drain", **given).exit_code == 0
        assert len(service.taken) == 2
        other = "Another letter, on which no answer is kept."
        archive.add_document(text_pdf([other]), title="scan", content=other, tags=("auto-tag",))
        command("run", "--drain", **given, TAGGING_BUDGET_DAY="1 tokens")
        command("run", "--drain", **given | {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})
    by_title = {one["title"].removeprefix("Paperless Sidecar: "): one["message"] for one in service.taken}
    assert by_title["A job was given up"].startswith(f"Document {bad}: ocr failed. ")
    assert by_title["A document waits for approval"].startswith(f"Document {shown}: tagging waits for approval (job ")
    assert "TAGGING_BUDGET_DAY" in by_title["Work waits for a budget"]
    assert "cannot be reached" in by_title["A service is away"]
    assert LETTER not in str(service.taken)
    assert other not in str(service.taken)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_message_is_short_whatever_happened(cause: Cause) -> None:
    title, text = message(cause, Counter({f"{number} {'x' * 5000}": 2 for number in range(500)}))
    assert len(title) < 80
    assert len(text) < 4000
    assert text.endswith(f"And {1000 - 2 * LINES} more.")


def test_the_command_sends_a_message_and_says_what_is_wrong(service: Service, command: Command) -> None:
    def run(*words: str, **environment: str) -> Result:
        return command("notify", *words, PAPERLESS_URL="http://127.0.0.1:1", PAPERLESS_TOKEN="token", **environment)

    good = run("--test", NOTIFY_URLS=service.url, NOTIFY_ON="failed, Parked")
    said = "All services took the message; you will be told of: failed, parked.\n"
    assert (good.exit_code, good.stdout) == (0, said)
    assert service.taken[0]["title"] == "Paperless Sidecar: a test"
    service.status = 500
    assert run("--test", NOTIFY_URLS=service.url).exit_code == 1
    missing, wrong = run("--test"), run("--test", NOTIFY_URLS="nosuch://secret-word/x")
    assert (missing.exit_code, wrong.exit_code) == (3, 3)
    assert "NOTIFY_URLS is missing" in missing.stderr
    assert "Apprise" in wrong.stderr
    assert "secret-word" not in wrong.output
