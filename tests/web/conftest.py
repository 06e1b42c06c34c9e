"""A dashboard as it runs in the program: a real server on a free port, a real store, a practice archive."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sidecar import settings
from sidecar.app import Present, Sidecar
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.store import api_tokens
from sidecar.store.api_tokens import Scope, digest
from sidecar.store.database import Database
from sidecar.web.server import dashboard
from tests.waiting import until  # noqa: F401 - tests of the dashboard take it from here

PASSWORD = "correct horse"
RIGHTS = ("view_document", "change_document", "view_uisettings")
ASK_FOR = re.compile(r'name="csrf" value="([0-9a-f]+)"')


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class Site:
    """A dashboard, and what stands behind it."""

    url: str
    archive: PracticeArchive
    parts: Parts
    present: Present
    loop: asyncio.AbstractEventLoop
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def db(self) -> Database:
        return self.parts.db

    def client(self, **options: Any) -> httpx.Client:
        """A browser that follows no redirect."""
        client = httpx.Client(base_url=self.url, timeout=20, **options)
        self.clients.append(client)
        return client

    def person(self, name: str, password: str = PASSWORD) -> httpx.Client:
        """A browser in which somebody logged in."""
        client = self.client()
        said = client.post("/login", data={"username": name, "password": password})
        assert said.status_code == 303, said.text
        return client

    def machine(self, scope: Scope | str) -> httpx.Client:
        """A program with an API token."""
        token = f"token-{scope}-{len(self.clients)}"
        now = datetime.now(UTC)
        self.db.run_now(api_tokens.create, digest(token), name=str(scope), scope=Scope(scope), now=now)
        return self.client(headers={"Authorization": f"Bearer {token}"})

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the loop of the program."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)


def csrf(client: httpx.Client, page: str = "/") -> str:
    """What the forms of a page send along."""
    found = ASK_FOR.search(client.get(page).text)
    assert found is not None
    return found[1]


Opened = Callable[..., Any]


@asynccontextmanager
async def program(given: dict[str, Any], archive: PracticeArchive, *, worker: bool) -> AsyncIterator[Site]:
    parts = Parts(settings.load(**given))
    present = Present()
    async with parts:
        parts.db.migrate()
        async with dashboard(parts, present):
            stop, tasks = asyncio.Event(), []
            if worker:
                present.sidecar = await Sidecar.start(parts)
                tasks.append(asyncio.create_task(present.sidecar.run(stop=stop)))
            url = f"http://127.0.0.1:{parts.settings.web_port}{parts.settings.web_prefix}"
            yield Site(url, archive, parts, present, asyncio.get_running_loop())
            stop.set()
            for task in tasks:
                await task


class Stage:
    """Starts dashboards in a thread of their own, so that tests are plain."""

    def __init__(self, archive: PracticeArchive, model: PracticeModel, folder: Path) -> None:
        self.archive = archive
        self.model = model
        self.folder = folder
        #: Set to stop a dashboard before its test ends.
        self.over: list[asyncio.Event] = []
        self._ends: list[Callable[[], None]] = []

    def open(self, *, worker: bool = False, **given: Any) -> Site:
        values: dict[str, Any] = {
            "paperless_url": self.archive.url,
            "paperless_token": "practice-token",
            "openai_base_url": self.model.url,
            "llm_model": "practice",
            "data_dir": self.folder / "store",
            "web_port": free_port(),
            "poll_interval_s": 0.2,
            "ocr_dpi": 100,
            "stop_grace_s": 2.0,
            **given,
        }
        opened, ended = threading.Event(), threading.Event()
        found: list[Site] = []

        async def run() -> None:
            over = asyncio.Event()
            self.over.append(over)
            async with program(values, self.archive, worker=worker) as site:
                found.append(site)
                opened.set()
                await over.wait()

        def live() -> None:
            try:
                asyncio.run(run())
            finally:
                opened.set()
                ended.set()

        thread = threading.Thread(target=live)
        thread.start()
        opened.wait(30)
        assert found, "the dashboard did not start"
        site, over = found[0], self.over[-1]

        def end() -> None:
            for client in site.clients:
                client.close()
            if not ended.is_set():
                with contextlib.suppress(RuntimeError):  # the loop may close at this moment
                    site.loop.call_soon_threadsafe(over.set)
            thread.join(30)
            assert not thread.is_alive(), "the dashboard did not stop"

        self._ends.append(end)
        return site

    def close(self) -> None:
        while self._ends:
            self._ends.pop()()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        archive.state.logins_a_minute = 1000
        archive.add_user("anna", "anna-token", password=PASSWORD, permissions=RIGHTS)
        archive.add_user("guest", "guest-token", password=PASSWORD, permissions=("view_document", "view_uisettings"))
        archive.add_user("mia", "mia-token", password=PASSWORD, permissions=RIGHTS, code="123456")
        stage = Stage(archive, model, tmp_path)
        yield stage
        stage.close()


@pytest.fixture
def site(stage: Stage) -> Site:
    """A dashboard beside a worker that does not run."""
    return stage.open()


@pytest.fixture
def anna(site: Site) -> httpx.Client:
    """A person who may change documents."""
    return site.person("anna")


@pytest.fixture
def boss(site: Site) -> httpx.Client:
    """A person who is staff."""
    return site.person("admin", "admin")
