"""What a person does at the dashboard from day to day, by what they see and press, nothing else."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from sidecar.domain.job import Job, Kind
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import listing
from tests.browser.conftest import World, log_in
from tests.web.conftest import PASSWORD, until


def letter(world: World, title: str) -> int:
    """A document that is to be filed; the practice model takes its first line as its title, so it stays the same."""
    return world.archive.add_document(text_pdf(["x"]), title=title, content=title, tags=["auto-tag"])


def ended(world: World, document_id: int) -> list[Job]:
    """The jobs of a document that came to their end."""
    return [job for job in world.site.db.run_now(listing.jobs, document_id=document_id) if job.finished_at]


def mark(page: Page) -> None:
    """Leave a mark that a reload would wipe away."""
    page.evaluate("window.mark = 'still the same page'")


def assert_was_never_loaded_again(page: Page) -> None:
    assert page.evaluate("window.mark") == "still the same page"


def test_a_wrong_password_is_said_and_the_right_one_lets_in_to_where_one_wanted(world: World) -> None:
    page = world.stranger()
    page.goto("/jobs?state=failed")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("does not know this user name")
    expect(page.get_by_label("User name")).to_have_value("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    assert page.url.endswith("/jobs?state=failed")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_job_is_watched_page_by_page_without_a_reload(world: World) -> None:
    page = world.person()
    mark(page)
    world.reader.held = True
    number = world.archive.add_document(
        scan_pdf(["One", "Two", "Three"], dpi=72), title="Harbour report", content="", tags=["auto-ocr"]
    )
    running = page.get_by_role("region", name="Running")
    expect(running.get_by_role("link", name="Harbour report")).to_be_visible()
    for done in (1, 2):
        world.reader.turn()
        expect(running.get_by_text(f"{done} of 3 pages")).to_be_visible()
    assert_was_never_loaded_again(page)
    running.get_by_role("link", name="Harbour report").click()
    mark(page)
    expect(page.locator("progress")).to_have_attribute("value", "2")
    world.reader.held = False
    world.reader.turn()
    expect(page.locator("#about").get_by_text("done", exact=True)).to_be_visible()
    expect(page.locator("progress")).to_have_count(0)
    expect(page.locator("#written")).to_contain_text("harbour office")
    assert_was_never_loaded_again(page)
    assert world.archive.tag_names(number) == {"auto-ocr-done"}


def test_times_are_those_of_the_readers_clock_also_where_they_come_live(world: World) -> None:
    new_york = ZoneInfo("America/New_York")
    page = world.person(timezone_id=str(new_york))
    mark(page)
    number = letter(world, "A clock for the harbour")
    lines = page.get_by_role("region", name="Ended last").get_by_role("listitem")
    line = lines.filter(has_text="A clock for the harbour")
    expect(line).to_be_visible()
    finished = ended(world, number)[0].finished_at
    assert finished is not None
    expect(line.locator("time")).to_have_text(f"{finished.astimezone(new_york):%H:%M:%S}")
    assert_was_never_loaded_again(page)


def test_a_failure_is_opened_and_tried_again(world: World) -> None:
    world.model.misbehave("refuse", matching="zeppelin")
    letter(world, "A zeppelin lands")
    page = world.person()
    tile = page.locator(".tile.alarm")
    expect(tile).to_contain_text("failed")
    tile.click()
    page.get_by_role("link", name="A zeppelin lands", exact=True).click()
    expect(page.locator(".note.bad")).to_be_visible()
    failed = page.url
    world.model.behave()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#about").get_by_text("done", exact=True)).to_be_visible()
    assert page.url != failed
    expect(page.locator(".note.good")).to_be_visible()


def test_work_is_paused_and_resumed(world: World) -> None:
    page = world.boss()
    work = page.get_by_role("region", name="Work", exact=True)
    work.get_by_role("button", name="Pause: Filing").click()
    expect(work).to_contain_text("paused by admin")
    number = letter(world, "A letter that waits")
    until(lambda: world.site.db.run_now(listing.jobs, document_id=number))
    page.get_by_role("link", name="Jobs").click()
    row = page.get_by_role("row", name=re.compile("A letter that waits"))
    expect(row).to_contain_text("waiting")
    page.get_by_role("link", name="Overview").click()
    work.get_by_role("button", name="Go on: Filing").click()
    page.get_by_role("link", name="Jobs").click()
    expect(row).to_contain_text("done")


def test_only_staff_sees_how_to_pause(world: World) -> None:
    page = world.person()
    expect(page.get_by_role("region", name="Work", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Pause"))).to_have_count(0)


def test_jobs_are_searched_by_state_kind_and_document(world: World) -> None:
    number = letter(world, "A needle in the hay")
    until(lambda: ended(world, number))
    page = world.person()
    page.goto("/jobs")
    page.get_by_label("Document", exact=True).fill(str(number))
    page.get_by_label("Kind").select_option(Kind.TAGGING)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="A needle in the hay")).to_have_count(1)
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.get_by_label("State").select_option("failed")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No such jobs.")).to_be_visible()


def test_everything_works_without_javascript(world: World) -> None:
    number = letter(world, "A balloon lands")
    world.model.misbehave("refuse", matching="balloon")
    page = world.stranger(java_script_enabled=False)
    log_in(page, "admin", "admin")
    page.get_by_role("button", name="Look for tags now").click()
    page.get_by_role("button", name="Pause: Reading").click()
    expect(page.get_by_role("button", name="Go on: Reading")).to_be_visible()
    page.get_by_role("button", name="Go on: Reading").click()
    expect(page.get_by_role("button", name="Pause: Reading")).to_be_visible()
    until(lambda: ended(world, number))
    page.goto("/jobs?state=failed")
    page.get_by_role("link", name="A balloon lands", exact=True).click()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="A balloon lands")).to_be_visible()
    until(lambda: len(world.site.db.run_now(listing.jobs, document_id=number)) == 2)
    world.model.behave()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
