"""Bring a proposal into Paperless once, without losing what a person changed meanwhile.

A PATCH is no transaction, there is no If-Match, tags in a PATCH replace the list, and an error may hide a write that
happened. So, for every delivery:

1. Read the document as it is now. The trigger tag is gone and nothing of ours is to be seen: the owner changed their
   mind; cancel.
2. Decide (`domain/writeback.py`): equal to wanted, nothing to do; equal to what the work saw, write; neither, a person
   changed it, theirs stays.
3. Journal the intent durably, old values included. Only then the first byte.
4. Wait for a place in the door. If that took a while, look at the document again; if it is not what it was, begin
   anew at 2. Check that the lease outlives the request.
5. PATCH the fields, without tags. Fields that Paperless refuses by name are dropped and recorded, the rest is sent.
6. Change the tags by delta. It is the commit mark.
7. Read back and compare. The caller then ends intent and job in one transaction.

Coming again after a crash starts at 1 with the same proposal, so a crash anywhere repeats a comparison, not a write.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError, PermanentError, TemporaryError, UncertainWriteError
from sidecar.domain.job import Job
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import (
    Conflict,
    Plan,
    Proposal,
    decide,
    overruled,
    shows_our_hand,
    tags_are_lost,
)
from sidecar.paperless.client import Paperless
from sidecar.paperless.http import PROVIDER, RefusedError
from sidecar.store import journal
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.gate import Gate
from sidecar.worker.lease import Leases

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
    #: True once a request may have gone out: from then on there is no other plan.
    has_begun: bool = False


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
    ) -> None:
        self._paperless = paperless
        self._db = db
        self._gate = gate
        self._leases = leases
        self._tags = tags
        self._clock = clock
        self._on_strange_tags = on_strange_tags

    async def deliver(self, job: Job, proposal: Proposal) -> Delivered:
        """Deliver; the steps are this module's text. Raises CancelledError and the errors of `Paperless`."""
        read_at = self._clock.now()
        current = await self._paperless.document(job.document_id)
        earlier = await self._db.run(journal.find, job.id)
        for _ in range(LOOKS):
            self._require_trigger(job, earlier, current)
            plan = decide(proposal, current)
            await self._db.run(journal.intend, job, proposal, plan, earlier=earlier, now=self._clock.now())
            try:
                return await self._send(_Sending(job, proposal, earlier, current, plan, read_at))
            except _ChangedError as changed:
                read_at, current = self._clock.now(), changed.current
        raise TemporaryError("The document was changed again and again while it waited for its write.")

    def _require_trigger(self, job: Job, earlier: journal.Entry | None, current: Document) -> None:
        if self._tags.trigger(job.kind) not in current.tags and not _is_ours(job, earlier, current):
            raise CancelledError(TRIGGER_GONE)

    async def _send(self, sending: _Sending) -> Delivered:
        """Send what was decided, and read back. Raises _ChangedError with nothing sent."""
        job, proposal, plan, earlier = sending.job, sending.proposal, sending.plan, sending.earlier
        await self._note(sending)
        refused = await self._patch(sending) if plan.write else {}
        plan = plan.without(frozenset(refused))
        if "content" in refused:
            raise PermanentError(f"Paperless took nothing of it: {'; '.join(refused.values())}")
        if plan.delta:
            await self._change_tags(sending)
        back = await self._paperless.document(job.document_id)
        if tags_are_lost(plan, back):
            raise UncertainWriteError("Paperless took the change of tags, but no tag has changed.", suspect=PROVIDER)
        before = earlier.written if earlier else {}
        written = tuple(name for name in proposal.wanted if name in plan.write or name in before)
        return Delivered(back, written, plan.conflicts, refused, overruled(plan, back))

    async def _change_tags(self, sending: _Sending) -> None:
        """Send the tag delta. A tag that is gone from Paperless by now makes the proposal worthless: think anew."""
        job = sending.job
        try:
            await self._gate.change_tags(job.document_id, sending.plan.delta, lambda: self._may_write(sending))
        except RefusedError as error:
            self._on_strange_tags()
            await self._db.run(journal.drop, job)
            raise TemporaryError(f"{error} Was a tag deleted?") from error

    async def _may_write(self, sending: _Sending) -> None:
        """Look, in the door, whether the plan still holds and the lease lasts. Others may have waited there before."""
        job = sending.job
        if not sending.has_begun and self._clock.now() - sending.read_at > FRESH:
            current = await self._paperless.document(job.document_id)
            self._require_trigger(job, sending.earlier, current)
            plan = decide(sending.proposal, current)
            if (plan.write, plan.delta) != (sending.plan.write, sending.plan.delta):
                raise _ChangedError(current)
        await self._leases.assure(job, self._paperless.timeout_s)
        sending.has_begun = True

    async def _patch(self, sending: _Sending) -> dict[str, str]:
        """Send the fields and return those that were refused, with the reason; at most one more request for each."""
        job, refused = sending.job, dict[str, str]()
        while values := {name: value for name, value in sending.plan.write.items() if name not in refused}:
            send = functools.partial(self._paperless.patch, job.document_id, values)
            try:
                await self._gate.write(lambda: self._may_write(sending), send)
                break
            except RefusedError as error:
                named = {name: said for name, said in error.fields.items() if name in values}
                if not named:
                    raise
                refused |= named
        if refused:
            await self._db.run(journal.refuse, job, refused)
        return refused

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
