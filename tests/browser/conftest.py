"""A browser, and a dashboard to look at: one site for each module, with a worker, an archive and a model that waits."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.model_prompt import ImageReader
from tests.web.conftest import PASSWORD, RIGHTS, Site, Stage

#: So long something may take until it is seen, in ms; far more than it takes.
PATIENCE_MS = 30_000
#: A dashboard is never looked at with fewer pixels.
NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 900}
#: No sandbox: tests run as root in containers. The rest spares time and keeps Chromium from asking its maker.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)

expect.set_options(timeout=PATIENCE_MS)


class HeldReader(ImageReader):
    """Reads pages as the same sentence, and stops before every page once it is held, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self._open = threading.Semaphore(0)
        self.held = False

    def read(self, data_url: str) -> str:
        """Wait for a turn, and say what stands on the page."""
        if self.held:
            assert self._open.acquire(timeout=60), "nobody let it go"
        return "The quarterly report of the harbour office, with the figures of all its ships and quays."

    def turn(self) -> None:
        """Let one page be read."""
        self._open.release()


@dataclass
class World:
    """A site with all that stands behind it, and the people who look at it."""

    site: Site
    archive: PracticeArchive
    model: PracticeModel
    reader: HeldReader
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def stranger(self, **options: object) -> Page:
        """A new window of somebody who is not logged in."""
        given = {"viewport": WIDE, "locale": "en-GB", "base_url": self.site.url, **options}
        context = self.browser.new_context(**given)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        return context.new_page()

    def person(self, name: str = "anna", password: str = PASSWORD, **options: object) -> Page:
        """A new window of somebody who logged in, at the overview."""
        page = self.stranger(**options)
        log_in(page, name, password)
        return page

    def boss(self, **options: object) -> Page:
        """A new window of somebody who is staff."""
        return self.person("admin", "admin", **options)


def log_in(page: Page, name: str, password: str) -> None:
    """Fill in the form as a person does."""
    page.goto("/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; it ends with the module, since Playwright keeps a loop in this thread as long as it runs."""
    program = os.environ.get("BROWSER_PROGRAM") or shutil.which("chromium")
    if program is None:  # `make test` installs it; where its registry has none the other tests still tell something
        pytest.skip("there is no Chromium here; `make setup` installs it, or BROWSER_PROGRAM names it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, reader = tmp_path_factory.mktemp("browser"), HeldReader()
    with PracticeArchive(folder / "archive") as archive, PracticeModel(images=reader) as model:
        archive.state.logins_a_minute = 1000
        archive.add_user("anna", "anna-token", password=PASSWORD, permissions=RIGHTS)
        stage = Stage(archive, model, folder)
        site = stage.open(
            worker=True, ocr_engine="vision", vision_model="practice", vision_concurrency=1, ocr_dpi=72, max_attempts=1
        )
        found = World(site, archive, model, reader, browser)
        yield found
        for context in found.contexts:
            context.close()
        stage.close()
