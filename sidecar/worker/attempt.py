"""An attempt at a job: its step proposes, a person looks at it where they want to, it is delivered, the job ends.

A job that was given up has attempts too, at showing that in Paperless.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.trigger import UNMARKED, Tags
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.observe import news
from sidecar.observe.news import Cause
from sidecar.store import journal, queue, review
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.delivery import Delivery, HeldForReviewError
from sidecar.worker.finishing import to_the_end
from sidecar.worker.lane import Lane
from sidecar.worker.providers import Providers
from sidecar.worker.review import Reviews
from sidecar.worker.summary import summary

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner wishes to see of a job."""

    #: Whether the reason of a failure is left on the document as a note.
    fail_note: bool = True
    #: Kinds of work of which a person is to see the result before it is written.
    review: frozenset[Kind] = frozenset()


class Attempts:
    """Makes attempts at jobs of all lanes."""

    def __init__(
        self,
        db: Database,
        lanes: Mapping[Kind, Lane],
        delivery: Delivery,
        reviews: Reviews,
        providers: Providers,
        tags: Tags,
        *,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._db = db
        self._lanes = lanes
        self._delivery = delivery
        self._reviews = reviews
        self._providers = providers
        self._tags = tags
        self._rules = rules
        self._clock = clock

    async def make(self, job: Job) -> None:
        """Propose and finish. A job that came as far as an intent once goes on from there: its work is done.

        Returns once the job has ended, or waits for a person. Raises whatever else ends it, to be settled. Once there
        is something to write, it comes to its end even if it is cancelled.
        """
        if job.giving_up:
            await to_the_end(self._mark_failed(job))
            return
        entry = await self._db.run(journal.find, job.id) if job.lease_token > 1 else None
        if entry and entry.state == "intended":
            await to_the_end(self._finish(job, entry.proposal))
            return
        kept = await self._db.run(review.find, job.id) if job.lease_token > 1 else None
        match kept:
            case None:
                proposal = await self._with_the_mark_off(job, await self._lanes[job.kind].step(job))
                await to_the_end(self._show_or_finish(job, proposal))
            case review.Review(decision=review.Decision.APPROVED):
                await self._carry_out(job, kept)
            case review.Review(decision=review.Decision.REJECTED):
                await to_the_end(self._reviews.drop(job, kept))
            case _:
                await to_the_end(self._reviews.show(job, kept.shown))

    async def _carry_out(self, job: Job, kept: review.Review) -> None:
        """Write what was approved. Taken back after all, it leaves nothing of the review behind."""
        proposal = await self._with_the_mark_off(job, await self._reviews.approved(job, kept))
        approved = self._lanes[job.kind].approved
        try:
            if approved is not None:
                proposal = await approved(job, proposal)
            await to_the_end(self._finish(job, proposal, needed=("paperless",)))
        except CancelledError:
            await to_the_end(self._reviews.clear(job))
            raise

    async def _show_or_finish(self, job: Job, proposal: Proposal) -> None:
        """Write what is proposed, or show it first where a person wants that."""
        try:
            await self._finish(
                job, proposal, lambda plan, document: self._is_to_be_shown(job, proposal, plan, document)
            )
        except HeldForReviewError as held:
            await self._reviews.put_up(job, proposal, held.plan)

    def _is_to_be_shown(self, job: Job, proposal: Proposal, plan: Plan, document: Document) -> bool:
        """Say whether a person is to see it first: they want to, and there is something to see."""
        if job.kind is Kind.UNDO:  # a person asked for it in so many words
            return False
        is_wanted = job.kind in self._rules.review or self._tags.review in document.tags
        note = proposal.note is not None and proposal.note.strip() not in {one.strip() for one in document.notes}
        changes = plan.write or proposal.names or note or (plan.delta.add | plan.delta.remove) - self._tags.all
        return is_wanted and bool(changes)

    async def _with_the_mark_off(self, job: Job, proposal: Proposal) -> Proposal:
        """Let a success take the fail tag off, unless it stands for a failure of another kind of job."""
        states = await self._db.run(queue.last_states, job.document_id)
        if any(state is State.FAILED for kind, state in states.items() if kind is not job.kind):
            return proposal
        delta = TagDelta(proposal.delta.add, proposal.delta.remove | {self._tags.failed})
        return replace(proposal, delta=delta)

    async def _finish(
        self,
        job: Job,
        proposal: Proposal,
        hold: Callable[[Plan, Document], bool] = lambda _plan, _document: False,
        needed: tuple[str, ...] | None = None,
    ) -> None:
        delivered = await self._delivery.deliver(job, proposal, hold)
        await self._reviews.remove_note(job, delivered.document)
        after = self._lanes[job.kind].after
        said = summary(delivered) if after is None else await after(job, delivered)
        stays = set(delivered.written) - set(delivered.overruled)  # what a workflow sets back changed nothing
        changed, now = bool(stays), self._clock.now()
        await self._db.run(queue.succeed, job, changed=changed, summary=said, now=now, appeared=delivered.appeared)
        self._providers.proved(self._lanes[job.kind].needs if needed is None else needed)
        _log.info("document %s: %s done. %s", job.document_id, job.kind, said)
        if job.kind is Kind.OCR and self._tags.tagging in delivered.document.tags:
            await self._db.run(queue.enqueue, job.document_id, Kind.TAGGING, priority=job.priority, now=now)

    async def _mark_failed(self, job: Job) -> None:
        """Show in Paperless that the job was given up, then end it. Paperless away: later. Not allowed: without."""
        delta = TagDelta(add=frozenset({self._tags.failed}), remove=frozenset({self._tags.trigger(job.kind)}))
        note = f"Paperless Sidecar gave up ({job.kind}, job {job.id}): {job.reason}" if self._rules.fail_note else None
        unmarked = None
        try:
            delivered = await self._delivery.deliver(job, Proposal(base={}, wanted={}, delta=delta, note=note))
            await self._reviews.remove_note(job, delivered.document)
        except PermanentError as error:
            _log.error("document %s: the fail tag could not be set: %s", job.document_id, error)
            unmarked = UNMARKED
        await self._db.run(queue.fail, job, now=self._clock.now(), unmarked=unmarked)
        said = f"{job.reason} {unmarked}" if unmarked else job.reason
        _log.error("document %s: %s failed. %s", job.document_id, job.kind, said)
        news.tell(Cause.FAILED, f"Document {job.document_id}: {job.kind} failed. {said}")
