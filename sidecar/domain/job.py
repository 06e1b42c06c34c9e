"""A job: one kind of work for one document, its states and who moves it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any


class Kind(StrEnum):
    """What is to be done with the document."""

    OCR = "ocr"
    TAGGING = "tagging"
    UNDO = "undo"


class State(StrEnum):
    """Where a job stands.

    ready      waits for a free runner. The claim moves it on. Survives any crash.
    running    a runner holds its lease. The runner moves it on; if it dies, upkeep does once the lease ran out.
    scheduled  not before `run_after`. Upkeep makes it ready when that time has come. Survives any crash.
    review     waits for a person. Only a person moves it on: what they decided is kept, the job becomes ready and a
               runner does it. Survives any crash.
    succeeded  written to Paperless and read back. The end.
    failed     given up; `reason` says why and Paperless shows the fail tag. The end;
               tagging again makes a new job.
    cancelled  withdrawn by the owner, or the document is gone. The end.
    """

    READY = "ready"
    RUNNING = "running"
    SCHEDULED = "scheduled"
    REVIEW = "review"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Every move there is. The store builds its statements through `move`, so no other can be written.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.READY: frozenset({State.RUNNING, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.READY, State.CANCELLED}),
    State.RUNNING: frozenset(
        {State.READY, State.SCHEDULED, State.REVIEW, State.SUCCEEDED, State.FAILED, State.CANCELLED}
    ),
    State.REVIEW: frozenset({State.READY, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}

UNFINISHED = frozenset({State.READY, State.RUNNING, State.SCHEDULED, State.REVIEW})


class Priority(IntEnum):
    """Smaller goes first: a backlog never delays today's letter."""

    NOW = 0  #: asked for by a person at the command line or in the dashboard
    NEW = 10  #: newly tagged
    BACKLOG = 20  #: found among many at once


@dataclass(frozen=True, slots=True)
class Job:
    """What a runner gets when it claims a job, and what is shown of it."""

    id: int
    document_id: int
    kind: Kind
    state: State
    priority: int
    #: Claims so far that were not handed back without blame; the first is 1.
    attempt: int
    #: How often the program died while this job was running, since its last progress.
    crashes: int
    #: Goes up by one with every claim; every later write of the job must carry it.
    lease_token: int
    #: When the lease runs out (aware UTC); None unless running.
    lease_until: datetime | None
    #: Not before this time; None unless scheduled.
    run_after: datetime | None
    #: Why the job stands where it does, as a sentence for the owner; None where there is nothing to say.
    reason: str | None
    #: True once the job is given up and only the marks in Paperless are missing.
    giving_up: bool
    #: True when the write-back changed a field or left text behind; None before the end.
    changed: bool | None
    #: What the document's fields held when the work was begun; None before that.
    base: Mapping[str, Any] | None = field(repr=False)
    pages_done: int
    #: None until the file was opened.
    pages_total: int | None
    created_at: datetime
    finished_at: datetime | None
    #: Of an undo that was asked for in so many words: the jobs to be taken back. None: all that their tag stands for.
    ask: tuple[int, ...] | None = None


def move(old: State, new: State) -> None:
    """Refuse a change of state that is not in the table; raises ValueError, which is a fault in our code."""
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a job cannot go from {old} to {new}")
