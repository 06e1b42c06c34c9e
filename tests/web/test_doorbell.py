"""Paperless rings: the sidecar looks at once, once for many rings, and believes nothing but a number."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sidecar.domain.job import Kind
from sidecar.paperless.doorbell import Workflows
from sidecar.practice.samples import text_pdf
from sidecar.store import queue
from sidecar.store.sqlite import SqliteDatabase
from sidecar.web import doorbell
from sidecar.web.doorbell import Doorbell
from tests.waiting import eventually
from tests.web.conftest import Site, Stage, until

SECRET = "a-secret-of-twenty-four"
LETTER = "Ambervale Energy\nInvoice\n2026-05-12\nTotal 84.20 EUR"


@pytest.fixture
def bell(stage: Stage) -> Site:
    """A sidecar that by itself looks once a day."""
    site = stage.open(worker=True, webhook_secret=SECRET, poll_interval_s=86400)
    until(lambda: polls(site))
    return site


def polls(site: Site) -> int:
    return sum("tags__id__in" in one.query for one in site.archive.requests() if one.path == "/api/documents/")


def ring(site: Site, number: object = 1, secret: str = SECRET, **options: Any) -> httpx.Response:
    return site.client().post("/api/webhook", headers={"X-Sidecar-Secret": secret}, json={"id": number}, **options)


def test_a_tag_put_on_in_paperless_rings_and_the_job_is_made_at_once(bell: Site) -> None:
    tags = bell.do(bell.parts.tags())
    wanted = bell.parts.bell(tags)
    assert wanted is not None
    bell.do(Workflows(bell.parts.paperless.http).put(replace(wanted, url=f"{bell.url}/api/webhook")))
    number = bell.archive.add_document(text_pdf([LETTER]), title="letter", content=LETTER)
    bell.archive.edit(number, add_tags=["auto-tag"])
    until(lambda: "auto-tagged" in bell.archive.tag_names(number))


async def rings(tmp_path: Path, *documents: int) -> tuple[Doorbell, asyncio.Queue[str]]:
    """Ring for the documents, beside a store in which document 77 has a job."""
    db, heard = SqliteDatabase(tmp_path / "sidecar.db"), asyncio.Queue[str]()
    db.migrate()
    now = datetime.now(UTC)
    await db.run(queue.enqueue, 77, Kind.TAGGING, priority=0, now=now)
    bell = Doorbell(db, lambda: heard.put_nowait("ring"))
    for number in documents:
        await bell.rung(number)
    return bell, heard


async def test_rings_in_a_row_are_one_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "AFTER_S", 3600.0)
    bell, heard = await rings(tmp_path, *range(1, 51))
    assert heard.qsize() == 1
    bell.close()


async def test_what_came_meanwhile_is_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "AFTER_S", 0.2)
    monkeypatch.setattr(doorbell, "SETTLE_S", 3600.0)
    bell, heard = await rings(tmp_path, 1, 2, 3)
    await heard.get()
    await heard.get()
    await asyncio.sleep(0.3)
    assert heard.empty()
    bell.close()


async def test_a_document_that_is_not_to_be_seen_yet_is_looked_for_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "SETTLE_S", 0.1)
    _, heard = await rings(tmp_path, 1)
    await heard.get()
    await heard.get()
    await asyncio.sleep(0.3)
    assert heard.empty()


async def test_a_ring_shortly_before_the_last_look_for_an_earlier_one_gets_a_last_look_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "AFTER_S", 0.1)
    monkeypatch.setattr(doorbell, "SETTLE_S", 0.4)
    bell, heard = await rings(tmp_path, 1)
    settles = bell._timers["settle"].when()
    async with asyncio.timeout(10):
        await eventually(lambda: "after" not in bell._timers, "what came meanwhile was looked for")
        await bell.rung(2)
        for _ in range(3):
            await heard.get()  # at once, at once, and the last look for the first
        await heard.get()
    assert asyncio.get_running_loop().time() >= settles + 0.4
    bell.close()


async def test_the_echo_of_own_writes_makes_no_round_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ECHO_S", 3600.0)
    bell, heard = await rings(tmp_path, 77, 77, 77)
    assert heard.empty()
    await bell.rung(78)
    assert heard.qsize() == 1, "another document is not held up by it"
    bell.close()


async def test_the_echo_is_looked_at_later_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ECHO_S", 0.1)
    monkeypatch.setattr(doorbell, "FRESH", 0.0)  # all three are of one moment, however slow the machine is
    _, heard = await rings(tmp_path, 77, 77, 77)
    await heard.get()
    await asyncio.sleep(0.2)
    assert heard.empty()


SENT: list[tuple[dict[str, Any], int]] = [
    ({"json": {"id": "12"}}, 204),
    ({"json": {"id": 12, "title": "<script>", "secret": "x", "url": "http://169.254.169.254/"}}, 204),
    ({"json": {"id": "12; DROP TABLE job"}}, 422),
    ({"json": {"id": True}}, 422),
    ({"json": {"id": -1}}, 422),
    ({"json": {"id": 10**30}}, 422),
    ({"json": {"id": "9" * 4000}}, 422),
    ({"json": [12]}, 422),
    ({"json": {}}, 422),
    ({"content": b"[" * 8000}, 422),
    ({"content": b"\xff\xfe"}, 422),
    ({"content": b""}, 422),
    ({"content": b'{"id": 12' + b" " * 9000 + b"}"}, 413),
]


def test_only_a_number_is_taken_and_nothing_is_told(bell_alone: Site) -> None:
    for options, status in SENT:
        said = bell_alone.client().post("/api/webhook", headers={"X-Sidecar-Secret": SECRET}, **options)
        assert said.status_code == status, options
        assert status != 204 or said.content == b""


@pytest.fixture
def bell_alone(stage: Stage) -> Site:
    return stage.open(webhook_secret=SECRET)


def test_who_does_not_know_the_secret_is_not_heard(bell_alone: Site) -> None:
    assert ring(bell_alone, secret="another-secret-of-24-ch").status_code == 401
    assert ring(bell_alone, secret="").status_code == 401
    assert bell_alone.client().post("/api/webhook", json={"id": 1}).status_code == 401
    assert bell_alone.machine("admin").post("/api/webhook", json={"id": 1}).status_code == 401
    assert bell_alone.client().get("/api/webhook").status_code == 405
    assert bell_alone.client().post(f"/api/webhook?secret={SECRET}", json={"id": 1}).status_code == 204


def test_without_a_secret_there_is_no_doorbell(site: Site) -> None:
    assert ring(site).status_code == 404
    assert ring(site, secret="").status_code == 404


def test_a_number_that_is_no_document_changes_nothing(bell: Site) -> None:
    before = polls(bell)
    assert ring(bell, 2**31 - 1).status_code == 204
    until(lambda: polls(bell) > before)
    assert bell.db.run_now(queue.unfinished) == set()
