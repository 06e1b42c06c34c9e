"""A look at a PDF page through pdfium: is its text to be taken as it is, and is it one scanned picture?

An invisible text layer is what some earlier OCR left on a scan, so it counts as none. Everything here opens files of
strangers: it runs in a process that may die of them (`child.py`).
"""

from __future__ import annotations

import ctypes
import io
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pypdfium2
from pypdfium2 import raw

from sidecar.domain.quality import score

if TYPE_CHECKING:
    from PIL import Image

#: From so much of the page on, pictures are what it says, whatever text stands beside them.
PICTURED = 0.3
#: With less text than this beside them, in letters and digits, small pictures and drawings are looked at too.
LITTLE = 300
PICTURED_BESIDE_LITTLE = 0.05
#: A page of text drawn as outlines has tens of thousands of pieces of line; a frame or a chart has hundreds.
DRAWN = 3_000
#: A scan is the page if its edges are the page's, but for so much of its longer side.
EXACT = 0.005
#: Fewer letters and digits than these are a stamp or a page number beside something drawn.
LETTERS = 25
#: Text that scores worse came out of a broken font.
READABLE = 0.6
#: A PDF page is 14,400 points long at the most.
ABSURD = 20_000
#: Objects inside objects inside objects are looked at so deep.
DEPTH = 4
#: A page with more objects is a drawing, and its text is read from the picture.
OBJECTS = 20_000
USUAL = {
    raw.FPDF_COLORSPACE_DEVICEGRAY, raw.FPDF_COLORSPACE_DEVICERGB, raw.FPDF_COLORSPACE_ICCBASED,
    raw.FPDF_COLORSPACE_CALGRAY, raw.FPDF_COLORSPACE_CALRGB,
}  # fmt: skip
INVISIBLE = {raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP}


@dataclass(frozen=True, slots=True)
class Look:
    """What is on a page."""

    #: Its visible text, None if the page has to be read.
    text: str | None
    #: Why, in words.
    reason: str
    #: The object that is all of the page, if it is one scanned picture.
    scan: Any = None


def stamp(file: Path) -> tuple[int, ...]:
    """Return what tells a file from another one that came under its name."""
    about = file.stat()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


@dataclass(slots=True)
class _Counts:
    """What a page consists of."""

    #: Pieces of text that are seen, and that are not.
    visible: int = 0
    hidden: int = 0
    #: Lines, areas and shades.
    others: int = 0
    #: Of the lines.
    segments: int = 0
    #: How much of the page pictures cover; 1 is all of it.
    pictured: float = 0.0
    scan: Any = None


