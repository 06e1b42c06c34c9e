"""What the owner's programs may ask: settings without secrets, prompts, a trial that writes nothing, and tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.engines.prompts import NAMES
from sidecar.store import api_tokens
from tests.web.conftest import Site, Stage
from tests.web.test_prompts import document, purposes, snapshot


def test_settings_come_with_where_from_and_without_secrets(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_DAYS", "77")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    site = stage.open(llm_fallbacks="small@https://host/v1?key=buried-key")
    said = site.machine("admin").get("/api/settings")
    found = {one["name"]: one for one in said.json()}
    assert (found["KEEP_DAYS"]["value"], found["KEEP_DAYS"]["origin"]) == ("77", "environment")
    assert (found["OPENAI_API_KEY"]["value"], found["OPENAI_API_KEY"]["is_set"]) == (None, True)
    assert (found["VISION_API_KEY"]["value"], found["VISION_API_KEY"]["is_set"]) == (None, False)
    for secret in ("sk-very-secret", "practice-token", "buried-key"):
        assert secret not in said.text
    assert site.machine("work").get("/api/settings").status_code == 403


def test_prompts_are_listed_as_they_are_in_effect(stage: Stage, tmp_path: Path) -> None:
    own = tmp_path / "prompts"
    own.mkdir()
    (own / "tagging-repair.md.j2").write_text("Mend it: {{ problem }}")
    site = stage.open(prompts_dir=own)
    reader = site.machine("read")
    found = {one["name"]: one for one in reader.get("/api/prompts").json()}
    assert set(found) == set(NAMES)
    mine = found["tagging-repair.md.j2"]
    assert (mine["text"], mine["is_own"], mine["problem"]) == ("Mend it: {{ problem }}", True, None)
    (own / "tagging-repair.md.j2").write_text("{% broken")
    found = {one["name"]: one for one in reader.get("/api/prompts").json()}
    assert "broken at line 1" in found["tagging-repair.md.j2"]["problem"]
    assert all(one["problem"] is None for name, one in found.items() if name != "tagging-repair.md.j2")


def test_a_trial_says_how_a_document_would_be_filed_writes_nothing_and_counts(stage: Stage) -> None:
    site = stage.open(prices="practice: 10/10", tagging_budget_day="0.0001")
    number, worker = document(site), site.machine("work")
    before = snapshot(site, number)
    said = worker.post("/api/prompts/try", json={"document_id": number})
    assert said.status_code == 200, said.text
    fields = {one["field"]: one for one in said.json()["fields"]}
    assert (fields["title"]["stands"], fields["title"]["is_written"]) == ("scan_0001", True)
    assert fields["created"]["suggested"] == "2024-03-05"
    (call,) = said.json()["calls"]
    assert call["outcome"] == "answered"
    assert call["cost"] > 0
    assert snapshot(site, number) == before
    assert site.db.run_now(purposes) == [("suggest", number, 0)]
    spent = worker.post("/api/prompts/try", json={"document_id": number})
    assert (spent.status_code, "TAGGING_BUDGET_DAY" in spent.json()["detail"]) == (409, True)
    assert len(site.db.run_now(purposes)) == 1


def test_what_cannot_be_tried_is_said(stage: Stage) -> None:
    stage.archive.add_name("tags", "Private")
    site = stage.open(private_tags="Private", openai_base_url="https://model.example.org/v1")
    worker = site.machine("work")

    def tried(number: int) -> int:
        return worker.post("/api/prompts/try", json={"document_id": number}).status_code

    assert tried(4711) == 404
    assert tried(document(site, content=" ")) == 409
    assert tried(document(site, tags=("Private",))) == 409
    assert tried(0) == 422
    assert site.machine("read").post("/api/prompts/try", json={"document_id": 1}).status_code == 403
    assert site.db.run_now(purposes) == []


def test_a_token_is_made_shown_once_used_and_revoked(site: Site) -> None:
    admin = site.machine("admin")
    made = admin.post("/api/tokens", json={"name": " cron \n", "scope": "read"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    token, number = made.json()["token"], made.json()["id"]
    listed = admin.get("/api/tokens")
    assert token not in listed.text
    assert {"id": number, "name": "cron", "scope": "read"}.items() <= listed.json()[-1].items()
    machine = site.client(headers={"Authorization": f"Bearer {token}"})
    assert machine.get("/api/queue").status_code == 200
    assert admin.post(f"/api/tokens/{number}/revoke").status_code == 204
    assert machine.get("/api/queue").status_code == 401
    assert admin.post(f"/api/tokens/{number}/revoke").status_code == 404


def test_tokens_are_for_the_scope_admin_and_have_names(site: Site) -> None:
    admin, worker = site.machine("admin"), site.machine("work")
    before = site.db.run_now(api_tokens.tokens)
    assert worker.get("/api/tokens").status_code == 403
    assert worker.post("/api/tokens", json={"name": "x", "scope": "read"}).status_code == 403
    assert worker.post(f"/api/tokens/{before[0].id}/revoke").status_code == 403
    for wrong in (
        {"name": " \x00", "scope": "read"},
        {"name": "x", "scope": "all"},
        {"name": "x" * 101, "scope": "read"},
    ):
        assert admin.post("/api/tokens", json=wrong).status_code == 422
    assert len(site.db.run_now(api_tokens.tokens)) == len(before)
