"""What holds for every answer and every change: headers, our own pages only, our own files only."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.web.conftest import Site, csrf


@pytest.mark.parametrize("path", ["/healthz", "/login", "/", "/nothing", "/static/nothing.css", "/api/nothing"])
def test_every_answer_binds_the_browser(site: Site, path: str) -> None:
    headers = site.client().get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers
    assert headers["cache-control"] == "no-store"


def test_a_page_holds_no_script_and_no_style_of_its_own_and_nothing_from_elsewhere(anna: httpx.Client) -> None:
    page = anna.get("/").text
    assert not re.search(r"<style|style=|\son[a-z]+=|javascript:", page)
    assert all(re.match(r'<script src="/static/', script) for script in re.findall(r"<script[^>]*>", page))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_own_files_are_kept_for_ever_under_names_that_change_with_them(anna: httpx.Client) -> None:
    for address in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', anna.get("/").text)):
        said = anna.get(address)
        assert said.status_code == 200
        assert "immutable" in said.headers["cache-control"]
        assert re.search(r"\.[0-9a-f]{12}\.", address)
    assert anna.get("/static/style.css").status_code == 404
    assert anna.get("/static/..%2fapp.py").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_page_of_another_site_changes_anything(anna: httpx.Client, headers: dict[str, str]) -> None:
    token = csrf(anna)
    assert anna.post("/logout", data={"csrf": token}, headers=headers).status_code == 403
    assert anna.get("/").status_code == 200, "still logged in"
    assert anna.post("/login", data={"username": "a", "password": "b"}, headers=headers).status_code == 403


@pytest.mark.parametrize("sent", [{}, {"csrf": ""}, {"csrf": "0" * 64}])
def test_a_form_without_its_token_changes_nothing(anna: httpx.Client, sent: dict[str, str]) -> None:
    said = anna.post("/logout", data=sent)
    assert said.status_code == 403
    assert "Load it again" in said.text
    assert anna.get("/").status_code == 200


def test_a_body_that_is_too_large_is_not_taken(site: Site) -> None:
    said = site.client().post("/login", data={"username": "a", "password": "b" * 400_000})
    assert said.status_code == 413


def test_what_goes_wrong_is_a_page_for_people_and_json_for_machines(site: Site, anna: httpx.Client) -> None:
    page = anna.get("/nothing", headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"})
    assert page.status_code == 404
    assert "Unter dieser Adresse gibt es nichts." in page.text
    said = site.client().get("/api/nothing")
    assert said.headers["content-type"] == "application/problem+json"
    assert said.json() == {"title": "Not Found", "status": 404, "detail": "There is nothing at this address."}