class Pdf:
    """An open PDF."""

    def __init__(self, file: Path, *, most_pixels: int) -> None:
        """Open the file. Raises pypdfium2.PdfiumError for one that pdfium cannot open; poppler may.

        Pictures of more than `most_pixels` are left to a renderer, which draws them smaller.
        """
        self.most_pixels = most_pixels
        self.file = file
        self.stamp = stamp(file)
        self._document = pypdfium2.PdfDocument(file)
        self._document.init_forms()
        self._plain: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._document.close()
        if self._plain is not None:
            self._plain.close()

    def page(self, number: int) -> Page:
        """Open a page, from 1."""
        page = self._document[number - 1]
        if raw.FPDFPage_GetAnnotCount(page) > 0:  # what stands in form fields and notes becomes a part of the page
            raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
            page.close()
            page = self._document[number - 1]
        return Page(self, number, page)

    def is_plain(self, number: int, size: tuple[int, int]) -> bool:
        """Say whether the page's picture of this size (pixels) is shown as it is stored: no mask, no other colours."""
        import pikepdf  # noqa: PLC0415

        try:
            if self._plain is None:
                self._plain = pikepdf.open(self.file)
            pictures = list(self._plain.pages[number - 1].get_images().values())
        except (pikepdf.PdfError, ValueError, TypeError, AttributeError):
            return False
        if len(pictures) != 1 or (int(pictures[0].Width), int(pictures[0].Height)) != size:
            return False
        if any(name in pictures[0] for name in ("/SMask", "/Mask", "/ImageMask")):
            return False
        decode = [float(one) for one in pictures[0].get("/Decode", [])]
        return decode == [0.0, 1.0] * (len(decode) // 2)


class Page:
    """An open page."""

    def __init__(self, pdf: Pdf, number: int, page: Any) -> None:
        self._pdf = pdf
        self._number = number
        self._page = page

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._page.close()

    def look(self) -> Look:
        """Say what is on the page."""
        left, bottom, right, top = self._page.get_bbox()
        if max(right - left, top - bottom) > ABSURD:
            return Look(None, "it has an absurd size")
        found = self._count()
        if found is None:
            return Look(None, "the page is a drawing of very many parts")
        return self._judge(found)

    def _judge(self, found: _Counts) -> Look:
        if not found.visible:
            why = "its text is invisible, as OCR leaves it on a scan" if found.hidden else "it has no text"
            return Look(None, why, found.scan)
        if found.pictured >= PICTURED:
            return Look(None, f"pictures cover {min(found.pictured, 1):.0%} of it")
        if found.hidden > found.visible * 0.05:
            return Look(None, "a part of its text is invisible")
        return _doubted(self._take(), found)

    def _count(self) -> _Counts | None:
        """Count what the page consists of; None if it is too much."""
        left, bottom, right, top = self._page.get_bbox()
        area = max((right - left) * (top - bottom), 1e-6)
        found, pictures = _Counts(), []
        for number, one in enumerate(self._page.get_objects(max_depth=DEPTH)):
            if number > OBJECTS:
                return None
            if one.type == raw.FPDF_PAGEOBJ_TEXT:
                is_hidden = _is_hidden(one)
                found.hidden += is_hidden
                found.visible += not is_hidden
            elif one.type == raw.FPDF_PAGEOBJ_IMAGE:
                box = _bounds(one)
                wide = max(0.0, min(box[2], right) - max(box[0], left))
                high = max(0.0, min(box[3], top) - max(box[1], bottom))
                found.pictured += wide * high / area
                pictures.append((one, box))
            elif one.type != raw.FPDF_PAGEOBJ_FORM:
                found.others += 1
                if one.type == raw.FPDF_PAGEOBJ_PATH:
                    found.segments += raw.FPDFPath_CountSegments(one)
        if len(pictures) == 1 and not found.visible and not found.others and pictures[0][0].container is None:
            slack = EXACT * max(right - left, top - bottom)
            (scan, box), page = pictures[0], (left, bottom, right, top)
            if all(abs(one - other) <= slack for one, other in zip(box, page, strict=True)):
                found.scan = scan
        return found

    def _take(self) -> Look:
        text = self._text()
        strange = sum(
            character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character < "\t" for character in text
        )
        if strange * 50 > len(text) or (text and score(text) < READABLE):
            return Look(None, "its text is garbled, as a broken font leaves it")
        letters = sum(character.isalnum() for character in text)
        if letters < LETTERS:
            return Look(None, f"it has only {letters} letters of text")
        return Look(text, "it has visible text")

    def _text(self) -> str:
        pages = self._page.get_textpage()
        try:
            shown: str = pages.get_text_bounded()
            whole: str = pages.get_text_range()
        finally:
            pages.close()
        # What is asked for by its place loses blanks on turned pages; what is not may have what the page's box hides.
        text = whole if len("".join(whole.split())) == len("".join(shown.split())) else shown
        return text.replace("\r\n", "\n").replace("\ufffe", "-").strip()

    def picture(self, scan: Any) -> Image.Image | None:
        """Return the scan in grey as it is stored, turned as it is shown; None if it has to be drawn.

        Only plain JPEGs: everything else (masks, inverted or indexed colours, fax) is better left to a renderer.
        """
        from PIL import Image as Pillow  # noqa: PLC0415

        turn = _turn(scan.get_matrix(), self._page.get_rotation())
        if turn is None or scan.get_filters() != ["DCTDecode"] or scan.get_metadata().colorspace not in USUAL:
            return None
        wide, high = scan.get_px_size()
        if wide * high > self._pdf.most_pixels or not self._pdf.is_plain(self._number, (wide, high)):
            return None
        image = Pillow.open(io.BytesIO(bytes(scan.get_data())))
        if image.mode not in ("L", "RGB"):
            return None
        image.draft("L", image.size)
        image.load()
        grey = image.convert("L")
        return grey.transpose(turn) if turn != 0 else grey

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height as it is shown."""
        width, height = self._page.get_size()
        return width / 72, height / 72


def _doubted(taken: Look, found: _Counts) -> Look:
    """Doubt that a little text is all of the text where there is more to be seen."""
    if taken.text is None or sum(map(str.isalnum, taken.text)) >= LITTLE:
        return taken
    if found.pictured >= PICTURED_BESIDE_LITTLE:
        return Look(None, f"it has little text beside pictures that cover {found.pictured:.0%} of it")
    if found.segments >= DRAWN:
        return Look(None, "it has little text beside much that is drawn, perhaps as letters")
    return taken


def _bounds(one: Any) -> tuple[float, float, float, float]:
    """Return an object's place on the page, also from inside of objects that are moved and scaled."""
    box = one.get_bounds()
    container = one.container
    while container is not None:
        box = container.get_matrix().on_rect(*box)
        container = container.container
    return tuple(box)


def _is_hidden(text: Any) -> bool:
    if raw.FPDFTextObj_GetTextRenderMode(text) in INVISIBLE:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    return bool(raw.FPDFPageObj_GetFillColor(text, red, green, blue, alpha)) and alpha.value == 0


def _turn(matrix: Any, rotation: int) -> Any:
    """Return how the stored picture is turned to what is shown (0 for not at all); None for a skewed or flipped one."""
    from PIL import Image as Pillow  # noqa: PLC0415

    a, b, c, d, _e, _f = matrix.get()
    if a > 0 and d > 0 and max(abs(b), abs(c)) < 0.001 * max(a, d):
        turns = 0
    elif a < 0 and d < 0 and max(abs(b), abs(c)) < 0.001 * max(-a, -d):
        turns = 180
    else:
        return None
    clockwise = (turns + rotation) % 360
    return {0: 0, 90: Pillow.Transpose.ROTATE_270, 180: Pillow.Transpose.ROTATE_180, 270: Pillow.Transpose.ROTATE_90}[
        clockwise
    ]
