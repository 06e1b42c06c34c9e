"""A document's history, and taking back what was written into it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx

from sidecar.desk.history import Stand, decide
from sidecar.domain.job import Kind, State
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.practice.samples import text_pdf
from sidecar.store import journal, listing, queue
from tests.web.conftest import Site, Stage, csrf, until
from tests.web.test_pages import EVIL, claimed

NOW = datetime.now(UTC)
TEXT = "Invoice 12 of Ambervale Energy, 12 May 2026, 80 EUR"


def wrote(site: Site, number: int, old: dict[str, object], new: dict[str, object], kind: Kind = Kind.TAGGING) -> int:
    """A job that wrote something, by the journal."""
    job = claimed(site, number, kind)
    proposal = Proposal(old, new, TagDelta())
    plan = Plan(write=new, conflicts=(), delta=TagDelta(), old=old)
    site.db.run_now(journal.intend, job, proposal, plan, now=NOW)
    site.db.run_now(queue.succeed, job, changed=True, summary="Wrote.", now=NOW)
    return job.id


def test_a_filing_is_looked_at_and_taken_back_in_the_browser(stage: Stage) -> None:
    site = stage.open(worker=True)
    anna = site.person("anna")
    number = stage.archive.add_document(text_pdf(["x"]), title="scan", content=TEXT, tags=["auto-tag"])
    until(lambda: "auto-tagged" in site.archive.tag_names(number))
    until(lambda: [one for one in site.db.run_now(listing.jobs) if one.state is State.SUCCEEDED])
    title = str(site.archive.document(number)["title"])
    page = anna.get(f"/documents/{number}").text
    assert "stands there as it was written" in page
    assert re.search(r"auto-tagged", page)
    site.archive.edit(number, created="2020-01-01")
    preview = anna.get(f"/documents/{number}/undo?job=1").text
    assert title in preview
    assert ">scan<" in preview
    assert "Date stays: it was changed since." in preview
    assert site.archive.document(number)["title"] == title, "looking changes nothing"
    page = anna.get(f"/documents/{number}").text
    assert "changed since, by <time" not in page
    assert re.search(r"changed since, by person, <time [^>]*>", page)
    assert "Take this back" in page
    assert "Take this back" in anna.get("/jobs/1").text
    said = anna.post(f"/documents/{number}/undo", data={"csrf": csrf(anna), "job": "1"})
    assert said.headers["location"] == "/jobs/2"
    until(lambda: site.archive.document(number)["title"] == "scan")
    until(lambda: "taken back by job 2" in anna.get(f"/documents/{number}").text)
    assert str(site.archive.document(number)["created"]).startswith("2020-01-01")
    assert "Nothing is left to take back." in anna.get(f"/documents/{number}/undo").text
    page = anna.get(f"/documents/{number}").text
    assert "Take this back" not in page
    assert "Take everything back" not in page


def test_what_was_wholly_taken_back_is_not_offered_again(stage: Stage) -> None:
    site = stage.open(worker=True)
    anna = site.person("anna")
    number = stage.archive.add_document(text_pdf(["x"]), title="scan", content=TEXT, tags=["auto-tag"])
    until(lambda: [one for one in site.db.run_now(listing.jobs) if one.state is State.SUCCEEDED])
    anna.post(f"/documents/{number}/undo", data={"csrf": csrf(anna), "job": "1"})
    until(lambda: len([one for one in site.db.run_now(listing.jobs) if one.state is State.SUCCEEDED]) == 2)
    for path in ("/jobs/1", "/jobs/2", f"/documents/{number}"):
        page = anna.get(path).text
        assert "back by job 2" in page or "/jobs/" in path
        assert "Take this back" not in page, path


def test_a_document_is_asked_for_by_its_number(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title="scan", content=TEXT)
    assert 'action="/documents/ask"' in anna.get("/jobs").text
    assert 'name="kind" value="both"' in anna.get(f"/documents/{number}").text
    order = {"csrf": csrf(anna), "document": str(number)}
    said = anna.post("/documents/ask", data=order | {"kind": "both"})
    assert (said.status_code, said.headers["location"]) == (303, "/jobs/1")
    assert site.archive.tag_names(number) == {"auto-ocr", "auto-tag"}
    again = anna.post("/documents/ask", data=order | {"kind": "ocr"})
    assert again.headers["location"] == f"/documents/{number}", "one waits already"
    assert [one.kind for one in site.db.run_now(listing.jobs)] == [Kind.OCR]
    unknown = anna.post("/documents/ask", data=order | {"kind": "tagging", "document": "4711"})
    assert (unknown.status_code, "There is no document 4711 in Paperless." in unknown.text) == (404, True)
    for wrong in ({"document": "x", "kind": "ocr"}, {"document": "0", "kind": "ocr"}, {"kind": "undo"}):
        assert anna.post("/documents/ask", data=order | wrong).status_code == 422
    assert anna.post("/documents/ask", data={"document": "1", "kind": "ocr"}).status_code == 403, "no CSRF token"
    assert site.machine("read").post("/documents/ask", data={"document": "1", "kind": "ocr"}).status_code == 403


def test_a_machine_sees_what_an_undo_would_write_and_asks_for_it(site: Site) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title="Mine", content=TEXT)
    other = site.archive.add_document(text_pdf(["y"]), title="Other", content=TEXT)
    job_id = wrote(site, number, {"title": "scan"}, {"title": "Mine"})
    machine, url = site.machine("work"), f"/api/documents/{number}/undo"
    assert machine.get(f"/api/documents/{other}/undo").status_code == 409, "nothing was written there"
    seen = machine.get(url, params={"job": job_id}).json()
    assert (seen["old"], seen["new"], seen["kept"]) == ({"title": "Mine"}, {"title": "scan"}, [])
    assert machine.get(f"/api/documents/{other}/undo", params={"job": job_id}).status_code == 409
    assert machine.get(url, params={"job": 99}).status_code == 404
    assert site.machine("read").post(url).status_code == 403
    done = machine.post(url, json={"jobs": [job_id]})
    assert done.status_code == 202
    job = site.db.run_now(listing.job, done.json()["job_id"])
    assert job is not None
    assert (job.kind, job.ask) == (Kind.UNDO, (job_id,))
    assert machine.post(url).json()["job_id"] is None


def test_fields_stand_as_the_journal_and_the_document_say(site: Site) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title="Third", content="kept")
    first = wrote(site, number, {"title": "scan", "content": "old"}, {"title": "First", "content": "kept"})
    second = wrote(site, number, {"title": "First"}, {"title": "Second"})
    writes = site.db.run_now(listing.write_backs, number)
    document = site.do(site.parts.paperless.document(number))
    assert decide(writes, {}, document) == {
        (second, "title"): Stand("changed"),
        (first, "title"): Stand("again", second),
        (first, "content"): Stand("there"),
    }
    assert decide(writes, {(second, "title"): 9}, None) == {
        (second, "title"): Stand("taken-back", 9),
        (first, "title"): Stand("again", second),
    }


def test_a_history_is_shown_while_paperless_is_away(stage: Stage) -> None:
    site = stage.open()
    anna = site.person("anna")
    number = site.archive.add_document(text_pdf(["x"]), title="scan", content="x")
    wrote(site, number, {"correspondent": None, "title": "a"}, {"correspondent": 7, "title": "b"})
    stage.archive.stop()
    page = anna.get(f"/documents/{number}").text
    assert "number 7" in page
    assert "Document 1" in page
    assert anna.get(f"/documents/{number}/undo").status_code in (409, 503)


def test_nothing_of_a_history_is_taken_for_a_part_of_the_page(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title=EVIL, content=EVIL)
    old, new = {"title": "a", "content": "x", "custom_fields.3": EVIL}, {"title": EVIL, "content": EVIL}
    job_id = wrote(site, number, old, {**new, "custom_fields.3": EVIL + "2"})
    for path in (f"/documents/{number}", f"/documents/{number}/undo", f"/documents/{number}/undo?job={job_id}"):
        page = anna.get(path).text
        assert "&lt;script&gt;alert(1)" in page, path
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert ">49<" not in page
    assert anna.get("/documents/99").status_code == 200
