"""An image file as a PDF: one page a frame, the picture's own compressed bytes wherever PDF knows them.

A JPEG goes in byte for byte, and so does the data of a plain PNG, since both are filters of PDF. Whatever else there
is gets decoded one frame at a time and stored without loss: PNG data for grey and colour, fax (CCITT group 4) or PNG
data for black and white, whichever is smaller. Only pictures that were lossy before and would grow many times (WebP,
JPEG in TIFF) become a JPEG of high quality.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf
from PIL import Image, ImageFile, UnidentifiedImageError

from sidecar.domain.errors import PermanentError

#: Resolutions outside are those of a screen or a camera, and say nothing about a size on paper.
_BELIEVED_DPI = (100, 2400)
_A4_PT = (595.28, 841.89)
#: Larger pages are not allowed (ISO 32000-1, annex C).
_LONGEST_PT = 14_400
_LOSSY_QUALITY = 92
_ORIENTATION = 0x0112
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
#: How the unit square, in which PDF draws a picture, is turned and mirrored for each EXIF orientation.
_UPRIGHT = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
_SPACES = {1: Name.DeviceGray, 3: Name.DeviceRGB, 4: Name.DeviceCMYK}
_ICC_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture as PDF stores it."""

    data: bytes
    #: Width and height in pixels as stored.
    size: tuple[int, int]
    colors: int
    bits: int
    filter: Name
    parameters: dict[str, object] | None = None
    #: RGB triples, for a picture of indexes.
    palette: bytes | None = None
    icc: bytes | None = None
    inverted: bool = False


def wrap(file: Path) -> Pdf:
    """Return an image file as a new PDF. Raises PermanentError for a file that is no image or is damaged."""
    Image.MAX_IMAGE_PIXELS = None  # how large a file may be was asked before its pages were read
    pdf = pikepdf.new()
    pdf.Root.Version = Name("/1.5")  # the first that knows 16 bits a colour
    try:
        with file.open("rb") as opened, Image.open(opened) as image:  # by its name TIFFs go wrong, see raster.py
            for picture, orientation, dpi in _pictures(file, image):
                _add_page(pdf, picture, orientation, dpi)
    except UnidentifiedImageError as error:
        raise PermanentError("The file is neither a PDF nor an image that can be opened.") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise PermanentError(f"The image is damaged: {error}.") from error
    return pdf


def _pictures(file: Path, image: ImageFile.ImageFile) -> Iterator[tuple[_Picture, int, tuple[float, float] | None]]:
    """Yield the picture, the EXIF orientation and the resolution of every page.

    A JPEG is one page even if a camera put further pictures behind the first (MPO).
    """
    if image.format in ("JPEG", "MPO"):
        yield _jpeg(file.read_bytes(), image), image.getexif().get(_ORIENTATION, 1), image.info.get("dpi")
        return
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        if image.format == "TIFF":
            image.load()  # which turns it upright and drops the tag
        orientation, dpi = image.getexif().get(_ORIENTATION, 1), image.info.get("dpi")
        own = _png(file.read_bytes(), image.info.get("icc_profile")) if image.format == "PNG" else None
        yield own or _encoded(image, lossy=_is_lossy(file, image)), orientation, dpi


def _jpeg(data: bytes, image: Image.Image) -> _Picture:
    colors = len(image.getbands())
    inverted = colors == 4 and "adobe" in image.info  # Adobe writes ink as light
    return _Picture(data, image.size, colors, 8, Name.DCTDecode, icc=image.info.get("icc_profile"), inverted=inverted)


def _png(data: bytes, icc: bytes | None) -> _Picture | None:
    """Return a PNG's picture with its own compressed rows, or None if it is interlaced or in part transparent."""
    rows: list[bytes] = []
    palette = None
    width, height, bits, kind, interlaced = 0, 0, 8, 0, 0
    for name, chunk in _chunks(data):
        if name == b"IHDR":
            width, height, bits, kind, _, _, interlaced = struct.unpack(">2I5B", chunk)
        elif name == b"PLTE":
            palette = chunk
        elif name == b"IDAT":
            rows.append(chunk)
        elif name == b"tRNS":
            return None
    if interlaced or kind not in (0, 2, 3) or (kind == 3 and palette is None):
        return None
    colors = 3 if kind == 2 else 1
    parameters: dict[str, object] = {"/Predictor": 15, "/Colors": colors, "/BitsPerComponent": bits, "/Columns": width}
    own_palette = palette if kind == 3 else None
    return _Picture(b"".join(rows), (width, height), colors, bits, Name.FlateDecode, parameters, own_palette, icc)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG_HEAD)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise ValueError("it breaks off")
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length


def _encoded(image: Image.Image, *, lossy: bool) -> _Picture:
    """Decode the current frame and store it anew."""
    plain = _on_paper(image)
    icc = image.info.get("icc_profile") if plain.mode in ("L", "RGB") else None
    if lossy and plain.mode in ("L", "RGB"):
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=_LOSSY_QUALITY, optimize=True)
        return _Picture(out.getvalue(), plain.size, len(plain.getbands()), 8, Name.DCTDecode, icc=icc)
    out = io.BytesIO()
    plain.save(out, "PNG", icc_profile=None)
    picture = _png(out.getvalue(), icc)
    if picture is None:
        raise ValueError("it cannot be stored")
    fax = _fax(plain) if plain.mode == "1" else None
    return fax if fax and len(fax.data) < len(picture.data) else picture


