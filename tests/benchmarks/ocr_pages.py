"""Pages with known text for measuring OCR, as scanners, feeders and phones spoil them.

Everything comes from a seed, so the same page is the same bytes wherever Pillow and the fonts are the same. Each
variant varies in strength from page to page: an archive has no two levels of quality.
"""

import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import NormalDist

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from sidecar.practice.scans import A4_PT
from tests.benchmarks import ocr_texts as texts
from tests.benchmarks.ocr_texts import Block

#: Everything is drawn so finely, and made coarser afterwards as a scanner's optics do.
DRAWN_DPI = 300
_MARGIN_PT = 56
_LEADING = 1.35
_TABLE_GREY = 105


@dataclass(frozen=True)
class Treatment:
    """How a page is set and what happens to it on the way into the archive."""

    body_pt: float = 11
    columns: int = 1
    font: str = "DejaVuSans.ttf"
    #: Greys from 0 (black) to 255.
    ink: int = 24
    paper: int = 248
    dpi: int = DRAWN_DPI
    #: Degrees against the clock.
    skew: float = 0.0
    #: Radius in pixels of the drawn page.
    blur: float = 0.6
    #: Standard deviation in greys.
    noise: float = 2.0
    #: Photographed on a table, at an angle and badly lit: a JPEG instead of a PDF.
    is_photo: bool = False


@dataclass(frozen=True)
class Page:
    """One page of the set."""

    variant: str
    seed: int
    truth: str
    #: Languages to read it with, the most frequent first.
    languages: tuple[str, ...]
    #: A PDF, or a JPEG for a photo.
    data: bytes

    def save(self, folder: Path) -> Path:
        """Write the page into the folder."""
        file = folder / f"{self.variant}-{self.seed}{'.pdf' if self.data.startswith(b'%PDF') else '.jpg'}"
        file.write_bytes(self.data)
        return file


Maker = Callable[[random.Random], list[Block]]
Spoiler = Callable[[random.Random], Treatment]
_ENGLISH, _GERMAN, _BOTH = ("eng",), ("deu", "eng"), ("eng", "deu")
_OFFICE: tuple[Maker, ...] = (texts.letter, texts.invoice)


def _askew(chance: random.Random, least: float, most: float) -> float:
    return chance.choice((-1, 1)) * chance.uniform(least, most)


def _scanned(chance: random.Random) -> Treatment:
    return Treatment(skew=_askew(chance, 0.1, 0.6), noise=chance.uniform(4, 8))


#: What is on the page, the languages, and what happens to it.
VARIANTS: dict[str, tuple[tuple[Maker, ...], tuple[str, ...], Spoiler]] = {
    "clean": ((texts.prose,), _ENGLISH, lambda _chance: Treatment()),
    "office scan": (_OFFICE, _ENGLISH, _scanned),
    "noise": ((texts.prose,), _ENGLISH, lambda c: Treatment(noise=c.uniform(30, 75))),
    "skew": ((texts.prose,), _ENGLISH, lambda c: Treatment(skew=_askew(c, 1.5, 6), noise=5)),
    "blur": ((texts.prose,), _ENGLISH, lambda c: Treatment(blur=c.uniform(3.0, 6.5), noise=4)),
    "phone photo": (_OFFICE, _ENGLISH, lambda c: Treatment(skew=_askew(c, 0.5, 4), blur=1.0, noise=6, is_photo=True)),
    "small print": ((texts.prose,), _ENGLISH, lambda c: Treatment(body_pt=c.uniform(4.5, 6.5), noise=5)),
    "two columns": ((texts.prose,), _ENGLISH, lambda _chance: Treatment(body_pt=8, columns=2, noise=5)),
    "table": ((texts.statement,), _ENGLISH, _scanned),
    "pale print": ((texts.prose,), _ENGLISH, lambda c: Treatment(ink=c.randint(150, 216), paper=244, noise=5)),
    "low resolution": (
        (texts.prose,), _ENGLISH, lambda c: Treatment(body_pt=9, dpi=c.choice((55, 62, 72, 90)), noise=4)
    ),
    "german": ((partial(texts.letter, german=True), partial(texts.invoice, german=True)), _GERMAN, _scanned),
    "two languages": ((texts.mixed,), _BOTH, _scanned),
    "small and blurred": (
        (texts.prose,), _ENGLISH, lambda c: Treatment(body_pt=7, blur=c.uniform(2.0, 3.8), noise=6, dpi=200)
    ),
    "pale, noisy, askew": (
        _OFFICE, _ENGLISH,
        lambda c: Treatment(ink=c.randint(110, 180), paper=236, noise=c.uniform(8, 18), skew=_askew(c, 1, 4)),
    ),
    "coarse fax": (
        _OFFICE, _ENGLISH,
        lambda c: Treatment(dpi=c.choice((62, 72, 85)), noise=c.uniform(8, 20), skew=_askew(c, 0.3, 2)),
    ),
}  # fmt: skip
GOOD = frozenset({"clean"})
_FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")


