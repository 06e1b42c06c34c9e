"""Asking once more for what failed: one job, all with the same cause, or all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.job import Job, Kind, Priority
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import TagDelta
from sidecar.parts import Parts
from sidecar.store import failures, queue

#: Documents whose tags are changed in one request.
AT_ONCE = 100
#: Jobs that are asked for in one go, and the time after which no more are begun, in seconds.
JOBS_MAX, PATIENCE_S = 5_000, 20.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a wish to try many jobs again."""

    #: New jobs.
    jobs: int = 0
    #: Documents that are not in Paperless any more.
    gone: int = 0
    #: Jobs that are left for another time.
    left: int = 0


async def retry_all(parts: Parts, tags: Tags, key: str | None, *, now: datetime) -> Asked:
    """Ask once more for every open failure of this cause, of all causes if it is None, behind all other work.

    Their documents are tagged as a person would do it. After 20 seconds the rest is left; doing it again goes on with
    it. Dying in between loses nothing: what was tagged and not enqueued comes with the next poll.
    """
    failed = await parts.db.run(failures.of_cause, key, limit=JOBS_MAX + 1)
    loop = asyncio.get_running_loop()
    until, made, gone, seen = loop.time() + PATIENCE_S, 0, 0, 0
    for kind in Kind:
        jobs = [job for job in failed[:JOBS_MAX] if job.kind is kind]
        for first in range(0, len(jobs), AT_ONCE):
            if loop.time() > until:
                break
            part = jobs[first : first + AT_ONCE]
            done = await _ask(parts, tags, kind, part, now)
            made, gone, seen = made + done.jobs, gone + done.gone, seen + len(part)
    return Asked(made, gone, len(failed) - seen)


async def _ask(parts: Parts, tags: Tags, kind: Kind, jobs: Sequence[Job], now: datetime) -> Asked:
    there = await _existing(parts, {job.document_id for job in jobs})
    meant = [job for job in jobs if job.document_id in there]
    # The undo of certain jobs is asked for without the tag, which would stand for all of them.
    tagged = [job.document_id for job in meant if job.ask is None]
    if tagged:
        await parts.paperless.modify_tags(tagged, TagDelta(add=frozenset({tags.trigger(kind)})))
    made = 0
    for job in meant:
        number = await parts.db.run(
            queue.enqueue, job.document_id, kind, priority=Priority.BACKLOG, now=now, ask=job.ask
        )
        made += number is not None
    return Asked(made, len(jobs) - len(meant))


async def _existing(parts: Parts, documents: set[int]) -> set[int]:
    """Return which of the documents are there: Paperless refuses to tag any if one of them is not."""
    params = {"id__in": ",".join(map(str, sorted(documents))), "fields": "id", "page_size": AT_ONCE}
    return {row["id"] async for row in parts.paperless.http.pages("documents/", **params)} & documents
