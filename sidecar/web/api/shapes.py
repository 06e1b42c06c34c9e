"""The shapes of what the API takes and gives. Times are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from sidecar.desk.jobs import Done
from sidecar.domain.document import EMPTY
from sidecar.domain.job import Job, Kind, State
from sidecar.store.listing import Event, KeptPage, WriteBack

#: The largest number that both databases keep.
LARGEST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST)]


class Asked(BaseModel):
    """The body of a request; what is not known is refused, so that a misspelt name is not passed over."""

    model_config = ConfigDict(extra="forbid")


class ProblemOut(BaseModel):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str = Field(description="In a sentence for people.")
    wrong: list[str] | None = Field(None, description="With 422: a sentence for every value that is wrong.")


class JobOut(BaseModel):
    """A job."""

    id: int
    document_id: int
    kind: Kind
    state: State
    priority: int = Field(description="Smaller goes first.")
    attempt: int
    crashes: int
    reason: str | None = Field(description="Why it stands where it does, in a sentence.")
    changed: bool | None = Field(description="Whether something was written; null before the end.")
    pages_done: int
    pages_total: int | None
    run_after: datetime | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> JobOut:
        """Return what is shown of a job."""
        return cls(**{name: getattr(job, name) for name in cls.model_fields})


class EventOut(BaseModel):
    """One sentence of a job's story."""

    at: datetime
    text: str


class JobStory(BaseModel):
    """A job and what happened to it, the oldest first."""

    job: JobOut
    events: list[EventOut]

    @classmethod
    def of_job(cls, job: Job, events: list[Event]) -> JobStory:
        """Return what is shown of a job and its story."""
        return cls(job=JobOut.of(job), events=[EventOut(at=event.at, text=event.text) for event in events])


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobOut]
    next_before: int | None = Field(description="Send it as `before` for the next ones; null at the end.")


class DoneOut(BaseModel):
    """What was done."""

    document_id: int
    job_id: int | None = Field(description="The new or changed job; null where one was waiting already.")
    said: str

    @classmethod
    def of(cls, done: Done) -> DoneOut:
        """Return what is shown of it."""
        return cls(document_id=done.document_id, job_id=done.job_id, said=done.said)


class WriteBackOut(BaseModel):
    """What a job wrote into a document, and what stood there before."""

    job_id: int
    kind: Kind
    state: str = Field(description="intended (not known to be there), verified (read back) or dropped.")
    old: Mapping[str, Any]
    written: Mapping[str, Any]
    conflicts: list[Mapping[str, Any]] = Field(description="Fields that somebody changed meanwhile, which were kept.")
    refused: Mapping[str, str] = Field(description="Fields that Paperless refused, with its words.")
    intended_at: datetime | None
    verified_at: datetime | None

    @classmethod
    def of(cls, found: WriteBack) -> WriteBackOut:
        """Return what is shown of a write-back."""
        entry = found.entry
        return cls(
            job_id=entry.job_id,
            kind=found.kind,
            state=entry.state,
            old={name: None if value == EMPTY else value for name, value in entry.old.items()},
            written=entry.written,
            conflicts=list(entry.conflicts),
            refused=entry.refused,
            intended_at=found.intended_at,
            verified_at=found.verified_at,
        )


class PageOut(BaseModel):
    """A page as it was read last."""

    page: int = Field(description="Counted from 1.")
    text: str
    engine: str
    confidence: float | None = Field(description="In percent.")
    seconds: float
    reason: str
    read_at: datetime | None

    @classmethod
    def of(cls, page: KeptPage) -> PageOut:
        """Return what is shown of a page."""
        return cls(**{name: getattr(page, name) for name in cls.model_fields})


def problem(said: str) -> dict[str, Any]:
    return {"model": ProblemOut, "description": said}


#: What every endpoint may answer beside what it is for.
ERRORS: dict[int | str, dict[str, Any]] = {
    401: problem("No login and no token, or not a good one."),
    403: problem("The token's scope or the person's rights do not allow it."),
    422: problem("A value is wrong, with a sentence for each."),
    500: problem("The store cannot be used now, or a fault in the sidecar."),
}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem("There is no such job or document.")}
#: What an endpoint may answer that changes something in Paperless.
STEERING: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    **UNKNOWN,
    409: problem("It cannot be done as things stand."),
    413: problem("The request is too large."),
    503: problem("Paperless cannot be reached now, or the sidecar is starting."),
}
