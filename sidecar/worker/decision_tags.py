"""Which of the tags that a person put on a job may take off when it ends, since another one may still need them.

Two proposals can stand on one document, and end in either order or at once. A tag that decides on both is taken off by
the one that hears it last; what each left on for the other's sake goes with the second look.
"""

from __future__ import annotations

from sidecar.domain.document import Document
from sidecar.domain.job import Job
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import TagDelta
from sidecar.store import review
from sidecar.store.database import Database


async def still_heard(db: Database, job: Job, tags: Tags, delta: TagDelta) -> TagDelta:
    """Leave tags by which a person decides on the document while another proposal there has not heard them."""
    heard = delta.remove & tags.decisions
    if not heard or not await db.run(review.others_undecided, job.document_id, but=job.id):
        return delta
    return TagDelta(delta.add, delta.remove - heard)


def left_on(job: Job, tags: Tags, before: Document, back: Document) -> TagDelta:
    """Return what stayed on for another job that ended at the same moment, each for the sake of the other's trigger."""
    if tags.trigger(job.kind) in back.tags:  # somebody asks for it again
        return TagDelta()
    return TagDelta(remove=(tags.spent(job.kind, back.tags) - tags.decisions) & before.tags & back.tags)
