"""The OCR step: fetch the file, read page after page, keep each, and propose the whole text."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sidecar.domain.document import Document
from sidecar.domain.errors import PermanentError, TemporaryError, TooSlowError, WorkError
from sidecar.domain.job import Job
from sidecar.domain.page import ASSUMED, PageText, assemble, page_key
from sidecar.domain.quality import worse
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import Proposal, TagDelta, same
from sidecar.engines import raster
from sidecar.engines.raster import Source
from sidecar.engines.readers import Readers
from sidecar.engines.vision import MAX_BYTES, Vision
from sidecar.observe import meter, work
from sidecar.paperless.client import Paperless
from sidecar.store import pages, queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back, to_the_end, together
from sidecar.worker.intake import Intake
from sidecar.worker.lease import Leases
from sidecar.worker.searchable import Searchable
from sidecar.worker.second_reader import SecondReader

#: After so many pages of a document that took all the time a page may take, no more of it are begun: they would keep
#: the cores from the pages of others for hours.
SLOW_PAGES = 3


@dataclass(slots=True)
class _Reading:
    """One document being read."""

    job: Job
    source: Source
    folder: Path
    keys: dict[int, str]
    #: Without their words, which are many: whoever needs them takes them from the store.
    done: dict[int, PageText]
    #: The models that may see it; None for none.
    vision: Vision | None
    failed: dict[int, WorkError] = field(default_factory=dict)


#: Said where a version waits for an approval that nobody is asked for.
NOTHING_SEEN = "The text is as it was, so nobody was asked to approve it, and no searchable version was made."


class Ocr:
    """Reads documents. All share `cores` slots, so their pages interleave and the machine is never overbooked.

    `folder` is for files while they are read; each file has at most `max_file_bytes`.
    """

    def __init__(  # noqa: PLR0913 - the step joins everything that reading touches
        self,
        paperless: Paperless,
        db: Database,
        intake: Intake,
        leases: Leases,
        readers: Readers,
        tags: Tags,
        clock: Clock,
        *,
        folder: Path,
        cores: int,
        max_file_bytes: int,
        second: SecondReader | None = None,
        searchable: Searchable | None = None,
        is_private: Callable[[frozenset[int]], Awaitable[bool]],
        is_reviewed: Callable[[Document], bool] = lambda _: False,
    ) -> None:
        """`is_reviewed` says of a document that a person wants to see its text before anything is written."""
        self._is_private = is_private
        self._is_reviewed = is_reviewed
        self._paperless = paperless
        self._db = db
        self._intake = intake
        self._leases = leases
        self._readers = readers
        self._second = second
        self._searchable = searchable
        self._tags = tags
        self._clock = clock
        self._folder = folder
        self._cores = cores
        self._slots = asyncio.Semaphore(cores)
        self._max_file_bytes = max_file_bytes

    async def propose(self, job: Job) -> Proposal:
        """Read the job's document and return its text as the wanted content.

        Pages read by an earlier attempt are taken from the store. A page that fails does not stop the others; once
        they are kept, its error is raised. A version in Paperless is made here, or where a person wants to see the text
        first, once they approved it (`approved`).
        """
        document, base = await self._intake.open(job, ["content"])
        try:
            with _folder(self._folder / f"document-{job.document_id}-{job.lease_token}-job-{job.id}") as folder:
                original = raster.is_readable(document.mime_type)
                got = await self._paperless.download(
                    job.document_id, folder / "file", original=original, max_bytes=self._max_file_bytes,
                    version=document.version_to_read,
                )  # fmt: skip
                source = await asyncio.to_thread(raster.inspect, got.file, self._readers.limits)
                vision = await self._vision(document)
                reading = await self._resume(job, source, folder, got.sha256, vision)
                await self._read_all(reading)
                if reading.failed:
                    raise _combined(reading)
                text = assemble(list(reading.done.values()))
                if (problem := worse(base["content"], text)) is not None:
                    raise PermanentError(f"The text that was read is no better, so the old text was kept. {problem}")
                is_early = self._searchable is not None and self._searchable.shows and self._is_reviewed(document)
                if self._searchable is not None and original and not is_early:
                    base = await self._searchable.make(job, source, reading.keys, reading.done, folder, base)
        except OSError as error:
            raise TemporaryError(f"The file could not be kept while it is read: {error.strerror or error}.") from error
        delta = TagDelta(add=frozenset({self._tags.ocr_done}), remove=frozenset({self._tags.ocr}))
        is_without = is_early and same("content", document.content, text)
        return Proposal(base=base, wanted={"content": text}, delta=delta, remarks=(NOTHING_SEEN,) if is_without else ())

    async def approved(self, job: Job, proposal: Proposal) -> Proposal:
        """Make the version for a text that was shown and approved, from the pages that are kept; none is read again.

        Returns the proposal as it is to be compared then. Without a version the text is written all the same.
        """
        if self._searchable is None or not self._searchable.shows:
            return proposal
        document, _ = await self._intake.open(job, ["content"])
        if not raster.is_readable(document.mime_type):
            return proposal
        try:
            with _folder(self._folder / f"document-{job.document_id}-{job.lease_token}-job-{job.id}") as folder:
                got = await self._paperless.download(
                    job.document_id, folder / "file", original=True, max_bytes=self._max_file_bytes,
                    version=document.version_to_read,
                )  # fmt: skip
                source = await asyncio.to_thread(raster.inspect, got.file, self._readers.limits)
                reading = await self._resume(job, source, folder, got.sha256, await self._vision(document))
                if assemble(list(reading.done.values())) != proposal.wanted.get("content"):
                    said = "No searchable file was made: the file, or how it is read, is not what it was."
                    await self._db.run(queue.tell, job, said, now=self._clock.now())
                    return proposal
                base = await self._searchable.make(job, source, reading.keys, reading.done, folder, proposal.base)
        except OSError as error:
            raise TemporaryError(f"The file could not be kept while it is read: {error.strerror or error}.") from error
        except PermanentError as error:
            await self._db.run(queue.tell, job, f"No searchable file was made. {error}", now=self._clock.now())
            return proposal
        return replace(proposal, base=base)

    async def _vision(self, document: Document) -> Vision | None:
        """Return who may see the document's pages beside Tesseract; what is private stays at home."""
        if self._second is None:
            return None
        return self._second.at_home if await self._is_private(document.tags) else self._second.vision

    async def _resume(self, job: Job, source: Source, folder: Path, sha256: str, vision: Vision | None) -> _Reading:
        reading = {**self._readers.reading, "vision": vision.reading if vision else None}
        keys = {page: page_key(sha256, page, reading) for page in range(1, source.pages + 1)}
        done = await self._db.run(pages.load, {key: page for page, key in keys.items()})
        await self._db.run(queue.open_pages, job, done=len(done), total=source.pages)
        return _Reading(job, source, folder, keys, done, vision)

    async def _read_all(self, reading: _Reading) -> None:
        todo = iter([page for page in reading.keys if page not in reading.done])
        width = self._cores + (self._second.width if self._second else 0)
        await together(*(self._read_next(reading, todo) for _ in range(width)))

    async def _read_next(self, reading: _Reading, todo: Iterator[int]) -> None:
        for page in todo:
            if sum(isinstance(error, TooSlowError) for error in reading.failed.values()) < SLOW_PAGES:
                await to_the_end(self._read_one(reading, page))
            else:
                said = f"Page {page} was not begun, since {SLOW_PAGES} others took all the time that they may."
                reading.failed[page] = PermanentError(said)

    async def _read_one(self, reading: _Reading, page: int) -> None:
        """Read one page and keep it, before the next one begins. Its own failure is noted, not raised."""
        try:
            with work.page(page):
                text, is_kept = await self._read(reading, page)
        except (PermanentError, TemporaryError) as error:
            reading.failed[page] = error
            return
        except OSError as error:
            reading.failed[page] = TemporaryError(f"Page {page} could not be read: {error.strerror or error}.")
            return
        if not is_kept:
            await once_the_store_is_back(lambda: self._keep(reading, page, text), self._clock)
        reading.done[page] = replace(text, words=())
        meter.pages.labels(meter.engine_label(text.engine)).inc()

    async def _read(self, reading: _Reading, page: int) -> tuple[PageText, bool]:
        """Return the page's text, and whether it is kept already."""
        source, folder = reading.source, reading.folder
        async with self._slots:
            await self._leases.assure(reading.job, 0)  # after a long sleep somebody else may have read on
            text = await asyncio.to_thread(self._readers.read, source, page, folder)
        vision = reading.vision
        if self._second is None or vision is None or text.engine in ASSUMED or not vision.wants(text):
            return text, False
        pixels = vision.pixels

        async def picture() -> bytes:
            async with self._slots:
                return await asyncio.to_thread(
                    self._readers.picture, source, page, folder, pixels=pixels, max_bytes=MAX_BYTES, turned=text.turned
                )

        key, total = reading.keys[page], source.pages
        return await self._second.read(reading.job, key, text, picture, vision, total=total)

    async def _keep(self, reading: _Reading, page: int, text: PageText) -> None:
        await self._db.run(
            pages.checkpoint,
            reading.job,
            reading.keys[page],
            text,
            total=reading.source.pages,
            now=self._clock.now(),
            lease=self._leases.length,
        )


def _combined(reading: _Reading) -> WorkError:
    """Return one error for all failed pages: temporary if trying again may help any of them."""
    total, failed = reading.source.pages, reading.failed
    first = min(failed)
    others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    message = (
        f"Page {first}{others} of {total} could not be read, so the text was left as it was; "
        f"the pages that were read are kept. {failed[first]}"
    )
    temporary = [error for error in failed.values() if isinstance(error, TemporaryError)]
    if not temporary:
        return PermanentError(message)
    return TemporaryError(message, otherwise=next((one.otherwise for one in temporary if one.otherwise), None))


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    """Give a folder that is empty at first and gone at last. A killed program leaves it for the next start."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
