"""Bring a proposal into Paperless once, without losing what a person changed meanwhile.

A PATCH is no transaction, there is no If-Match, tags in a PATCH replace the list, and an error may hide a write that
happened. So, for every delivery:

1. Read the document as it is now. The trigger tag is gone and nothing of ours is to be seen: the owner changed their
   mind; cancel.
2. Decide (`domain/writeback.py`): equal to wanted, nothing to do; equal to what the work saw, write; neither, a person
   changed it, theirs stays.
3. Journal the intent durably, old values included (of linked documents too: `worker/linking.py`). Only then the first
   byte. Names that do not exist yet are made now (`worker/naming.py`), and the intent is journalled again with their
   ids.
4. Wait for a place in the door. If that took a while, look at the document again; if it is not what it was, begin
   anew at 2. Check that the lease outlives the request.
5. PATCH the fields, without tags (`worker/sending.py`). Custom fields go as one list that replaces the document's, so
   the document is read right before every PATCH with one. Fields that Paperless refuses by name are dropped and
   recorded, the rest is sent; if it breaks down over a custom field, each goes by itself. Journal that they were sent.
6. Post the note, if there is one: after the fields, so that they are never sent on an old look.
7. Change the tags by delta. It is the commit mark. Journal that it was answered.
8. Read back and compare. The caller then ends intent and job in one transaction.

Coming again after a crash starts at 1 with the same proposal, so a crash anywhere repeats a comparison, not a write.
What was sent is not sent again, even if it is gone: then a person undid it (`domain/resuming.py`). An answer that
proves that nothing was written puts the journal back, so that what a person does next is not taken for ours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sidecar.domain.document import Document
from sidecar.domain.errors import (
    CancelledError,
    OutageError,
    PermanentError,
    TemporaryError,
    UncertainWriteError,
    WorkError,
)
from sidecar.domain.job import Job
from sidecar.domain.resuming import BrokenOff, rest
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import (
    Conflict,
    Plan,
    Proposal,
    TagDelta,
    decide,
    overruled,
    same,
    tags_are_lost,
)
from sidecar.paperless.client import Paperless
from sidecar.paperless.http import PROVIDER, RefusedError
from sidecar.store import journal
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.decision_tags import left_on, still_heard
from sidecar.worker.gate import Gate
from sidecar.worker.hindsight import is_ours, look_back
from sidecar.worker.lease import Leases
from sidecar.worker.linking import without_field
from sidecar.worker.naming import NameMaker
from sidecar.worker.sending import ChangedError, FieldSender, Sending

_log = logging.getLogger(__name__)

TRIGGER_GONE = "The trigger tag was taken off, so nothing was done."
#: A document that was read so long ago is read again before the first write to it.
FRESH = timedelta(seconds=1)
#: So many times a document may be changed by others while its first write waits in the door.
LOOKS = 10


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery came to."""

    #: The document as it was read back.
    document: Document
    #: Fields that hold our value now and did not before this job.
    written: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    #: Fields that Paperless did not take, with its words.
    refused: Mapping[str, str] = field(default_factory=dict)
    #: Fields that Paperless took and that somebody, or a workflow, set to something else at once.
    overruled: tuple[str, ...] = ()
    #: Tags that are there now and were not before, and that we did not put on: parents of ours, or a person's.
    appeared: frozenset[int] = frozenset()
    #: Tags that are there now and were not before this job, but for our own.
    put_on: frozenset[int] = frozenset()
    #: What custom fields are called, and tags by their `tag_key`.
    words: Mapping[str, str] = field(default_factory=dict)
    #: Sentences for the job's story.
    remarks: tuple[str, ...] = ()


