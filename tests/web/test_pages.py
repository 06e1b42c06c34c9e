"""The pages as a person uses them: what they show, what their buttons do, and that nothing of a document is trusted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sidecar.domain.job import Job, Kind, State
from sidecar.domain.page import PageText
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import journal, listing, pages, pauses, queue
from sidecar.web import titles
from tests.web.conftest import Site, Stage, csrf, until

NOW = datetime.now(UTC)
LEASE = timedelta(seconds=180)
EVIL = "<script>alert(1)</script>{{ 7 * 7 }}\"'><img src=x onerror=alert(2)>"


def document(site: Site, title: str = "Letter of May") -> int:
    return site.archive.add_document(text_pdf(["A letter"]), title=title, content="A letter")


def claimed(site: Site, document_id: int, kind: Kind = Kind.OCR) -> Job:
    site.db.run_now(queue.enqueue, document_id, kind, priority=10, now=NOW)
    job = site.db.run_now(queue.claim, kind, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    return job


def failed(site: Site, document_id: int, reason: str = "The PDF is encrypted.") -> int:
    job = claimed(site, document_id)
    site.db.run_now(queue.doom, job, reason=reason, now=NOW)
    site.db.run_now(queue.fail, job, now=NOW)
    return job.id


def press(client: httpx.Client, page: str, action: str) -> httpx.Response:
    """Press a button of a page as a browser without scripts does: it must be there."""
    text = client.get(page).text
    assert f'formaction="{action}"' in text, f"no such button on {page}"
    back = re.search(r'name="back" value="([^"]*)"', text)
    assert back is not None
    return client.post(action, data={"csrf": csrf(client, page), "back": back[1]})


def test_the_overview_shows_what_runs_what_waits_and_what_went_wrong(site: Site, anna: httpx.Client) -> None:
    failed(site, document(site, "Statement"))
    job = claimed(site, document(site, "Contract"))
    page = PageText(1, "text", "tesseract", 93.0, 1.0)
    site.db.run_now(pages.checkpoint, job, "key", page, total=4, now=NOW, lease=LEASE)
    site.db.run_now(queue.enqueue, document(site), Kind.TAGGING, priority=10, now=NOW)
    shown = anna.get("/").text
    assert "Statement" in shown
    assert "The PDF is encrypted." in shown
    assert "1 of 4 pages" in shown
    assert re.search(r'<progress class="full" max="4" value="1"', shown)
    assert re.search(r"<b>1</b> <span>waiting", shown)


def test_a_page_comes_in_the_language_of_the_browser(anna: httpx.Client) -> None:
    page = anna.get("/", headers={"Accept-Language": "fr;q=0.9, de-AT;q=0.8, en;q=0.5"}).text
    assert '<html lang="de">' in page
    assert "Übersicht" in page
    assert '<html lang="en">' in anna.get("/", headers={"Accept-Language": "fr"}).text


def test_jobs_are_filtered_and_paged(site: Site, anna: httpx.Client) -> None:
    for number in range(1, 53):
        site.db.run_now(queue.enqueue, number, Kind.TAGGING, priority=10, now=NOW)
    job = failed(site, 1)
    first = anna.get("/jobs").text
    older = re.search(r'href="(/jobs\?before=\d+)" rel="next"', first)
    assert older is not None
    assert 'href="/jobs/1"' not in first
    assert 'href="/jobs/1"' in anna.get(older[1]).text
    only = anna.get("/jobs?state=failed&kind=&document=").text
    assert set(re.findall(r'href="/jobs/(\d+)"', only)) == {str(job)}
    assert set(re.findall(r'href="/jobs/(\d+)"', anna.get("/jobs?document=1").text)) == {"1", str(job)}
    assert "No such jobs." in anna.get("/jobs?state=review").text
    assert anna.get("/jobs?state=nonsense&document=x").status_code == 200


def test_a_job_tells_its_story_what_it_wrote_and_what_it_read(site: Site, anna: httpx.Client) -> None:
    job = claimed(site, document(site))
    page = PageText(1, "The whole text of the page", "tesseract 5", 93.0, 1.0, "it is one scan")
    site.db.run_now(pages.checkpoint, job, "key", page, total=1, now=NOW, lease=LEASE)
    delta = TagDelta(frozenset(), frozenset({1}))
    proposal = Proposal({"content": "Tne o1d"}, {"content": "The old"}, delta)
    plan = Plan(write=dict(proposal.wanted), conflicts=(), delta=delta, old=dict(proposal.base))
    site.db.run_now(journal.intend, job, proposal, plan, now=NOW)
    site.db.run_now(queue.succeed, job, changed=True, summary="Wrote text.", now=NOW)
    shown = anna.get(f"/jobs/{job.id}").text
    for words in ("Letter of May", "Wrote text.", "Tne o1d", "The old", "93 %", "it is one scan"):
        assert words in shown
    assert page.text not in shown
    assert page.text in anna.get(f"/jobs/{job.id}?page=1").text
    assert "Nothing is kept of this page." in anna.get(f"/jobs/{job.id}?page=2").text


def test_a_failed_job_is_tried_again_by_a_button(site: Site, anna: httpx.Client) -> None:
    number = document(site)
    job = failed(site, number)
    said = press(anna, f"/jobs/{job}", f"/jobs/{job}/retry")
    assert (said.status_code, said.headers["location"]) == (303, f"/jobs/{job + 1}")
    assert site.archive.tag_names(number) == {"auto-ocr"}
    assert press(anna, f"/jobs/{job + 1}", f"/jobs/{job + 1}/cancel").headers["location"] == f"/jobs/{job + 1}"
    withdrawn = site.db.run_now(listing.job, job + 1)
    assert withdrawn is not None
    assert (withdrawn.state, withdrawn.reason) == (State.CANCELLED, "Withdrawn by anna.")


def test_a_waiting_job_is_put_first(site: Site, anna: httpx.Client) -> None:
    for number in (1, 2):
        site.db.run_now(queue.enqueue, number, Kind.OCR, priority=10, now=NOW)
    press(anna, "/jobs/2", "/jobs/2/first")
    assert claimed(site, 9).document_id == 2


def test_staff_pauses_a_kind_and_others_see_it(site: Site, anna: httpx.Client, boss: httpx.Client) -> None:
    assert 'formaction="/queue/ocr/pause"' not in anna.get("/").text
    assert anna.post("/queue/ocr/pause", data={"csrf": csrf(anna)}).status_code == 403
    assert press(boss, "/", "/queue/ocr/pause").headers["location"] == "/"
    assert set(site.db.run_now(pauses.paused)) == {Kind.OCR}
    site.parts.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    assert "paused by admin" in anna.get("/").text, "what was done here is seen at once"
    press(boss, "/", "/queue/ocr/resume")
    assert site.db.run_now(pauses.paused) == {}


def test_nothing_of_a_document_is_taken_for_a_part_of_the_page(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title=EVIL, content=EVIL)
    job = claimed(site, number)
    page = PageText(1, EVIL, EVIL, 93.0, 1.0, EVIL)
    site.db.run_now(pages.checkpoint, job, "key", page, total=1, now=NOW, lease=LEASE)
    delta = TagDelta(frozenset(), frozenset())
    proposal = Proposal({"content": EVIL}, {"content": EVIL}, delta)
    plan = Plan(write=dict(proposal.wanted), conflicts=(), delta=delta, old=dict(proposal.base))
    site.db.run_now(journal.intend, job, proposal, plan, now=NOW)
    site.db.run_now(queue.doom, job, reason=EVIL, now=NOW)
    site.db.run_now(queue.fail, job, now=NOW)
    for path in ("/", "/jobs", f"/jobs/{job.id}?page=1"):
        shown = anna.get(path).text
        assert "&lt;script&gt;alert(1)" in shown
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "{{ 7 * 7 }}" in shown


@pytest.mark.parametrize("public", ["https://papers.example.org/", None])
def test_every_page_about_a_document_leads_to_it_in_paperless(stage: Stage, public: str | None) -> None:
    site = stage.open(paperless_public_url=public)
    anna = site.person("anna")
    job = failed(site, document(site))
    cause = re.search(r'href="(/failures/[0-9a-f]{16})"', anna.get("/failures").text)
    assert cause is not None
    link = f'href="{(public or stage.archive.url).rstrip("/")}/documents/1/details" target="_blank" rel="noopener'
    for path in (f"/jobs/{job}", "/documents/1", "/failures", cause[1]):
        assert link in anna.get(path).text, path


def test_a_job_that_ended_is_shown_with_the_title_it_gave(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titles, "FRESH_S", 3600.0)
    number = document(site, "scan0001")
    job = claimed(site, number, Kind.TAGGING)
    pages = ("/", "/jobs", f"/jobs/{job.id}", f"/documents/{number}")
    assert "scan0001" in anna.get("/jobs").text
    site.archive.edit(number, title="Letter of May")
    assert "scan0001" in anna.get("/jobs").text, "it is kept while nothing ends"
    site.db.run_now(queue.succeed, job, changed=True, summary="Wrote title.", now=NOW)
    for page in pages:
        until(lambda page=page: "Letter of May" in anna.get(page).text)


def test_titles_that_cannot_be_had_are_numbers(stage: Stage) -> None:
    site = stage.open()
    anna = site.person("anna")
    failed(site, document(site))
    stage.archive.stop()
    assert "Document 1" in anna.get("/jobs").text


def test_an_unknown_job_is_said_so(anna: httpx.Client) -> None:
    said = anna.get("/jobs/99")
    assert said.status_code == 404
    assert "There is no job 99." in said.text
    assert 'aria-label="Pages"' in said.text, "the way on is there"
    assert anna.get("/jobs/99/events").status_code == 404
    assert anna.get("/jobs/x").status_code == 422


def test_the_worker_that_starts_is_shown_as_that(site: Site, anna: httpx.Client) -> None:
    assert "starting" in anna.get("/").text
    said = anna.post("/queue/poll", data={"csrf": csrf(anna)})
    assert said.status_code == 503
    assert "waits for Paperless" in said.text


def test_a_document_that_was_tagged_is_seen_to_its_end(stage: Stage) -> None:
    site = stage.open(worker=True, poll_interval_s=3600)
    anna = site.person("anna")
    number = stage.archive.add_document(
        scan_pdf(["First page", "Second page"], dpi=100), title="scan", content="", tags=["auto-ocr"]
    )
    assert press(anna, "/", "/queue/poll").headers["location"] == "/"
    until(lambda: [job for job in site.db.run_now(listing.jobs, document_id=number) if job.finished_at])
    found = site.db.run_now(listing.jobs, document_id=number)
    shown = anna.get(f"/jobs/{found[0].id}").text
    assert "Work began." in shown
    assert "2/2" in shown
    assert press(anna, f"/jobs/{found[0].id}", f"/jobs/{found[0].id}/pages/2/retry").headers["location"] == "/jobs/2"


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/1", "/api/docs"])
def test_a_page_is_small(site: Site, anna: httpx.Client, path: str) -> None:
    for number in range(1, 61):
        site.db.run_now(queue.enqueue, number, Kind.OCR, priority=10, now=NOW)
    assert len(anna.get(path).content) < 100_000
