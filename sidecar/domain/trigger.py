"""Which job a tagged document asks for, and when a tag that keeps coming back is no longer believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sidecar.domain.job import Kind, Priority, State

#: More new documents than this in one poll are a backlog, not today's letters.
BACKLOG_FROM = 25

LOOP_WINDOW = timedelta(hours=1)
#: Clocks may differ by so much; what ended later than that is of before the clock was set back, and says nothing.
CLOCKS = timedelta(seconds=2)
LOOP_LIMIT = 3
LOOP_REASON = (
    f"This document was tagged again {LOOP_LIMIT} times within an hour and nothing changed. "
    "A Paperless workflow probably keeps adding the trigger tag: give it a condition. "
    "The sidecar leaves the document alone for an hour."
)


@dataclass(frozen=True, slots=True)
class Tags:
    """The ids of the tags by which a person and the sidecar talk to each other."""

    ocr: int
    tagging: int
    ocr_done: int
    tagging_done: int
    failed: int

    @property
    def triggers(self) -> frozenset[int]:
        """The tags that ask for work."""
        return frozenset({self.ocr, self.tagging})

    @property
    def all(self) -> frozenset[int]:
        """All tags that are ours; never offered to a model."""
        return frozenset({self.ocr, self.tagging, self.ocr_done, self.tagging_done, self.failed})

    def trigger(self, kind: Kind) -> int:
        """Return the tag that asks for this kind of work."""
        return self.ocr if kind is Kind.OCR else self.tagging


def next_kind(document_tags: frozenset[int], tags: Tags) -> Kind | None:
    """Return what the document asks for first: OCR before tagging, so that tagging sees the fresh text."""
    if tags.ocr in document_tags:
        return Kind.OCR
    return Kind.TAGGING if tags.tagging in document_tags else None


def poll_priority(new_documents: int) -> Priority:
    """Return the priority of documents found `new_documents` at a time."""
    return Priority.BACKLOG if new_documents > BACKLOG_FROM else Priority.NEW


@dataclass(frozen=True, slots=True)
class Ending:
    """How an earlier job of the same document and kind ended."""

    state: State
    changed: bool | None
    reason: str | None
    finished_at: datetime


class Verdict(StrEnum):
    """What to do with a document found tagged."""

    ENQUEUE = "enqueue"
    GIVE_UP = "give up"
    IGNORE = "ignore"


def judge_loop(endings: Sequence[Ending], now: datetime) -> Verdict:
    """Decide whether a trigger tag is believed once more.

    `endings` are the document's earlier jobs of this kind, any order. Three in an hour that failed or changed
    nothing: give up with a reason. If that was said already within the hour: ignore the tag.
    """
    recent = [ending for ending in endings if timedelta() <= now - ending.finished_at + CLOCKS < LOOP_WINDOW]
    if any(ending.reason == LOOP_REASON for ending in recent):
        return Verdict.IGNORE
    idle = [e for e in recent if e.state is State.FAILED or (e.state is State.SUCCEEDED and not e.changed)]
    return Verdict.GIVE_UP if len(idle) >= LOOP_LIMIT else Verdict.ENQUEUE
