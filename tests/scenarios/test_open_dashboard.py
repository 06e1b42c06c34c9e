"""Ended in the middle of work while people look at the dashboard: it ends in time, and all goes on after the start."""

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.scenarios.letters import book, headings, headings_in
from tests.scenarios.world import OCR, World, assert_history
from tests.waiting import until

pytestmark = pytest.mark.scenario

PAGES, GRACE_S = 8, 10


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    """Somebody who may look at the dashboard that the program is going to serve."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.sidecar.settings |= {"WEB_PORT": port, "STOP_GRACE_S": GRACE_S}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client


def is_up(browser: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return browser.get("/healthz").status_code == 200
    return False


@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_with_pages_open_it_ends_in_time_and_goes_on_after_the_start(
    world: World, browser: httpx.Client, ending: str
) -> None:
    document_id = world.add_scan(book(PAGES, paragraphs=2), tags=[OCR])
    run = world.sidecar.start()
    until(lambda: is_up(browser), "the dashboard answers")
    assert browser.post("/login", data={"username": "admin", "password": "admin"}).status_code == 303
    with contextlib.ExitStack() as open_pages:
        for _ in range(5):
            said = open_pages.enter_context(browser.stream("GET", "/api/events"))
            assert said.status_code == 200
            next(said.iter_lines())
        until(lambda: len(world.ledger.ends()) >= 2, "two pages were read")
        if ending == "killed":
            run.kill()
        else:
            run.terminate()
            assert run.wait(within_s=GRACE_S + 5) == 0

    with world.sidecar.running():
        world.until_finished(document_id)
        until(lambda: is_up(browser), "the dashboard answers again")
        assert browser.get("/").status_code == 200, "who was in is still in"

    assert headings_in(world.archive.document(document_id)["content"]) == headings(PAGES)
    assert_history(world, document_id, ocr=True)
    if ending == "stopped":
        assert set(world.ledger.starts().values()) == {1}, "a page was read twice"
