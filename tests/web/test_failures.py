"""Failures: grouped by cause, and tried again one by one, by cause, or all together."""

from __future__ import annotations

import re

import httpx

from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.store import failures, listing, queue
from tests.web.conftest import Site, csrf
from tests.web.test_pages import EVIL, LEASE, NOW, document, press


def fail(site: Site, document_id: int, reason: str, kind: Kind = Kind.OCR, ask: list[int] | None = None) -> int:
    site.db.run_now(queue.enqueue, document_id, kind, priority=10, now=NOW, ask=ask)
    job = site.db.run_now(queue.claim, kind, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    site.db.run_now(queue.doom, job, reason=reason, now=NOW)
    site.db.run_now(queue.fail, job, now=NOW)
    return job.id


def three(site: Site) -> list[int]:
    return [fail(site, document(site, f"Scan {n}"), f"Page {n} of 9 took longer than {n}0 s.") for n in (1, 2, 3)]


def waiting(site: Site) -> list[Job]:
    return site.db.run_now(listing.jobs, states=[State.READY])


def test_failures_of_one_cause_stand_together_and_the_most_frequent_come_first(site: Site, anna: httpx.Client) -> None:
    fail(site, document(site, "Statement"), "The PDF is encrypted.")
    three(site)
    shown = anna.get("/failures").text
    assert shown.index("Page … of … took longer than … s.") < shown.index("The PDF is encrypted.")
    assert "3 times" in shown
    assert "Page 3 of 9 took longer than 30 s." in shown
    assert "Scan 3" in shown
    assert "4 jobs failed" in shown


def test_what_was_tried_again_since_is_no_failure_any_more(site: Site, anna: httpx.Client) -> None:
    jobs = three(site)
    key = site.machine("read").get("/api/failures").json()[0]["key"]
    assert press(anna, f"/failures/{key}", f"/jobs/{jobs[0]}/retry").status_code == 303
    assert [group.jobs for group in site.db.run_now(failures.groups)] == [2]
    assert [job.priority for job in waiting(site)] == [Priority.NOW]


def test_a_group_is_asked_about_first_and_then_tried_again_behind_all_other_work(
    site: Site, anna: httpx.Client
) -> None:
    other = fail(site, document(site), "The PDF is encrypted.")
    three(site)
    sure = re.search(r'href="(/failures/again\?cause=[0-9a-f]{16})"', anna.get("/failures").text)
    assert sure is not None
    asked = anna.get(sure[1]).text
    assert "Try 3 jobs again?" in asked
    assert not waiting(site)
    cause = sure[1].rpartition("=")[2]
    sent = anna.post("/failures/again", data={"csrf": csrf(anna), "cause": cause})
    assert sent.headers["location"] == "/failures?asked=3&gone=0&left=0"
    assert "3 jobs are waiting" in anna.get(sent.headers["location"]).text
    assert [job.priority for job in waiting(site)] == [Priority.BACKLOG] * 3
    assert all(site.archive.tag_names(job.document_id) == {"auto-ocr"} for job in waiting(site))
    assert [group.examples[0].id for group in site.db.run_now(failures.groups)] == [other]


def test_all_are_tried_again_but_documents_that_are_gone(site: Site) -> None:
    three(site)
    fail(site, 4711, "The document vanished.")
    fail(site, document(site), "No model.", Kind.TAGGING)
    machine = site.machine("work")
    said = machine.post("/api/failures/retry")
    assert said.status_code == 202
    assert said.json() == {"jobs": 4, "gone": 1, "left": 0}
    assert {job.kind for job in waiting(site)} == {Kind.OCR, Kind.TAGGING}
    assert machine.post("/api/failures/retry").json() == {"jobs": 0, "gone": 1, "left": 0}


def test_the_undo_of_certain_jobs_is_asked_for_again_as_that(site: Site) -> None:
    number = document(site)
    fail(site, number, "Paperless is away.", Kind.UNDO, ask=[7])
    site.machine("work").post("/api/failures/retry", json={})
    assert [job.ask for job in waiting(site)] == [(7,)]
    assert site.archive.tag_names(number) == set()


def test_who_may_only_look_tries_nothing_again(site: Site, anna: httpx.Client) -> None:
    three(site)
    assert site.machine("read").post("/api/failures/retry").status_code == 403
    assert anna.post("/failures/again", data={"cause": ""}).status_code == 403  # without the form's token
    assert not waiting(site)


def test_no_such_cause_is_said_so(site: Site, anna: httpx.Client) -> None:
    assert anna.get("/failures/0123456789abcdef").status_code == 404
    assert anna.get("/failures/nonsense'--").status_code == 404
    assert anna.get("/failures/again").status_code == 404
    assert anna.get("/failures/again?cause=zz").status_code == 422
    assert "Nothing has failed" in anna.get("/failures").text


def test_nothing_in_a_reason_or_a_title_becomes_part_of_the_page(site: Site, anna: httpx.Client) -> None:
    fail(site, document(site, EVIL), EVIL)
    key = site.db.run_now(failures.groups)[0].key
    for page in ("/failures", f"/failures/{key}", f"/failures/again?cause={key}"):
        shown = anna.get(page).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "&lt;script&gt;" in shown
