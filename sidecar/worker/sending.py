"""Send a document's fields by PATCH, as one delivery decided on them.

A field that Paperless refuses by name is dropped and the rest is sent: a refusal (400) has written nothing. Breaking
down (500) may have written some of it; over a custom field each is then looked at and sent by itself. Both end up in
`Sending.refused`, for the journal and for the owner to read.

Every request passes the door, and in the door the document and the lease are looked at once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sidecar.domain.document import Document, Fields, custom_id
from sidecar.domain.errors import OutageError
from sidecar.domain.job import Job
from sidecar.domain.resuming import BrokenOff
from sidecar.domain.writeback import Plan, Proposal, same
from sidecar.paperless.client import Paperless
from sidecar.paperless.http import BrokeDownError, RefusedError
from sidecar.store import journal
from sidecar.worker.gate import Gate


class ChangedError(Exception):
    """The document is not what the plan was made for. Carries the document as it is now."""

    def __init__(self, current: Document) -> None:
        super().__init__()
        self.current = current


@dataclass(slots=True)
class Sending:
    """A delivery on its way: what was decided, and on what."""

    job: Job
    proposal: Proposal
    earlier: journal.Entry | None
    #: The try that broke off and is gone on with, None for a first one.
    broken: BrokenOff | None
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


class Look(Protocol):
    """The look in the door, right before a request. Raises, with nothing sent, if it may not go out."""

    async def __call__(self, sending: Sending, *, with_custom: bool = False) -> None:
        """Look. With custom fields the document is read anew in any case, since their list replaces the document's."""


class FieldSender:
    """Sends fields to one Paperless. `look` is taken in the door before each request."""

    def __init__(self, paperless: Paperless, gate: Gate, look: Look) -> None:
        self._paperless = paperless
        self._gate = gate
        self._look = look

    async def send(self, sending: Sending) -> None:
        """Send the fields; those that were refused are noted, at most one more request for each.

        Raises what the look does, with nothing written, and those of `Paperless`; an uncertain one may hide a write.
        `has_begun` is false after those that prove that nothing was written.
        """
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
            except OutageError:
                sending.has_begun = False  # the same
                raise
            except BrokeDownError as error:
                if not with_custom:
                    raise
                await self._one_by_one(sending, error)
                return

    async def _one_by_one(self, sending: Sending, error: BrokeDownError) -> None:
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
            except ChangedError:
                continue  # somebody was there meanwhile; theirs stays, and shows on reading back
            except RefusedError as refusal:
                sending.refused |= {name: refusal.fields.get(name, str(refusal))}
            except BrokeDownError:
                await self._send_fields(sending, {}, with_custom=False)  # raises if it takes no change at all
                sending.refused |= {name: "it broke down over this value."}

    async def _send_fields(self, sending: Sending, values: Fields, *, with_custom: bool) -> None:
        async def send() -> Document:
            return await self._paperless.patch(sending.job.document_id, values, holds=sending.current.custom_fields)

        await self._gate.write(lambda: self._look(sending, with_custom=with_custom), send)

    async def _send_alone(self, sending: Sending, name: str, value: Any) -> None:
        """Send one custom field. Raises ChangedError if it is not what the plan was made for."""
        document_id = sending.job.document_id

        async def unchanged() -> None:
            sending.current = await self._paperless.document(document_id)
            if not same(name, sending.current.value(name), sending.plan.old[name]):
                raise ChangedError(sending.current)
            await self._look(sending)

        async def send() -> Document:
            return await self._paperless.patch(document_id, {name: value}, holds=sending.current.custom_fields)

        await self._gate.write(unchanged, send)
