"""Rights lost in Paperless count during a session too, and an outage of Paperless does not lock people out at once."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from sidecar.practice.archive_users import change_user, delete_user
from sidecar.practice.faults import Answer, Fault
from sidecar.web import rights
from tests.web.conftest import RIGHTS, Site, Stage, csrf

#: What the sidecar's own user may do where it is no administrator.
OWN = ("view_document", "change_document", "view_tag", "view_uisettings")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask before every request."""
    for name in ("BEFORE_ACT_S", "BEFORE_PAGE_S", "PAUSE_S"):
        monkeypatch.setattr(rights, name, -1.0)


def asked(site: Site) -> int:
    return sum("/api/users/" in exchange.path for exchange in site.archive.requests())


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("lost", ["switched off", "may no longer change documents", "deleted", "renamed"])
def test_who_may_not_come_in_any_more_is_out_in_all_browsers(site: Site, anna: httpx.Client, lost: str) -> None:
    elsewhere, state = site.person("anna"), site.archive.state
    assert anna.get("/").status_code == elsewhere.get("/").status_code == 200
    match lost:
        case "switched off":
            change_user(state, "anna", is_active=False)
        case "may no longer change documents":
            change_user(state, "anna", permissions=("view_document", "view_uisettings"))
        case "deleted":
            delete_user(state, "anna")
        case "renamed":
            state.rows("UPDATE users SET username = 'anne' WHERE username = 'anna'")
    assert anna.get("/").status_code == 303
    change_user(state, "anna", is_active=True, permissions=RIGHTS)
    assert elsewhere.get("/").status_code == 303, "the login itself is over"


@pytest.mark.usefixtures("at_once")
def test_who_is_no_longer_staff_may_do_what_others_may(site: Site) -> None:
    site.archive.add_user("sue", "sue-token", password="correct horse", permissions=RIGHTS, is_staff=True)
    sue = site.person("sue")
    token = csrf(sue)
    assert sue.post("/queue/ocr/pause", data={"csrf": token}).status_code == 303
    change_user(site.archive.state, "sue", is_staff=False)
    assert sue.post("/queue/ocr/resume", data={"csrf": token}).status_code == 403
    assert sue.get("/settings").status_code == 403
    assert sue.get("/").status_code == 200
    change_user(site.archive.state, "sue", is_staff=True)
    assert sue.get("/settings").status_code == 200


def test_who_is_no_longer_staff_keeps_it_in_no_browser_by_logging_in_elsewhere(stage: Stage) -> None:
    site = stage.open()
    site.archive.add_user("sue", "sue-token", password="correct horse", permissions=RIGHTS, is_staff=True)
    old = site.person("sue")
    token, cookies = csrf(old), dict(old.cookies)
    assert old.get("/settings").status_code == 200
    change_user(site.archive.state, "sue", is_staff=False)
    assert site.person("sue").get("/settings").status_code == 403
    assert old.get("/settings").status_code == 403
    assert old.post("/tokens", data={"csrf": token, "scope": "admin", "name": "x"}).status_code == 403
    stage.close()
    stage.archive.faults.replace([Fault("GET", "/api/users/", answer=Answer(503))])
    assert stage.open().client(cookies=cookies).get("/settings").status_code == 403, "the store knows it too"


