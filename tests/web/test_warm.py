"""After the start the dashboard makes ready what the first page would wait for, and asks nobody outside for it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import NoReturn

import jinja2
import pytest

from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.store.transaction import Transaction, durable
from sidecar.web import warm
from tests.web.conftest import Stage, until

PAGES = ("/", "/jobs", "/jobs/1", "/reviews", "/failures", "/spending", "/prompts", "/settings", "/tokens", "/api/docs")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(warm, "AFTER_S", 0.0)
    caplog.set_level(logging.DEBUG, "sidecar.web.warm")


def too_late(*_: object, **__: object) -> NoReturn:
    raise AssertionError("that should have been done at the start")


def test_nothing_is_compiled_or_described_when_somebody_comes(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = stage.open()
    until(lambda: "is warm" in caplog.text)
    assert "left to the first page" not in caplog.text
    assert site.archive.requests() == []
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=datetime.now(UTC))
    monkeypatch.setattr(jinja2.Environment, "compile", too_late)
    monkeypatch.setattr("fastapi.applications.get_openapi", too_late)
    boss = site.person("admin", "admin")
    assert {page: boss.get(page).status_code for page in PAGES} == dict.fromkeys(PAGES, 200)


@durable
def lose_calls(tx: Transaction) -> None:
    tx.run("DROP TABLE ledger")


def test_what_cannot_be_read_is_left_to_the_first_page(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.open().db.run_now(lose_calls)
    stage.close()
    caplog.clear()
    site = stage.open()
    until(lambda: "is warm" in caplog.text)
    assert "left to the first page" in caplog.text
    assert site.person("anna").get("/jobs").status_code == 200
