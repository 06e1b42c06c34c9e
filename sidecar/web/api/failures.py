"""Failures: why jobs were given up, and trying them again."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sidecar.desk import failures as desk
from sidecar.domain.job import Kind
from sidecar.store import failures
from sidecar.web.api.shapes import ERRORS, STEERING, Asked
from sidecar.web.site import Here
from sidecar.web.who import Reader, Worker

router = APIRouter(prefix="/api/failures", tags=["failures"])


class FailuresOut(BaseModel):
    """Jobs of one kind that failed with one cause and were not asked for again since."""

    key: str
    kind: Kind
    cause: str = Field(description="The reason without numbers, quoted names and addresses.")
    jobs: int
    last_at: datetime | None = Field(description="When one of them failed last.")
    examples: list[int] = Field(description="Numbers of some of the jobs, the newest first.")


class Cause(Asked):
    """Which failures are meant."""

    key: str | None = Field(None, pattern="^[0-9a-f]{16}$", description="The key of a cause; null for all there are.")


class AskedOut(BaseModel):
    """What became of it."""

    jobs: int = Field(description="New jobs, behind all other work.")
    gone: int = Field(description="Documents that are not in Paperless any more.")
    left: int = Field(description="Jobs that are left, since it took too long: ask again.")


@router.get("", responses=ERRORS)
async def groups(here: Here, _: Reader) -> list[FailuresOut]:
    """List why jobs failed that were not asked for again since, the most frequent cause first."""
    return [
        FailuresOut(
            key=group.key,
            kind=group.kind,
            cause=group.cause,
            jobs=group.jobs,
            last_at=group.last_at,
            examples=[job.id for job in group.examples],
        )
        for group in await here.db.run(failures.groups)
    ]


@router.post("/retry", status_code=202, responses=STEERING)
async def retry(here: Here, _: Worker, cause: Cause | None = None) -> AskedOut:
    """Ask once more for all jobs that failed with a cause, or for all that failed. No body means all."""
    done = await desk.retry_all(here.parts, await here.tags(), cause.key if cause else None, now=here.now())
    here.wake()
    return AskedOut(jobs=done.jobs, gone=done.gone, left=done.left)
