"""The first step of every job: look again at the document, and keep what its fields hold."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.domain.document import Document, Fields, custom_name
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.job import Job
from sidecar.domain.trigger import Tags
from sidecar.paperless.client import Paperless
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.delivery import TRIGGER_GONE

ONLY_TO_BE_SEEN = (
    "The sidecar's Paperless user may look at this document but not change it, so nothing was read or asked. "
    "Let that user edit it in Paperless (the document's permissions, or its owner)."
)


class Intake:
    """Opens documents for the steps that work on them."""

    def __init__(self, paperless: Paperless, db: Database, tags: Tags, clock: Clock) -> None:
        self._paperless = paperless
        self._db = db
        self._tags = tags
        self._clock = clock

    async def open(self, job: Job, fields: Sequence[str], *, with_custom: bool = False) -> tuple[Document, Fields]:
        """Return the document as it is now, and the values its fields had when the job first looked.

        `with_custom` adds the custom fields that the document has; one that is missing was not there.

        A list of documents may be older than the last write-back, so a job without its trigger tag ends here.
        Raises CancelledError, and PermanentError for a document that may only be looked at: nothing is worth asking
        a model where the answer cannot be written.
        """
        document = await self._paperless.document(job.document_id)
        if self._tags.trigger(job.kind) not in document.tags:
            raise CancelledError(TRIGGER_GONE)
        if not document.user_can_change:
            raise PermanentError(ONLY_TO_BE_SEEN)
        custom = [custom_name(number) for number in document.custom_fields] if with_custom else []
        now = {name: document.value(name) for name in (*fields, *custom)}
        return document, await self._db.run(queue.begin, job, now, now=self._clock.now())
