"""None of many hostile requests gets a fault, a way in, a change, or an answer that does not bind the browser."""

# ruff: noqa: E501 - a row of a table is a line
from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from sidecar.domain.job import Kind
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import text_pdf
from sidecar.store import api_tokens, listing, pauses, queue
from sidecar.web import throttle
from tests.web.conftest import PASSWORD, RIGHTS, Site, Stage, csrf
from tests.web.hostile import ATTACKS, EVIL, Attack

NOW = datetime.now(UTC)
NO_HTTP = "Invalid HTTP request received."


@dataclass(frozen=True)
class Target:
    """A dashboard, those whose rights are abused, and what must stay as it is."""

    site: Site
    anna: httpx.Client
    csrf: str
    foreign_csrf: str
    metrics: str
    read: str
    admin: str
    before: list[Any] = field(default_factory=list)

    def headers(self, attack: Attack) -> dict[str, str]:
        """What is sent along in somebody's name."""
        cookie = {"Cookie": f"sidecar_session={self.anna.cookies['sidecar_session']}"}
        return {
            "stranger": {},
            "anna": cookie,
            "anna with token": {**cookie, "X-CSRF-Token": self.csrf},
            "crossed": {**cookie, "X-CSRF-Token": self.foreign_csrf},
            "metrics": {"Authorization": self.metrics},
            "read": {"Authorization": self.read},
            "admin": {"Authorization": self.admin},
        }[attack.who]

    def state(self) -> list[Any]:
        """All that an attack could change: jobs, pauses, tokens, and what was asked of the archive or stands in it."""
        db, archive = self.site.db, self.site.archive
        tokens = [(one.id, one.name, one.scope) for one in db.run_now(api_tokens.tokens)]
        changes = [one for one in archive.requests() if one.method != "GET" and one.path != "/api/token/"]
        return [
            db.run_now(listing.jobs, limit=100), db.run_now(pauses.paused), tokens, changes, archive.history(1), archive.tag_names(1),
        ]  # fmt: skip


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    patch = pytest.MonkeyPatch()
    patch.setattr(throttle, "FREE", 1_000_000)  # else the first wrong passwords would hide what the others do
    folder = tmp_path_factory.mktemp("hostile")
    with PracticeArchive(folder / "archive") as archive, PracticeModel() as model:
        archive.state.logins_a_minute = 1_000_000
        archive.add_user("anna", "anna-token", password=PASSWORD, permissions=RIGHTS)
        number = archive.add_document(text_pdf(["x"]), title="Letter", content="A letter")
        stage = Stage(archive, model, folder)
        site = stage.open()
        site.do(site.parts.tags())
        site.db.run_now(queue.enqueue, number, Kind.OCR, priority=10, now=NOW)
        job = site.db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=timedelta(seconds=180))
        assert job is not None
        site.db.run_now(queue.doom, job, reason="It is locked.", now=NOW)
        site.db.run_now(queue.fail, job, now=NOW)
        anna, boss = site.person("anna"), site.person("admin", "admin")
        keys = [site.machine(scope).headers["authorization"] for scope in ("metrics", "read", "admin")]
        target = Target(site, anna, csrf(anna), csrf(boss), *keys)
        target.before.extend(target.state())
        yield target
        stage.close()
    patch.undo()


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: dict[str, str]
    text: str


