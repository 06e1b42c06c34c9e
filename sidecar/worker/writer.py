"""What a job writes to its document beside what it delivers: notes and tags, each in its turn, under the job's lease.

Every write waits at the gate for its turn. Then the job's lease must outlast the request, else LeaseLostError is
raised and nothing is sent: the job is somebody else's by now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.job import Job
from sidecar.domain.writeback import TagDelta
from sidecar.paperless.client import Paperless
from sidecar.worker.gate import Check, Gate
from sidecar.worker.lease import Leases
from sidecar.worker.linking import is_left_empty

_log = logging.getLogger(__name__)


class _NotEmptyError(Exception):
    """The field has a value, or is gone."""


class Writer:
    """Writes to the documents of jobs."""

    def __init__(self, paperless: Paperless, gate: Gate, leases: Leases) -> None:
        self._paperless = paperless
        self._gate = gate
        self._leases = leases

    async def change_tags(self, job: Job, delta: TagDelta) -> None:
        """Send the delta for the job's document, together with others that wait with the same one."""
        await self._gate.change_tags(job.document_id, delta, lambda: self._may_write(job))

    async def post_note(self, job: Job, text: str, *, called: str, look: Check | None = None) -> None:
        """Post a note; a user without the right to write notes goes without `called`, as the log calls it.

        `look` is taken right before the note goes out; what it raises is raised with nothing sent.
        """

        async def check() -> None:
            if look is not None:
                await look()
            await self._may_write(job)

        try:
            await self._gate.write(check, lambda: self._paperless.add_note(job.document_id, text))
        except PermanentError as error:
            _log.warning("document %s: %s could not be written as a note: %s", job.document_id, called, error)

    async def remove_notes(self, job: Job, document: Document, is_meant: Callable[[str], bool], *, called: str) -> None:
        """Remove the notes with a text that is meant; without the right to do so `called`, as the log calls it, stays.

        Nothing is asked of Paperless if `document`, as it was read, has no such note.
        """
        if not any(map(is_meant, document.notes)):
            return
        try:
            for note_id, text in await self._paperless.notes(job.document_id):
                if is_meant(text):
                    await self._remove_note(job, note_id)
        except PermanentError as error:
            _log.warning("document %s: %s stays: %s", job.document_id, called, error)

    async def take_off_empty(self, job: Job, document_id: int, name: str) -> None:
        """Take a custom field off another document that has it without a value; with one, or gone, it is left alone.

        Without the right to change that document the field stays.
        """
        current: Document | None = None

        async def look() -> None:
            nonlocal current
            current = await self._paperless.document(document_id)
            if not is_left_empty(current, name):
                raise _NotEmptyError
            await self._may_write(job)

        async def send() -> None:
            holds = current.custom_fields if current else None
            await self._paperless.patch(document_id, {name: None}, holds=holds)

        try:
            await self._gate.write(look, send)
        except _NotEmptyError:
            return
        except (CancelledError, PermanentError) as error:
            _log.warning("document %s: an empty field that came with a link stays: %s", document_id, error)

    async def _remove_note(self, job: Job, note_id: int) -> None:
        await self._gate.write(
            lambda: self._may_write(job), lambda: self._paperless.delete_note(job.document_id, note_id)
        )

    async def _may_write(self, job: Job) -> None:
        await self._leases.assure(job, self._paperless.timeout_s)
