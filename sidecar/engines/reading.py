"""One page of a file to its text: what it says itself, else whether it is blank, else what Tesseract reads.

Each decision is kept with the page, in words. Nothing is done that the page does not need: a scan is read as it is
stored and not drawn anew, and it is turned or straightened only if reading it as it lies went badly.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.domain.errors import PermanentError
from sidecar.domain.page import BLANK, TEXT_LAYER, PageText
from sidecar.engines import raster
from sidecar.engines.ink import Ink, ink_on, without_edges
from sidecar.engines.raster import Limits, Source
from sidecar.engines.tesseract import Tesseract
from sidecar.engines.upright import Upright, read_upright

if TYPE_CHECKING:
    from PIL import Image

    from sidecar.engines.look import Look, Page, Pdf

#: Where hardly anything shows, words are believed if they were read so surely.
BELIEVED = 60.0
#: A picture with fewer pixels on its longer side is enlarged up to them: a page at 150 dpi has so many.
COARSE = 1750
#: A model is shown at least so many pixels across, of a page of which its longer side is not over so many times as long
#: as a page's may be.
LEGIBLE, LONGEST = 800, 4
#: A PDF is opened anew after so many pages: pdfium keeps every picture that it came across until then.
AT_A_STRETCH = 8


class PageReader:
    """Reads the pages of files, keeping the last one open. For one thread."""

    def __init__(
        self, engine: Tesseract, limits: Limits, *, look_bound: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """Read with this engine; opening a page and looking at what is on it happens inside of a `look_bound()`."""
        self._look_bound = look_bound
        self._engine = engine
        self._limits = limits
        self._pdf: Pdf | None = None
        self._opened = 0

    def read(self, source: Source, page: int, folder: Path) -> PageText:
        """Read page `page` (from 1); files in `folder` are gone afterwards. Blocks for seconds.

        Raises PermanentError for a page that cannot be read, TemporaryError where trying again may help.
        """
        started = time.monotonic()
        self._engine.begin(source.file)

        def done(text: str, engine: str, reason: str, read: Upright | None = None) -> PageText:
            seconds = round(time.monotonic() - started, 3)
            if read is None:
                return PageText(page, text, engine, None, seconds, reason)
            found = read.found
            return PageText(page, text, engine, found.confidence, seconds, reason, found.words, read.turned)

        with self._open(source, page) as (at, look):
            if look is not None and look.text is not None:
                return done(look.text, TEXT_LAYER, look.reason)
            image, dpi, how = self._image(source, page, folder, at, look)
        why = f"{look.reason}; {how}" if look else how
        seen = ink_on(image)
        if seen is Ink.NONE:
            self._require_whole(source, page, folder)
            return done("", BLANK, f"{why}; there is no ink on it")
        read = read_upright(self._engine, image, dpi, folder / f"page-{page:04d}")
        found = read.found
        if found.confidence is None:
            self._require_whole(source, page, folder)
            if ink_on(without_edges(image)) is Ink.NONE:
                return done("", BLANK, f"{why}; what shows at its edges is no text")
        if seen is Ink.PALE and (found.confidence or 0) < BELIEVED:
            return done("", BLANK, f"{why}; what little shows on it is no text")
        return done(found.text, self._engine.name, why + read.how + found.how, read)

    def picture(
        self, source: Source, page: int, folder: Path, *, pixels: int, max_bytes: int, turned: int = 0
    ) -> bytes:
        """Return the page as a grey JPEG, turned clockwise by so many degrees.

        It has at most `pixels` on its longer side, a long receipt more, so that it stays `LEGIBLE` across; and at most
        `max_bytes`.
        """
        with self._open(source, page) as (at, look):
            image, _dpi, _how = self._image(source, page, folder, at, look)
        if turned:
            image = image.rotate(-turned, expand=True)
        smaller = max(pixels / max(image.size), min(LEGIBLE / min(image.size), LONGEST * pixels / max(image.size)))
        if smaller < 1:
            image = image.resize((max(1, int(image.width * smaller)), max(1, int(image.height * smaller))))
        quality = 85
        while True:
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality)
            if out.tell() <= max_bytes or min(image.size) < 16:
                return out.getvalue()
            if quality > 40:
                quality -= 15
            else:
                smaller = math.sqrt(max_bytes / out.tell()) * 0.9
                image = image.resize((max(1, int(image.width * smaller)), max(1, int(image.height * smaller))))

    def close(self) -> None:
        """Let go of the file."""
        if self._pdf is not None:
            self._pdf.close()
            self._pdf = None

    # -- from the page to an image

    @contextlib.contextmanager
    def _open(self, source: Source, page: int) -> Iterator[tuple[Page | None, Look | None]]:
        """Give the page of a PDF and what is on it; nothing where pdfium cannot open it (poppler has its say then)."""
        with contextlib.ExitStack() as opened:
            if not source.is_pdf:
                yield None, None
                return
            with self._look_bound():
                at = self._page(source, page)
                look = opened.enter_context(at).look() if at else None
            yield at, look

    def _page(self, source: Source, page: int) -> Page | None:
        from pypdfium2 import PdfiumError  # noqa: PLC0415 - loaded only when pages are read

        from sidecar.engines.look import Pdf, stamp  # noqa: PLC0415

        try:
            is_open = self._pdf is not None and (self._pdf.file, self._pdf.stamp) == (source.file, stamp(source.file))
            if self._pdf is None or not is_open or self._opened >= AT_A_STRETCH:
                self.close()
                self._pdf, self._opened = Pdf(source.file, most_pixels=self._limits.file_pixels), 0
            self._opened += 1
            return self._pdf.page(page)
        except (PdfiumError, OSError, IndexError):
            self.close()
            return None

    def _image(
        self, source: Source, page: int, folder: Path, at: Page | None, look: Look | None
    ) -> tuple[Image.Image, int, str]:
        """Return the page in grey, its resolution in dpi, and how it was got."""
        if at is not None and look is not None and look.scan is not None:
            stored = self._stored(page, at, look)
            if stored is not None:
                return stored
        return self._drawn(source, page, folder)

    def _stored(self, page: int, at: Page, look: Look) -> tuple[Image.Image, int, str] | None:
        """Return the scan as it is stored, unless it is too coarse (drawing it smooths) or has to be drawn."""
        wide, high = at.inches
        try:
            image = at.picture(look.scan)
        except (OSError, SyntaxError, ValueError) as error:
            raise PermanentError(f"Page {page} is damaged: it holds a picture that breaks off.") from error
        if image is None:
            return None
        dpi = round(max(image.width / wide, image.height / high))
        if dpi < self._limits.dpi / 2:
            return None
        most = min(1.0, math.sqrt(self._limits.page_pixels / (image.width * image.height)))
        if dpi > self._limits.dpi * 1.4:
            most = min(most, self._limits.dpi / dpi)
        if most < 1:
            image = image.resize((max(1, int(image.width * most)), max(1, int(image.height * most))), reducing_gap=2.0)
        return image, round(dpi * most), "it is one scan, read as it is stored"

    def _drawn(self, source: Source, page: int, folder: Path) -> tuple[Image.Image, int, str]:
        from PIL import Image as Pillow  # noqa: PLC0415

        file = raster.render(source, page, folder, self._limits)
        try:
            with Pillow.open(file) as opened:
                opened.load()
                image = opened.copy() if opened.mode == "L" else opened.convert("L")
        finally:
            file.unlink(missing_ok=True)
        if source.is_pdf:
            return image, self._limits.dpi, f"drawn at {self._limits.dpi} dpi at most"
        if max(image.size) >= COARSE:
            return image, self._limits.dpi, "it is a picture"
        larger = min(3.0, COARSE / max(image.size))
        size = (max(1, round(image.width * larger)), max(1, round(image.height * larger)))
        return image.resize(size, Pillow.Resampling.BICUBIC), self._limits.dpi, "it is a coarse picture, enlarged"

    def _require_whole(self, source: Source, page: int, folder: Path) -> None:
        if raster.lost_images(source, page, folder):
            raise PermanentError(f"Page {page} is damaged: it holds a picture that breaks off.")
