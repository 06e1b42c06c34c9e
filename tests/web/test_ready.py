"""Whether the sidecar can work, and what strangers are told of it."""

from __future__ import annotations

from datetime import datetime

from sidecar.domain.errors import OutageError
from tests.web.conftest import Site, Stage, until


def checks(site: Site, *, known: bool = True) -> dict[str, dict[str, object]]:
    client = site.machine("read") if known else site.client()
    return {check["name"]: check for check in client.get("/readyz").json()["checks"]}


def test_it_is_ready_once_the_worker_works_and_says_no_reasons_to_strangers(stage: Stage) -> None:
    site = stage.open(worker=True)
    said = site.client().get("/readyz")
    assert said.status_code == 200
    assert said.json() == {
        "ready": True,
        "checks": [{"name": name, "ok": True} for name in ("paperless", "database", "models", "poll")],
    }
    assert {check["why"] for check in checks(site).values()} == {""}


def test_before_the_worker_works_it_is_not(site: Site) -> None:
    said = site.client().get("/readyz")
    assert said.status_code == 503
    assert not said.json()["ready"]
    found = checks(site)
    assert (found["paperless"]["ok"], found["database"]["ok"]) == (False, True)
    assert "waits for Paperless" in str(found["paperless"]["why"])
    assert "why" not in checks(site, known=False)["paperless"]


def test_who_is_away_is_named_with_why_and_since_when(stage: Stage) -> None:
    site = stage.open(worker=True)
    assert site.present.sidecar is not None
    well = datetime.fromisoformat(str(checks(site)["models"]["since"]))

    async def park(name: str) -> None:
        assert site.present.sidecar is not None
        site.present.sidecar.providers.park(OutageError(name, f"{name} hung up.", retry_after_s=600))

    site.do(park("model"))
    found = checks(site)
    assert {name for name, check in found.items() if not check["ok"]} == {"models"}
    assert found["models"]["why"] == "model hung up."
    away = datetime.fromisoformat(str(found["models"]["since"]))
    assert away > well
    assert datetime.fromisoformat(str(checks(site)["models"]["since"])) == away, "it stays so since then"
    site.do(park("paperless"))
    assert checks(site)["paperless"]["why"] == "paperless hung up."


def test_a_poll_that_is_late_and_a_store_that_is_gone_are_seen(stage: Stage) -> None:
    site = stage.open(worker=True)
    assert site.present.sidecar is not None
    poller = site.present.sidecar.poller
    until(lambda: checks(site)["poll"]["ok"])

    async def stop_polling() -> None:
        async def nothing() -> int:
            return 0

        poller.round = nothing  # type: ignore[method-assign]
        poller.polled_at = datetime(2020, 1, 1, tzinfo=poller.polled_at.tzinfo)

    site.do(stop_polling())
    until(lambda: not checks(site)["poll"]["ok"])
    assert "was last asked" in str(checks(site)["poll"]["why"])


def test_both_answer_to_head(stage: Stage) -> None:
    site = stage.open()
    for path, status in (("/healthz", 200), ("/readyz", 503)):
        said = site.client().head(path)
        assert (said.status_code, said.content) == (status, b"")