def _on_paper(image: Image.Image) -> Image.Image:
    """Return the frame as black and white, indexes, grey or RGB, with what is transparent shown as white paper."""
    if "transparency" in image.info or image.mode in ("LA", "La", "RGBA", "RGBa", "PA"):
        whole = image.convert("RGBA")
        is_grey = image.mode in ("1", "L", "LA", "La")
        paper = Image.new("L" if is_grey else "RGB", whole.size, "white")
        paper.paste(whole.convert(paper.mode), mask=whole.getchannel("A"))
        return paper.convert("1", dither=Image.Dither.NONE) if image.mode == "1" else paper
    if image.mode in ("1", "L", "RGB", "P"):
        return image
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("L" if image.mode in ("I", "F") else "RGB")


def _fax(image: Image.Image) -> _Picture | None:
    """Encode a black and white picture as CCITT group 4, by way of a TIFF of one strip."""
    out = io.BytesIO()
    try:
        image.save(out, "TIFF", compression="group4", strip_size=image.width * image.height)
    except (OSError, ValueError):  # a Pillow without libtiff
        return None
    with Image.open(out) as tiff:
        tags = tiff.tag_v2  # type: ignore[attr-defined] # it was just saved as TIFF
        offsets, sizes, white_is_zero = tags[273], tags[279], tags[262] == 0
    if len(offsets) != 1:
        return None
    data = out.getvalue()[offsets[0] : offsets[0] + sizes[0]]
    parameters: dict[str, object] = {"/K": -1, "/Columns": image.width, "/Rows": image.height}
    parameters["/BlackIs1"] = not white_is_zero
    return _Picture(data, image.size, 1, 1, Name.CCITTFaxDecode, parameters)


def _is_lossy(file: Path, image: Image.Image) -> bool:
    if image.format == "WEBP":
        with file.open("rb") as opened:
            return b"VP8L" not in opened.read(4096)
    return image.info.get("compression") in ("jpeg", "tiff_jpeg")


def _add_page(pdf: Pdf, picture: _Picture, orientation: int, dpi: tuple[float, float] | None) -> None:
    sideways = orientation in (5, 6, 7, 8)
    wide, high = _paper(picture.size, dpi)
    if sideways:
        wide, high = high, wide
    a, b, c, d, e, f = _UPRIGHT.get(orientation, _UPRIGHT[1])
    page = pdf.add_blank_page(page_size=(round(wide, 3), round(high, 3)))
    place = f"q {a * wide:.3f} {b * high:.3f} {c * wide:.3f} {d * high:.3f} {e * wide:.3f} {f * high:.3f} cm /Scan Do Q"
    page.obj.Resources = Dictionary(XObject=Dictionary(Scan=_stored(pdf, picture)))
    page.obj.Contents = pdf.make_stream(place.encode("ascii"))


def _paper(size: tuple[int, int], dpi: tuple[float, float] | None) -> tuple[float, float]:
    """Return the page's size in points: by its resolution where that can be believed, else to fit on A4."""
    low, high = _BELIEVED_DPI
    across, down = (float(dpi[0]), float(dpi[1])) if dpi else (0.0, 0.0)
    if not (low <= across <= high and low <= down <= high):
        short, long = _A4_PT
        limits = (long, short) if size[0] > size[1] else (short, long)
        across = down = 72 * max(size[0] / limits[0], size[1] / limits[1])
    wide, tall = size[0] / across * 72, size[1] / down * 72
    shrink = min(1.0, _LONGEST_PT / max(wide, tall))
    return max(3.0, wide * shrink), max(3.0, tall * shrink)


def _stored(pdf: Pdf, picture: _Picture) -> Object:
    image = pdf.make_stream(
        picture.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=picture.size[0],
        Height=picture.size[1],
        ColorSpace=_color_space(pdf, picture),
        BitsPerComponent=picture.bits,
        Filter=picture.filter,
    )
    if picture.parameters:
        image.DecodeParms = Dictionary(picture.parameters)
    if picture.inverted:
        image.Decode = Array([1, 0] * 4)
    return image


def _color_space(pdf: Pdf, picture: _Picture) -> Object:
    """Return the picture's colours, by its own profile if that fits."""
    base: Object = _SPACES[3 if picture.palette else picture.colors]
    count = 3 if picture.palette else picture.colors
    if picture.icc and picture.icc[36:40] == b"acsp" and picture.icc[16:20] == _ICC_SPACES[count]:
        base = Array([Name.ICCBased, pdf.make_stream(picture.icc, N=count, Alternate=base)])
    if picture.palette is None:
        return base
    return Array([Name.Indexed, base, len(picture.palette) // 3 - 1, pikepdf.String(picture.palette)])