def test_a_change_needs_a_younger_answer_than_a_page(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = csrf(anna)
    assert asked(site) == 0, "the login has just said so"
    monkeypatch.setattr(rights, "BEFORE_ACT_S", -1.0)
    anna.get("/jobs")
    assert asked(site) == 0
    change_user(site.archive.state, "anna", is_active=False)
    assert anna.post("/queue/poll", data={"csrf": token}).headers["location"] == "/login"
    assert asked(site) == 1


@pytest.mark.usefixtures("at_once")
def test_rights_of_a_group_count(site: Site) -> None:
    site.archive.add_user("ben", "ben-token", password="correct horse")
    assert site.person("ben").get("/").status_code == 200


@pytest.mark.usefixtures("at_once")
def test_while_paperless_is_away_what_it_said_holds_for_an_hour_and_then_no_longer(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = site.person("anna")
    token = csrf(elsewhere)
    site.archive.faults.replace([Fault("GET", "/api/users/", answer=Answer(503))])
    assert anna.get("/").status_code == 200
    monkeypatch.setattr(rights, "GRACE_S", -1.0)
    said = anna.get("/jobs")
    assert said.status_code == 503
    assert "cannot be asked whether you may still" in said.text
    assert anna.get("/login").status_code == 200
    assert elsewhere.post("/logout", data={"csrf": token}).status_code == 303
    assert "why" not in anna.get("/readyz").text, "nor are reasons for them"
    site.archive.faults.replace([])
    assert anna.get("/jobs").status_code == 200
    assert elsewhere.get("/jobs").status_code == 303, "one can leave in an outage too"


def test_the_hour_of_an_outage_begins_with_the_first_question_that_is_not_answered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [Fault("GET", "/api/users/", answer=Answer(503))]
    cookies, real, later = dict(site.person("anna").cookies), site.loop.time, 0.0
    monkeypatch.setattr(site.loop, "time", lambda: real() + later)

    def seen_after(hours: float) -> int:
        nonlocal later
        later += hours * 3600
        return site.client(cookies=cookies).get("/jobs").status_code

    site.archive.faults.replace(away)
    assert seen_after(2.0) == 200, "nobody looked for two hours, and Paperless is away since now"
    assert [seen_after(0.9), seen_after(0.2)] == [200, 503]
    site.archive.faults.replace([])
    assert seen_after(0.01) == 200
    site.archive.faults.replace(away)
    assert [seen_after(2.0), seen_after(0.9), seen_after(0.2)] == [200, 200, 503], "an answer ends an outage"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("body", "status"), [("<html>Forbidden by the proxy</html>", 200), ('{"detail": "You may not."}', 303)]
)
def test_only_paperless_itself_says_that_accounts_cannot_be_looked_at(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch, body: str, status: int
) -> None:
    monkeypatch.setattr(rights, "UNSEEN", timedelta(0))
    media = "application/json" if body.startswith("{") else "text/html"
    said = Answer(403, media, body)
    site.archive.faults.replace([Fault("GET", "/api/users/", answer=said)])
    assert anna.get("/").status_code == status
    if status == 200:
        monkeypatch.setattr(rights, "GRACE_S", -1.0)
        assert anna.get("/").status_code == 503, "a proxy that stands in the way is an outage"


def test_in_an_outage_pages_do_not_wait_for_paperless_each_time(
    site: Site, anna: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "BEFORE_PAGE_S", -1.0)
    site.archive.faults.replace([Fault("GET", "/api/users/", answer=Answer(503))])
    for _ in range(5):
        assert anna.get("/jobs").status_code == 200
    assert asked(site) == 1


def test_after_a_start_the_first_request_asks(stage: Stage) -> None:
    site = stage.open()
    cookies = dict(site.person("anna").cookies)
    stage.close()
    change_user(stage.archive.state, "anna", is_active=False)
    again = stage.open()
    assert again.client(cookies=cookies).get("/").status_code == 303


def test_after_a_start_in_an_outage_it_asks_as_soon_as_paperless_may_be_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "PAUSE_S", -1.0)
    cookies = dict(stage.open().person("anna").cookies)
    stage.close()
    anna = stage.open().client(cookies=cookies)
    stage.archive.faults.replace([Fault("GET", "/api/users/", answer=Answer(503))])
    assert anna.get("/").status_code == 200
    stage.archive.faults.replace([])
    change_user(stage.archive.state, "anna", is_active=False)
    assert anna.get("/").status_code == 303


def test_where_accounts_cannot_be_looked_at_a_login_holds_for_half_a_day(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BEFORE_ACT_S", "BEFORE_PAGE_S"):
        monkeypatch.setattr(rights, name, -1.0)
    stage.archive.add_user("sidecar", "own-token", permissions=OWN)
    site = stage.open(paperless_token="own-token")
    anna = site.person("anna")
    monkeypatch.setattr(rights, "GRACE_S", -1.0)
    assert anna.get("/").status_code == 200
    monkeypatch.setattr(rights, "UNSEEN", timedelta(0))
    assert anna.get("/").status_code == 303
