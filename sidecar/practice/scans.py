"""Draw pages as a scanner or a phone gives them, and files that are broken in one known way.

Everything is made from text with Pillow and pikepdf, so the same arguments give the same bytes on a machine with the
same releases and fonts. In every text here a line that starts with ``# `` is a heading, a tab moves to the right-hand
column, and longer lines are wrapped.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import ceil
from statistics import NormalDist
from typing import NamedTuple, cast

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

A4_PT = (595, 842)
#: A scanner's white is never quite white.
_PAPER = 248
_INK = 24
_MARGIN_PT = 64
_BODY_PT, _HEADING_PT = 11, 17
#: Distance between base lines, as a multiple of the type size.
_LEADING = 1.4
#: Far beyond what poppler can allocate at any resolution, and still a number every PDF reader accepts.
_ENDLESS_PT = 10**12
_RECEIPT_PT = 280
#: The grey of the table a receipt lies on.
_TABLE = 110


_Font = Callable[[float], ImageFont.FreeTypeFont]


class _Line(NamedTuple):
    left: str
    #: Set flush right on the same line; empty for running text.
    right: str
    size_pt: int
    #: From the top edge of the page to the line's base line.
    baseline_pt: float


@cache
def _own_font(size_px: float) -> ImageFont.FreeTypeFont:
    """Pillow's own font: as wide as Helvetica, but it knows no letter beyond ASCII."""
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size_px))  # asked for a size, it gives nothing else


@cache
def _page_font(size_px: float) -> ImageFont.FreeTypeFont:
    """DejaVu, which poppler brings along through fontconfig; Pillow's own font where it is missing."""
    try:
        return ImageFont.truetype("DejaVuSans.ttf", size_px)
    except OSError:
        return _own_font(size_px)


def _wrap(text: str, font: ImageFont.FreeTypeFont, width_pt: float) -> Iterator[str]:
    """Yield `text` in lines no wider than `width_pt`; leading blanks of the first line stay."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line.strip() and font.getlength(longer) > width_pt:
            yield line
            line = word
        else:
            line = longer
    yield line


def _lay_out(text: str, size_pt: tuple[int, int], font: _Font = _page_font) -> list[_Line]:
    """Place `text` on a page; ValueError when it does not fit, since a page cut short would be a false truth."""
    width, height = size_pt
    lines: list[_Line] = []
    y: float = _MARGIN_PT
    for paragraph in text.splitlines():
        heading = paragraph.startswith("# ")
        size = _HEADING_PT if heading else _BODY_PT
        left, _, right = paragraph.removeprefix("# ").partition("\t")
        for part in _wrap(left, font(size), width - 2 * _MARGIN_PT):
            y += size * _LEADING
            lines.append(_Line(part, right, size, y))
            right = ""
    if y > height - _MARGIN_PT / 2:
        raise ValueError(f"{len(lines)} lines do not fit on one page of {height} pt")
    return lines


def _draw(text: str, size_pt: tuple[int, int], dpi: int, *, paper: int, ink: int) -> Image.Image:
    scale = dpi / 72
    page = Image.new("L", (round(size_pt[0] * scale), round(size_pt[1] * scale)), paper)
    pen = ImageDraw.Draw(page)
    for line in _lay_out(text, size_pt):
        font = _page_font(line.size_pt * scale)
        y = line.baseline_pt * scale
        pen.text((_MARGIN_PT * scale, y), line.left, fill=ink, font=font, anchor="ls")
        if line.right:
            pen.text((page.width - _MARGIN_PT * scale, y), line.right, fill=ink, font=font, anchor="rs")
    return page


def _with_noise(page: Image.Image, sigma: float, seed: int) -> Image.Image:
    """Add Gaussian noise of `sigma` grey levels; Pillow's own noise cannot be seeded, so uniform bytes are bent."""
    bend = [round(128 + sigma * NormalDist().inv_cdf((value + 0.5) / 256)) for value in range(256)]
    grain = Image.frombytes("L", page.size, random.Random(seed).randbytes(page.width * page.height))  # noqa: S311
    return ImageChops.add(page, grain.point([min(255, max(0, value)) for value in bend]), offset=-128)


def _jpeg(image: Image.Image, dpi: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=75, dpi=(dpi, dpi))
    return out.getvalue()


