"""A person decides on what is proposed, and takes back what was written."""

from __future__ import annotations

from playwright.sync_api import expect

from sidecar.domain.job import Kind, State
from sidecar.practice.samples import text_pdf
from sidecar.store import listing
from tests.browser.conftest import World
from tests.browser.test_a_person import assert_was_never_loaded_again, ended, mark
from tests.web.conftest import until


def proposed(world: World, title: str, content: str) -> int:
    """A document whose new title waits for approval."""
    number = world.archive.add_document(text_pdf(["x"]), title=title, content=content, tags=["auto-tag", "auto-review"])
    until(lambda: any(job.state is State.REVIEW for job in world.site.db.run_now(listing.jobs, document_id=number)))
    return number


def test_a_proposal_is_seen_and_approved(world: World) -> None:
    number = proposed(world, "scan0007", "Letter of the harbour office")
    page = world.person()
    page.goto("/reviews")
    card = page.get_by_role("region", name="scan0007")
    expect(card).to_contain_text("Letter of the harbour office")
    card.get_by_role("link", name="scan0007", exact=True).click()
    page.get_by_role("button", name="Approve", exact=True).click()
    until(lambda: ended(world, number))
    assert world.archive.document(number)["title"] == "Letter of the harbour office"
    assert "auto-tagged" in world.archive.tag_names(number)
    page.goto("/reviews")
    expect(page.get_by_text("Nothing waits for approval.")).to_be_visible()


def test_a_proposal_is_rejected_by_keys_and_nothing_is_written(world: World) -> None:
    page = world.person()
    page.goto("/reviews")
    mark(page)
    number = proposed(world, "scan0008", "A bill that nobody asked for")
    expect(page.get_by_role("region", name="scan0008")).to_be_visible()
    assert_was_never_loaded_again(page)
    page.get_by_role("button", name="Reject: scan0008").focus()
    page.keyboard.press("Enter")
    until(lambda: ended(world, number))
    assert world.archive.document(number)["title"] == "scan0008"


def test_what_was_written_is_taken_back_after_a_look(world: World) -> None:
    number = world.archive.add_document(
        text_pdf(["x"]), title="scan0009", content="The yearly bill of the ferry", tags=["auto-tag"]
    )
    until(lambda: ended(world, number))
    page = world.person()
    page.goto(f"/documents/{number}")
    page.get_by_role("link", name="Take everything back").click()
    expect(page.get_by_role("main")).to_contain_text("scan0009")
    page.get_by_role("button", name="Take it back now").click()
    until(lambda: [job for job in ended(world, number) if job.kind is Kind.UNDO])
    assert world.archive.document(number)["title"] == "scan0009"
