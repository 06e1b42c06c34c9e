"""Reviews: what waits for approval, and what is decided on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from sidecar.desk import review as desk
from sidecar.domain.editing import Edit
from sidecar.domain.errors import PermanentError
from sidecar.domain.job import Kind
from sidecar.store import review
from sidecar.store.review import Review
from sidecar.web.api.shapes import ERRORS, LARGEST, STEERING, UNKNOWN, Asked, DoneOut, Number
from sidecar.web.site import Here
from sidecar.web.who import Reader, Worker

router = APIRouter(prefix="/api/reviews", tags=["reviews"])

Line = Annotated[str, Field(max_length=2000)]


class Bound(Asked):
    """A decision."""

    version: str | None = Field(
        None, max_length=64, description="The proposal's version that was looked at; another one is not decided on."
    )


class Changes(Bound):
    """What is to be different in a proposal; what is not named stays as it is proposed."""

    title: Line | None = None
    correspondent: Line | None = Field(None, description="By name.")
    document_type: Line | None = Field(None, description="By name.")
    storage_path: Line | None = Field(None, description="By name.")
    created: Line | None = Field(None, description="As 2026-05-12.")
    content: str | None = Field(None, max_length=200_000, description="The whole text.")
    custom_fields: Mapping[str, Line] = Field({}, max_length=100, description="Values by the fields' ids.")
    tags: list[Line] = Field(
        [], max_length=100, description="Names of the tags to be put on, in place of those proposed."
    )
    without: list[Line] = Field([], max_length=100, description="Fields that are not to be written; also: tags.")

    def edit(self) -> Edit:
        """Return them as the words of the program."""
        return Edit(
            title=self.title,
            correspondent=self.correspondent,
            document_type=self.document_type,
            storage_path=self.storage_path,
            created=self.created,
            content=self.content,
            custom=tuple((f"custom_fields.{number}", text) for number, text in self.custom_fields.items()),
            tags=tuple(self.tags),
            without=tuple(self.without),
        )


class ReviewOut(BaseModel):
    """A proposal that waits for approval."""

    job_id: int
    document_id: int
    kind: Kind
    version: str = Field(description="Changes with the proposal; send it along with a decision.")
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    add_tags: list[int]
    remove_tags: list[int]
    new_names: list[str] = Field(description="Names that are made in Paperless when it is written.")
    note: str | None = Field(description="A note that is added to the document.")
    is_edited: bool = Field(description="Whether a person changed it.")
    shown: str = Field(description="The proposal in words.")
    created_at: datetime

    @classmethod
    def of(cls, kept: Review) -> ReviewOut:
        """Return what is shown of it."""
        proposal = kept.proposal
        return cls(
            job_id=kept.job_id,
            document_id=kept.document_id,
            kind=kept.kind,
            version=desk.version(kept),
            old={name: proposal.base.get(name) for name in proposal.wanted},
            new=proposal.wanted,
            add_tags=sorted(proposal.delta.add),
            remove_tags=sorted(proposal.delta.remove),
            new_names=[one.name for one in proposal.names],
            note=proposal.note,
            is_edited=kept.is_edited,
            shown=kept.shown,
            created_at=kept.created_at,
        )


@router.get("", responses=ERRORS)
async def reviews(
    here: Here,
    _: Reader,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> list[ReviewOut]:
    """List what waits for approval, the oldest first; `after` is the last job that is known already."""
    return [ReviewOut.of(one) for one in await here.db.run(review.open_ones, after=after, limit=limit)]


@router.get("/{job_id}", responses={**ERRORS, **UNKNOWN, 409: STEERING[409]})
async def show(job_id: Number, here: Here, _: Reader) -> ReviewOut:
    """Show what a job proposes. A job that does not wait for approval is answered 409."""
    return ReviewOut.of(await desk.waiting(here.parts, job_id))


@router.put("/{job_id}", responses=STEERING)
async def edit(job_id: Number, changes: Changes, here: Here, who: Worker) -> DoneOut:
    """Change a proposal. It is shown anew and goes on waiting."""
    if not changes.edit():
        raise PermanentError("Say what is to be different.")
    done = await desk.edit(here.parts, job_id, changes.edit(), by=who.name, now=here.now(), seen=changes.version)
    here.wake()
    return DoneOut.of(done)


@router.post("/{job_id}/approve", status_code=202, responses=STEERING)
async def approve(job_id: Number, here: Here, who: Worker, changes: Changes | None = None) -> DoneOut:
    """Have a proposal written as it is, or with changes. The running sidecar does it."""
    with_changes = changes.edit() if changes else Edit()
    seen = changes.version if changes else None
    done = await desk.approve(here.parts, job_id, with_changes or None, by=who.name, now=here.now(), seen=seen)
    here.wake()
    return DoneOut.of(done)


@router.post("/{job_id}/reject", status_code=202, responses=STEERING)
async def reject(job_id: Number, here: Here, who: Worker, bound: Bound | None = None) -> DoneOut:
    """Drop a proposal: nothing is written, and the tag that asked for it goes off."""
    seen = bound.version if bound else None
    done = await desk.reject(here.parts, job_id, by=who.name, now=here.now(), seen=seen)
    here.wake()
    return DoneOut.of(done)
