"""The settings in effect and the tokens: for staff alone, with nothing on them that is secret."""

from __future__ import annotations

import re

import httpx
import pytest

from sidecar.desk.settings import in_words
from sidecar.domain.vocabulary import Names
from sidecar.store import api_tokens
from tests.web.conftest import Site, Stage, csrf
from tests.web.test_pages import EVIL


def row(page: str, name: str) -> str:
    found = re.search(rf"<tr>\s*<td class=\"title\"><code>{name}</code>.*?</tr>", page, re.DOTALL)
    assert found is not None, name
    return found[0]


def test_settings_are_shown_with_where_they_come_from_and_no_secret_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEP_DAYS", "77")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("TOKEN_LIMIT", "4000")
    site = stage.open(
        llm_fallbacks="small@https://host/v1?key=buried-key rpm=20 tpm=none", title_template=f"{{title}} {EVIL[:20]}"
    )
    boss = site.person("admin", "admin")
    page = boss.get("/settings").text
    assert all(word in row(page, "KEEP_DAYS") for word in ("77", "environment", '<code class="wrap">KEEP_DAYS<'))
    assert "Days for which finished jobs" in row(page, "KEEP_DAYS")
    assert "TOKEN_LIMIT" in row(page, "DOCUMENT_TOKENS")
    assert ">set<" in row(page, "OPENAI_API_KEY")
    assert ">not set<" in row(page, "VISION_API_KEY")
    assert "small@https://host/v1?… rpm=20 tpm=none" in row(page, "LLM_FALLBACKS")
    assert "default" in row(page, "LEASE_S")
    for secret in ("sk-very-secret", "practice-token", "buried-key"):
        assert secret not in page
    assert "<script>alert" not in page
    few = boss.get("/settings?only=set").text
    assert "KEEP_DAYS" in few
    assert "LEASE_S" not in few


def test_settings_and_tokens_are_for_staff(site: Site, anna: httpx.Client) -> None:
    for page in ("/settings", "/tokens", "/tokens/1/revoke"):
        assert anna.get(page).status_code == 403
        assert site.machine("work").get(page).status_code == 403
    assert "/settings" not in anna.get("/").text
    assert anna.post("/tokens", data={"csrf": csrf(anna), "name": "x", "scope": "admin"}).status_code == 403
    assert {one.name for one in site.db.run_now(api_tokens.tokens)} == {"work"}


def test_a_token_is_made_shown_once_used_and_revoked(site: Site, boss: httpx.Client) -> None:
    made = boss.post("/tokens", data={"csrf": csrf(boss), "name": " cron \n", "scope": "read"})
    token = re.search(r'<pre id="token"[^>]*>(sidecar_[\w-]+)</pre>', made.text)
    assert token is not None
    assert made.headers["cache-control"] == "no-store"
    assert token[1] not in boss.get("/tokens").text
    machine = site.client(headers={"Authorization": f"Bearer {token[1]}"})
    assert machine.get("/api/queue").status_code == 200
    number = site.db.run_now(api_tokens.tokens)[0].id
    assert "cron" in boss.get(f"/tokens/{number}/revoke").text
    assert machine.get("/api/queue").status_code == 200
    assert boss.post(f"/tokens/{number}/revoke", data={"csrf": csrf(boss)}).status_code == 303
    assert machine.get("/api/queue").status_code == 401
    assert boss.get(f"/tokens/{number}/revoke").status_code == 404


def test_a_token_without_a_name_or_with_a_scope_of_its_own_is_refused(site: Site, boss: httpx.Client) -> None:
    for wrong in (
        {"name": " \x00", "scope": "read"},
        {"name": "x", "scope": "all"},
        {"name": "x" * 101, "scope": "read"},
    ):
        assert boss.post("/tokens", data={"csrf": csrf(boss), **wrong}).status_code == 422
    assert not site.db.run_now(api_tokens.tokens)


def test_the_name_of_a_token_is_text(boss: httpx.Client) -> None:
    page = boss.post("/tokens", data={"csrf": csrf(boss), "name": EVIL, "scope": "read"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (True, "true"),
        (3.0, "3"),
        (("a", "b"), "a,b"),
        ((), ""),
        (frozenset({Names.TAGS}), "tags"),
        (
            (("m", "https://h/v1", None, 0), ("n", "http://i?key=1", 9, 8)),
            "m@https://h/v1 tpm=none,n@http://i?… rpm=9 tpm=8",
        ),
        ("https://h/v1?api=2", "https://h/v1?…"),
    ],
)
def test_values_are_shown_as_they_are_written(value: object, words: str) -> None:
    assert in_words(value) == words
