"""What a grey page image shows before anybody reads it: whether there is ink on it at all, and how far it is tilted."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from enum import Enum

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

#: A page is looked at in about this many pixels across: 150 dpi for A4.
ACROSS = 1240
#: A glance at it takes so many.
GLANCE = 310
#: So much darker than the paper around it is ink; print that shows through from the other side is paler.
DARK = 48
#: And so much, with noise smoothed away, may be pale print, or show-through.
PALE = 14
#: So many dark pixels with dark neighbours are ink: a lone digit in small print has about 25.
SPECKS = 15
#: Paper is judged by squares of so many pixels.
SQUARE = 16
#: Not looked at along each edge, where scanners leave shadows, as a part of the width.
EDGE = 0.015
#: Ink so near to the left and right edges, as a part of the width, is holes and shadows where nothing was read.
HOLES = 0.09
#: Noise is looked for in squares of so many pixels, where the page has them.
SAMPLE = 384
#: Paper is as bright as the brighter part of its square, but for so much.
BRIGHT = 10
#: With less paper than this in the squares nothing is said of its grain.
PAPER = 0.05
#: Smoothing by so much takes the grain out and leaves letters as they are. In pixels, from 200 dpi on; less below.
SMOOTH = 0.8
#: Tilt is looked for so far to each side, in degrees.
TILT = 12.0
#: And there in so many pixels across.
TILT_ACROSS = 420


class Ink(Enum):
    """How much there is on a page."""

    NONE = "none"
    #: Something pale, or noise: read it, and believe nothing but sure words.
    PALE = "pale"
    PLAIN = "plain"


def ink_on(image: Image.Image) -> Ink:
    """Say whether the page has ink: white, grey or unevenly lit paper, specks of dust and show-through have none.

    Light print on dark paper is ink as well.
    """
    if _is_evident(image):
        return Ink.PLAIN
    small = image.reduce(max(1, round(image.width / ACROSS)))
    edge = max(1, round(small.width * EDGE))
    if min(small.size) <= 2 * edge + 2 * SQUARE:
        return Ink.PLAIN
    inner = small.crop((edge, edge, small.width - edge, small.height - edge))
    if _shows(inner, DARK) or _shows(ImageOps.invert(inner), DARK):
        return Ink.PLAIN
    return Ink.PALE if _shows(inner.filter(ImageFilter.BoxBlur(1)), PALE) else Ink.NONE


def _is_evident(image: Image.Image) -> bool:
    """Say whether a glance is enough: print is dark even when eight pixels each way become one."""
    coarse = image.reduce(max(1, round(image.width / GLANCE)))
    edge = max(1, round(coarse.width * EDGE * 2))
    if min(coarse.size) <= 2 * edge + 2 * SQUARE:
        return False
    inner = coarse.crop((edge, edge, coarse.width - edge, coarse.height - edge))
    return _ink(inner, DARK).histogram()[255] * 50 > inner.width * inner.height


def _shows(page: Image.Image, darkness: int) -> bool:
    ink = _ink(page, darkness)
    if ink.histogram()[255] * 200 > ink.width * ink.height:  # more than any dust
        return True
    return ink.filter(ImageFilter.RankFilter(3, 6)).histogram()[255] >= SPECKS  # dust has no three dark pixels in nine


def _ink(page: Image.Image, darkness: int) -> Image.Image:
    """Return what is so much darker than the paper around it, in white on black."""
    around = page.reduce(SQUARE).filter(ImageFilter.BoxBlur(1)).resize(page.size, Image.Resampling.BILINEAR)
    return ImageChops.subtract(around, page).point([255 if value >= darkness else 0 for value in range(256)])


def grain(image: Image.Image) -> int:
    """Return by how many of 256 shades most pixels of bare paper differ from the ones around them.

    0 to 2 for an ordinary scan. Print does not count, however dense it is; 0 where there is no bare paper.
    """
    counts, pixels = [0] * 256, 0
    for across, down in ((0.3, 0.3), (0.7, 0.5), (0.3, 0.7)):
        left = max(0, round(image.width * across) - SAMPLE // 2)
        top = max(0, round(image.height * down) - SAMPLE // 2)
        sample = image.crop((left, top, min(image.width, left + SAMPLE), min(image.height, top + SAMPLE)))
        around = sample.filter(ImageFilter.BoxBlur(4))
        bright = _brighter_part(around) - BRIGHT
        bare = around.point([255 if shade >= bright else 0 for shade in range(256)]).filter(ImageFilter.MinFilter(3))
        found = ImageChops.difference(sample, smooth(sample)).histogram(bare)
        counts = [one + other for one, other in zip(counts, found, strict=True)]
        pixels += sample.width * sample.height
    if sum(counts) < PAPER * pixels:
        return 0
    middle, passed = sum(counts) / 2, itertools.accumulate(counts)
    return next(shade for shade, so_far in enumerate(passed) if so_far >= middle)


def _brighter_part(image: Image.Image) -> int:
    """Return the shade that a quarter of the pixels have or pass."""
    counts = image.histogram()
    passed = itertools.accumulate(counts)
    return next(shade for shade, so_far in enumerate(passed) if so_far * 4 >= sum(counts) * 3)


def smooth(image: Image.Image, dpi: int = 300) -> Image.Image:
    """Return the image with its grain smoothed away, and its letters left as they are at this resolution."""
    return image.filter(ImageFilter.GaussianBlur(SMOOTH * min(1.0, dpi / 200)))


def uncovered(image: Image.Image, boxes: Iterable[tuple[float, float, float, float]]) -> float:
    """Return which part of the ink lies outside of the boxes (left, top, right, bottom in parts of the image)."""
    coarse = image.reduce(max(1, round(image.width / GLANCE)))
    if min(coarse.size) <= 2 * SQUARE:
        return 0.0
    ink = _ink(coarse, DARK)
    whole = ink.histogram()[255]
    draw = ImageDraw.Draw(ink)
    for left, top, right, bottom in boxes:
        corners = (left * ink.width - 1, top * ink.height - 1, right * ink.width + 1, bottom * ink.height + 1)
        draw.rectangle(corners, fill=0)
    return ink.histogram()[255] / whole if whole else 0.0


def paper(image: Image.Image) -> int:
    """Return the most frequent grey."""
    counts = image.reduce(max(1, min(image.size) // 64)).histogram()
    return counts.index(max(counts))


def without_edges(image: Image.Image) -> Image.Image:
    """Return the image with its left and right edges in the colour of its paper."""
    wide = round(image.width * HOLES)
    bare = image.copy()
    for left in (0, image.width - wide):
        bare.paste(paper(image), (left, 0, left + wide, image.height))
    return bare


def tilt(image: Image.Image) -> float:
    """Return by how many degrees the lines of text fall to the right, 0.0 where no angle stands out.

    The angle at which rows of ink and rows of paper differ most.
    """
    small = image.reduce(max(1, round(image.width / TILT_ACROSS)))
    if min(small.size) <= 2 * SQUARE:
        return 0.0
    ink = _ink(small, DARK)
    straight = _contrast(ink, 0.0)
    best, most = 0.0, straight
    for step, around in ((1.5, TILT), (0.5, 1.5), (0.1, 0.5)):
        middle = best
        for number in range(-round(around / step), round(around / step) + 1):
            angle = middle + number * step
            if (found := _contrast(ink, angle)) > most:
                best, most = angle, found
    return round(best, 1) if most > straight * 1.2 else 0.0


def _contrast(ink: Image.Image, angle: float) -> float:
    """Return how much neighbouring rows differ, once the page is turned by the angle."""
    turned = ink.rotate(angle, resample=Image.Resampling.NEAREST, fillcolor=0)
    rows = turned.resize((1, turned.height), Image.Resampling.BOX).tobytes()
    return float(sum((one - other) ** 2 for one, other in itertools.pairwise(rows)))