class HeldForReviewError(Exception):
    """A person wants to see it first. Carries what would be written."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


class Delivery:
    """Delivers proposals to one Paperless."""

    def __init__(
        self,
        paperless: Paperless,
        db: Database,
        gate: Gate,
        leases: Leases,
        tags: Tags,
        clock: Clock,
        on_strange_tags: Callable[[], None],
        names: NameMaker | None = None,
    ) -> None:
        self._names = names
        self._paperless = paperless
        self._db = db
        self._gate = gate
        self._leases = leases
        self._tags = tags
        self._clock = clock
        self._on_strange_tags = on_strange_tags
        self._fields = FieldSender(paperless, gate, self._may_write)

    async def deliver(
        self, job: Job, proposal: Proposal, hold: Callable[[Plan, Document], bool] = lambda _plan, _document: False
    ) -> Delivered:
        """Deliver; the steps are this module's text. Raises CancelledError and the errors of `Paperless`.

        `hold` says whether a person is to see first what would be written: then HeldForReviewError is raised with
        nothing sent. An intent of which nothing was sent is taken back then, so that an undo does not believe in it.
        """
        read_at = self._clock.now()
        current = await self._paperless.document(job.document_id)
        earlier = await self._db.run(journal.find, job.id)
        before, broken = earlier, await look_back(self._paperless, job, earlier, current)
        refused: dict[str, str] = dict(earlier.refused) if earlier and broken and not broken.is_dropped else {}
        sending: Sending | None = None
        for _ in range(LOOKS):
            plan = (await self._plan(job, proposal, broken, current)).without(frozenset(refused))
            try:
                self._require_trigger(job, earlier, broken, current)
                if hold(plan, current):
                    raise HeldForReviewError(plan)
            except (CancelledError, HeldForReviewError):
                if sending is not None or (before is not None and before.is_unsent):
                    await self._db.run(journal.drop, job, earlier=before)
                raise
            linked, now = await without_field(self._paperless, plan), self._clock.now()
            await self._db.run(journal.intend, job, proposal, plan, earlier=earlier, linked=linked, now=now)
            if proposal.names:
                proposal, earlier = await self._with_names(job, proposal, earlier, current)
                plan = (await self._plan(job, proposal, broken, current)).without(frozenset(refused))
                await self._db.run(journal.intend, job, proposal, plan, earlier=earlier, linked=linked, now=now)
            sending = Sending(job, proposal, earlier, broken, current, plan, read_at, refused)
            try:
                return await self._send(sending)
            except (CancelledError, OutageError, RefusedError) as error:
                if not sending.has_begun:
                    await self._put_back(sending, before, error)
                raise
            except ChangedError as changed:
                read_at, current = self._clock.now(), changed.current
        raise TemporaryError("The document was changed again and again while it waited for its write.")

    async def _put_back(self, sending: Sending, before: journal.Entry | None, error: WorkError) -> None:
        """Have the journal say what it did before this intent, of which nothing was sent, as far as it is known."""
        job, broken = sending.job, sending.broken
        if isinstance(error, CancelledError):
            await self._db.run(journal.drop, job, earlier=before)
        elif not job.giving_up and (broken is None or broken.is_dropped):
            await self._db.run(journal.drop, job, earlier=before, is_delivered_again=True)

    async def _with_names(
        self, job: Job, proposal: Proposal, earlier: journal.Entry | None, current: Document
    ) -> tuple[Proposal, journal.Entry | None]:
        """Make the names that are still needed and return the proposal, and the journalled one, with their ids.

        A name for a field that a person has filled meanwhile is not made.
        """
        needed = [
            name
            for name in proposal.names
            if name.field == "tags" or same(name.field, current.value(name.field), proposal.base[name.field])
        ]
        ids = {} if self._names is None else await self._names.make(job, needed, again=earlier is not None)
        if earlier is not None:
            earlier = replace(earlier, proposal=earlier.proposal.with_names(ids))
        return proposal.with_names(ids), earlier

    async def _plan(self, job: Job, proposal: Proposal, broken: BrokenOff | None, current: Document) -> Plan:
        """Decide what is left to be sent; tags by which a person asked for this, and decided on it, go off with it."""
        spent = self._tags.spent(job.kind, current.tags)
        proposal = replace(proposal, delta=TagDelta(proposal.delta.add, proposal.delta.remove | spent))
        if broken is None:
            plan = decide(proposal, current)
        else:
            trigger, marks = self._tags.trigger(job.kind), self._tags.done(job.kind)
            plan = rest(proposal, broken, current, trigger=trigger, marks=marks)
        return replace(plan, delta=await still_heard(self._db, job, self._tags, plan.delta))

    def _require_trigger(
        self, job: Job, earlier: journal.Entry | None, broken: BrokenOff | None, current: Document
    ) -> None:
        if job.ask is not None:  # asked for in so many words, not by a tag
            return
        if self._tags.trigger(job.kind) not in current.tags and not is_ours(job, earlier, broken, current):
            raise CancelledError(TRIGGER_GONE)

    async def _send(self, sending: Sending) -> Delivered:
        """Send what was decided, and read back. Raises ChangedError with nothing sent."""
        job, proposal, plan, earlier = sending.job, sending.proposal, sending.plan, sending.earlier
        refused = sending.refused
        if plan.write:
            await self._fields.send(sending)
            await self._db.run(journal.fields_sent, job, refused)
        plan = plan.without(frozenset(refused))
        if "content" in refused:
            raise PermanentError(f"Paperless took nothing of it: {'; '.join(refused.values())}")
        if not plan.is_all_sent:
            await self._note(sending)
        if plan.delta:
            plan = sending.plan = replace(plan, delta=await still_heard(self._db, job, self._tags, plan.delta))
        if plan.delta:
            await self._change_tags(sending)
            await self._db.run(journal.tags_sent, job)
        back = await self._paperless.document(job.document_id)
        if tags_are_lost(plan, back):
            await self._db.run(journal.tags_sent, job, came_true=False)
            raise UncertainWriteError("Paperless took the change of tags, but no tag has changed.", suspect=PROVIDER)
        if (plan.delta or plan.is_all_sent) and (left := left_on(job, self._tags, sending.current, back)):
            await self._gate.change_tags(job.document_id, left, lambda: self._may_write(sending))
            back = await self._paperless.document(job.document_id)
        before = earlier.written if earlier else {}
        theirs = {conflict.field for conflict in plan.conflicts}
        written = tuple(name for name in proposal.wanted if name in plan.write or name in before.keys() - theirs)
        added, appeared = self._new_tags(sending, back)
        return Delivered(
            back, written, plan.conflicts, refused, overruled(plan, back), appeared, added,
            proposal.words, proposal.remarks,
        )  # fmt: skip

    def _new_tags(self, sending: Sending, back: Document) -> tuple[frozenset[int], frozenset[int]]:
        """Return the tags that the document has since this job, without our own: put on by it, and come with those."""
        earlier = sending.earlier
        resumed = earlier is not None and earlier.is_under_way
        before = earlier.tags if earlier and resumed else sending.plan.tags
        added = sending.plan.delta.add | (earlier.proposal.delta.add if earlier and resumed else frozenset())
        if before is None or not added:
            return frozenset(), frozenset()
        new = back.tags - before - self._tags.all
        return new & added, new - added

    async def _change_tags(self, sending: Sending) -> None:
        """Send the tag delta. A tag that is gone from Paperless by now makes the proposal worthless: think anew."""
        job = sending.job
        try:
            await self._gate.change_tags(job.document_id, sending.plan.delta, lambda: self._may_write(sending))
        except RefusedError as error:
            self._on_strange_tags()
            await self._db.run(journal.drop, job)
            raise TemporaryError(f"{error} Was a tag deleted?") from error
        except OutageError:
            broken = sending.broken
            if not job.giving_up and (broken is None or broken.is_dropped or broken.tags_unsent):
                await self._db.run(journal.tags_sent, job, came_true=False, is_sure=True)
            raise

    async def _may_write(self, sending: Sending, *, with_custom: bool = False) -> None:
        """Look, in the door, whether the plan still holds and the lease lasts. Others may have waited there before.

        What was read longer than a moment ago is read again, and always before custom fields are sent.
        """
        job = sending.job
        if not sending.has_begun and (with_custom or self._clock.now() - sending.read_at > FRESH):
            current = await self._paperless.document(job.document_id)
            self._require_trigger(job, sending.earlier, sending.broken, current)
            plan = await self._plan(job, sending.proposal, sending.broken, current)
            left = plan.without(frozenset(sending.refused))
            if (left.write, plan.delta) != (sending.left(), sending.plan.delta):
                raise ChangedError(current)
            sending.current = current
        await self._leases.assure(job, self._paperless.timeout_s)
        sending.has_begun = True

    async def _note(self, sending: Sending) -> None:
        """Post the proposal's note unless it stands there; a user without the right to write notes goes without."""
        document_id, text = sending.job.document_id, sending.proposal.note
        if text is None or text.strip() in {note.strip() for note in sending.current.notes}:
            return
        try:
            await self._gate.write(
                lambda: self._may_write(sending), lambda: self._paperless.add_note(document_id, text)
            )
        except PermanentError as error:
            _log.warning("document %s: the note could not be written: %s", document_id, error)
