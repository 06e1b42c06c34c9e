"""The runner: claim a job, let its step propose, deliver what it proposed, and have its errors settled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError, LeaseLostError, PermanentError, StoreError
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.observe import news, work
from sidecar.observe.news import Cause
from sidecar.store import journal, queue, review
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.delivery import Delivered, Delivery, HeldForReviewError
from sidecar.worker.finishing import to_the_end
from sidecar.worker.lease import Leases
from sidecar.worker.providers import Providers
from sidecar.worker.review import Reviews
from sidecar.worker.settling import Settling
from sidecar.worker.summary import summary

_log = logging.getLogger(__name__)

#: What is left for handing jobs back once the grace is over, in seconds.
LAST_GRACE_S = 5.0

Step = Callable[[Job], Awaitable[Proposal]]


@dataclass(frozen=True, slots=True)
class Lane:
    """How one kind of job is run."""

    step: Step
    #: Jobs of this kind at a time.
    width: int
    #: Providers that must be there before a job is claimed.
    needs: tuple[str, ...]
    #: Whether the width is that of all machines together.
    together: bool = False
    #: What is left to be done once it is delivered; returns what the delivery came to, in words.
    after: Callable[[Job, Delivered], Awaitable[str]] | None = None
    #: What could not be made before a person approved the proposal; returns it as it is to be delivered.
    approved: Callable[[Job, Proposal], Awaitable[Proposal]] | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the runner knows of the owner's wishes."""

    #: Whether the reason of a failure is left on the document as a note.
    fail_note: bool = True
    #: Kinds of work of which a person is to see the result before it is written.
    review: frozenset[Kind] = frozenset()


class Runner:
    """Runs jobs of all lanes until it is stopped."""

    def __init__(  # noqa: PLR0913 - the runner joins everything that a job meets
        self,
        db: Database,
        lanes: Mapping[Kind, Lane],
        delivery: Delivery,
        reviews: Reviews,
        leases: Leases,
        providers: Providers,
        settling: Settling,
        tags: Tags,
        *,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._db = db
        self._lanes = lanes
        self._delivery = delivery
        self._reviews = reviews
        self._leases = leases
        self._providers = providers
        self._settling = settling
        self._tags = tags
        self._rules = rules
        self._clock = clock
        self._running: dict[asyncio.Task[None], Kind] = {}
        self._wake = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._stopping = False

    def wake(self) -> None:
        """Look for work at once."""
        self._wake.set()

    @property
    def is_busy(self) -> bool:
        """True while any job runs, or may have been claimed this moment."""
        return bool(self._running) or self._claiming.locked()

    def can_run(self, kind: Kind) -> bool:
        """Say whether all that this kind of job needs is there."""
        return self._providers.available(self._lanes[kind].needs)

    def can_write(self) -> bool:
        """Say whether what was decided on can be carried out: nothing but Paperless is needed for that."""
        return self._providers.available(("paperless",))

    async def watch(self) -> None:
        """Claim and run jobs until cancelled or stopped. Sleeps until woken when nothing can be claimed."""
        while not self._stopping:
            self._wake.clear()
            try:
                async with self._claiming:
                    started = await self._start_all()
            except StoreError as error:
                _log.error("%s", error)
                await self._clock.sleep(5.0)
                continue
            if not started:
                await self._wake.wait()

    async def stop(self, grace_s: float) -> None:
        """Claim no more, let short steps finish, hand running jobs back with their attempt not counted."""
        self._stopping = True
        self.wake()
        async with self._claiming:  # a claim that is under way comes to its end, so that no job is left behind
            await asyncio.sleep(0)  # a job that was claimed this moment takes its first step, where it can be stopped
        for patience_s in (grace_s, LAST_GRACE_S):  # the first cancel lets short steps finish, the second does not
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(set(self._running), timeout=patience_s)

    def begin(self) -> None:
        """Allow claims (again, after a stop)."""
        self._stopping = False

    async def _start_all(self) -> bool:
        started = False
        for kind, lane in self._lanes.items():
            while self._has_room(kind, lane) and (job := await self._claim(kind)):
                self._start(job)
                started = True
        return started

    def _has_room(self, kind: Kind, lane: Lane) -> bool:
        busy = sum(1 for running in self._running.values() if running is kind)
        return busy < lane.width and not self._stopping and self.can_write()

    async def _claim(self, kind: Kind) -> Job | None:
        lane = self._lanes[kind]
        return await self._db.run(
            queue.claim, kind, owner=self._leases.owner, now=self._clock.now(), lease=self._leases.length,
            most=lane.width if lane.together else None, worked=not self.can_run(kind),
        )  # fmt: skip

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(self._watched(job), name=f"job {job.id}")
        self._running[task] = job.kind
        self._leases.hold(job, task)

        def ended(task: asyncio.Task[None]) -> None:
            del self._running[task]
            self._leases.drop(job)
            if not task.cancelled() and (error := task.exception()):
                with work.about(job.id, job.document_id, job.kind):
                    _log.error("job %s could not be settled: %s", job.id, error)
            self.wake()

        task.add_done_callback(ended)

    async def _watched(self, job: Job) -> None:
        with work.job(job.id, job.document_id, job.kind):
            _log.info("document %s: %s begins (job %s, attempt %s)", job.document_id, job.kind, job.id, job.attempt)
            await self._run(job)

    async def _run(self, job: Job) -> None:
        """Work on the job and settle how that ended; all errors of the job end here."""
        left: Job | None = job
        try:
            while left is not None:
                left = await self._work_and_settle(left)
        except asyncio.CancelledError:
            if self._stopping:
                await self._settling.hand_back(job)
            raise

    async def _work_and_settle(self, job: Job) -> Job | None:
        """Return what is left of the job: one that was given up is worked on once more, so that this is shown."""
        try:
            await self._work(job)
        except LeaseLostError as error:
            _log.warning("%s", error)
        except Exception as error:  # noqa: BLE001 - one job's error, whatever it is, is settled for that job alone
            return await self._settling.settle(job, error, self._lanes[job.kind].needs)
        return None

    async def _work(self, job: Job) -> None:
        """Propose and finish. A job that came as far as an intent once goes on from there: its work is done."""
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
            await self._reviews.put_up(job, proposal, held.plan, held.document)

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
        try:
            delivered = await self._delivery.deliver(job, Proposal(base={}, wanted={}, delta=delta, note=note))
            await self._reviews.remove_note(job, delivered.document)
        except PermanentError as error:
            _log.error("document %s: the fail tag could not be set: %s", job.document_id, error)
        await self._db.run(queue.fail, job, now=self._clock.now())
        _log.error("document %s: %s failed. %s", job.document_id, job.kind, job.reason)
        news.tell(Cause.FAILED, f"Document {job.document_id}: {job.kind} failed. {job.reason}")