def scan_page(
    text: str,
    *,
    dpi: int = 300,
    skew: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
    size_pt: tuple[int, int] = A4_PT,
) -> bytes:
    """Draw one page as a scanner gives it: a grey JPEG, slightly soft, on paper that is not quite white.

    `skew` is in degrees counter-clockwise; `noise` is the standard deviation in grey levels, 8 being a bad scanner.
    """
    page = _draw(text, size_pt, dpi, paper=_PAPER, ink=_INK)
    if skew:
        page = page.rotate(skew, Image.Resampling.BILINEAR, fillcolor=_PAPER)
    page = page.filter(ImageFilter.BoxBlur(dpi / 400))
    return _jpeg(_with_noise(page, noise, seed) if noise else page, dpi)


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _add_scan(pdf: pikepdf.Pdf, jpeg: bytes) -> None:
    with Image.open(io.BytesIO(jpeg)) as image:
        width, height = image.size
    scan = pdf.make_stream(
        jpeg,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=width,
        Height=height,
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    page = pdf.add_blank_page(page_size=A4_PT)
    page.obj.Resources = Dictionary(XObject=Dictionary(Scan=scan))
    page.obj.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Scan Do Q" % A4_PT)


def scan_pdf(pages: Sequence[str], *, dpi: int = 300, skew: float = 0.0, noise: float = 0.0, seed: int = 0) -> bytes:
    """Put every text on a scanned page of its own: one image a page and no text layer.

    Pages lean to alternate sides, as they do out of a feeder.
    """
    with pikepdf.new() as pdf:
        for index, text in enumerate(pages):
            lean = -skew if index % 2 else skew
            _add_scan(pdf, scan_page(text, dpi=dpi, skew=lean, noise=noise, seed=seed + index))
        return _saved(pdf)


def _show(x_pt: float, line: _Line, text: str) -> bytes:
    literal = text.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
    place = f"/Helv {line.size_pt} Tf 1 0 0 1 {x_pt:.2f} {A4_PT[1] - line.baseline_pt:.2f} Tm (".encode()
    return place + literal + b") Tj\n"


def _text_stream(text: str) -> bytes:
    operators = b""
    for line in _lay_out(text, A4_PT, _own_font):
        operators += _show(_MARGIN_PT, line, line.left)
        if line.right:
            width_pt = _own_font(line.size_pt).getlength(line.right)
            operators += _show(A4_PT[0] - _MARGIN_PT - width_pt, line, line.right)
    return b"BT\n" + operators + b"ET\n"


def text_pdf(pages: Sequence[str]) -> bytes:
    """Write a born-digital PDF: real text in Helvetica that can be selected and searched."""
    with pikepdf.new() as pdf:
        helvetica = pdf.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        )
        for text in pages:
            page = pdf.add_blank_page(page_size=A4_PT)
            page.obj.Resources = Dictionary(Font=Dictionary(Helv=helvetica))
            page.obj.Contents = pdf.make_stream(_text_stream(text))
        return _saved(pdf)


def photo(text: str, *, turn: float = 2.5, noise: float = 3.0, seed: int = 0) -> bytes:
    """Photograph a receipt on a table: a colour JPEG, turned by `turn` degrees, at an angle, darker to the left."""
    receipt = _draw(text, (_RECEIPT_PT, _height_pt(text)), 240, paper=244, ink=40)
    table = Image.new("L", (receipt.width + 360, receipt.height + 480), _TABLE)
    table.paste(receipt, (180, 240))
    table = table.rotate(turn, Image.Resampling.BICUBIC, fillcolor=_TABLE)
    wide, tall = table.size
    lean = wide * 0.03  # what is further away looks this much narrower on either side
    seen = (-lean, -lean, 0, tall, wide, tall, wide + lean, -lean)
    table = table.transform(table.size, Image.Transform.QUAD, seen, Image.Resampling.BICUBIC, fillcolor=_TABLE)
    shade = Image.linear_gradient("L").rotate(90).point([168 + value // 3 for value in range(256)])
    lit = ImageChops.multiply(table, shade.resize(table.size)).filter(ImageFilter.BoxBlur(0.7))
    grey = _with_noise(lit, noise, seed)
    warm = [grey.point([value * share // 100 for value in range(256)]) for share in (100, 98, 93)]
    return _jpeg(Image.merge("RGB", warm), 72)


def _height_pt(text: str) -> int:
    return ceil(_lay_out(text, (_RECEIPT_PT, 100_000))[-1].baseline_pt + _MARGIN_PT / 2)


def encrypted_pdf(text: str = "Locked", *, password: str = "secret") -> bytes:  # noqa: S107
    """Lock a page with `password`; an empty one locks only changing and printing, as many banks do, and opens freely.

    RC4 is old, but alone among the ciphers it gives the same bytes every time.
    """
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(text_pdf([text]))) as pdf:
        lock = pikepdf.Encryption(owner="owner", user=password, R=3, aes=False, metadata=False)
        pdf.save(out, static_id=True, encryption=lock)
    return out.getvalue()


def not_a_pdf() -> bytes:
    """Give what a failed download leaves: a web page under the name of a PDF."""
    return b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>\n"


def empty_pdf() -> bytes:
    """Write a valid PDF that has no page."""
    with pikepdf.new() as pdf:
        return _saved(pdf)


def pdf_with_broken_page(pages: Sequence[str], broken: int = 3) -> bytes:
    """Write scanned pages of which page `broken` (from 1) claims a size that poppler cannot allocate.

    For that page pdftoppm ends with exit code 0 and an image of one pixel; the other pages are fine. A page object of a
    wrong type would not do: poppler then gives the next page's picture, or loses all pages that follow.
    """
    with pikepdf.open(io.BytesIO(scan_pdf(pages, dpi=150))) as pdf:
        pdf.pages[broken - 1].obj.MediaBox = Array([0, 0, _ENDLESS_PT, _ENDLESS_PT])
        return _saved(pdf)


def pdf_with_damaged_scan(pages: Sequence[str], broken: int = 3) -> bytes:
    """Write scanned pages of which the image on page `broken` (from 1) ends right after its header.

    For that page pdftoppm ends with exit code 0, no word of error and a white page, which is not a blank page.
    """
    with pikepdf.open(io.BytesIO(scan_pdf(pages, dpi=150))) as pdf:
        scan = pdf.pages[broken - 1].obj.Resources.XObject.Scan
        scan.write(scan.read_raw_bytes()[:300], filter=Name.DCTDecode)
        return _saved(pdf)


def huge_image(side_px: int = 20_000) -> bytes:
    """Write a white PNG of `side_px` squared at 1 bit a pixel: kilobytes as a file, gigabytes as RGB.

    Written by hand, since Pillow would hold a byte for every pixel.
    """
    row = b"\0" + b"\xff" * ((side_px + 7) // 8)
    squeeze = zlib.compressobj()
    data = b"".join(squeeze.compress(row) for _ in range(side_px)) + squeeze.flush()
    header = struct.pack(">2I5B", side_px, side_px, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
