"""Which job a tagged document asks for, and when a tag that keeps coming back is no longer believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from sidecar.domain.job import Kind, Priority, State

#: More new documents than this in one poll are a backlog, not today's letters.
BACKLOG_FROM = 25

LOOP_WINDOW = timedelta(hours=1)
#: Clocks may differ by so much; what ended later than that is of before the clock was set back, and says nothing.
CLOCKS = timedelta(seconds=2)
LOOP_LIMIT = 3
#: So often within the window even work that changed something is no person's wish any more.
ROUNDS_LIMIT = 10
LOOP_REASON = (
    "This document was tagged again and again within an hour, and nothing new came of it. "
    "A Paperless workflow probably keeps adding the trigger tag: give it a condition. "
    "The sidecar leaves the document alone for an hour."
)
#: A document on which not even a failure can be marked keeps its trigger tag: it is left alone for so long.
UNMARKED_WINDOW = timedelta(days=1)
UNMARKED = (
    "Paperless did not let the sidecar mark that on the document or take the trigger tag off, "
    "so it leaves the document alone for a day; once that is mended, ask again (sidecar retry)."
)


@dataclass(frozen=True, slots=True)
class Tags:
    """The ids of the tags by which a person and the sidecar talk to each other."""

    ocr: int
    tagging: int
    ocr_done: int
    tagging_done: int
    failed: int
    #: Beside a trigger: show what would be written, and wait.
    review: int | None = None
    #: What was shown is to be written, or dropped.
    approve: int | None = None
    reject: int | None = None
    #: What the sidecar wrote is to be taken back.
    undo: int | None = None

    @property
    def triggers(self) -> frozenset[int]:
        """The tags that ask for work."""
        return _known(self.ocr, self.tagging, self.undo)

    @property
    def decisions(self) -> frozenset[int]:
        """The tags by which a person decides on what was shown."""
        return _known(self.approve, self.reject)

    @property
    def all(self) -> frozenset[int]:
        """All tags that are ours; never offered to a model."""
        results = _known(self.ocr_done, self.tagging_done, self.failed, self.review)
        return self.triggers | self.decisions | results

    def trigger(self, kind: Kind) -> int:
        """Return the tag that asks for this kind of work; 0, which no tag has, where there is none."""
        return {Kind.OCR: self.ocr, Kind.TAGGING: self.tagging, Kind.UNDO: self.undo or 0}[kind]

    def done(self, kind: Kind) -> frozenset[int]:
        """Return the tag that says that this kind of work was done."""
        return {Kind.OCR: _known(self.ocr_done), Kind.TAGGING: _known(self.tagging_done), Kind.UNDO: frozenset[int]()}[
            kind
        ]

    def spent(self, kind: Kind, document_tags: frozenset[int]) -> frozenset[int]:
        """Return which tags of a person have done their duty once a job of this kind has ended on the document.

        The one that asks for a review goes with the last trigger: what comes next is to be shown as well.
        """
        if kind is Kind.UNDO:
            return frozenset()
        waiting = {self.ocr, self.tagging} & document_tags - {self.trigger(kind)}
        return self.decisions | (frozenset() if waiting else _known(self.review))


@dataclass(frozen=True, slots=True)
class TagNames:
    """What our tags are called in Paperless, by the words of `Tags`."""

    ocr: str
    tagging: str
    ocr_done: str
    tagging_done: str
    failed: str
    review: str
    approve: str
    reject: str
    undo: str

    def trigger(self, kind: Kind) -> str:
        """Return the name of the tag that asks for this kind of work."""
        return {Kind.OCR: self.ocr, Kind.TAGGING: self.tagging, Kind.UNDO: self.undo}[kind]

    def by_id(self, tags: Tags) -> dict[int, str]:
        """Return the names by the tags' ids."""
        found = {getattr(tags, one.name): getattr(self, one.name) for one in fields(self)}
        return {tag: name for tag, name in found.items() if tag is not None}


def _known(*tags: int | None) -> frozenset[int]:
    return frozenset(tag for tag in tags if tag is not None)


def next_kind(document_tags: frozenset[int], tags: Tags) -> Kind | None:
    """Return what the document asks for first: OCR before tagging, so that tagging sees the fresh text.

    An undo comes before both: it is of what was done before they were asked for.
    """
    if tags.undo in document_tags:
        return Kind.UNDO
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
    nothing, or ten that did: give up with a reason. If that was said already within the hour: ignore the tag. So it is
    for a day after a failure that could not be marked.
    """
    unmarked = [ending for ending in endings if (ending.reason or "").endswith(UNMARKED)]
    if any(timedelta() <= now - ending.finished_at + CLOCKS < UNMARKED_WINDOW for ending in unmarked):
        return Verdict.IGNORE
    recent = [ending for ending in endings if timedelta() <= now - ending.finished_at + CLOCKS < LOOP_WINDOW]
    if any(ending.reason == LOOP_REASON for ending in recent):
        return Verdict.IGNORE
    idle = [e for e in recent if e.state is State.FAILED or (e.state is State.SUCCEEDED and not e.changed)]
    succeeded = sum(ending.state is State.SUCCEEDED for ending in recent)
    return Verdict.GIVE_UP if len(idle) >= LOOP_LIMIT or succeeded >= ROUNDS_LIMIT else Verdict.ENQUEUE
