"""The stream of events for machines: how the queue stands, sent whenever it is another."""

from __future__ import annotations

import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sidecar.domain.job import State
from sidecar.web.api.shapes import ERRORS, JobOut
from sidecar.web.site import Here, Site
from sidecar.web.who import Reader

router = APIRouter(prefix="/api", tags=["queue"])


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={**ERRORS, 200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}},
)
async def events(request: Request, here: Here, _: Reader) -> Response:
    """Send, as server-sent events in JSON, how many jobs there are of each state, what runs and what ended last.

    The first one comes at once, the next ones when something is another, at most one a second. The stream ends after
    ten minutes; ask again.
    """
    return here.live.stream("api", lambda: _told(here))


async def _told(here: Site) -> str:
    standing = await here.observer.look(here.now())
    jobs = {"running": standing.running, "ended": standing.ended}
    return json.dumps(
        {
            "unfinished": {
                state: standing.number(State(state)) for state in ("ready", "running", "scheduled", "review")
            },
            "open_failures": standing.open_failures,
            **{name: [JobOut.of(job).model_dump(mode="json") for job in found] for name, found in jobs.items()},
        }
    )