def send(target: Target, attack: Attack) -> Said:
    """Send a request exactly as it stands there; no client in between mends it."""
    where = urlsplit(target.site.url).netloc
    headers = {"Host": where, **target.headers(attack), **attack.headers}
    if attack.body is not None:
        headers.setdefault("Content-Length", str(len(attack.body)))
    lines = [f"{attack.method} {attack.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    sent = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + (attack.body or b"")
    return raw(where, sent, attack.method)


def raw(where: str, sent: bytes, method: str = "GET") -> Said:
    """Send bytes, and understand what comes back."""
    host, _, port = where.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        with contextlib.suppress(OSError):  # it may hang up while we still speak
            line.sendall(sent)
        try:
            return heard(http.client.HTTPResponse(line, method=method))
        except ConnectionResetError:  # it hung up before we had said it all
            return Said(400, {}, NO_HTTP)


def heard(answer: http.client.HTTPResponse) -> Said:
    """Read an answer; one that never ends is not read."""
    answer.begin()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    is_endless = headers.get("content-type", "").startswith("text/event-stream")
    return Said(answer.status, headers, "" if is_endless else answer.read().decode("utf-8", "replace"))


def assert_is_bound(said: Said) -> None:
    """What holds for every answer of ours; bytes that are no HTTP never come to us, and get one fixed sentence."""
    if said.text == NO_HTTP:
        assert said.status == 400
        return
    assert said.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert said.headers["x-content-type-options"] == "nosniff"
    assert said.headers["x-frame-options"] == "DENY"
    assert "server" not in said.headers
    assert said.headers["cache-control"] == "no-store" or said.status == 200
    assert not any(name.startswith("access-control") for name in said.headers)


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name.encode("ascii", "replace").decode() for attack in ATTACKS])
def test_it_comes_to_nothing(target: Target, attack: Attack) -> None:
    said = send(target, attack)
    assert said.status < 500 or (said.status == 503 and 503 in attack.right), said.text[:500]
    assert not attack.right or said.status in attack.right, (said.status, said.text[:300])
    assert_is_bound(said)
    assert "<script>alert" not in said.text
    assert str(31337 * 7) not in said.text
    assert EVIL not in said.headers.get("location", "").partition("?")[0]
    assert not said.headers.get("location", "/").startswith(("//", "/\\", "http", "javascript", "data"))
    assert {"x-evil", "x"}.isdisjoint(said.headers)
    assert "Secure" not in said.headers.get("set-cookie", ""), "a stranger said that it came over https"
    if "Host" in attack.name:
        assert EVIL not in said.text
    assert target.state() == target.before


def test_there_are_many(target: Target) -> None:
    assert len(ATTACKS) >= 1000
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n\r\n", b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cow\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /jobs HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nConnection: close\r\n\r\n",
        b"GET http://evil.example/jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n", b"GET jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_hardly_http_comes_to_nothing(target: Target, sent: bytes) -> None:
    said = raw(urlsplit(target.site.url).netloc, sent)
    assert said.status < 500
    assert_is_bound(said)
    assert EVIL not in said.text


def test_a_body_without_an_end_is_cut_off(target: Target) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    said = raw(urlsplit(target.site.url).netloc, head + chunk * 12)  # and never the end
    assert said.status == 413
    assert_is_bound(said)


def test_slow_senders_keep_nobody_waiting(target: Target) -> None:
    where = urlsplit(target.site.url)
    lines = [socket.create_connection((where.hostname or "", where.port or 0)) for _ in range(60)]
    try:
        for number, line in enumerate(lines):
            line.sendall(
                b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n" + (b"\r\nuser" if number % 2 else b"X-")
            )
        assert target.anna.get("/jobs").status_code == 200
        assert target.site.client().get("/healthz").status_code == 200
    finally:
        for line in lines:
            line.close()


def test_a_csrf_token_is_worth_nothing_after_its_login(target: Target) -> None:
    person = target.site.person("anna")
    cookie, token = person.cookies["sidecar_session"], csrf(person)
    assert person.post("/logout", data={"csrf": token}).status_code == 303
    before = target.state()
    said = target.site.client(cookies={"sidecar_session": cookie}).post("/jobs/1/retry", data={"csrf": token})
    assert said.headers["location"].startswith("/login")
    assert target.state() == before


def test_the_table_would_see_a_change(target: Target) -> None:
    before = target.state()
    machine = target.site.client(headers={"Authorization": target.admin})
    said = machine.post("/api/queue/pause", json={"kinds": ["undo"]})
    assert said.status_code == 200
    assert target.state() != before
    assert machine.post("/api/queue/resume", json={"kinds": ["undo"]}).status_code == 200
    assert target.state() == before
