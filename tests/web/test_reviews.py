"""Proposals that wait for approval, as people and programs decide on them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from sidecar import __version__
from sidecar.domain import difference
from sidecar.domain.difference import Difference
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.telling import Spoken, tell
from sidecar.domain.vocabulary import Names
from sidecar.domain.writeback import NewName, Proposal, TagDelta
from sidecar.practice.samples import text_pdf
from sidecar.store import listing, queue, review
from sidecar.store.review import Decision, Review
from sidecar.web import rows, shown_names
from tests.hostile.corpus import documents
from tests.web.conftest import Site, Stage, csrf, until

NOW = datetime.now(UTC)
LEASE = timedelta(seconds=180)
EVIL = "<script>alert(1)</script>{{ 7 * 7 }}\"'><img src=x onerror=alert(2)>"
INERT = ("<script>alert", "<img src=x", "onerror=alert(2)>", ">49<")


def waits(site: Site, proposal: Proposal, kind: Kind = Kind.TAGGING, title: str = "scan") -> int:
    """A job whose proposal waits for approval."""
    number = site.archive.add_document(text_pdf(["A letter"]), title=title, content="A letter")
    site.db.run_now(queue.enqueue, number, kind, priority=10, now=NOW)
    job = site.db.run_now(queue.claim, kind, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    site.db.run_now(review.keep, job, proposal, tell(job.id, kind, proposal, Spoken()), now=NOW)
    site.db.run_now(review.wait, job, now=NOW)
    return job.id


def filing(site: Site, **wanted: object) -> Proposal:
    """A filing with names that the archive has."""
    names = {name: site.archive.add_name("tags", name) for name in ("Tax", "Bank")}
    giro = site.archive.add_name("correspondents", "Girocenter")
    base = {"title": "scan", "correspondent": None, "document_type": None, "created": "2026-01-02"}
    return Proposal(base, {"title": "Statement", "correspondent": giro, **wanted}, TagDelta(frozenset({names["Tax"]})))


def kept(site: Site, job_id: int) -> Review:
    found = site.db.run_now(review.find, job_id)
    assert found is not None
    return found


def form(client: httpx.Client, job_id: int, path: str = "edit") -> dict[str, str | list[str]]:
    """What a browser would send if nothing were changed."""
    page = client.get(f"/reviews/{job_id}/{path}").text
    main = page[page.index('<form class="card edit"') : page.index("</form>", page.index('<form class="card edit"'))]
    sent: dict[str, str | list[str]] = {}
    for line in re.findall(r"<input [^>]*>", main):
        at = dict(re.findall(r'([a-z-]+)="([^"]*)"', line))
        if at.get("type") == "checkbox" and " checked" not in line:
            continue
        sent.setdefault(at["name"], [])
        sent[at["name"]].append(unescape(at.get("value", "on")))  # type: ignore[union-attr]
    for name, text in re.findall(r'<textarea name="([^"]*)"[^>]*>\n(.*?)</textarea>', main, flags=re.DOTALL):
        sent[name] = unescape(text)
    return sent


def test_what_waits_is_listed_in_words_and_approved_by_a_button(site: Site, anna: httpx.Client) -> None:
    job_id = waits(site, filing(site))
    page = anna.get("/reviews").text
    for words in ("<del>–</del>", "<ins>Girocenter</ins>", "<ins>Statement</ins>", "+ Tax"):
        assert words in page
    assert f'formaction="/reviews/{job_id}/approve" name="seen" value="' in page
    version = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert version is not None
    data = {"csrf": csrf(anna), "back": "/reviews", "seen": version[1]}
    on = anna.post(f"/reviews/{job_id}/approve", data=data).headers["location"]
    assert on == f"/reviews?decided={job_id}"
    assert f'Approved: <a href="/jobs/{job_id}">scan</a>' in anna.get(on).text
    decided = kept(site, job_id)
    assert (decided.decision, decided.decided_by) == (Decision.APPROVED, "anna")
    assert anna.post(f"/reviews/{job_id}/approve", data=data).status_code == 409
    assert anna.get(f"/reviews/{job_id}").headers["location"] == f"/jobs/{job_id}"
    assert "Nothing waits for approval." in anna.get("/reviews").text


def test_one_proposal_is_shown_field_by_field_between_its_neighbours(site: Site, anna: httpx.Client) -> None:
    first, second = waits(site, filing(site)), waits(site, Proposal({"title": "a"}, {"title": "b"}, TagDelta()))
    old, new = "Invoice of May 12 EUR", "Invoice of May 72 EUR"
    third = waits(site, Proposal({"content": old}, {"content": new}, TagDelta()), Kind.OCR)
    page = anna.get(f"/reviews/{second}").text
    assert f'href="/reviews/{first}" data-key="k"' in page
    assert f'href="/reviews/{third}" data-key="j"' in page
    text = anna.get(f"/reviews/{third}", headers={"Accept-Language": "de"}).text
    assert "Invoice of May <del>12</del> EUR" in text
    assert "Invoice of May <ins>72</ins> EUR" in text
    assert "Freigeben" in text
    said = anna.post(f"/reviews/{first}/reject", data={"csrf": csrf(anna), "back": f"/reviews/{first}"})
    assert said.headers["location"] == f"/reviews/{second}?decided={first}"
    assert f'Rejected: <a href="/jobs/{first}">scan</a>' in anna.get(said.headers["location"]).text
    assert "Rejected:" not in anna.get(f"/reviews/{second}?decided={third}").text, "nothing was decided on that"
    assert kept(site, first).decision is Decision.REJECTED


def test_a_filing_is_decided_on_beside_the_page_and_the_text_it_is_about(stage: Stage) -> None:
    site = stage.open()
    anna = site.person("anna")
    job_id = waits(site, filing(site))
    picture = 'src="/api/documents/1/pages/1/image"'
    for path in ("/reviews", f"/reviews/{job_id}"):
        assert f'href="{stage.archive.url}/documents/1/details"' in anna.get(path).text, path
    for path in (f"/reviews/{job_id}", f"/reviews/{job_id}/edit"):
        page = anna.get(path).text
        assert picture in page, path
        assert re.search(r'<div class="paper"[^>]*>A letter</div>', page), path
    assert picture in anna.get("/reviews").text
    assert anna.get("/api/documents/1/pages/1/image").headers["content-type"] == "image/jpeg"
    read = waits(site, Proposal({"content": "o1d"}, {"content": "old"}, TagDelta()), Kind.OCR)
    assert "Beginning of its text" not in anna.get(f"/reviews/{read}").text, "there the text is what is proposed"
    stage.archive.stop()
    alone = anna.get(f"/reviews/{job_id}")
    assert (alone.status_code, "Beginning of its text" in alone.text) == (200, False)


def test_words_that_were_changed_meanwhile_are_not_decided_on(site: Site, anna: httpx.Client) -> None:
    job_id = waits(site, filing(site))
    said = anna.post(f"/reviews/{job_id}/approve", data={"csrf": csrf(anna), "seen": "0" * 16})
    assert said.status_code == 409
    assert "changed or decided on meanwhile" in said.text
    assert kept(site, job_id).decision is None


def test_a_proposal_is_changed_in_a_form(site: Site, anna: httpx.Client) -> None:
    job_id = waits(site, filing(site))
    sent = form(anna, job_id)
    assert f"Sidecar {__version__}<" in anna.get(f"/reviews/{job_id}/edit").text
    assert (sent["field-title"], sent["field-correspondent"], sent["tag"]) == (["Statement"], ["Girocenter"], ["Tax"])
    del sent["write-correspondent"]
    sent |= {"field-title": "Mine", "more-tag": ["Bank", ""], "field-created": "2026-03-04"}
    assert anna.post(f"/reviews/{job_id}/edit", data=sent).headers["location"] == f"/jobs/{job_id}"
    found = kept(site, job_id)
    assert found.proposal.wanted == {"title": "Mine", "created": "2026-03-04"}
    assert len(found.proposal.delta.add) == 2
    assert (found.is_edited, found.decision) == (True, None)
    job = site.db.run_now(listing.job, job_id)
    assert isinstance(job, Job)
    assert job.state is State.READY


def test_a_form_with_nothing_changed_approves_what_was_shown(site: Site, anna: httpx.Client) -> None:
    proposal = filing(site, **{"custom_fields.3": "x"})
    proposal = Proposal({**proposal.base, "custom_fields.3": None}, proposal.wanted, proposal.delta)
    job_id = waits(site, proposal)
    assert anna.post(f"/reviews/{job_id}/edit", data=form(anna, job_id) | {"approve": "yes"}).status_code == 303
    found = kept(site, job_id)
    assert (found.decision, found.is_edited) == (Decision.APPROVED, False)


def test_long_texts_that_wait_do_not_hold_up_the_list(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def compare(old: str, new: str) -> Difference:
        compared.append(len(old) + len(new))
        return difference.compare(old, new)

    monkeypatch.setattr(rows, "compare", compare)
    job_id = waits(site, Proposal({"content": "o1d " * 3000}, {"content": "old " * 3000}, TagDelta()), Kind.OCR)
    assert "The text changes" in anna.get("/reviews").text
    assert max(compared) < 1000
    assert "o1d " * 1500 in anna.get(f"/reviews/{job_id}").text


def test_a_value_of_several_lines_that_is_left_alone_is_no_change(site: Site, anna: httpx.Client) -> None:
    proposal = filing(site, **{"custom_fields.3": "one\ntwo"})
    job_id = waits(site, Proposal({**proposal.base, "custom_fields.3": None}, proposal.wanted, proposal.delta))
    sent = form(anna, job_id) | {"field-custom_fields.3": "onetwo", "approve": "yes"}
    anna.post(f"/reviews/{job_id}/edit", data=sent)
    found = kept(site, job_id)
    assert (found.decision, found.is_edited) == (Decision.APPROVED, False)


def test_a_form_made_while_names_were_unknown_changes_none_of_them(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = waits(site, filing(site))
    monkeypatch.setattr(shown_names, "PATIENCE_S", 0.0)
    early = form(anna, job_id)
    until(lambda: form(anna, job_id)["field-correspondent"] == ["Girocenter"])
    assert early["field-correspondent"] != ["Girocenter"]
    said = anna.post(f"/reviews/{job_id}/edit", data=early | {"more-tag": "Bank", "approve": "yes"})
    assert (said.status_code, "look at them again" in said.text) == (409, True)
    assert re.search(r'name="tag" value="Tax" checked', said.text)
    assert 'name="field-correspondent" value="Girocenter"' in said.text
    anna.post(f"/reviews/{job_id}/edit", data=early | {"approve": "yes"})
    found = kept(site, job_id)
    assert (found.decision, found.is_edited) == (Decision.APPROVED, False)


def test_a_read_text_is_corrected_and_approved(site: Site, anna: httpx.Client) -> None:
    job_id = waits(site, Proposal({"content": "o1d"}, {"content": "\n<b>new\ntext"}, TagDelta()), Kind.OCR)
    sent = form(anna, job_id)
    assert "<b>new\ntext" in sent["field-content"]
    sent |= {"field-content": "new\r\nwords", "approve": "yes"}
    assert anna.post(f"/reviews/{job_id}/edit", data=sent).headers["location"] == f"/reviews?decided={job_id}"
    found = kept(site, job_id)
    assert (found.proposal.wanted, found.decision) == ({"content": "new\nwords"}, Decision.APPROVED)


def test_what_cannot_be_written_comes_back_with_the_reason_and_what_was_entered(site: Site, anna: httpx.Client) -> None:
    job_id = waits(site, filing(site))
    sent = form(anna, job_id) | {"field-correspondent": EVIL, "field-title": "Mine"}
    said = anna.post(f"/reviews/{job_id}/edit", data=sent)
    assert said.status_code == 409
    assert "There is no correspondent" in said.text
    assert 'value="Mine"' in said.text
    assert not any(part in said.text for part in INERT)
    assert not kept(site, job_id).is_edited


def test_nothing_of_a_proposal_is_taken_for_a_part_of_the_page(site: Site, anna: httpx.Client) -> None:
    base = {"title": EVIL, "content": EVIL, "custom_fields.7": EVIL, "correspondent": None}
    wanted = {"title": EVIL + "2", "content": EVIL + " 2", "custom_fields.7": EVIL + "2"}
    names = (NewName(Names.CORRESPONDENTS, EVIL, "correspondent"), NewName(Names.TAGS, EVIL, "tags"))
    tags = TagDelta(frozenset({site.archive.add_name("tags", EVIL)}))
    proposal = Proposal(base, wanted, tags, note=EVIL, names=names, words={"custom_fields.7": EVIL})
    job_id = waits(site, proposal, title=EVIL)
    for path in ("/reviews", f"/reviews/{job_id}", f"/reviews/{job_id}/edit"):
        page = anna.get(path).text
        assert "&lt;script&gt;alert(1)" in page, path
        assert [part for part in INERT if part in page] == [], path


def test_hostile_documents_are_shown_as_text(site: Site, anna: httpx.Client) -> None:
    for hostile in [one for one in documents() if "<" in one.text][:6]:
        words = hostile.words(bait="http://bait", other="1", archive="http://archive")[:3000]
        proposal = Proposal({"content": "old", "title": "t"}, {"content": words, "title": words[:100]}, TagDelta())
        job_id = waits(site, proposal, Kind.OCR)
        plain = re.sub(r"</?ins>|</?del>", "", anna.get(f"/reviews/{job_id}").text)
        assert [tag for tag in re.findall(r"<[a-zA-Z_]+[^>]*>", words) if tag in plain] == [], hostile.name
        assert words.split()[0] in unescape(plain)


def test_a_machine_looks_changes_and_decides(site: Site) -> None:
    first, second = waits(site, filing(site)), waits(site, Proposal({"title": "a"}, {"title": "b"}, TagDelta()))
    assert [one["job_id"] for one in site.machine("read").get("/api/reviews").json()] == [first, second]
    machine = site.machine("work")
    assert [one["job_id"] for one in machine.get(f"/api/reviews?after={first}").json()] == [second]
    shown = machine.get(f"/api/reviews/{first}").json()
    assert (shown["new"]["title"], shown["old"]["title"], shown["is_edited"]) == ("Statement", "scan", False)
    assert machine.put(f"/api/reviews/{first}", json={"title": "x", "version": "other"}).status_code == 409
    assert machine.put(f"/api/reviews/{first}", json={}).status_code == 409
    assert machine.put(f"/api/reviews/{first}", json={"titel": "x"}).status_code == 422
    changed = machine.put(f"/api/reviews/{first}", json={"title": "Mine", "version": shown["version"]})
    assert changed.status_code == 200
    assert kept(site, first).proposal.wanted["title"] == "Mine"
    assert machine.post(f"/api/reviews/{second}/reject").status_code == 202
    assert machine.post(f"/api/reviews/{second}/approve").status_code == 409
    assert machine.get("/api/reviews/99").status_code == 404
    assert site.machine("read").post(f"/api/reviews/{first}/approve").status_code == 403


def test_a_proposal_goes_from_the_tag_to_the_document_through_the_browser(stage: Stage) -> None:
    site = stage.open(worker=True, review="tagging")
    anna = site.person("anna")
    number = stage.archive.add_document(
        text_pdf(["x"]), title="scan", content="Invoice 12 of Ambervale Energy, 12 May 2026, 80 EUR", tags=["auto-tag"]
    )
    until(lambda: "data-row" in anna.get("/reviews").text)
    job_id = 1
    sent = form(anna, job_id) | {"field-title": "Mine", "approve": "yes"}
    assert anna.post(f"/reviews/{job_id}/edit", data=sent).status_code == 303
    until(lambda: "auto-tagged" in site.archive.tag_names(number))
    assert site.archive.document(number)["title"] == "Mine"
