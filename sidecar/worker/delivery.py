"""Bring a proposal into Paperless once, without losing what a person changed meanwhile.

A PATCH is no transaction, there is no If-Match, tags in a PATCH replace the list, and an error may hide a write that
happened. So, for every delivery:

1. Read the document as it is now. The trigger tag is gone and nothing of ours is to be seen: the owner changed their
   mind; cancel.
2. Decide (`domain/writeback.py`): equal to wanted, nothing to do; equal to what the work saw, write; neither, a person
   changed it, theirs stays.
3. Journal the intent durably, old values included. Only then the first byte. Names that do not exist yet are made now
   (`worker/naming.py`), and the intent is journalled again with their ids.
4. Wait for a place in the door. If that took a while, look at the document again; if it is not what it was, begin
   anew at 2. Check that the lease outlives the request.
5. PATCH the fields, without tags. Custom fields go as one list that replaces the document's, so the document is read
   right before every PATCH with one. Fields that Paperless refuses by name are dropped and recorded, the rest is sent;
   if it breaks down over a custom field, each goes by itself.
6. Post the note, if there is one: after the fields, so that they are never sent on an old look.
7. Change the tags by delta. It is the commit mark.
8. Read back and compare. The caller then ends intent and job in one transaction.

Coming again after a crash starts at 1 with the same proposal, so a crash anywhere repeats a comparison, not a write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sidecar.domain.document import Document, Fields, custom_id
from sidecar.domain.errors import CancelledError, PermanentError, TemporaryError, UncertainWriteError
from sidecar.domain.job import Job
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import (
    Conflict,
    Plan,
    Proposal,
    TagDelta,
    decide,
    overruled,
    same,
    shows_our_hand,
    tags_are_lost,
)
from sidecar.paperless.client import Paperless
from sidecar.paperless.http import PROVIDER, BrokeDownError, RefusedError
from sidecar.store import journal
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.gate import Gate
from sidecar.worker.lease import Leases
from sidecar.worker.naming import NameMaker

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
    #: What custom fields are called.
    words: Mapping[str, str] = field(default_factory=dict)
    #: Sentences for the job's story.
    remarks: tuple[str, ...] = ()


class HeldForReviewError(Exception):
    """A person wants to see it first. Carries the document as it is, and what would be written to it."""

    def __init__(self, document: Document, plan: Plan) -> None:
        super().__init__()
        self.document = document
        self.plan = plan


class _ChangedError(Exception):
    """The document is not what the plan was made for. Carries the document as it is now."""

    def __init__(self, current: Document) -> None:
        super().__init__()
        self.current = current


@dataclass(slots=True)
class _Sending:
    """A delivery on its way: what was decided, and on what."""

    job: Job
    proposal: Proposal
    earlier: journal.Entry | None
    current: Document
    plan: Plan
    read_at: datetime
    #: Fields that Paperless did not take so far, with its words.
    refused: dict[str, str]
    #: True once a request may have written: from then on there is no other plan.
    has_begun: bool = False

    def left(self) -> dict[str, Any]:
        """Return the values to be written, without those that were refused."""
        return dict(self.plan.without(frozenset(self.refused)).write)


def _is_ours(job: Job, earlier: journal.Entry | None, current: Document) -> bool:
    """Say whether a missing trigger tag is our own doing."""
    if earlier is None:
        return False
    return job.giving_up or shows_our_hand(earlier.proposal, earlier.written, current)


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
        before = earlier
        refused: dict[str, str] = {}
        sending: _Sending | None = None
        for _ in range(LOOKS):
            plan = self._plan(job, proposal, current).without(frozenset(refused))
            try:
                self._require_trigger(job, earlier, current)
                if hold(plan, current):
                    raise HeldForReviewError(current, plan)
            except (CancelledError, HeldForReviewError):
                if sending is not None:
                    await self._db.run(journal.drop, job, earlier=before)
                raise
            await self._db.run(journal.intend, job, proposal, plan, earlier=earlier, now=self._clock.now())
            if proposal.names:
                proposal, earlier = await self._with_names(job, proposal, earlier, current)
                plan = self._plan(job, proposal, current).without(frozenset(refused))
                await self._db.run(journal.intend, job, proposal, plan, earlier=earlier, now=self._clock.now())
            sending = _Sending(job, proposal, earlier, current, plan, read_at, refused)
            try:
                return await self._send(sending)
            except CancelledError:
                if not sending.has_begun:
                    await self._db.run(journal.drop, job, earlier=before)
                raise
            except _ChangedError as changed:
                read_at, current = self._clock.now(), changed.current
        raise TemporaryError("The document was changed again and again while it waited for its write.")

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

    def _plan(self, job: Job, proposal: Proposal, current: Document) -> Plan:
        """Decide what is left to be sent; tags by which a person asked for this, and decided on it, go off with it."""
        spent = self._tags.spent(job.kind, current.tags)
        delta = TagDelta(proposal.delta.add, proposal.delta.remove | spent)
        return decide(replace(proposal, delta=delta), current)

    def _require_trigger(self, job: Job, earlier: journal.Entry | None, current: Document) -> None:
        if job.ask is not None:  # asked for in so many words, not by a tag
            return
        if self._tags.trigger(job.kind) not in current.tags and not _is_ours(job, earlier, current):
            raise CancelledError(TRIGGER_GONE)

    async def _send(self, sending: _Sending) -> Delivered:
        """Send what was decided, and read back. Raises _ChangedError with nothing sent."""
        job, proposal, plan, earlier = sending.job, sending.proposal, sending.plan, sending.earlier
        refused = sending.refused
        if plan.write:
            await self._patch(sending)
        if refused:
            await self._db.run(journal.refuse, job, refused)
        plan = plan.without(frozenset(refused))
        if "content" in refused:
            raise PermanentError(f"Paperless took nothing of it: {'; '.join(refused.values())}")
        await self._note(sending)
        if plan.delta:
            await self._change_tags(sending)
        back = await self._paperless.document(job.document_id)
        if tags_are_lost(plan, back):
            raise UncertainWriteError("Paperless took the change of tags, but no tag has changed.", suspect=PROVIDER)
        before = earlier.written if earlier else {}
        written = tuple(name for name in proposal.wanted if name in plan.write or name in before)
        return Delivered(
            back, written, plan.conflicts, refused, overruled(plan, back), self._appeared(sending, back),
            proposal.words, proposal.remarks,
        )  # fmt: skip

    def _appeared(self, sending: _Sending, back: Document) -> frozenset[int]:
        earlier = sending.earlier
        resumed = earlier is not None and earlier.state == "intended"
        before = earlier.tags if earlier and resumed else sending.plan.tags
        added = sending.plan.delta.add | (earlier.proposal.delta.add if earlier and resumed else frozenset())
        if before is None or not added:
            return frozenset()
        return back.tags - before - added - self._tags.all

    async def _change_tags(self, sending: _Sending) -> None:
        """Send the tag delta. A tag that is gone from Paperless by now makes the proposal worthless: think anew."""
        job = sending.job
        try:
            await self._gate.change_tags(job.document_id, sending.plan.delta, lambda: self._may_write(sending))
        except RefusedError as error:
            self._on_strange_tags()
            await self._db.run(journal.drop, job)
            raise TemporaryError(f"{error} Was a tag deleted?") from error

    async def _may_write(self, sending: _Sending, *, with_custom: bool = False) -> None:
        """Look, in the door, whether the plan still holds and the lease lasts. Others may have waited there before.

        What was read longer than a moment ago is read again, and always before custom fields are sent.
        """
        job = sending.job
        if not sending.has_begun and (with_custom or self._clock.now() - sending.read_at > FRESH):
            current = await self._paperless.document(job.document_id)
            self._require_trigger(job, sending.earlier, current)
            plan = self._plan(job, sending.proposal, current)
            left = plan.without(frozenset(sending.refused))
            if (left.write, plan.delta) != (sending.left(), sending.plan.delta):
                raise _ChangedError(current)
            sending.current = current
        await self._leases.assure(job, self._paperless.timeout_s)
        sending.has_begun = True

    async def _patch(self, sending: _Sending) -> None:
        """Send the fields; those that were refused are noted, at most one more request for each."""
        while values := sending.left():
            with_custom = any(custom_id(name) is not None for name in values)
            try:
                await self._send_fields(sending, values, with_custom=with_custom)
                return
            except RefusedError as error:
                sending.has_begun = False  # all or nothing: nothing of it was written
                named = {name: said for name, said in error.fields.items() if name in values}
                if not named:
                    raise
                sending.refused |= named
            except BrokeDownError as error:
                if not with_custom:
                    raise
                await self._one_by_one(sending, error)
                return

    async def _one_by_one(self, sending: _Sending, error: BrokeDownError) -> None:
        """Send each custom field by itself after Paperless broke down over all of them together.

        Of a value that the data type cannot hold it writes the rest and answers 500; so it does when something of its
        own is away, but then it takes no change at all, and this raises, to be tried again later.
        """
        job, wanted = sending.job, sending.left()
        now = await self._paperless.document(job.document_id)
        left = {name: value for name, value in wanted.items() if not same(name, now.value(name), value)}
        if any(custom_id(name) is None for name in left):
            raise error
        for name, value in left.items():
            try:
                await self._send_alone(sending, name, value)
            except _ChangedError:
                continue  # somebody was there meanwhile; theirs stays, and shows on reading back
            except RefusedError as refusal:
                sending.refused |= {name: refusal.fields.get(name, str(refusal))}
            except BrokeDownError:
                await self._send_fields(sending, {}, with_custom=False)  # raises if it takes no change at all
                sending.refused |= {name: "it broke down over this value."}

    async def _send_fields(self, sending: _Sending, values: Fields, *, with_custom: bool) -> None:
        async def send() -> Document:
            return await self._paperless.patch(sending.job.document_id, values, holds=sending.current.custom_fields)

        await self._gate.write(lambda: self._may_write(sending, with_custom=with_custom), send)

    async def _send_alone(self, sending: _Sending, name: str, value: Any) -> None:
        """Send one custom field. Raises _ChangedError if it is not what the plan was made for."""
        document_id = sending.job.document_id

        async def unchanged() -> None:
            sending.current = await self._paperless.document(document_id)
            if not same(name, sending.current.value(name), sending.plan.old[name]):
                raise _ChangedError(sending.current)
            await self._may_write(sending)

        async def send() -> Document:
            return await self._paperless.patch(document_id, {name: value}, holds=sending.current.custom_fields)

        await self._gate.write(unchanged, send)

    async def _note(self, sending: _Sending) -> None:
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
