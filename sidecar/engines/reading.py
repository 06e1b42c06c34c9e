"""One page of a file to its text: what it says itself, else whether it is blank, else what Tesseract reads.

Each decision is kept with the page, in words. Nothing is done that the page does not need: a scan is read as it is
stored and not drawn anew, and it is turned or straightened only if reading it as it lies went badly.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.domain.errors import PermanentError
from sidecar.domain.lines import tilt_of
from sidecar.domain.page import BLANK, TEXT_LAYER, PageText
from sidecar.domain.word import Word
from sidecar.engines import ink, raster
from sidecar.engines.ink import Ink, ink_on
from sidecar.engines.raster import Limits, Source
from sidecar.engines.tesseract import SURE, Recognized, Tesseract

if TYPE_CHECKING:
    from PIL import Image

    from sidecar.engines.look import Look, Page, Pdf

#: Where hardly anything shows, words are believed if they were read so surely.
BELIEVED = 60.0
#: A page is straightened from so many degrees on if it was not read surely; Tesseract copes with less.
ASKEW = 1.0
#: And from so many on in any case: whole lines get lost then, and what is left is read surely.
TILTED = 3.0
#: With so much of the ink outside of all words, lines were lost on a page that lies askew, however sure the rest is.
LOST = 0.05
#: A page with so much grain is smoothed before it is read: Tesseract takes grain for letters, or sees none at all.
GRAINY = 4
#: A picture with fewer pixels on its longer side is enlarged up to them: a page at 150 dpi has so many.
COARSE = 1750
#: Where nothing was read, ink so near to the left and right edges, as a part of the width, is holes and shadows.
EDGES = 0.09
#: A model is shown at least so many pixels across, of a page of which its longer side is not over so many times as long
#: as a page's may be.
LEGIBLE, LONGEST = 800, 4
#: A PDF is opened anew after so many pages: pdfium keeps every picture that it came across until then.
AT_A_STRETCH = 8


def _pass() -> None:
    """Do nothing."""


class PageReader:
    """Reads the pages of files, keeping the last one open. For one thread."""

    def __init__(
        self,
        engine: Tesseract,
        limits: Limits,
        *,
        looking: Callable[[], None] = _pass,
        looked: Callable[[], None] = _pass,
    ) -> None:
        """Take what is to be called before a page is opened and looked at (`looking`), and after that (`looked`)."""
        self._looking = looking
        self._looked = looked
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

        def done(text: str, engine: str, reason: str, found: Recognized | None = None) -> PageText:
            seconds = round(time.monotonic() - started, 3)
            confidence, words = (found.confidence, found.words) if found else (None, ())
            return PageText(page, text, engine, confidence, seconds, reason, words, turned)

        turned = 0

        with self._open(source, page) as (at, look):
            self._looked()
            if look is not None and look.text is not None:
                return done(look.text, TEXT_LAYER, look.reason)
            image, dpi, how = self._image(source, page, folder, at, look)
        why = f"{look.reason}; {how}" if look else how
        seen = ink_on(image)
        if seen is Ink.NONE:
            self._require_whole(source, page, folder)
            return done("", BLANK, f"{why}; there is no ink on it")
        found, more, turned = self._read_upright(image, dpi, folder / f"page-{page:04d}")
        if found.confidence is None:
            self._require_whole(source, page, folder)
            if ink_on(_without_edges(image)) is Ink.NONE:
                return done("", BLANK, f"{why}; what shows at its edges is no text")
        if seen is Ink.PALE and (found.confidence or 0) < BELIEVED:
            return done("", BLANK, f"{why}; what little shows on it is no text")
        return done(found.text, self._engine.name, why + more + found.how, found)

    def picture(
        self, source: Source, page: int, folder: Path, *, pixels: int, max_bytes: int, turned: int = 0
    ) -> bytes:
        """Return the page as a grey JPEG, turned clockwise by so many degrees.

        It has at most `pixels` on its longer side, a long receipt more, so that it stays `LEGIBLE` across; and at most
        `max_bytes`.
        """
        with self._open(source, page) as (at, look):
            self._looked()
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
    def _open(self, source: Source, page: int):  # type: ignore[no-untyped-def]
        """Give the page of a PDF and what is on it; nothing where pdfium cannot open it (poppler has its say then)."""
        if not source.is_pdf:
            yield None, None
            return
        self._looking()
        from pypdfium2 import PdfiumError  # noqa: PLC0415 - loaded only when pages are read

        from sidecar.engines.look import Pdf, stamp  # noqa: PLC0415

        try:
            is_open = self._pdf is not None and (self._pdf.file, self._pdf.stamp) == (source.file, stamp(source.file))
            if self._pdf is None or not is_open or self._opened >= AT_A_STRETCH:
                self.close()
                self._pdf, self._opened = Pdf(source.file, most_pixels=self._limits.file_pixels), 0
            self._opened += 1
            at = self._pdf.page(page)
        except (PdfiumError, OSError, IndexError):
            self.close()
            yield None, None
            return
        with at:
            yield at, at.look()

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

    # -- reading

    def _read_upright(self, image: Image.Image, dpi: int, at: Path) -> tuple[Recognized, str, int]:
        """Read the page as it lies; if that went badly, turned and straightened too.

        Return the better reading, what was done for it, and by how many degrees clockwise it was turned.
        """
        said = ""
        if ink.grain(image) >= GRAINY:
            image, said = ink.smooth(image, dpi), "; its grain was smoothed"
        best = self._engine.read(image, dpi=dpi, at=at)
        is_sure = best.confidence is not None and best.confidence >= SURE
        if is_sure and _lies_straight(best, image):
            return best, said, 0
        turned = 0 if is_sure else self._engine.lie(image).turn
        upright = image.rotate(-turned, expand=True) if turned else image
        tilt = ink.tilt(upright)
        if not turned and abs(tilt) < ASKEW:
            return best, said, 0
        straight = upright.rotate(tilt, fillcolor=_paper(upright)) if abs(tilt) >= ASKEW else upright
        try:
            other = self._engine.read(straight, dpi=dpi, at=at)
        except PermanentError:  # no time for it: what was read stands
            return best, said, 0
        if other.weight <= best.weight:
            return best, said, 0
        if turned:
            said += f"; turned by {turned} degrees"
        if abs(tilt) >= ASKEW:
            said += f"; straightened by {abs(tilt):.1f} degrees"
        words = tuple(_put_back(word, turned, tilt, straight.size) for word in other.words)
        return replace(other, words=words), said, turned


def read_page(source: Source, page: int, folder: Path, limits: Limits, engine: Tesseract) -> PageText:
    """Read one page in this process: see PageReader.read."""
    reader = PageReader(engine, limits)
    try:
        return reader.read(source, page, folder)
    finally:
        reader.close()


def _lies_straight(found: Recognized, image: Image.Image) -> bool:
    """Say so by the lines that were read, or, where they are too few to tell or fall, by the picture."""
    fall = tilt_of(found.words, image.size)
    if fall is not None and abs(fall) < ASKEW:
        return True
    tilt = abs(ink.tilt(image))
    return tilt < ASKEW or (tilt < TILTED and ink.uncovered(image, (word.box for word in found.words)) < LOST)


def _without_edges(image: Image.Image) -> Image.Image:
    """Return the image with its left and right edges in the colour of its paper."""
    wide = round(image.width * EDGES)
    bare = image.copy()
    for left in (0, image.width - wide):
        bare.paste(_paper(image), (left, 0, left + wide, image.height))
    return bare


def _paper(image: Image.Image) -> int:
    """Return the most frequent grey."""
    counts = image.reduce(max(1, min(image.size) // 64)).histogram()
    return counts.index(max(counts))


def _put_back(word: Word, turned: int, tilt: float, size: tuple[int, int]) -> Word:
    """Give a word of the straightened image, of this size in pixels, its place on the page as it lies."""
    width, height = size
    angle = math.radians(-tilt) if abs(tilt) >= ASKEW else 0.0
    left, top, right, bottom = word.box
    middle_x, middle_y = (left + right) / 2 * width - width / 2, (top + bottom) / 2 * height - height / 2
    # The image was turned by `tilt` against the clock around its middle; the word goes back the other way.
    x = middle_x * math.cos(angle) + middle_y * math.sin(angle)
    y = -middle_x * math.sin(angle) + middle_y * math.cos(angle)
    half_x, half_y = (right - left) / 2, (bottom - top) / 2
    x, y = x / width + 0.5, y / height + 0.5
    if turned == 90:
        x, y, half_x, half_y = y, 1 - x, half_y, half_x
    elif turned == 180:
        x, y = 1 - x, 1 - y
    elif turned == 270:
        x, y, half_x, half_y = 1 - y, x, half_y, half_x
    box = (max(0.0, x - half_x), max(0.0, y - half_y), min(1.0, x + half_x), min(1.0, y + half_y))
    return Word(word.text, box, word.line, word.confidence).rounded()
