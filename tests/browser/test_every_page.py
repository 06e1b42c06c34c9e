"""What holds for every page in a real browser: it fits a phone, it is dark where that is wished, axe finds nothing bad.

A new page is one line in PAGES.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Literal

import pytest
from fastapi.routing import APIRoute
from PIL import Image, ImageStat
from playwright.sync_api import Page
from starlette.routing import compile_path

from sidecar.domain.job import Kind, State
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import api_tokens, listing, pauses
from sidecar.store.api_tokens import Scope
from sidecar.web.app import ROUTERS
from tests.browser.conftest import NARROW, WIDE, World, log_in
from tests.web.conftest import PASSWORD, until

Scheme = Literal["light", "dark"]
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz" * 2
NOW = datetime.now(UTC)

#: The page for "not found".
NOTHING = "/nothing"
#: Every page there is, and a name for it.
PAGES = {
    "overview": "/",
    "jobs": "/jobs",
    "jobs, none found": "/jobs?state=review&document=9",
    "job that was done": "/jobs/1?page=1",
    "job that was filed": "/jobs/2",
    "job that failed": "/jobs/3",
    "job in review": "/jobs/4",
    "job that waits": "/jobs/5",
    "reviews": "/reviews",
    "review": "/reviews/4",
    "review, changed": "/reviews/4/edit",
    "document": "/documents/1",
    "document, taken back": "/documents/2/undo",
    "failures": "/failures",
    "failures, all again": "/failures/again",
    "spending": "/spending",
    "settings": "/settings",
    "prompts": "/prompts",
    "tokens": "/tokens",
    "token, revoked": "/tokens/1/revoke",
    "api": "/api/docs",
    "nothing there": NOTHING,
}
#: What is no page: streams, files, the rest of the API, and pages that are reached by a press and looked at elsewhere.
NO_PAGES = re.compile(
    r"/events$|^/static/|^/healthz|^/readyz|^/metrics|^/api/(?!docs)|^/login$|/image|\.png$|^/failures/{cause}$"
)
#: Of all dots of a page on the whole, 0 is black and 255 white.
DARK, LIGHT = 60, 200
#: So high is the header at most, in pixels, where all stands in one row, and where the navigation has one of its own.
HEADER, TWO_ROWS = 64, 96
#: The judge of what everybody can use.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lived(world: World) -> World:
    """A site on which something happened: read, filed, failed, waiting, with long words everywhere."""
    db, archive = world.site.db, world.archive
    world.model.misbehave("refuse", matching=LONG)
    papers = (
        (scan_pdf(["One"], dpi=72), "Harbour", f"{LONG} old", "auto-ocr"),
        (text_pdf(["x"]), LONG[:100], "A letter about a boat", "auto-tag"),
        (text_pdf(["x"]), LONG[:120], LONG, "auto-tag"),
    )
    for job_id, (data, title, content, tag) in enumerate(papers, start=1):
        archive.add_document(data, title=title, content=content, tags=[tag])
        until(lambda wanted=job_id: db.run_now(listing.job, wanted))
    until(lambda: all(done(world, job_id) for job_id in (1, 2, 3)))
    archive.add_document(text_pdf(["x"]), title="Boat", content=f"{LONG[:90]}", tags=["auto-tag", "auto-review"])
    until(lambda: (job := db.run_now(listing.job, 4)) and job.state is State.REVIEW)
    db.run_now(pauses.pause, [Kind.TAGGING], by_whom=LONG[:60], now=NOW)
    archive.add_document(text_pdf(["x"]), title="Later", content="Later", tags=["auto-tag"])
    until(lambda: db.run_now(listing.job, 5))
    db.run_now(api_tokens.create, "0" * 64, name=LONG[:50], scope=Scope.WORK, now=NOW)
    return world


def routes() -> list[str]:
    """The addresses that show something."""
    return [
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]


def done(world: World, job_id: int) -> bool:
    job = world.site.db.run_now(listing.job, job_id)
    return job is not None and job.finished_at is not None


@dataclass(frozen=True)
class Window:
    """Somebody's window, and what the browser complained about in it."""

    page: Page
    complaints: list[str]

    def open(self, path: str) -> None:
        """Load a page and wait until all of it is there."""
        self.complaints.clear()
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == (404 if path == NOTHING else 200), path
        self.page.locator("footer").wait_for()


