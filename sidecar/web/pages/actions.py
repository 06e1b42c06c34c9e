"""What buttons do: each is a form that is sent, and leads back to the page it stood on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from sidecar.desk import jobs as desk
from sidecar.desk import queue as queue_desk
from sidecar.domain.job import Kind, Priority
from sidecar.web.api.shapes import LARGEST, Number
from sidecar.web.site import Here, Site, own_target
from sidecar.web.who import Admin, Worker

router = APIRouter(include_in_schema=False)

#: The address of the page that the button stood on.
Back = Annotated[str, Form(alias="back", max_length=2000)]


def _to(here: Site, back: str) -> Response:
    here.observer.forget()
    return RedirectResponse(here.shell.url(own_target(back)), 303)


@router.post("/jobs/{job_id}/retry")
async def retry(here: Here, _: Worker, job_id: Number, back: Back = "") -> Response:
    """Ask once more for a job, and show the new one."""
    done = await desk.retry(here.parts, await here.tags(), job_id, now=here.now())
    here.wake()
    return _to(here, f"/jobs/{done.job_id}" if done.job_id and back.startswith("/jobs/") else back)


@router.post("/jobs/{job_id}/pages/{page}/retry")
async def retry_page(here: Here, _: Worker, job_id: Number, page: Number, back: Back = "") -> Response:
    """Read one page anew."""
    done = await desk.retry(here.parts, await here.tags(), job_id, [min(page, LARGEST)], now=here.now())
    here.wake()
    return _to(here, f"/jobs/{done.job_id}" if done.job_id else back)


@router.post("/jobs/{job_id}/cancel")
async def cancel(here: Here, who: Worker, job_id: Number, back: Back = "") -> Response:
    """Withdraw a job."""
    await desk.cancel(here.parts, await here.tags(), job_id, reason=f"Withdrawn by {who.name}.", now=here.now())
    return _to(here, back)


@router.post("/jobs/{job_id}/first")
async def first(here: Here, who: Worker, job_id: Number, back: Back = "") -> Response:
    """Put a job before all others."""
    await desk.prioritize(here.parts, job_id, Priority.NOW, by_whom=who.name, now=here.now())
    return _to(here, back)


@router.post("/queue/poll")
async def poll(here: Here, _: Worker, back: Back = "") -> Response:
    """Look for tagged documents now."""
    here.worker().poller.ring()
    return _to(here, back)


@router.post("/queue/{kind}/pause")
async def pause(here: Here, who: Admin, kind: Kind, back: Back = "") -> Response:
    """Begin no more jobs of this kind."""
    await queue_desk.pause(here.parts, [kind], by_whom=who.name, now=here.now())
    return _to(here, back)


@router.post("/queue/{kind}/resume")
async def resume(here: Here, _: Admin, kind: Kind, back: Back = "") -> Response:
    """Begin jobs of this kind again."""
    await queue_desk.resume(here.parts, [kind])
    here.wake()
    return _to(here, back)
