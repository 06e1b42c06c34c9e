"""The API: what a machine may ask, in which scope, and how it is told what went wrong."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.dependencies.models import Dependant

from sidecar.domain.job import Kind
from sidecar.domain.page import PageText
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.practice.samples import text_pdf
from sidecar.store import journal, listing, pages, queue
from sidecar.store.transaction import Transaction, durable
from sidecar.web.app import bare_app
from sidecar.web.site import Site as WebSite
from tests.web.conftest import Site, Stage, csrf, until
from tests.web.hostile import routes

NOW = datetime.now(UTC)
LEASE = timedelta(seconds=180)
#: What strangers may ask, and what they are told where no worker runs.
OPEN = {"/healthz": 200, "/readyz": 503, "/api/webhook": 404}


def document(site: Site) -> int:
    return site.archive.add_document(text_pdf(["A letter"]), title="scan", content="A letter")


def failed(site: Site, document_id: int) -> int:
    """A job that was given up."""
    site.db.run_now(queue.enqueue, document_id, Kind.TAGGING, priority=10, now=NOW)
    job = site.db.run_now(queue.claim, Kind.TAGGING, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    site.db.run_now(queue.doom, job, reason="The model answered nonsense.", now=NOW)
    site.db.run_now(queue.fail, job, now=NOW)
    return job.id


def test_a_job_is_asked_for_looked_at_moved_up_and_withdrawn(site: Site) -> None:
    machine, number = site.machine("work"), document(site)
    made = machine.post("/api/jobs", json={"document_id": number, "kind": "ocr", "priority": 20})
    assert made.status_code == 202
    job = made.json()["job_id"]
    assert site.archive.tag_names(number) == {"auto-ocr"}
    assert machine.post("/api/jobs", json={"document_id": number, "kind": "ocr"}).json()["job_id"] is None
    shown = machine.get(f"/api/jobs/{job}").json()
    assert (shown["job"]["state"], shown["job"]["priority"]) == ("ready", 0)
    assert machine.post(f"/api/jobs/{job}/priority", json={"priority": 30}).status_code == 200
    assert machine.get(f"/api/jobs/{job}").json()["job"]["priority"] == 30
    assert machine.post(f"/api/jobs/{job}/cancel").status_code == 200
    shown = machine.get(f"/api/jobs/{job}").json()
    assert shown["job"]["state"] == "cancelled"
    assert shown["events"][-1]["text"] == "Withdrawn by work."
    assert site.archive.tag_names(number) == set()


def test_a_failed_job_is_asked_for_again_and_a_waiting_one_is_not(site: Site) -> None:
    machine, number = site.machine("work"), document(site)
    job = failed(site, number)
    again = machine.post(f"/api/jobs/{job}/retry")
    assert again.status_code == 202
    said = machine.post(f"/api/jobs/{again.json()['job_id']}/retry")
    assert said.status_code == 409
    assert "only failed and cancelled jobs" in said.json()["detail"]
    said = machine.post(f"/api/jobs/{job}/retry", json={"pages": [1]})
    assert "reads no pages" in said.json()["detail"]


def test_jobs_are_listed_by_state_kind_and_document_page_after_page(site: Site) -> None:
    machine = site.machine("read")
    for number in range(1, 6):
        site.db.run_now(queue.enqueue, number, Kind.OCR, priority=10, now=NOW)
    job = failed(site, 3)
    assert [one["id"] for one in machine.get("/api/jobs?state=failed").json()["jobs"]] == [job]
    assert len(machine.get("/api/jobs?state=failed&state=ready").json()["jobs"]) == 6
    assert {one["kind"] for one in machine.get("/api/jobs?document=3").json()["jobs"]} == {"ocr", "tagging"}
    assert len(machine.get("/api/jobs?document=3&kind=ocr").json()["jobs"]) == 1
    first = machine.get("/api/jobs?limit=4").json()
    assert [one["id"] for one in first["jobs"]] == [6, 5, 4, 3]
    rest = machine.get(f"/api/jobs?limit=4&before={first['next_before']}").json()
    assert [one["id"] for one in rest["jobs"]] == [2, 1]
    assert rest["next_before"] is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/jobs/99", None),
        ("POST", "/api/jobs/99/cancel", None),
        ("POST", "/api/jobs/99/retry", None),
        ("POST", "/api/jobs/99/priority", {"priority": 1}),
        ("POST", "/api/jobs", {"document_id": 99}),
        ("GET", "/api/nothing", None),
    ],
)
def test_what_is_not_there_is_404(site: Site, method: str, path: str, body: dict[str, int] | None) -> None:
    said = site.machine("admin").request(method, path, json=body)
    assert said.status_code == 404
    assert said.headers["content-type"] == "application/problem+json"
    assert said.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "about"),
    [
        ("GET", "/api/jobs?state=lost", None, "state"),
        ("GET", "/api/jobs?limit=0", None, "limit"),
        ("GET", "/api/jobs/0", None, "job_id"),
        ("GET", "/api/jobs/9999999999999", None, "job_id"),
        ("POST", "/api/jobs", {"document_id": "x"}, "document_id"),
        ("POST", "/api/jobs", {"document_id": 1, "kindd": "ocr"}, "kindd"),
        ("POST", "/api/queue/clear", {"older_than_days": 0}, "older_than_days"),
        ("POST", "/api/queue/pause", {"kinds": ["sleep"]}, "kinds"),
    ],
)
def test_a_wrong_value_is_said_in_words(site: Site, method: str, path: str, body: object, about: str) -> None:
    said = site.machine("admin").request(method, path, json=body)
    assert said.status_code == 422
    assert about in said.json()["detail"]


@durable
def broken(tx: Transaction) -> None:
    tx.run("ALTER TABLE event RENAME TO event_gone")


def test_trouble_with_the_store_is_500_in_words(site: Site) -> None:
    machine = site.machine("read")
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    site.db.run_now(broken)
    said = machine.get("/api/jobs/1")
    assert said.status_code == 500
    assert "cannot be used" in said.json()["detail"]


def test_a_paperless_that_is_away_is_503(stage: Stage) -> None:
    site = stage.open()
    machine, number = site.machine("work"), document(site)
    stage.archive.stop()
    said = machine.post("/api/jobs", json={"document_id": number})
    assert said.status_code == 503
    assert "cannot be reached" in said.json()["detail"]


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "/api/queue", 200),
        ("read", "POST", "/api/jobs/1/cancel", 403),
        ("read", "POST", "/api/queue/pause", 403),
        ("work", "POST", "/api/queue/pause", 403),
        ("work", "POST", "/api/queue/poll", 503),
        ("admin", "POST", "/api/queue/pause", 200),
    ],
)
def test_a_token_may_do_what_its_scope_says(site: Site, scope: str, method: str, path: str, status: int) -> None:
    assert site.machine(scope).request(method, path).status_code == status


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic YWRtaW46YWRtaW4=", "Token practice-token"])
def test_a_wrong_token_is_401(site: Site, header: str) -> None:
    said = site.client(headers={"Authorization": header}).get("/api/queue")
    assert said.status_code == 401
    assert said.headers["www-authenticate"] == "Bearer"


def test_every_endpoint_is_closed_to_strangers(site: Site) -> None:
    app = bare_app(WebSite(site.parts, site.present))
    paths = app.openapi()["paths"]
    stranger = site.client()
    for path, methods in paths.items():
        for method in methods:
            said = stranger.request(method, path.replace("{job_id}", "1").replace("{document_id}", "1"), json={})
            assert said.status_code == OPEN.get(path, 401), (method, path)


def test_a_person_steers_by_the_api_with_the_pages_token_alone(site: Site, anna: httpx.Client) -> None:
    job = failed(site, document(site))
    assert anna.get("/api/queue").status_code == 200
    assert anna.post(f"/api/jobs/{job}/retry").status_code == 403
    assert anna.post(f"/api/jobs/{job}/retry", headers={"X-CSRF-Token": csrf(anna)}).status_code == 202
    assert anna.post("/api/queue/pause", headers={"X-CSRF-Token": csrf(anna)}).status_code == 403, "not staff"


def test_staff_pauses_a_kind_and_the_worker_leaves_it_alone_until_it_goes_on(stage: Stage) -> None:
    site = stage.open(worker=True)
    boss, number = site.machine("admin"), document(site)
    assert boss.post("/api/queue/pause", json={"kinds": ["tagging"]}).json()[0]["kind"] == "tagging"
    job = boss.post("/api/jobs", json={"document_id": number, "kind": "tagging"}).json()["job_id"]
    other = boss.post("/api/jobs", json={"document_id": number, "kind": "ocr"}).json()["job_id"]
    until(lambda: boss.get(f"/api/jobs/{other}").json()["job"]["state"] == "succeeded")
    assert boss.get(f"/api/jobs/{job}").json()["job"]["state"] == "ready"
    assert boss.post("/api/queue/resume").json() == []
    until(lambda: boss.get(f"/api/jobs/{job}").json()["job"]["state"] == "succeeded")


def test_the_queue_tells_how_it_stands(site: Site) -> None:
    failed(site, 3)
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    told = site.machine("read").get("/api/queue").json()
    assert told["unfinished"] == [{"state": "ready", "kind": "ocr", "jobs": 1}]
    assert told["ended"] == [{"state": "failed", "kind": "tagging", "jobs": 1}]
    assert told["open_failures"] == 1
    assert told["oldest_waiting_at"].startswith(f"{NOW:%Y-%m-%dT%H:%M}")
    assert sum(hour["failed"] for hour in told["hours"]) == 1
    assert not told["working"]


def test_a_job_of_a_dead_machine_is_taken_back_on_demand(stage: Stage) -> None:
    site = stage.open(worker=True, llm_model="")
    boss = site.machine("admin")
    boss.post("/api/queue/pause")
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    boss.post("/api/queue/resume")
    told = {"jobs": 0, "left": 0, "until": None, "said": "Taken back: 0 jobs."}
    assert boss.post("/api/queue/release-stalled").json() == told


def test_old_jobs_are_forgotten_and_young_ones_are_kept(site: Site) -> None:
    failed(site, 3)
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    machine = site.machine("admin")
    assert machine.post("/api/queue/clear", json={"older_than_days": 1}).json() == {"rows": 0, "more": False}
    site.db.run_now(_aged)
    assert machine.post("/api/queue/clear", json={"older_than_days": 1}).json()["rows"] == 1
    assert machine.get("/api/jobs?state=failed").json()["jobs"] == []


@durable
def _aged(tx: Transaction) -> None:
    tx.run("UPDATE job SET finished_at = finished_at - 200000 WHERE finished_at IS NOT NULL")


def test_a_document_tells_what_was_written_and_what_was_read(site: Site) -> None:
    site.db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    job = site.db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    page = PageText(1, "<script>alert(1)</script>", "tesseract", 93.5, 1.0, "It was read well.")
    site.db.run_now(pages.checkpoint, job, "key", page, total=1, now=NOW, lease=LEASE)
    delta = TagDelta(frozenset(), frozenset({1}))
    proposal = Proposal({"content": "old"}, {"content": "new"}, delta)
    plan = Plan(write={"content": "new"}, conflicts=(), delta=delta, old={"content": "old"})
    site.db.run_now(journal.intend, job, proposal, plan, now=NOW)
    machine = site.machine("read")
    (write,) = machine.get("/api/documents/5/write-backs").json()
    assert (write["old"], write["written"], write["state"]) == ({"content": "old"}, {"content": "new"}, "intended")
    (read,) = machine.get("/api/documents/5/pages").json()
    assert (read["text"], read["confidence"], read["reason"]) == (page.text, 93.5, "It was read well.")
    assert machine.get("/api/documents/6/pages").json() == []


def test_the_description_names_every_answer_and_the_page_shows_it(site: Site, anna: httpx.Client) -> None:
    described = site.machine("read").get("/api/openapi.json").json()
    assert described["servers"] == [{"url": "/"}]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if path not in {*OPEN, "/metrics"}:
                takes_values = path != "/api/events"
                assert {"401", "403", "500", *(["422"] if takes_values else [])} <= set(operation["responses"]), (
                    method,
                    path,
                )
                assert "application/problem+json" in operation["responses"]["401"]["content"]
    page = anna.get("/api/docs").text
    assert "/api/jobs/{job_id}/retry" in page
    assert "http://cdn" not in page


def test_a_token_that_is_used_says_so_and_one_that_was_revoked_is_worth_nothing(site: Site) -> None:
    from sidecar.store import api_tokens  # noqa: PLC0415

    machine = site.machine("read")
    machine.get("/api/queue")
    (token,) = site.db.run_now(api_tokens.tokens)
    assert token.used_at is not None
    site.db.run_now(api_tokens.revoke, token.id)
    assert machine.get("/api/queue").status_code == 401


def test_an_undo_of_certain_jobs_is_asked_for_again_as_that_and_without_its_tag(site: Site) -> None:
    number = document(site)
    first = site.db.run_now(queue.enqueue, number, Kind.UNDO, priority=0, now=NOW, ask=[3, 5])
    assert first is not None
    site.db.run_now(queue.withdraw, first, reason="Not now.", now=NOW)
    again = site.machine("work").post(f"/api/jobs/{first}/retry").json()
    job = site.db.run_now(listing.job, again["job_id"])
    assert job is not None
    assert (job.kind, job.ask) == (Kind.UNDO, (3, 5))
    assert site.archive.tag_names(number) == set()


def test_an_undo_of_certain_jobs_is_withdrawn_while_it_waits_and_not_once_it_runs(site: Site) -> None:
    number, worker = document(site), site.machine("work")
    first = site.db.run_now(queue.enqueue, number, Kind.UNDO, priority=0, now=NOW, ask=[3])
    assert worker.post(f"/api/jobs/{first}/cancel").status_code == 200
    second = site.db.run_now(queue.enqueue, number, Kind.UNDO, priority=0, now=NOW, ask=[3])
    assert site.db.run_now(queue.claim, Kind.UNDO, owner="me", now=NOW, lease=timedelta(seconds=180)) is not None
    said = worker.post(f"/api/jobs/{second}/cancel")
    assert (said.status_code, "cannot be stopped" in said.json()["detail"]) == (409, True)
    assert [one for one in site.archive.requests() if one.method != "GET" and "bulk_edit" in one.path] == []


def test_every_endpoint_stands_in_the_documentation_with_its_scope(site: Site) -> None:
    said = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([A-Z]+ /\S+)` \| ([^|]+) \|", said, flags=re.MULTILINE))
    paths = bare_app(WebSite(site.parts, site.present)).openapi()["paths"]
    assert set(told) == {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    for route in routes():
        for needed in map(_scope, route.dependant.dependencies):
            for method in route.methods or () if needed and route.include_in_schema else ():
                assert told[f"{method} {route.path}"] == needed, route.path


def _scope(dependency: Dependant) -> object:
    """The scope that `who.Reader` and its kind ask for; None for another parameter."""
    call = dependency.call
    return inspect.getclosurevars(call).nonlocals.get("scope") if inspect.isfunction(call) else None
