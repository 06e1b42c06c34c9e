"""A file's pages as grey images on disk, one at a time, in bounded pixels, memory and seconds.

Poppler writes a grey raster straight to a file and Tesseract reads it from there, so no page is ever held in this
process. Never PNG: compressing it costs poppler 35 times the rendering (docs/benchmarks.md).
"""

from __future__ import annotations

import contextlib
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.domain.errors import PermanentError, TemporaryError, TooSlowError

if TYPE_CHECKING:
    from PIL import Image

#: Read as they are; HEIC comes as Paperless's archive PDF, since the packages that open it are under the GPL.
IMAGES = frozenset({"image/jpeg", "image/png", "image/tiff", "image/webp", "image/gif", "image/bmp"})
POINTS_PER_INCH = 72
#: Larger pictures are not opened to see whether they are whole.
JUDGED_PIXELS = 60_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost."""

    dpi: int = 300
    max_pages: int = 2000
    #: A rendered page has at most this many pixels; larger ones are rendered coarser.
    page_pixels: int = 40_000_000
    #: An image file with more pixels is not opened at all.
    file_pixels: int = 60_000_000
    #: For one page, in seconds.
    page_timeout_s: float = 300.0
    #: For opening a page and looking at what it consists of, in seconds; it takes milliseconds.
    look_timeout_s: float = 30.0
    #: Of the process that reads a page, with all its libraries.
    memory_bytes: int = 3_000_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was looked into and can be read."""

    file: Path
    pages: int
    is_pdf: bool


def is_readable(mime_type: str) -> bool:
    """Say whether the original can be read as pages; other types are read from Paperless's archive PDF."""
    return mime_type == "application/pdf" or mime_type in IMAGES


def inspect(file: Path, limits: Limits) -> Source:
    """Look into the file and count its pages. Raises PermanentError for what cannot be read, in words."""
    with file.open("rb") as opened:
        head = opened.read(1024)
    if not head.strip(b"\0"):
        raise PermanentError("The file is empty.")
    source = _inspect_pdf(file) if b"%PDF-" in head else _inspect_image(file, limits)
    if source.pages < 1:
        raise PermanentError("The PDF has no pages.")
    if source.pages > limits.max_pages:
        raise PermanentError(f"The document has {source.pages} pages; OCR_MAX_PAGES allows {limits.max_pages}.")
    return source


def _inspect_pdf(file: Path) -> Source:
    from pdf2image import exceptions, pdfinfo_from_path  # noqa: PLC0415 - loaded only when pages are read

    try:
        info = pdfinfo_from_path(str(file), timeout=60)
    except exceptions.PDFPopplerTimeoutError as error:
        raise PermanentError("The PDF is so entangled that counting its pages took over a minute.") from error
    except exceptions.PDFPageCountError as error:
        raise PermanentError(_pdf_fault(str(error))) from error
    return Source(file, int(info["Pages"]), is_pdf=True)


def _pdf_fault(said: str) -> str:
    if "password" in said.lower():
        return "The PDF is encrypted and asks for a password. Remove the password in Paperless, then tag it again."
    if "page count 0" in said:
        return "The PDF has no pages."
    detail = next((line.strip() for line in said.splitlines() if "rror" in line), "poppler cannot open it")
    return f"The PDF is damaged and cannot be opened ({detail})."


def _inspect_image(file: Path, limits: Limits) -> Source:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = None  # our own limit comes below, with our own words
    try:
        with Image.open(file) as image:
            width, height = image.size
            pages = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # a photo and its depth are one page
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise PermanentError("The file is neither a PDF nor an image that can be opened.") from error
    if width * height > limits.file_pixels:
        raise PermanentError(_too_large(width, height, limits))
    return Source(file, pages, is_pdf=False)


def _too_large(width: int, height: int, limits: Limits) -> str:
    millions = width * height // 1_000_000
    allowed = limits.file_pixels // 1_000_000
    return f"The image has {width} x {height} pixels, {millions} million; OCR_MAX_MEGAPIXELS allows {allowed}."


def render(source: Source, page: int, folder: Path, limits: Limits) -> Path:
    """Write page `page` (from 1) as a grey raster into `folder` and return the file; the caller removes it.

    Raises PermanentError if this page cannot be drawn; others may.
    """
    target = folder / f"page-{page:04d}"
    return _render_pdf(source, page, target, limits) if source.is_pdf else _render_frame(source, page, target, limits)


