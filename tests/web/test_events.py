"""The stream of events answers as the API's description says; what asks the others at random cannot read one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.store.transaction import Transaction, durable
from sidecar.web.api.events import StandingOut
from tests.web.conftest import Site
from tests.web.test_live import NOW, listening

PATH = "/api/events"


def described(site: Site) -> dict[str, Any]:
    """The answers that the description knows."""
    found = site.machine("read").get("/api/openapi.json").json()
    return dict(found["paths"][PATH]["get"]["responses"])


@durable
def lose_tokens(tx: Transaction) -> None:
    tx.run("DROP TABLE api_token")


def _broken(site: Site) -> httpx.Client:
    client = site.machine("read")
    site.db.run_now(lose_tokens)
    return client


#: Each status that it may answer with beside 200, and who gets it.
REFUSED: dict[str, Callable[[Site], httpx.Client]] = {
    "401": lambda site: site.client(headers={"Authorization": "Bearer wrong"}),
    "403": lambda site: site.machine("metrics"),
    "500": _broken,
}


def test_what_it_may_answer_is_all_tried_here(site: Site) -> None:
    assert set(described(site)) == {"200", *REFUSED}


@pytest.mark.parametrize("status", REFUSED)
def test_who_is_not_let_in_gets_a_problem_as_described(site: Site, status: str) -> None:
    (content,) = described(site)[status]["content"]
    with REFUSED[status](site).stream("GET", PATH) as said:
        body = httpx.Response(200, content=said.read()).json()
        assert (str(said.status_code), said.headers["content-type"]) == (status, content)
    assert {"title", "status", "detail"} <= set(body)
    assert body["status"] == int(status)


@pytest.mark.parametrize("query", ["", "?unknown=1", "?before=-1&kind=%00"])
def test_an_event_has_the_shape_that_is_described(site: Site, query: str) -> None:
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    reader = site.machine("read")
    with listening(reader, PATH + query) as heard:
        told = StandingOut.model_validate_json(next(heard), strict=True)
    assert told.unfinished.ready == 1
    assert told.running == told.ended == []
    assert list(described(site)["200"]["content"]) == ["text/event-stream"]


def test_it_answers_to_no_other_method(site: Site) -> None:
    admin = site.machine("admin")
    assert {admin.request(method, PATH).status_code for method in ("POST", "PUT", "DELETE", "PATCH")} == {405}