def page(variant: str, seed: int) -> Page:
    """Make one page of a variant."""
    chance = random.Random(f"{variant} {seed}")
    makers, languages, spoil = VARIANTS[variant]
    blocks = makers[seed % len(makers)](chance)
    treatment = spoil(chance)
    treatment = Treatment(**{**vars(treatment), "font": _FONTS[seed % len(_FONTS)]})
    return _made(variant, seed, languages, blocks, treatment, chance)


def degraded(count: int) -> Iterator[tuple[str, int]]:
    """Name the pages of the degraded set, every variant in turn."""
    spoiled = [variant for variant in VARIANTS if variant not in GOOD]
    for number in range(count):
        yield spoiled[number % len(spoiled)], number // len(spoiled)


def scans(count: int) -> list[Page]:
    """Make ordinary scanned pages of full prose, for measuring speed."""
    return [
        _made("scan", seed, _ENGLISH, texts.prose(chance), _scanned(chance), chance)
        for seed in range(count)
        for chance in [random.Random(f"scan {seed}")]
    ]


def joined(pages: Sequence[Page]) -> bytes:
    """Return one PDF of the pages, each of which is one."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for one in pages:
            with pikepdf.open(io.BytesIO(one.data)) as single:
                pdf.pages.extend(single.pages)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _made(
    variant: str, seed: int, languages: tuple[str, ...], blocks: list[Block], how: Treatment, chance: random.Random
) -> Page:
    drawn, truth = _drawn(blocks, how)
    grain = random.Random(chance.random())
    data = _photographed(drawn, how, grain) if how.is_photo else _pdf(_scan(drawn, how, grain))
    return Page(variant, seed, truth, languages, data)


# -- from blocks to a page


@cache
def _font(name: str, size_px: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype(name, size_px)
    except OSError:
        return ImageFont.load_default(size_px)


def _drawn(blocks: list[Block], how: Treatment) -> tuple[Image.Image, str]:
    """Draw as many blocks as there is room for, and return what was drawn, line by line."""
    scale = DRAWN_DPI / 72
    width, height = (round(side * scale) for side in A4_PT)
    image = Image.new("L", (width, height), how.paper)
    pen, font = ImageDraw.Draw(image), _font(how.font, how.body_pt * scale)
    margin, gap = _MARGIN_PT * scale, 20 * scale
    wide = (width - 2 * margin - gap * (how.columns - 1)) / how.columns
    step = how.body_pt * scale * _LEADING
    lines = _lines(blocks, font, wide)
    truth = []
    for column in range(how.columns):
        left, y = margin + column * (wide + gap), margin + step
        while y < height - margin and (line := next(lines, None)) is not None:
            for text, at, anchor in line:
                pen.text((left + at * wide, y), text, fill=how.ink, font=font, anchor=anchor)
            truth.append(" ".join(text for text, _at, _anchor in line))
            y += step if line else step * 0.6
    return image, "\n".join(line for line in truth if line)


_Line = list[tuple[str, float, str]]


def _lines(blocks: list[Block], font: ImageFont.FreeTypeFont | ImageFont.ImageFont, wide: float) -> Iterator[_Line]:
    """Yield lines of texts, each with its place across the column (0 to 1) and the side that stands there."""
    for number, block in enumerate(blocks):
        if isinstance(block, str):
            if number:
                yield []
            line = ""
            for word in block.split():
                longer = f"{line} {word}" if line else word
                if line and font.getlength(longer) > wide:
                    yield [(line, 0.0, "ls")]
                    longer = word
                line = longer
            yield [(line, 0.0, "ls")]
        else:
            yield _row(block)


def _row(cells: tuple[str, ...]) -> _Line:
    """Set words to the left and the last two cells, or all numbers, to the right."""
    last, line = len(cells) - 1, []
    for number, cell in enumerate(cells):
        if not cell:
            continue
        is_left = number == 0 or (last == 4 and number < 3)
        at = (0.0, 0.2, 0.45)[number] if is_left else 1 - (last - number) * 0.2
        line.append((cell, at, "ls" if is_left else "rs"))
    return line


# -- from a page to a scan or a photo


def _scan(image: Image.Image, how: Treatment, chance: random.Random) -> Image.Image:
    if how.skew:
        image = image.rotate(how.skew, Image.Resampling.BICUBIC, fillcolor=how.paper)
    image = image.filter(ImageFilter.GaussianBlur(how.blur))
    if how.dpi != DRAWN_DPI:
        share = how.dpi / DRAWN_DPI
        image = image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.BOX)
    return _with_noise(image, how.noise, chance)


def _photographed(image: Image.Image, how: Treatment, chance: random.Random) -> bytes:
    image = image.resize((round(image.width * 0.72), round(image.height * 0.72)), Image.Resampling.BOX)
    table = Image.new("L", (image.width + 300, image.height + 300), _TABLE_GREY)
    table.paste(image, (150, 150))
    table = table.rotate(how.skew, Image.Resampling.BICUBIC, fillcolor=_TABLE_GREY)
    wide, tall = table.size
    lean = wide * chance.uniform(0.01, 0.05)  # what is further away looks this much narrower on either side
    seen = (-lean, -lean, 0, tall, wide, tall, wide + lean, -lean)
    table = table.transform(table.size, Image.Transform.QUAD, seen, Image.Resampling.BICUBIC, fillcolor=_TABLE_GREY)
    dark = chance.randint(90, 170)
    light = Image.linear_gradient("L").rotate(90).point([dark + value * (255 - dark) // 255 for value in range(256)])
    lit = ImageChops.multiply(table, light.resize(table.size)).filter(ImageFilter.GaussianBlur(how.blur))
    grey = _with_noise(lit, how.noise, chance)
    warm = [grey.point([value * share // 100 for value in range(256)]) for share in (100, 97, 90)]
    return _jpeg(Image.merge("RGB", warm), 210)


def _with_noise(image: Image.Image, sigma: float, chance: random.Random) -> Image.Image:
    """Add Gaussian noise; Pillow's own cannot be seeded, so uniform bytes are bent."""
    bend = [round(128 + sigma * NormalDist().inv_cdf((value + 0.5) / 256)) for value in range(256)]
    grain = Image.frombytes("L", image.size, chance.randbytes(image.width * image.height))
    return ImageChops.add(image, grain.point([min(255, max(0, value)) for value in bend]), offset=-128)


def _jpeg(image: Image.Image, dpi: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=75, dpi=(dpi, dpi))
    return out.getvalue()


def _pdf(image: Image.Image) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        scan = pdf.make_stream(
            _jpeg(image, DRAWN_DPI), Type=Name.XObject, Subtype=Name.Image, Width=image.width, Height=image.height,
            ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.DCTDecode,
        )  # fmt: skip
        one = pdf.add_blank_page(page_size=A4_PT)
        one.obj.Resources = Dictionary(XObject=Dictionary(Scan=scan))
        one.obj.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Scan Do Q" % A4_PT)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()