def _render_pdf(source: Source, page: int, target: Path, limits: Limits) -> Path:
    from pdf2image import convert_from_path, exceptions  # noqa: PLC0415

    try:
        paths = convert_from_path(
            str(source.file),
            dpi=_dpi(source, page, limits),
            first_page=page,
            last_page=page,
            fmt="ppm",
            grayscale=True,
            use_cropbox=True,  # the page as it is shown: words have their places on that
            single_file=True,
            output_folder=str(target.parent),
            output_file=target.name,
            paths_only=True,
            timeout=math.ceil(limits.page_timeout_s),
        )
    except exceptions.PDFPopplerTimeoutError as error:
        raise TooSlowError(f"Page {page} took longer than {limits.page_timeout_s:.0f} s to draw.") from error
    except exceptions.PDFPageCountError as error:
        raise PermanentError(_pdf_fault(str(error))) from error
    if not paths:
        raise TemporaryError(f"Page {page} was not drawn: poppler ended early. Is there enough memory?")
    path = Path(str(paths[0]))
    width, height, missing = _measure(path)
    if missing:
        raise TemporaryError(f"Page {page} was drawn in part only. Is the disk full?")
    if width * height <= 1:  # for a page that it cannot load, poppler succeeds with an image of one pixel
        raise PermanentError(f"Page {page} is damaged: it cannot be drawn.")
    return path


def _measure(raster: Path) -> tuple[int, int, bool]:
    """Return a grey raster's width and height, and whether bytes are missing at its end (PGM, one byte a pixel)."""
    with raster.open("rb") as opened:
        words = opened.read(64).split(maxsplit=4)
    if len(words) < 4:
        return 0, 0, True
    width, height = int(words[1]), int(words[2])
    return width, height, raster.stat().st_size < width * height


def lost_images(source: Source, page: int, folder: Path) -> bool:
    """Say whether the page holds a picture that is cut off or broken.

    Poppler draws such a page white, without an error, and so it looks blank: asked only of pages without a word.
    Fax pictures (CCITT, JBIG2) cannot be judged and count as whole.
    """
    if not source.is_pdf:
        return False
    prefix = folder / f"images-{page:04d}"
    pages = ["-f", str(page), "-l", str(page)]
    with contextlib.suppress(subprocess.TimeoutExpired):  # then what there is by now is looked at
        subprocess.run(
            ["pdfimages", "-all", *pages, str(source.file), str(prefix)], check=False, capture_output=True, timeout=60
        )
    broken = False
    for file in folder.glob(f"{prefix.name}-*"):
        broken = broken or (file.suffix in (".jpg", ".png", ".tif", ".jp2") and _breaks_off(file))
        file.unlink()
    return broken


def _breaks_off(file: Path) -> bool:
    from PIL import Image  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(file) as image:
            if image.width * image.height <= JUDGED_PIXELS:
                image.load()
    except (OSError, SyntaxError, ValueError):
        return True
    return False


def _dpi(source: Source, page: int, limits: Limits) -> int:
    from pdf2image import exceptions, pdfinfo_from_path  # noqa: PLC0415

    try:
        info = pdfinfo_from_path(str(source.file), first_page=page, last_page=page, timeout=60)
        width, height = (float(part) for part in str(info[f"Page {page:>4} size"]).split()[:3:2])
    except (exceptions.PDFPageCountError, exceptions.PDFPopplerTimeoutError, KeyError, ValueError):
        return limits.dpi
    square_inches = max(width * height, 1.0) / POINTS_PER_INCH**2
    return max(1, min(limits.dpi, int(math.sqrt(limits.page_pixels / square_inches))))


def _render_frame(source: Source, page: int, target: Path, limits: Limits) -> Path:
    """Write one frame of an image upright and grey. JPEG is decoded straight to grey, the rest one frame at a time."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    out = target.with_suffix(".pgm")
    try:
        # Not by its name: Pillow 13 maps a turned TIFF without compression into memory as if it lay upright.
        with source.file.open("rb") as opened, Image.open(opened) as image:
            image.seek(page - 1)
            if image.width * image.height > limits.file_pixels:  # the first frame was looked at before, this was not
                raise PermanentError(_too_large(image.width, image.height, limits))
            if image.format == "JPEG":
                image.draft("L", image.size)
            grey = _on_white(ImageOps.exif_transpose(image))
            if grey.width * grey.height > limits.page_pixels:
                scale = math.sqrt(limits.page_pixels / (grey.width * grey.height))
                grey = grey.resize((max(1, int(grey.width * scale)), max(1, int(grey.height * scale))))
            grey.save(out, format="PPM")
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's, and no word about the image
            raise TemporaryError(f"Page {page} could not be drawn: {error.strerror}.") from error
        raise PermanentError(f"Page {page} of the image is damaged: {error}.") from error
    return out


def _sixteenth(value: Any) -> Any:
    """Scale 16 bits to 8; Pillow takes nothing but a multiplication for this."""
    return value * (1 / 256)


def _on_white(image: Image.Image) -> Image.Image:
    """Return the image in grey, with what is transparent shown as paper."""
    from PIL import Image as Pillow  # noqa: PLC0415

    if image.mode.startswith(("I;16", "I")):  # 16 bits a pixel; converting alone would cut off, not scale
        image = image.convert("I").point(_sixteenth).convert("L")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode not in ("RGBA", "LA"):
        return image.convert("L")
    paper = Pillow.new("L", image.size, 255)
    paper.paste(image.convert("L"), mask=image.getchannel("A"))
    return paper
