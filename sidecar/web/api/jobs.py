"""Jobs: ask for them, look at them, steer them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from sidecar.desk import jobs as desk
from sidecar.desk.jobs import Wish
from sidecar.domain.job import Kind, Priority, State
from sidecar.store import listing
from sidecar.web.api.shapes import ERRORS, LARGEST, STEERING, UNKNOWN, Asked, DoneOut, JobList, JobOut, JobStory, Number
from sidecar.web.site import Here
from sidecar.web.who import Reader, Worker

router = APIRouter(prefix="/api/jobs", tags=["jobs"])


class Order(Asked):
    """A document that is to be worked on."""

    document_id: int = Field(ge=1, le=LARGEST, strict=True)
    kind: Wish = Wish.BOTH
    priority: int = Field(int(Priority.NOW), ge=0, le=1000, strict=True, description="Smaller goes first.")


class Again(Asked):
    """What is to be done again."""

    pages: list[Annotated[int, Field(ge=1, le=LARGEST, strict=True)]] = Field(
        [], max_length=1000, description="Pages that are to be read anew, counted from 1; none for the whole job."
    )


class Place(Asked):
    """A place in the queue."""

    priority: int = Field(ge=0, le=1000, strict=True, description="Smaller goes first.")


@router.post("", status_code=202, responses=STEERING)
async def submit(order: Order, here: Here, _: Worker) -> DoneOut:
    """Ask for a document to be read, filed, or both. It is tagged in Paperless, as a person would do it."""
    tags = await here.tags()
    done = await desk.enqueue(
        here.parts, tags, order.document_id, order.kind.kinds, now=here.now(), priority=order.priority
    )
    here.wake()
    return DoneOut.of(done)


@router.get("", responses=ERRORS)
async def jobs(
    here: Here,
    _: Reader,
    state: Annotated[list[State], Query(max_length=10)] = [],  # noqa: B006 - FastAPI copies it
    kind: Kind | None = None,
    document: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobList:
    """List jobs, the newest first."""
    found = await here.db.run(
        listing.jobs, states=state, kind=kind, document_id=document, before=before, limit=limit + 1
    )
    more = len(found) > limit
    return JobList(jobs=[JobOut.of(job) for job in found[:limit]], next_before=found[limit - 1].id if more else None)


@router.get("/{job_id}", responses={**ERRORS, **UNKNOWN})
async def show(job_id: Number, here: Here, _: Reader) -> JobStory:
    """Show a job and its story."""
    job = await desk.existing(here.parts, job_id)
    return JobStory.of_job(job, await here.db.run(listing.story, job_id))


@router.post("/{job_id}/cancel", responses=STEERING)
async def cancel(job_id: Number, here: Here, who: Worker) -> DoneOut:
    """Withdraw a job. One that is running stops before it writes."""
    tags = await here.tags()
    return DoneOut.of(await desk.cancel(here.parts, tags, job_id, reason=f"Withdrawn by {who.name}.", now=here.now()))


@router.post("/{job_id}/retry", status_code=202, responses=STEERING)
async def retry(job_id: Number, here: Here, _: Worker, again: Again | None = None) -> DoneOut:
    """Ask once more for a job that failed or was cancelled, or for some pages of one that ended."""
    tags = await here.tags()
    done = await desk.retry(here.parts, tags, job_id, again.pages if again else (), now=here.now())
    here.wake()
    return DoneOut.of(done)


@router.post("/{job_id}/priority", responses=STEERING)
async def prioritize(job_id: Number, place: Place, here: Here, who: Worker) -> DoneOut:
    """Give a waiting job another place in the queue."""
    done = await desk.prioritize(here.parts, job_id, place.priority, by_whom=who.name, now=here.now())
    return DoneOut.of(done)
