"""Asking for jobs, for another try, and for an end: what the command line, the dashboard and the API do alike."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import TagDelta
from sidecar.paperless.http import RefusedError
from sidecar.parts import Parts
from sidecar.store import listing, pages, queue, undoing
from sidecar.store.undoing import Asked


class UnknownJobError(PermanentError):
    """There is no job of this number."""


class Wish(StrEnum):
    """What to do with a document."""

    OCR = "ocr"
    TAGGING = "tagging"
    BOTH = "both"

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of jobs that come to, in their order."""
        return [Kind.OCR, Kind.TAGGING] if self is Wish.BOTH else [Kind(self.value)]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for one document."""

    document_id: int
    #: None where there was nothing to make.
    job_id: int | None
    #: In a sentence.
    said: str


async def existing(parts: Parts, job_id: int) -> Job:
    """Return the job. Raises UnknownJobError."""
    job = await parts.db.run(listing.job, job_id)
    if job is None:
        raise UnknownJobError(f"There is no job {job_id}.")
    return job


async def document_of(parts: Parts, document: int) -> Document:
    """Return the document of a number that somebody gave. Raises CancelledError where there is none, now or ever."""
    try:
        return await parts.paperless.document(document)
    except CancelledError as error:
        raise CancelledError(f"There is no document {document} in Paperless.") from error


async def enqueue(
    parts: Parts, tags: Tags, document: int, kinds: Sequence[Kind], *, now: datetime, priority: int = Priority.NOW
) -> Done:
    """Tag the document and enqueue what comes first; the rest follows when that is done.

    Raises CancelledError where Paperless has no such document. Doing it twice makes one job.
    """
    await document_of(parts, document)  # says so if it does not exist
    triggers = frozenset(tags.trigger(kind) for kind in kinds)
    await parts.paperless.modify_tags([document], TagDelta(add=triggers))
    job_id = await parts.db.run(queue.enqueue, document, kinds[0], priority=priority, now=now)
    if job_id is None:
        await parts.db.run(queue.hasten, document, kinds[0], priority=priority)
        return Done(document, None, f"Document {document}: {kinds[0]} is waiting already; it goes first now.")
    return Done(document, job_id, f"Document {document}: job {job_id} ({kinds[0]}) is waiting for its turn.")


async def retry(parts: Parts, tags: Tags, job_id: int, numbers: Sequence[int] = (), *, now: datetime) -> Done:
    """Ask once more for what a job could not do, or for pages (counted from 1) that it read badly.

    Raises UnknownJobError, and PermanentError for a job that cannot be asked for again.
    """
    job = await existing(parts, job_id)
    if numbers:
        _require_pages(job, numbers)
        await document_of(parts, job.document_id)  # nothing is forgotten where nothing can be asked for
        await parts.db.run(pages.forget, job.document_id, numbers)
    elif job.state not in (State.FAILED, State.CANCELLED):
        raise PermanentError(f"Job {job_id} is {job.state}; only failed and cancelled jobs can be asked for again.")
    if job.ask is not None:
        return await ask_back(parts, job.document_id, job.ask, now=now)  # the tag would stand for all of them
    return await enqueue(parts, tags, job.document_id, [job.kind], now=now)


async def ask_back(parts: Parts, document_id: int, jobs: Collection[int], *, now: datetime) -> Done:
    """Ask for what these jobs wrote to be taken back; a runner does it. Doing it twice makes one job.

    An undo that waits is asked for these as well. One that has begun cannot be: raises PermanentError then.
    """
    undo, asked = await parts.db.run(undoing.ask, document_id, jobs, priority=Priority.NOW, now=now)
    of = f"job{'s' if len(jobs) > 1 else ''} {', '.join(map(str, sorted(jobs)))}"
    what = {
        Asked.NEW: f" takes back what {of} wrote.",
        Asked.ADDED: f" was waiting; it takes back what {of} wrote, too.",
        Asked.WAITING: f" is waiting already; it takes back what {of} wrote.",
        Asked.BEGUN: f" has begun already. What {of} wrote was not asked for: ask again when it has ended.",
    }[asked]
    said = f"Document {document_id}: job {undo} (undo){what}"
    if asked is Asked.BEGUN:
        raise PermanentError(said)
    return Done(document_id, None if asked is Asked.WAITING else undo, said)


def _require_pages(job: Job, numbers: Sequence[int]) -> None:
    if job.kind is not Kind.OCR:
        raise PermanentError(f"Job {job.id} reads no pages: its kind is {job.kind}.")
    if job.finished_at is None:
        raise PermanentError(f"Job {job.id} is {job.state}; its pages can be read anew when it has ended.")
    beyond = [number for number in numbers if job.pages_total is not None and number > job.pages_total]
    if beyond:
        raise PermanentError(f"There is no page {beyond[0]}: the document has {job.pages_total}.")


async def cancel(parts: Parts, tags: Tags, job_id: int, *, reason: str, now: datetime) -> Done:
    """Withdraw a job: take the trigger tag off. A running one stops before it writes.

    The undo of certain jobs has no tag, and cannot be stopped once it runs. Raises UnknownJobError, and PermanentError
    for a job that has ended or cannot be stopped.
    """
    job = await existing(parts, job_id)
    if job.finished_at is not None:
        raise PermanentError(f"Job {job_id} is {job.state} already.")
    if job.state is State.REVIEW:
        raise PermanentError(f"Job {job_id} waits for approval: drop it with `sidecar reject {job_id}`.")
    if job.ask is None:
        with contextlib.suppress(RefusedError, CancelledError):  # the document is gone
            await parts.paperless.modify_tags([job.document_id], TagDelta(remove=frozenset({tags.trigger(job.kind)})))
    withdrawn = await parts.db.run(queue.withdraw, job_id, reason=reason, now=now)
    if job.ask is not None and not withdrawn:
        raise PermanentError(f"Job {job_id} takes back already; that cannot be stopped any more.")
    said = f"Job {job_id} is cancelled." if withdrawn else f"Job {job_id} is running and stops before it writes."
    return Done(job.document_id, job_id, said)


async def prioritize(parts: Parts, job_id: int, priority: int, *, by_whom: str, now: datetime) -> Done:
    """Give a waiting job another priority; smaller goes first.

    Raises UnknownJobError, and PermanentError for a job that does not wait.
    """
    job = await existing(parts, job_id)
    if not await parts.db.run(queue.prioritize, job_id, priority=priority, by_whom=by_whom, now=now):
        raise PermanentError(f"Job {job_id} is {job.state}; only a job that waits has a place in the queue.")
    return Done(job.document_id, job_id, f"Job {job_id} has the priority {priority} now.")
