"""The stream of events for machines: how the queue stands, sent whenever it is another."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sidecar.domain.job import State
from sidecar.web.api.shapes import ERRORS, JobOut
from sidecar.web.site import Here, Site
from sidecar.web.who import Reader

router = APIRouter(prefix="/api", tags=["queue"])


class Unfinished(BaseModel):
    """How many jobs there are of each state that is not over."""

    ready: int
    running: int
    scheduled: int
    review: int


class StandingOut(BaseModel):
    """How the queue stands: what an event holds."""

    unfinished: Unfinished
    open_failures: int = Field(description="Jobs that failed and were not asked for again.")
    running: list[JobOut]
    ended: list[JobOut] = Field(description="What ended last, the newest first.")


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        **{status: said for status, said in ERRORS.items() if status != 422},  # it takes no values
        200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    },
)
async def events(request: Request, here: Here, _: Reader) -> Response:
    """Send, as server-sent events in JSON, how many jobs there are of each state, what runs and what ended last.

    The first one comes at once, the next ones when something is another, at most one a second. The stream ends after
    ten minutes; ask again.
    """
    return here.live.stream("api", lambda: _told(here))


async def _told(here: Site) -> str:
    standing = await here.observer.look(here.now())
    return StandingOut(
        unfinished=Unfinished(**{state: standing.number(State(state)) for state in Unfinished.model_fields}),
        open_failures=standing.open_failures,
        running=[JobOut.of(job) for job in standing.running],
        ended=[JobOut.of(job) for job in standing.ended],
    ).model_dump_json()
