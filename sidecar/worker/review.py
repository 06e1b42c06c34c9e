"""Review: a proposal is kept, shown as a note, and waits; what a person decided on it is done.

1. Keep the proposal in the store, restricted to what will be shown. From now on the work is not done again.
2. Show it: take off tags of a decision that came before there was anything to decide on, looked for once more right
   before and right after the note goes out, post the note unless it stands there, remove an older note of the same job.
   Then the job waits.
3. A person decides: by a tag, which the poller finds, by taking the trigger tag off, or at the command line. The
   decision is kept and makes the job ready. A tag decides on all proposals whose notes stand on the document, in one
   commit; any other way on one of them.
4. A runner does it: what was approved is delivered like any proposal, compared with what the work saw; of what was
   rejected the tags go off. The note goes in the end.

A tag by which somebody decided is never taken off before it was heard: by the proposals that stood there when another
one is shown, and by those that nobody has decided on when another one ends.

Each step looks first whether it was done, so a crash anywhere repeats a comparison, never a note or a write.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from sidecar.domain.document import Document, Tagged
from sidecar.domain.errors import CancelledError, OutageError, TemporaryError, WorkError
from sidecar.domain.job import Job, Kind
from sidecar.domain.telling import Spoken, mark, spoken, tell
from sidecar.domain.trigger import TagNames, Tags
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.observe import news
from sidecar.observe.news import Cause
from sidecar.paperless.client import Paperless
from sidecar.paperless.names import NameList
from sidecar.store import queue, review
from sidecar.store.database import Database
from sidecar.store.review import Decided, Decision, Review
from sidecar.worker.clock import Clock
from sidecar.worker.decision_tags import left_on, still_heard
from sidecar.worker.delivery import LOOKS, TRIGGER_GONE
from sidecar.worker.writer import Writer

_log = logging.getLogger(__name__)


class _DecidedError(Exception):
    """A tag of a decision is on. Carries the document."""

    def __init__(self, current: Document) -> None:
        super().__init__()
        self.current = current


class Reviews:
    """Shows proposals and does what was decided on them."""

    def __init__(
        self,
        paperless: Paperless,
        names: NameList,
        db: Database,
        writer: Writer,
        tags: Tags,
        called: TagNames,
        clock: Clock,
    ) -> None:
        self._paperless = paperless
        self._names = names
        self._db = db
        self._writer = writer
        self._tags = tags
        self._called = called
        self._clock = clock

    async def put_up(self, job: Job, proposal: Proposal, plan: Plan) -> None:
        """Keep what would be written, show it, and let the job wait."""
        part = shown_part(proposal, plan, self._tags)
        shown = tell(job.id, job.kind, part, await self._spoken(job.kind))
        await self._db.run(review.keep, job, part, shown, now=self._clock.now())
        await self.show(job, shown)

    async def show(self, job: Job, shown: str) -> None:
        """Show what is kept, unless it is shown already, and let the job wait."""
        document = await self._paperless.document(job.document_id)
        if self._tags.trigger(job.kind) not in document.tags:
            await self._clear(job, document)
            raise CancelledError(TRIGGER_GONE)
        if shown.strip() not in {note.strip() for note in document.notes}:
            await self._post(job, document, shown)
            await self.remove_note(job, document, but=shown)
        await self._db.run(review.wait, job, now=self._clock.now())
        _log.info("document %s: %s waits for approval (job %s)", job.document_id, job.kind, job.id)
        news.tell(Cause.REVIEW, f"Document {job.document_id}: {job.kind} waits for approval (job {job.id}).")

    async def _post(self, job: Job, document: Document, shown: str) -> None:
        """Post the note. Decisions of before it stood there, or of that very moment, are not on it."""

        async def look() -> None:
            now = await self._paperless.document(job.document_id)
            if self._tags.decisions & now.tags:
                raise _DecidedError(now)

        for _ in range(LOOKS):
            await self._hear_early(job, document)
            try:
                await self._writer.post_note(job, shown, called="the proposal", look=look)
            except _DecidedError as decided:
                document = decided.current
            else:
                await self._hear_early(job, await self._paperless.document(job.document_id))
                return
        raise TemporaryError("Somebody decided again and again on the document before a proposal could be shown.")

    async def _hear_early(self, job: Job, document: Document) -> None:
        """Take off tags of a decision that cannot be on this job, once what they may be on has heard them."""
        if early := self._tags.decisions & document.tags:  # nobody had seen what they would decide on
            await self._decide(job.document_id)  # but they may be of what stands there already
            await self._writer.change_tags(job, TagDelta(remove=early))

    async def approved(self, job: Job, kept: Review) -> Proposal:
        """Return what is to be written now: what was shown, without tags that are gone from Paperless by now."""
        delta = kept.proposal.delta
        there = await self._names.there(delta.add | delta.remove)
        if gone := delta.add - there:
            said = f"{len(gone)} of the tags that were to be put on are no longer in Paperless and were left out."
            await self._db.run(queue.tell, job, said, now=self._clock.now())
        add = (delta.add & there) | self._tags.done(job.kind)
        remove = (delta.remove & there) | {self._tags.trigger(job.kind)}
        return replace(kept.proposal, delta=TagDelta(add, remove))

    async def drop(self, job: Job, kept: Review) -> None:
        """Take off the tags and the note of what was rejected. Always raises CancelledError in the end."""
        document = await self._paperless.document(job.document_id)
        await self._clear(job, document, frozenset({self._tags.trigger(job.kind)}))
        raise CancelledError(f"Rejected by {kept.decided_by}; nothing was written.")

    async def clear(self, job: Job) -> None:
        """Take off the tags and the note of a review whose job nobody wants any more."""
        await self._clear(job, await self._paperless.document(job.document_id))

    async def _clear(self, job: Job, document: Document, more: frozenset[int] = frozenset()) -> None:
        spent = self._tags.spent(job.kind, document.tags) | more
        delta = await still_heard(self._db, job, self._tags, TagDelta(remove=spent).missing_on(document.tags))
        if delta:
            await self._writer.change_tags(job, delta)
            back = await self._paperless.document(job.document_id)
            if left := left_on(job, self._tags, document, back):
                await self._writer.change_tags(job, left)
        await self.remove_note(job, document)

    async def remove_note(self, job: Job, document: Document, *, but: str = "") -> None:
        """Remove the note in which the job's proposal was shown; without the right to do so it stays."""
        begins = mark(job.id)
        await self._writer.remove_notes(
            job,
            document,
            lambda note: note.startswith(begins) and note.strip() != but.strip(),
            called="the note of the proposal",
        )

    async def decide(self, tagged: Sequence[Tagged]) -> int:
        """Look, of the proposals that wait, at those whose tags say that somebody decided; return how many did.

        `tagged` is a list that may be a little old, so each of those documents is looked at by itself.
        """
        tags = {document.id: document.tags for document in tagged}
        decided, looked_at = 0, set[int]()
        for _, document_id, kind in await self._db.run(review.waiting):
            listed = tags.get(document_id, frozenset())
            if document_id in looked_at or (self._tags.trigger(kind) in listed and not listed & self._tags.decisions):
                continue
            looked_at.add(document_id)
            try:
                decided += await self._decide(document_id)
            except OutageError:
                raise
            except WorkError as error:  # this document waits on; all others have their turn
                _log.warning("document %s: what was decided on it cannot be seen: %s", document_id, error)
        return decided

    async def _decide(self, document_id: int) -> int:
        """Look what somebody decided on the proposals that stand on this document; keep it and return on how many.

        What is shown is asked for first: a tag that is seen later may be of words that came later, never of older ones.
        """
        shown = await self._db.run(review.waiting_on, document_id)
        try:
            now_on = (await self._paperless.document(document_id)).tags
        except CancelledError:
            decided = [(one, (Decision.REJECTED, "deleting the document")) for one in shown]
        else:
            decided = [(one, said) for one in shown if (said := self._said(one.kind, now_on)) is not None]
        if not decided:
            return 0
        ends = [Decided(one.job_id, decision, by, seen=one.shown) for one, (decision, by) in decided]
        return await self._db.run(review.decide_all, ends, now=self._clock.now())

    def _said(self, kind: Kind, now_on: frozenset[int]) -> tuple[Decision, str] | None:
        """Return what these tags say to a proposal of this kind and by what, None as long as they say nothing."""
        if self._tags.trigger(kind) not in now_on:
            return Decision.REJECTED, f'taking the tag "{self._called.trigger(kind)}" off'
        if self._tags.reject in now_on:
            return Decision.REJECTED, f'the tag "{self._called.reject}"'
        if self._tags.approve in now_on:
            return Decision.APPROVED, f'the tag "{self._called.approve}"'
        return None

    async def _spoken(self, kind: Kind) -> Spoken:
        vocabulary = await self._names.vocabulary(hidden=())
        return spoken(vocabulary, self._called, kind)


def shown_part(proposal: Proposal, plan: Plan, tags: Tags) -> Proposal:
    """Return of a proposal what a person is shown and decides on: what would change, our own tags left out."""
    return replace(
        proposal,
        wanted=dict(plan.write),
        delta=TagDelta(plan.delta.add - tags.all, plan.delta.remove - tags.all),
    )
