"""A job's page: names for ids, tries, and each page as a picture beside its old and its new text."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx

from sidecar.domain.job import Kind
from sidecar.domain.page import PageText
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import journal, listing, pages, queue
from sidecar.web.shown_names import ShownNames
from tests.hostile.corpus import documents
from tests.web.conftest import Site, Stage, csrf
from tests.web.test_pages import EVIL, LEASE, NOW, claimed


def read(site: Site, number: int, old: str, texts: list[str]) -> int:
    """A job that read these pages and wrote them in place of the old text."""
    job = claimed(site, number)
    for page, text in enumerate(texts, 1):
        one = PageText(page, text, "tesseract 5", 93.0, 1.0, "it is one scan")
        site.db.run_now(pages.checkpoint, job, f"{number}-{page}", one, total=len(texts), now=NOW, lease=LEASE)
    new = {"content": "\n\n".join(texts)}
    plan = Plan(write=new, conflicts=(), delta=TagDelta(), old={"content": old})
    site.db.run_now(journal.intend, job, Proposal({"content": old}, new, TagDelta()), plan, now=NOW)
    site.db.run_now(queue.succeed, job, changed=True, summary="Wrote text.", now=NOW)
    return job.id


def test_ids_are_shown_by_their_names(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title="scan", content="x")
    giro = site.archive.add_name("correspondents", "Girocenter")
    letter, path = site.archive.add_name("document_types", "Letter"), site.archive.add_name("storage_paths", "Cellar")
    tax = site.archive.add_name("tags", "Tax")
    job = claimed(site, number, Kind.TAGGING)
    new = {"correspondent": giro, "document_type": letter, "storage_path": path}
    plan = Plan(new, (), TagDelta(frozenset({tax})), dict.fromkeys(new))
    site.db.run_now(journal.intend, job, Proposal(dict.fromkeys(new), new, plan.delta), plan, now=NOW)
    page = anna.get(f"/jobs/{job.id}").text
    for name in ("Girocenter", "Letter", "Cellar", "Tax"):
        assert name in page


def test_a_story_is_told_try_by_try(site: Site, anna: httpx.Client) -> None:
    job = claimed(site, 7)
    site.db.run_now(queue.begin, job, {}, now=NOW)
    later = NOW - timedelta(seconds=1)
    site.db.run_now(queue.release, job, reason="Paperless is away.", now=later, settle=timedelta())
    again = site.db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE)
    assert again is not None
    site.db.run_now(queue.succeed, again, changed=False, summary="All is as it was.", now=NOW)
    page = anna.get(f"/jobs/{job.id}").text
    assert re.search(r"Try 1</h3>.*Paperless is away\..*Try 2</h3>.*All is as it was\.", page, flags=re.DOTALL)


def test_a_page_is_opened_with_its_picture_and_the_old_text_beside_the_new(stage: Stage) -> None:
    site = stage.open()
    anna = site.person("anna")
    number = stage.archive.add_document(scan_pdf(["First page", "Second page"], dpi=100), title="scan", content="")
    job_id = read(site, number, "one tw0 three four five six", ["one two three", "four five six"])
    page = anna.get(f"/jobs/{job_id}?page=1").text
    assert "one <del>tw0</del> three" in page
    assert "one <ins>two</ins> three" in page
    assert f'href="/jobs/{job_id}?page=2#text"' in page
    assert "four" not in page[page.index('id="text"') :]
    source = re.search(r'<img src="(/api[^"]*)"', page)
    assert source is not None
    picture = anna.get(source[1])
    assert picture.content.startswith(b"\xff\xd8")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"].startswith("private")
    stage.archive.stop()
    assert anna.get(source[1]).content == picture.content, "it is kept"
    assert anna.get(source[1].replace("pages/1", "pages/2")).status_code == 200, "so is the file"
    assert anna.get(source[1].replace("pages/1", "pages/3")).status_code == 404
    assert site.client().get(source[1]).status_code == 401
    (folder,) = (stage.folder / "store" / "work").glob("pictures-*")
    stage.close()
    assert not folder.exists()


def test_a_page_that_cannot_be_drawn_is_said_in_words(site: Site) -> None:
    machine = site.machine("read")
    number = site.archive.add_document(b"%PDF-1.4 broken", title="scan", content="")
    for document in (number, 99):
        site.db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)
    broken = machine.get(f"/api/documents/{number}/pages/1/image")
    assert (broken.status_code, "damaged" in broken.json()["detail"]) == (409, True)
    assert machine.get("/api/documents/99/pages/1/image").status_code == 404


def test_a_document_that_there_is_no_job_of_is_not_shown(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(scan_pdf(["Of somebody else"], dpi=100), title="Dismissal", content="")
    for who in (site.machine("read"), anna):
        said = who.get(f"/api/documents/{number}/pages/1/image")
        assert (said.status_code, "no job" in said.json()["detail"]) == (404, True)
    assert "Dismissal" not in anna.get(f"/documents/{number}").text
    assert [one for one in site.archive.requests() if f"documents/{number}/" in one.path] == []


def test_a_page_is_read_anew_by_a_button(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title="scan", content="")
    job_id = read(site, number, "", ["one", "two"])
    action = f"/jobs/{job_id}/pages/2/retry"
    page = anna.get(f"/jobs/{job_id}?page=2").text
    assert f'formaction="{action}">Read this page anew' in page
    assert anna.post(action, data={"csrf": csrf(anna)}).headers["location"] == f"/jobs/{job_id + 1}"
    assert "Nothing is kept of this page." in anna.get(f"/jobs/{job_id}?page=2").text


def test_a_page_that_cannot_be_read_anew_now_is_kept(stage: Stage) -> None:
    site = stage.open()
    anna = site.person("anna")
    number = site.archive.add_document(text_pdf(["x"]), title="scan", content="")
    job_id = read(site, number, "", ["one", "two"])
    token = csrf(anna)
    assert anna.post(f"/jobs/{job_id}/cancel", data={"csrf": token}).status_code == 409, "now the tags are known"
    stage.archive.stop()
    assert anna.post(f"/jobs/{job_id}/pages/2/retry", data={"csrf": token}).status_code == 503
    assert [page.text for page in site.db.run_now(listing.kept_pages, number)] == ["one", "two"]


def test_hostile_pages_are_text_on_both_sides(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title=EVIL, content="")
    texts = [
        one.words(bait="http://bait", other="1", archive="http://a")[:2000] for one in documents() if "<" in one.text
    ]
    texts = [*texts[:4], EVIL]
    job_id = read(site, number, "\n\n".join(text[::-1] + text for text in texts), texts)
    for page, text in enumerate(texts, 1):
        shown = re.sub(r"</?ins>|</?del>", "", anna.get(f"/jobs/{job_id}?page={page}").text)
        assert [tag for tag in re.findall(r"<[a-zA-Z_]+[^>]*>", text) if tag in shown] == []
        assert text.split()[0] in unescape(shown)


def test_a_job_with_many_pages_and_long_texts_is_a_small_page(site: Site, anna: httpx.Client) -> None:
    number = site.archive.add_document(text_pdf(["x"]), title="scan", content="")
    text = "ein Wort nach dem anderen " * 150
    job_id = read(site, number, text.replace("dem", "d3m") * 150, [text] * 150)
    page = anna.get(f"/jobs/{job_id}?page=140")
    assert "d3m" in page.text
    assert f'href="/jobs/{job_id}?page=140#text"' in page.text, "the pages around it are listed"
    assert len(page.content) < 100_000
    assert len(anna.get(f"/documents/{number}").content) < 100_000


def test_a_name_that_is_gone_is_asked_for_once_and_a_new_one_is_found(site: Site) -> None:
    called = ShownNames(site.parts.paperless.http, site.parts.tag_names)
    first = site.do(called.spoken([("correspondents", 77)]))
    assert ("correspondents", 77) not in first.names
    called._not_before = 0.0  # as if some seconds had gone by
    assert site.do(called.spoken([("correspondents", 77)])) is first, "nobody was asked"
    made = site.archive.add_name("correspondents", "Newcomer")
    assert site.do(called.spoken([("correspondents", made)])).names["correspondents", made] == "Newcomer"
