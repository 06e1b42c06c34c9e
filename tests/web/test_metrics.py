"""The figures: who may read them, that they are right, and that they go on over a new start."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sidecar.domain.job import Kind
from sidecar.store import ledger, queue
from sidecar.store.ledger import Call
from sidecar.store.transaction import Transaction, durable
from sidecar.web.counters import Counters
from tests.web.conftest import Site, Stage, until

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=2)
LEASE = timedelta(seconds=180)
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def figures(site: Site, scope: str = "read") -> Figures:
    said = site.machine(scope).get("/metrics")
    assert said.status_code == 200
    assert said.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(said.text)
        for sample in family.samples
    }


def value(found: Figures, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def done(site: Site, document: int, at: datetime, *, model: str = "practice") -> None:
    """A job that ended at some time, after one call to a model."""
    site.db.run_now(queue.enqueue, document, Kind.TAGGING, priority=10, now=at)
    job = site.db.run_now(queue.claim, Kind.TAGGING, owner="me", now=at, lease=LEASE)
    assert job is not None
    call = Call("tagging", model, 100, 20, "answered", 1.5, "host", 0.25)
    site.db.run_now(ledger.record, job, call, now=at)
    site.db.run_now(queue.succeed, job, changed=True, summary="Done.", now=at)


@durable
def forget_everything(tx: Transaction) -> None:
    tx.run("DELETE FROM ledger")
    tx.run("DELETE FROM job")


def test_strangers_get_nothing_unless_the_owner_says_so(stage: Stage) -> None:
    closed = stage.open()
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        said = closed.client(headers=headers).get("/metrics")
        assert (said.status_code, said.headers["www-authenticate"]) == (401, "Bearer")
        assert "sidecar_" not in said.text
    assert closed.person("anna").get("/metrics").status_code == 200


def test_a_token_for_figures_opens_figures_alone(site: Site) -> None:
    assert figures(site, "metrics")
    client = site.machine("metrics")
    assert "why" not in client.get("/readyz").text
    assert (client.get("/api/jobs").status_code, client.get("/").status_code) == (403, 403)


def test_open_figures_need_no_token(stage: Stage) -> None:
    assert "sidecar_build_info" in stage.open(metrics_open=True).client().get("/metrics").text


def test_waiting_and_ended_jobs_calls_tokens_and_money_are_those_of_the_store(site: Site) -> None:
    site.db.run_now(queue.enqueue, 90, Kind.OCR, priority=10, now=LONG_AGO)
    done(site, 1, LONG_AGO)
    done(site, 2, LONG_AGO)
    found = figures(site)
    assert value(found, "sidecar_jobs", kind="ocr", state="ready") == 1
    assert value(found, "sidecar_jobs", kind="tagging", state="running") == 0
    assert ("sidecar_jobs", frozenset({("kind", "undo"), ("state", "review")})) in found, "zeros are told too"
    assert value(found, "sidecar_oldest_waiting_seconds") == pytest.approx(2 * 86400, rel=0.1)
    assert value(found, "sidecar_jobs_finished_total", kind="tagging", state="succeeded") == 2
    names = {"model": "practice", "purpose": "tagging"}
    assert value(found, "sidecar_model_calls_total", **names, outcome="answered") == 2
    assert value(found, "sidecar_model_tokens_total", **names, direction="input") == 200
    assert value(found, "sidecar_model_tokens_total", **names, direction="output") == 40
    assert value(found, "sidecar_model_cost_total", **names) == pytest.approx(0.5)


def test_counters_go_on_over_a_new_start_and_never_fall_when_old_jobs_are_forgotten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.web.counters.SETTLED", timedelta(0))
    first = stage.open()
    done(first, 1, LONG_AGO)
    assert value(figures(first), "sidecar_jobs_finished_total", kind="tagging", state="succeeded") == 1
    done(first, 2, datetime.now(UTC))  # seen by no look before the end, as before a kill
    stage.close()
    second = stage.open()
    done(second, 3, datetime.now(UTC))
    assert value(figures(second, "work"), "sidecar_jobs_finished_total", kind="tagging", state="succeeded") == 3
    second.db.run_now(forget_everything)
    assert value(figures(second), "sidecar_jobs_finished_total", kind="tagging", state="succeeded") == 3
    assert value(figures(second), "sidecar_model_cost_total", model="practice", purpose="tagging") == 0.75


def test_a_damaged_file_of_sums_costs_the_sums_and_nothing_else(stage: Stage) -> None:
    stage.folder.joinpath("store").mkdir(exist_ok=True)
    stage.folder.joinpath("store", "metrics.json").write_text('{"store": 1')
    site = stage.open()
    done(site, 1, LONG_AGO)
    assert value(figures(site), "sidecar_jobs_finished_total", kind="tagging", state="succeeded") == 1


def test_two_that_look_at_once_count_nothing_twice(site: Site) -> None:
    for document in range(1, 4):
        done(site, document, LONG_AGO)
    counters = Counters(site.db, site.parts.settings.data_dir / "sums.json")

    async def look_twice() -> None:
        await asyncio.gather(counters.look(NOW), counters.look(NOW))

    site.do(look_twice())
    figures_now = {one.name: one.values for one in site.do(counters.look(NOW))}
    assert figures_now["sidecar_jobs_finished_total"] == {("tagging", "succeeded"): 3}


def test_models_with_ever_new_names_do_not_make_ever_more_figures(site: Site) -> None:
    for number in range(40):
        done(site, number + 1, LONG_AGO, model=f"model-{number}")
    found = figures(site)
    models = {dict(labels)["model"] for name, labels in found if name == "sidecar_model_calls_total"}
    assert len(models) <= 31
    assert "others" in models


def test_work_is_counted_while_it_is_done(stage: Stage) -> None:
    site = stage.open(worker=True)
    before = figures(site)
    number = site.archive.add_document(
        b"".join([_pdf()]), title="scan", content="", tags=("auto-ocr", "auto-tag"), original_file_name="scan.pdf"
    )
    until(lambda: {"auto-ocr-done", "auto-tagged"} <= site.archive.tag_names(number))
    until(lambda: value(figures(site), "sidecar_jobs", kind="tagging", state="running") == 0)
    found = figures(site)

    def grew(name: str, **labels: str) -> float:
        return value(found, name, **labels) - value(before, name, **labels)

    assert grew("sidecar_job_duration_seconds_count", kind="ocr") == 1
    assert grew("sidecar_job_duration_seconds_count", kind="tagging") == 1
    pages = sum(grew("sidecar_pages_total", **dict(labels)) for name, labels in found if name == "sidecar_pages_total")
    assert pages == 1
    assert grew("sidecar_paperless_requests_total", method="GET", status="200") > 3
    assert grew("sidecar_model_seconds_count", model="practice") >= 1
    assert value(found, "sidecar_working") == 1
    assert value(found, "sidecar_provider_parked", provider="paperless") == 0
    assert 0 <= value(found, "sidecar_poll_age_seconds") < 60
    (version,) = [dict(labels)["version"] for name, labels in found if name == "sidecar_build_info"]
    assert re.match(r"\d+\.\d+", version)


def _pdf() -> bytes:
    from sidecar.practice.samples import text_pdf  # noqa: PLC0415

    return text_pdf(["Ambervale Energy. Please pay 84.20 EUR for electricity by the end of May."])
