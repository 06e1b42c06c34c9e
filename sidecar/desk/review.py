"""Deciding on what waits for approval: the command line, the dashboard and the API do it alike.

Nothing is written here. A decision is kept with the proposal in one commit, and a runner does it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sidecar.desk.jobs import Done, existing
from sidecar.domain.editing import Edit, edited
from sidecar.domain.errors import PermanentError
from sidecar.domain.job import State
from sidecar.domain.suggestion import may_be_made
from sidecar.domain.telling import spoken, tell
from sidecar.domain.vocabulary import Names
from sidecar.domain.writeback import Proposal
from sidecar.parts import Parts
from sidecar.store import review
from sidecar.store.review import Decision, Review

_MOVED = "Job {} was changed or decided on meanwhile; look at it again."


def version(kept: Review) -> str:
    """Return what stands for the words of a proposal as they are now; a decision can be bound to it."""
    return hashlib.sha256(kept.shown.encode()).hexdigest()[:16]


async def waiting(parts: Parts, job_id: int, *, seen: str | None = None) -> Review:
    """Return what waits for approval.

    Raises UnknownJobError, and PermanentError for a job that does not wait or whose words are not the `seen` version.
    """
    job = await existing(parts, job_id)
    kept = await parts.db.run(review.find, job_id)
    if job.state is not State.REVIEW or kept is None:
        raise PermanentError(f"Job {job_id} is {job.state} and does not wait for approval.")
    if seen not in (None, version(kept)):
        raise PermanentError(_MOVED.format(job_id))
    return kept


async def approve(
    parts: Parts, job_id: int, changes: Edit | None = None, *, by: str, now: datetime, seen: str | None = None
) -> Done:
    """Have a proposal written as it is shown, or with changes, which are checked first: both are kept, or nothing.

    Raises as `waiting`, and PermanentError for changes that cannot be written.
    """
    kept = await waiting(parts, job_id, seen=seen)
    new = await changed(parts, kept, changes, now=now) if changes else None
    await _decide(parts, kept, Decision.APPROVED, by=by, now=now, new=new)
    said = f"Job {job_id} is approved and will be written by the running sidecar."
    return Done(kept.document_id, job_id, f"{said}\n{new[1]}" if new else said)


async def edit(parts: Parts, job_id: int, changes: Edit, *, by: str, now: datetime, seen: str | None = None) -> Done:
    """Change a proposal; it is shown anew and goes on waiting. Raises as `approve`."""
    kept = await waiting(parts, job_id, seen=seen)
    proposal, shown = await changed(parts, kept, changes, now=now)
    if not await parts.db.run(review.edit, job_id, proposal, shown, seen=kept.shown, by=by, now=now):
        raise PermanentError(_MOVED.format(job_id))
    return Done(kept.document_id, job_id, f"Job {job_id} is shown anew.\n{shown}")


async def reject(parts: Parts, job_id: int, *, by: str, now: datetime, seen: str | None = None) -> Done:
    """Drop a proposal: nothing is written, and the tag that asked for it goes off. Raises as `waiting`."""
    kept = await waiting(parts, job_id, seen=seen)
    await _decide(parts, kept, Decision.REJECTED, by=by, now=now)
    return Done(kept.document_id, job_id, f"Job {job_id} is rejected; nothing is written.")


async def changed(parts: Parts, kept: Review, changes: Edit, *, now: datetime) -> tuple[Proposal, str]:
    """Return the proposal with the changes, and the words for it. A second change begins with the first.

    Raises PermanentError for what cannot be written, and the errors of asking Paperless for its names.
    """
    tags = await parts.tags()
    known, rules = await parts.names.vocabulary(hidden=tags.all), parts.tagger.rules

    def may_make(kind: Names, name: str) -> bool:
        return may_be_made(kind, name, rules, known)

    proposal = edited(kept.proposal, changes, known, may_make, today=now.date(), document_id=kept.document_id)
    words = spoken(await parts.names.vocabulary(hidden=()), parts.tag_names, kept.kind)
    return proposal, tell(kept.job_id, kept.kind, proposal, words)


async def _decide(
    parts: Parts,
    kept: Review,
    decision: Decision,
    *,
    by: str,
    now: datetime,
    new: tuple[Proposal, str] | None = None,
) -> None:
    if not await parts.db.run(review.decide, kept.job_id, decision, by=by, now=now, edited=new, seen=kept.shown):
        raise PermanentError(_MOVED.format(kept.job_id))
