"""A searchable file for a document that was read: its own pages, untouched, with the words laid over them invisibly.

As a version in Paperless it comes once, however often the program dies: the same words over the same file give the
same bytes, and before anything is sent it is looked whether Paperless has them, or a task that is about to take them.
After it came, Paperless shows the file's own text as content; the text that was read is written over that as always.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidecar.domain.alignment import align
from sidecar.domain.document import VERSION_LABEL, Document, Fields
from sidecar.domain.errors import MisconfiguredError, PermanentError, TemporaryError, UncertainWriteError
from sidecar.domain.job import Job
from sidecar.domain.page import ASSUMED, PageText
from sidecar.domain.undoing import BEFORE_VERSION
from sidecar.domain.word import Word
from sidecar.engines.raster import Source
from sidecar.engines.readers import Readers
from sidecar.paperless.client import Paperless
from sidecar.paperless.http import PROVIDER
from sidecar.store import pages as store
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import to_the_end
from sidecar.worker.gate import Gate
from sidecar.worker.lease import Leases

_log = logging.getLogger(__name__)

#: How long Paperless is waited for to take a version, in seconds, before the job is put off; it looks each second.
WAIT_S = 120.0
#: Of what Paperless shows right after it took the file so many words must be ours, or it is not that.
OURS = 0.9
#: From this attempt on the text comes without the file, if it is the file that fails.
PATIENCE = 3


class Searchable:
    """Makes searchable files, in a folder or as versions in Paperless (`folder` is None then)."""

    def __init__(
        self,
        paperless: Paperless,
        db: Database,
        gate: Gate,
        leases: Leases,
        readers: Readers,
        clock: Clock,
        *,
        folder: Path | None,
    ) -> None:
        self._paperless = paperless
        self._db = db
        self._gate = gate
        self._leases = leases
        self._readers = readers
        self._clock = clock
        self._folder = folder

    @property
    def shows(self) -> bool:
        """Whether what is made is seen in Paperless."""
        return self._folder is None

    async def make(
        self,
        job: Job,
        source: Source,
        keys: Mapping[int, str],
        pages: Mapping[int, PageText],
        folder: Path,
        base: Fields,
    ) -> Fields:
        """Make the file and bring it where it belongs; return what the content is to be compared with.

        That is `base`, or after a new version came, what Paperless shows of it. A file that cannot have a text layer
        (signed, encrypted) goes without, and the job's story says so.
        """
        words: dict[int, list[Word]] = {}
        for number, page in pages.items():
            if page.engine not in ASSUMED and page.text.strip():
                words[number] = _words_of(page.text, await self._db.run(store.load_words, keys[number]))
        words = {number: found for number, found in words.items() if found}
        if not words:
            return base
        target = folder / "searchable.pdf"
        try:
            await asyncio.to_thread(self._readers.add_layer, source, target, words, folder)
        except PermanentError as error:
            await self._tell(job, f"No searchable file was made. {error}")
            return base
        if self._folder is not None:
            await asyncio.to_thread(_keep, target, self._folder / f"document-{job.document_id}.pdf")
            return base
        return await self._as_version(job, target, words, base)

    async def _as_version(self, job: Job, target: Path, words: Mapping[int, Sequence[Word]], base: Fields) -> Fields:
        """Let Paperless take the file, once. Where it cannot or may not, the text comes without it."""
        sha256 = await asyncio.to_thread(_sha256, target)
        document = await self._paperless.document(job.document_id)
        is_as_before = document.content.strip() == base["content"].strip()
        if _has(document, sha256):  # an earlier job's, or that of an attempt which died right after it
            ours = not is_as_before and _words(document.content) == _words_in(words)
            return await self._moved(job, base, document) if ours else base
        if not is_as_before:
            return base  # a person was at it meanwhile, and a new version would hide that
        try:
            taken = await self._until_taken(job, target, sha256)
        except (PermanentError, MisconfiguredError) as error:
            await self._tell(job, f"Paperless does not take the searchable file. {error}")
            return base
        except (TemporaryError, UncertainWriteError) as error:
            if job.attempt < PATIENCE:
                raise
            await self._tell(job, f"Paperless has not taken the searchable file. {error}")
            return base
        shown, ours_in = _words(taken.content), _words_in(words)
        if (ours_in & shown).total() >= OURS * ours_in.total():
            return await self._moved(job, base, taken)
        return base

    async def _moved(self, job: Job, base: Fields, document: Document) -> Fields:
        """Compare with what Paperless shows of our file from now on."""
        before = base.get(BEFORE_VERSION, base["content"])
        moved = {**base, "content": document.content, BEFORE_VERSION: before}
        await self._db.run(queue.rebase, job, moved)
        return moved

    async def _upload(self, job: Job, target: Path, name: str) -> None:
        async def check() -> None:
            await self._leases.assure(job, self._paperless.timeout_s)

        async def send() -> str:
            return await self._paperless.upload_version(job.document_id, target, name, VERSION_LABEL)

        await self._gate.write(check, send)

    async def _until_taken(self, job: Job, target: Path, sha256: str) -> Document:
        """Hand the file in, unless it is on its way already, and wait until it is a version."""
        name = f"sidecar-{job.document_id}-{sha256[:12]}.pdf"
        if not {"pending", "started"} & set(await self._paperless.uploads(name)):
            await to_the_end(self._upload(job, target, name))
        until = self._clock.now().timestamp() + WAIT_S
        while self._clock.now().timestamp() < until:
            document = await self._paperless.document(job.document_id)
            if _has(document, sha256):
                return document
            if "failure" in (await self._paperless.uploads(name))[:1]:
                raise PermanentError("Its own list of tasks says why.")
            await self._clock.sleep(1.0)
        said = "Paperless has not taken the searchable file yet; its workers may be busy."
        raise TemporaryError(said, suspect=PROVIDER)

    async def _tell(self, job: Job, text: str) -> None:
        _log.warning("document %s: %s", job.document_id, text)
        await self._db.run(queue.tell, job, text, now=self._clock.now())


def _words_of(text: str, placed: Sequence[Word]) -> list[Word]:
    """Return the words to lay over a page: as Tesseract placed them, or a model's words in the places of those."""
    read = " ".join(word.text for word in placed)
    return list(placed) if read.split() == text.split() else align(placed, text)


def _has(document: Document, sha256: str) -> bool:
    return any(version.checksum == sha256 for version in document.versions)


def _words(text: str) -> Counter[str]:
    return Counter(text.split())


def _words_in(words: Mapping[int, Sequence[Word]]) -> Counter[str]:
    return Counter(part for page in words.values() for word in page for part in word.text.split())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _keep(made: Path, target: Path) -> None:
    """Move the file to its place; nobody ever sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(made, part)
    part.replace(target)
