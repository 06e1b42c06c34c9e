"""Logging in with the Paperless account: who comes in, who does not, and what the cookie is worth."""

from __future__ import annotations

import httpx
import pytest
from typer.testing import CliRunner

from sidecar.cli.main import app
from tests.web.conftest import PASSWORD, Site, Stage, csrf


def test_nothing_is_open_but_the_sign_of_life_and_the_login(site: Site) -> None:
    stranger = site.client()
    assert stranger.get("/healthz").json() == {"status": "ok"}
    said = stranger.get("/")
    assert (said.status_code, said.headers["location"]) == (303, "/login")
    assert stranger.get("/?a=b").headers["location"] == "/login?next=/%3Fa%3Db"


def test_who_may_change_documents_comes_in_and_goes_on_to_where_they_wanted(site: Site) -> None:
    client = site.client()
    said = client.post("/login", data={"username": "anna", "password": PASSWORD, "next": "/jobs?state=failed"})
    assert (said.status_code, said.headers["location"]) == (303, "/jobs?state=failed")
    cookie = said.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie, "it came over an open line"
    assert "anna" in client.get("/").text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "jobs"])
def test_a_login_leads_to_no_other_site(site: Site, target: str) -> None:
    said = site.client().post("/login", data={"username": "anna", "password": PASSWORD, "next": target})
    assert said.headers["location"] == "/"


@pytest.mark.parametrize(
    ("name", "password", "status", "words"),
    [
        ("anna", "wrong", 401, "does not know this user name"),
        ("nobody", PASSWORD, 401, "does not know this user name"),
        ("guest", PASSWORD, 403, "may not change documents"),
        ("anna", "", 422, "Enter your user name"),
    ],
)
def test_who_does_not_come_in_is_told_why(site: Site, name: str, password: str, status: int, words: str) -> None:
    client = site.client()
    said = client.post("/login", data={"username": name, "password": password})
    assert said.status_code == status
    assert words in said.text
    assert password not in said.text.replace('"current-password"', "") or not password
    assert client.get("/").status_code == 303


def test_a_second_factor_is_asked_for_and_checked(site: Site) -> None:
    client = site.client()
    given = {"username": "mia", "password": PASSWORD}
    said = client.post("/login", data=given)
    assert "second factor too" in said.text
    assert 'name="code"' in said.text
    assert "refused this code" in client.post("/login", data={**given, "code": "000000"}).text
    assert client.post("/login", data={**given, "code": "123456"}).status_code == 303


def test_a_paperless_that_is_away_is_said_so_and_its_address_only_to_the_owner(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    site = stage.open()
    stage.archive.stop()
    said = site.client().post("/login", data={"username": "anna", "password": PASSWORD})
    assert said.status_code == 503
    assert "cannot be reached now" in said.text
    host = site.parts.settings.paperless_url.removeprefix("http://")
    assert host not in said.text
    assert host in caplog.text


def test_who_guesses_has_to_wait_and_paperless_is_not_asked_any_more(site: Site) -> None:
    client = site.client()
    for _ in range(5):
        assert client.post("/login", data={"username": "anna", "password": "wrong"}).status_code == 401
    site.archive.clear_requests()
    said = client.post("/login", data={"username": "anna", "password": PASSWORD})
    assert said.status_code == 429
    assert int(said.headers["retry-after"]) > 0
    assert site.archive.requests() == []


def test_paperless_own_throttle_is_passed_on(site: Site) -> None:
    site.archive.state.logins_a_minute = 0
    site.archive.state.logins[:] = [10.0**9]
    said = site.client().post("/login", data={"username": "anna", "password": PASSWORD})
    assert said.status_code == 429
    assert "Too many tries" in said.text


def test_a_logout_ends_the_session_for_whoever_copied_the_cookie(site: Site, anna: httpx.Client) -> None:
    thief = site.client(cookies=dict(anna.cookies))
    assert thief.get("/").status_code == 200
    assert anna.post("/logout", data={"csrf": csrf(anna)}).status_code == 303
    assert thief.get("/").status_code == 303


def test_the_owner_ends_logins_of_one_person_or_of_all(
    site: Site, anna: httpx.Client, boss: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = site.parts.settings
    for name, value in (("PAPERLESS_URL", s.paperless_url), ("PAPERLESS_TOKEN", "x"), ("DATA_DIR", str(s.data_dir))):
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(app, ["token", "logout", "--user", "anna"])
    assert (said.exit_code, said.output) == (0, "Logins ended: 1.\n")
    assert (anna.get("/").status_code, boss.get("/").status_code) == (303, 200)
    assert CliRunner().invoke(app, ["token", "logout"]).output == "Logins ended: 1.\n"
    assert boss.get("/").status_code == 303


def test_a_login_over_https_is_for_https_alone(stage: Stage) -> None:
    site = stage.open(web_trusted_proxies="127.0.0.1")
    said = site.client().post(
        "/login", data={"username": "anna", "password": PASSWORD}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" in said.headers["set-cookie"]


@pytest.mark.parametrize("header", ["Basic YWRtaW46YWRtaW4=", "Bearer of.the.proxy"])
def test_a_login_of_the_proxys_own_keeps_nobody_out_and_lets_nobody_in(site: Site, header: str) -> None:
    client = site.client(headers={"Authorization": header})
    assert client.get("/").status_code == 303
    assert client.post("/login", data={"username": "anna", "password": PASSWORD}).status_code == 303
    assert client.get("/").status_code == 200
    assert client.post("/queue/poll").status_code == 403, "the form's token is asked for as ever"


def test_a_proxy_that_is_not_trusted_says_nothing_of_the_line(site: Site) -> None:
    said = site.client().post(
        "/login", data={"username": "anna", "password": PASSWORD}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" not in said.headers["set-cookie"]


@pytest.mark.parametrize("stripped", [False, True])
def test_under_a_prefix_all_addresses_have_it_whether_the_proxy_takes_it_off_or_not(
    stage: Stage, stripped: bool
) -> None:
    site = stage.open(web_prefix="/sidecar")
    client = site.client()
    base = site.url.removesuffix("/sidecar") if stripped else site.url
    said = client.get(f"{base}/?a=b")
    assert said.headers["location"] == "/sidecar/login?next=/%3Fa%3Db"
    said = client.post(f"{base}/login", data={"username": "anna", "password": PASSWORD})
    assert said.headers["location"] == "/sidecar/"
    assert "Path=/sidecar" in said.headers["set-cookie"]
    page = client.get(f"{base}/login")
    assert "/sidecar/static/style." in client.get(f"{base}/nothing").text or page.status_code == 303
