"""Live updates: open pages hear of changes, once each, and a program that stops waits for none of them."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sidecar.domain.errors import PermanentError, StoreError
from sidecar.domain.job import Kind
from sidecar.practice.archive import PracticeArchive
from sidecar.store import queue
from sidecar.web import live
from sidecar.web.live import Live
from tests.web.conftest import Site, Stage, free_port, until

NOW = datetime.now(UTC)


@contextmanager
def listening(client: httpx.Client, path: str) -> Iterator[Iterator[str]]:
    """What a browser hears, one version after the other."""
    with client.stream("GET", path) as said:
        assert said.status_code == 200
        assert said.headers["content-type"].startswith("text/event-stream")
        yield _events(said.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[str]:
    data: list[str] = []
    for line in lines:
        if line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def test_an_open_page_hears_of_what_changed(site: Site, anna: httpx.Client) -> None:
    with listening(anna, "/events") as heard:
        assert "<b>0</b> <span>waiting" in next(heard)
        site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
        assert "<b>1</b> <span>waiting" in next(heard)


def test_a_list_and_a_job_are_live_too(site: Site, anna: httpx.Client) -> None:
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    with listening(anna, "/jobs/events?state=ready") as heard, listening(anna, "/jobs/1/events") as told:
        assert next(heard).count("/jobs/") == 1
        assert "waiting" in next(told)
        site.db.run_now(queue.withdraw, 1, reason="Not wanted.", now=NOW)
        assert "No such jobs." in next(heard)
        assert "Not wanted." in next(told)


def test_a_machine_hears_how_the_queue_stands(site: Site) -> None:
    with listening(site.machine("read"), "/api/events") as heard:
        assert json.loads(next(heard))["unfinished"]["ready"] == 0
        site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
        site.db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=timedelta(seconds=180))
        told = json.loads(next(heard))
        assert told["unfinished"]["running"] == 1
        assert told["running"][0]["document_id"] == 1


def test_nothing_is_looked_up_once_nobody_listens(site: Site, anna: httpx.Client) -> None:
    with listening(anna, "/events") as heard:
        next(heard)
        assert site.do(_open_streams()) == 3, "a stream, its topic, and what makes it"
    until(lambda: not site.do(_open_streams()))


async def _open_streams() -> int:
    """How many streams and topics there are in this process, and how many of them something is still made for."""
    making = [one for one in asyncio.all_tasks() if "Live._keep" in str(one.get_coro())]
    return sum(one.listeners + len(one._topics) for one in gc.get_objects() if isinstance(one, Live)) + len(making)


async def test_an_open_page_hears_on_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "AFTER_FAULT_S", 0.01)
    monkeypatch.setattr(live, "EVERY_S", 0.01)
    answers = iter([KeyError("id"), PermanentError("There is no job 1."), StoreError("It is locked."), "well again"])

    async def make() -> str:
        answer = next(answers, "well again")
        if isinstance(answer, Exception):
            raise answer
        return answer

    streams = Live()
    heard = aiter(streams.stream("page", make).body_iterator)
    async with asyncio.timeout(20):
        assert [await anext(heard) for _ in range(2)] == ["retry: 2000\n\n", "data: well again\n\n"]
        streams.close()
        assert [one async for one in heard] == []


def test_strangers_hear_nothing(site: Site) -> None:
    assert site.client().get("/events").status_code == 303


def test_a_dashboard_with_open_pages_stops_at_once(stage: Stage) -> None:
    site = stage.open()
    anna = site.person("anna")
    with listening(anna, "/events") as heard, listening(anna, "/jobs/events") as told:
        next(heard), next(told)
        site.loop.call_soon_threadsafe(stage.over[-1].set)
        assert list(heard) == []
        assert list(told) == []


def command(archive: PracticeArchive, folder: Path, port: int) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PAPERLESS_URL": archive.url,
        "PAPERLESS_TOKEN": "practice-token",
        "DATA_DIR": str(folder),
        "WEB_PORT": str(port),
        "LOG_FORMAT": "json",
    }
    words = [sys.executable, "-m", "sidecar", "run"]
    return subprocess.Popen(words, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True)


def test_the_program_serves_until_it_is_told_to_stop_and_ends_well(tmp_path: Path) -> None:
    with PracticeArchive(tmp_path / "archive") as archive:
        port = free_port()
        program = command(archive, tmp_path, port)
        assert program.stderr is not None
        for line in program.stderr:
            if "dashboard at" in json.loads(line)["event"]:
                break
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as boss:
            boss.post("/login", data={"username": "admin", "password": "admin"})
            with listening(boss, "/events") as heard:
                next(heard)
                program.send_signal(signal.SIGTERM)
                list(heard)
        _, said = program.communicate(timeout=60)
        assert program.returncode == 0, said
        assert "Traceback" not in said


def test_a_port_that_is_taken_is_said_and_nothing_is_begun(tmp_path: Path) -> None:
    with PracticeArchive(tmp_path / "archive") as archive, closing(socket.create_server(("127.0.0.1", 0))) as taken:
        program = command(archive, tmp_path, taken.getsockname()[1])
        _, said = program.communicate(timeout=60)
        assert program.returncode == 3
        assert "WEB_PORT" in said
        assert "Traceback" not in said
        assert archive.requests() == []
