"""The undo step: what the sidecar wrote to a document is taken back, by a delivery like any other.

What a person changed since is compared and kept as with every write. Tags that we put on go off, with the parents that
came along; tags that we took off (the triggers) do not come back. The notes that we posted go, and the
empty fields that links of ours left in other documents. A version that we made stays: Paperless can delete it, and it
harms nobody.
"""

from __future__ import annotations

from collections.abc import Collection

from sidecar.domain.errors import CancelledError, TemporaryError
from sidecar.domain.job import Job, Kind
from sidecar.domain.telling import field_words
from sidecar.domain.trigger import Tags
from sidecar.domain.undoing import TAGS, Request
from sidecar.domain.writeback import Proposal, TagDelta
from sidecar.paperless.client import Paperless
from sidecar.paperless.names import NameList
from sidecar.store import undoing
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.delivery import TRIGGER_GONE, Delivered
from sidecar.worker.writer import Writer


class Undo:
    """Takes write-backs back."""

    def __init__(
        self,
        paperless: Paperless,
        names: NameList,
        db: Database,
        writer: Writer,
        tags: Tags,
        clock: Clock,
    ) -> None:
        self._paperless = paperless
        self._names = names
        self._db = db
        self._writer = writer
        self._tags = tags
        self._clock = clock

    async def propose(self, job: Job) -> Proposal:
        """Return the document's values of before. Nothing but the journal is needed for it.

        Raises TemporaryError while another job is writing to the document: what it writes is not known yet.
        """
        document = await self._paperless.document(job.document_id)
        trigger = self._tags.trigger(Kind.UNDO)
        if job.ask is None and trigger not in document.tags:
            raise CancelledError(TRIGGER_GONE)
        if await self._db.run(undoing.is_being_written, job):
            raise TemporaryError("Another job is writing to the document at this moment.")
        request = await self._db.run(undoing.request, job)
        steps = request.steps()
        parents = await self._names.parents() if document.tags else {}
        off = request.tags_off(document.tags, parents, self._tags)
        if job.ask is None:  # one that names its jobs leaves the tag, which asks for all of it
            off |= {trigger}
        return Proposal(
            base={name: step.base for name, step in steps.items()},
            wanted={name: step.wanted for name, step in steps.items()},
            delta=TagDelta(remove=off),
            words=request.words(),
        )

    async def finish(self, job: Job, delivered: Delivered) -> str:
        """Remove the notes and the empty fields that links left, write down what was taken back, and say it.

        Coming again after a crash does it once.
        """
        request = await self._db.run(undoing.request, job)
        ours = {text.strip() for text in request.notes()}
        await self._writer.remove_notes(
            job, delivered.document, lambda note: note.strip() in ours, called="a note of the sidecar"
        )
        fields = [name for name in delivered.written if name not in {*delivered.refused, *delivered.overruled}]
        taken = request.taken(fields)
        for other, name in sorted(request.left_behind(taken)):
            await self._writer.take_off_empty(job, other, name)
        if taken:
            await self._db.run(undoing.record, job, taken, now=self._clock.now())
        return _said(request, fields, taken, delivered)


def _said(request: Request, fields: Collection[str], taken: Collection[tuple[int, str]], delivered: Delivered) -> str:
    """Say in a sentence or three what was taken back, and what was not."""

    def called(name: str) -> str:
        word = delivered.words.get(name)
        return f'"{word}"' if word else field_words(name)

    words = [called(name) for name in fields]
    words += ["tags"] if any(name == TAGS for _, name in taken) else []
    parts = [f"Took back: {', '.join(words)}." if words else "There was nothing to take back."]
    if delivered.conflicts:
        theirs = ", ".join(called(conflict.field) for conflict in delivered.conflicts)
        parts.append(f"Kept what was changed since: {theirs}.")
    if delivered.overruled:
        parts.append(f"Somebody changed it again at once: {', '.join(map(called, delivered.overruled))}.")
    parts += [f"Paperless refused the {called(name)}: {said}" for name, said in delivered.refused.items()]
    read = any(one.kind is Kind.OCR and one.job_id in request.asked for one in request.history)
    if read and any(version.is_ours for version in delivered.document.versions):
        parts.append("The searchable version stays; you can delete it in Paperless.")
    return " ".join(parts)
