"""Figures for Prometheus: for a token, or open to all where the owner says so (METRICS_OPEN)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sidecar.domain.job import UNFINISHED, Kind
from sidecar.observe import meter
from sidecar.observe.meter import Figure
from sidecar.store import statistics
from sidecar.web import who
from sidecar.web.ready import poll_age
from sidecar.web.site import Here, Site

router = APIRouter(tags=["health"])

_TEXT: dict[str, Any] = {"content": {"text/plain": {}}}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={
        200: {"description": "In the text format of Prometheus.", **_TEXT},
        401: {"description": "No good token, and METRICS_OPEN is not set.", **_TEXT},
        500: {"description": "The store cannot be used."},
    },
)
async def metrics(request: Request, here: Here) -> Response:
    """Give all figures in the text format of Prometheus."""
    if not here.parts.settings.metrics_open and await who.find(here, request) is None:
        said = "An API token is needed (sidecar token create prometheus --scope metrics), or METRICS_OPEN=true.\n"
        return PlainTextResponse(said, 401, {"WWW-Authenticate": "Bearer"})
    return Response(meter.written(await _figures(here)), media_type=meter.CONTENT_TYPE)


async def _figures(here: Site) -> list[Figure]:
    now = here.now()
    waiting = await here.db.run(statistics.unfinished)
    oldest = await here.db.run(statistics.oldest_waiting)
    return [
        *await here.counters.look(now),
        Figure(
            "sidecar_jobs", "gauge", "Jobs that are not over.", ("kind", "state"),
            {(kind, state): waiting.get((state, kind), 0) for kind in Kind for state in UNFINISHED},
        ),
        _one("sidecar_open_failures", "Jobs that failed and were not asked for again.",
             await here.db.run(statistics.open_failures)),
        _one("sidecar_oldest_waiting_seconds", "How long the oldest job that is ready waits; 0 if none is.",
             max((now - oldest).total_seconds(), 0.0) if oldest else 0.0),
        *_of_worker(here, now),
    ]  # fmt: skip


def _of_worker(here: Site, now: datetime) -> list[Figure]:
    sidecar = here.present.sidecar
    if sidecar is None:
        return [_one("sidecar_working", "1 while the worker works, 0 while it starts.", 0)]
    parked = sidecar.providers.parked
    names = [name for name in sidecar.providers.names if name != "model" or here.parts.settings.llm_model]
    age = poll_age(sidecar, now)
    return [
        _one("sidecar_working", "1 while the worker works, 0 while it starts.", 1),
        Figure(
            "sidecar_provider_parked", "gauge", "1 for a service that is left alone since it does not answer.",
            ("provider",), {(name,): float(name in parked) for name in names},
        ),
        _one("sidecar_poll_age_seconds", "Since Paperless was asked for tagged documents.", age.total_seconds()),
    ]  # fmt: skip


def _one(name: str, about: str, value: float) -> Figure:
    return Figure(name, "gauge", about, (), {(): value})
