"""Undo: what it would write, and asking for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from sidecar.desk import jobs as jobs_desk
from sidecar.desk import undo as desk
from sidecar.desk.undo import Preview
from sidecar.web.api.shapes import LARGEST, STEERING, Asked, DoneOut, Number
from sidecar.web.site import Here
from sidecar.web.who import Reader, Worker

router = APIRouter(prefix="/api/documents", tags=["documents"])

JobId = Annotated[int, Field(ge=1, le=LARGEST)]


class Back(Asked):
    """What is to be taken back."""

    jobs: list[JobId] = Field([], max_length=100, description="Whose write-backs; none for all of the document.")


class PreviewOut(BaseModel):
    """What an undo would write into a document as it is now."""

    document_id: int
    gone: str | None = Field(description="Why there is nothing to write to: a sentence, if the document is gone.")
    old: Mapping[str, Any] = Field(description="What stands there now.")
    new: Mapping[str, Any] = Field(description="What would stand there.")
    remove_tags: list[int]
    kept: list[str] = Field(description="Fields that stay, since somebody changed them after the sidecar.")

    @classmethod
    def of(cls, seen: Preview) -> PreviewOut:
        """Return what is shown of it."""
        proposal = seen.proposal
        return cls(
            document_id=seen.document_id,
            gone=seen.gone or None,
            old=proposal.base,
            new=proposal.wanted,
            remove_tags=sorted(proposal.delta.remove),
            kept=list(seen.kept),
        )


@router.get("/{document_id}/undo", responses=STEERING)
async def preview(
    document_id: Number,
    here: Here,
    _: Reader,
    job: Annotated[list[JobId], Query(max_length=100)] = [],  # noqa: B006
) -> PreviewOut:
    """Say what taking back would write, of some jobs or of all; nothing is done."""
    jobs = await desk.writers(here.parts, document_id, job)
    return PreviewOut.of(await desk.preview(here.parts, document_id, jobs))


@router.post("/{document_id}/undo", status_code=202, responses=STEERING)
async def undo(document_id: Number, here: Here, _: Worker, back: Back | None = None) -> DoneOut:
    """Take back what jobs wrote into a document. What a person changed since stays."""
    jobs = await desk.writers(here.parts, document_id, back.jobs if back else [])
    done = await jobs_desk.ask_back(here.parts, document_id, jobs, now=here.now())
    here.wake()
    return DoneOut.of(done)
