"""Pictures of documents' pages, drawn when somebody looks: one at a time, in a reader's process with its bounds.

The file of the document that was looked at last and some pictures are kept for a few minutes, no longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from sidecar.assembly import WORK
from sidecar.domain.errors import CancelledError, TemporaryError
from sidecar.engines import raster
from sidecar.engines.raster import Source
from sidecar.parts import Parts

#: At most so many pixels on the longer side of a page: enough to read it on a screen.
PIXELS = 1_400
#: A picture has at most so many bytes.
MOST_BYTES = 400_000
#: Pictures that are kept have at most so many bytes together.
KEPT_BYTES = 12_000_000
#: Pictures and the file are kept for so long after they were made, in seconds.
KEPT_S = 180.0
#: Whoever waits longer for a picture is told to come again, in seconds; it is drawn all the same.
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class _Opened:
    """The file of a document."""

    document_id: int
    source: Source
    fetched_at: float


class Pictures:
    """Pages as JPEG."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._folder = parts.settings.data_dir / WORK / f"pictures-{uuid.uuid4().hex}"
        self._kept: dict[tuple[int, int], tuple[float, bytes]] = {}
        self._drawing: dict[tuple[int, int], asyncio.Task[bytes]] = {}
        self._alone = asyncio.Semaphore(1)
        self._opened: _Opened | None = None
        self._forgetting: asyncio.TimerHandle | None = None

    async def of(self, document_id: int, page: int) -> bytes:
        """Return page `page` (from 1) of a document.

        Raises CancelledError for no such document or page, PermanentError for one that cannot be drawn, and
        TemporaryError where it takes too long or the file cannot be kept.
        """
        key = (document_id, page)
        kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        task = self._drawing.get(key)
        if task is None:
            task = self._drawing[key] = asyncio.create_task(self._draw(document_id, page))
            task.add_done_callback(lambda done: self._take(key, done))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
        if not done:
            raise TemporaryError("Drawing this page takes long. Look again in a moment.")
        return task.result()

    async def close(self) -> None:
        """Forget everything."""
        for task in self._drawing.values():
            task.cancel()
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forget()

    def _take(self, key: tuple[int, int], task: asyncio.Task[bytes]) -> None:
        del self._drawing[key]
        if task.cancelled():
            return
        loop = asyncio.get_running_loop()
        if task.exception() is None:
            self._kept[key] = (loop.time(), task.result())
        while sum(len(picture) for _, picture in self._kept.values()) > KEPT_BYTES:
            del self._kept[next(iter(self._kept))]
        if self._forgetting is None:
            self._forgetting = loop.call_later(KEPT_S, self._forget_old)

    def _forget_old(self) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() - KEPT_S + 1
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > latest}
        is_over = not self._kept and not self._drawing
        self._forgetting = None if is_over else loop.call_later(KEPT_S, self._forget_old)
        if is_over:
            self._forget()

    def _forget(self) -> None:
        self._kept.clear()
        self._opened = None
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _draw(self, document_id: int, page: int) -> bytes:
        async with self._alone:
            try:
                source = await self._open(document_id)
                if page > source.pages:
                    raise CancelledError(f"There is no page {page}: the document has {source.pages}.")
                return await asyncio.to_thread(
                    self._parts.readers.picture, source, page, self._folder, pixels=PIXELS, max_bytes=MOST_BYTES
                )
            except OSError as error:
                said = f"The file could not be kept while it is drawn: {error.strerror or error}."
                raise TemporaryError(said) from error

    async def _open(self, document_id: int) -> Source:
        """Return the document's file: the one that the OCR reads."""
        now = asyncio.get_running_loop().time()
        opened = self._opened
        is_fresh = opened is not None and opened.document_id == document_id and now - opened.fetched_at < KEPT_S
        if opened is not None and is_fresh and opened.source.file.exists():
            return opened.source
        self._opened = None
        parts, file = self._parts, self._folder / f"document-{document_id}-{uuid.uuid4().hex[:8]}"
        document = await parts.paperless.document(document_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clear()
        await parts.paperless.download(
            document_id,
            file,
            original=raster.is_readable(document.mime_type),
            max_bytes=parts.settings.max_file_mb * 1_000_000,
            version=document.version_to_read,
        )
        source = await asyncio.to_thread(raster.inspect, file, parts.readers.limits)
        self._opened = _Opened(document_id, source, now)
        return source

    def _clear(self) -> None:
        for left in Path(self._folder).iterdir():
            with contextlib.suppress(OSError):
                left.unlink()