Windows = dict[str, Window]


def window(world: World, scheme: Scheme, viewport: dict[str, int], *, staff: bool) -> Window:
    page = world.stranger(color_scheme=scheme, viewport=viewport)
    found = Window(page, [])
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
    if staff:
        log_in(page, "admin", "admin")
        page.get_by_role("heading", name="Overview").wait_for()
    return found


@pytest.fixture(scope="module")
def windows(lived: World) -> Windows:
    """A wide light window and a narrow dark one of somebody who is staff."""
    return {
        "wide and light": window(lived, "light", WIDE, staff=True),
        "narrow and dark": window(lived, "dark", NARROW, staff=True),
    }


@pytest.fixture(scope="module")
def strange_windows(lived: World) -> Windows:
    """The same two of somebody who is not logged in."""
    return {
        "wide and light": window(lived, "light", WIDE, staff=False),
        "narrow and dark": window(lived, "dark", NARROW, staff=False),
    }


def findings(page: Page) -> list[str]:
    """What axe finds serious or critical, with the elements."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(said => said.violations)")
    return [
        f"{one['impact']}: {one['help']}: " + "; ".join(node["html"][:200] for node in one["nodes"][:5])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def brightness(page: Page) -> float:
    """How bright a page is on the whole, but for pictures of paper: 0 is black, 255 white."""
    page.evaluate("for (const one of document.querySelectorAll('.look img, .picture img')) one.style.opacity = 0")
    picture = Image.open(io.BytesIO(page.screenshot()))
    return ImageStat.Stat(picture.convert("L")).mean[0]


def look_at(found: Windows, path: str) -> None:
    for how, one in found.items():
        one.open(path)
        assert findings(one.page) == [], how
        assert [said for said in one.complaints if "status of 404" not in said] == [], how
        width = one.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert width <= 0, f"it scrolls sideways ({how})"
        bright = brightness(one.page)
        assert bright < DARK if "dark" in how else bright > LIGHT, how


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_fits_a_phone_is_dark_if_wished_and_can_be_used_by_everybody(windows: Windows, path: str) -> None:
    look_at(windows, path)


def test_every_page_is_in_the_list() -> None:
    pages = [path for path in routes() if not NO_PAGES.search(path)]
    missing = [
        path for path in pages if not any(compile_path(path)[0].match(one.partition("?")[0]) for one in PAGES.values())
    ]
    assert not missing, "write them into PAGES"


@pytest.mark.parametrize("language", ["de-DE", "en-GB"])
def test_the_navigation_is_one_line_and_shows_where_one_is(lived: World, language: str) -> None:
    page = lived.stranger(locale=language, viewport=NARROW)
    page.goto("/login?next=/tokens")
    page.locator("[name=username]").fill("admin")
    page.locator("[name=password]").fill("admin")
    page.locator("button.main").click()
    page.locator("#make-title").wait_for()
    for width, most in (
        (1440, HEADER),
        (1280, HEADER),
        (1100, HEADER),
        (1024, HEADER),
        (800, TWO_ROWS),
        (360, TWO_ROWS),
    ):
        page.set_viewport_size({"width": width, "height": 740})
        page.reload()
        assert page.evaluate("document.querySelector('.top').offsetHeight") <= most, width
        row, here = page.locator(".top nav").bounding_box(), page.locator(".top nav [aria-current]").bounding_box()
        assert row is not None
        assert here is not None
        assert row["x"] <= here["x"], width
        assert here["x"] + here["width"] <= row["x"] + row["width"], width


def test_so_does_the_login(strange_windows: Windows) -> None:
    look_at(strange_windows, "/login")


def test_the_whole_way_goes_by_keys_alone(lived: World) -> None:
    page = lived.stranger()
    page.goto("/login")
    # The field takes the focus by itself, a moment after the page is there.
    page.locator("input[name=username]:focus").wait_for()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Overview").wait_for()
    names = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert len(set(names)) == len(names), "each way stands there once"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Look for tags now"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "one sees where one is"
