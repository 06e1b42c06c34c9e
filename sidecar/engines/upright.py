"""A page image read as well as it can be: smoothed if it is full of grain, and again, turned and straightened, if that
went badly or lost lines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.domain.errors import PermanentError
from sidecar.domain.lines import tilt_of
from sidecar.domain.word import Word
from sidecar.engines import ink
from sidecar.engines.recognized import SURE, Recognized
from sidecar.engines.tesseract import Tesseract

if TYPE_CHECKING:
    from PIL import Image

#: A page is straightened from so many degrees on if it was not read surely; Tesseract copes with less.
ASKEW = 1.0
#: And from so many on in any case: whole lines get lost then, and what is left is read surely.
TILTED = 3.0
#: With so much of the ink outside of all words, lines were lost on a page that lies askew, however sure the rest is.
LOST = 0.05
#: A page with so much grain is smoothed before it is read: Tesseract takes grain for letters, or sees none at all.
GRAINY = 4


@dataclass(frozen=True, slots=True)
class Upright:
    """What was read, words in their places on the page as it lies, and what was done for it."""

    found: Recognized
    #: In words, after the reason; empty for nothing.
    how: str = ""
    #: By how many degrees clockwise the page was turned.
    turned: int = 0


def read_upright(engine: Tesseract, image: Image.Image, dpi: int, at: Path) -> Upright:
    """Read the page as it lies; if that went badly, turned and straightened too, and return the better reading.

    Raises what `Tesseract.read` raises, for the first reading only.
    """
    how = ""
    if ink.grain(image) >= GRAINY:
        image, how = ink.smooth(image, dpi), "; its grain was smoothed"
    best = engine.read(image, dpi=dpi, at=at)
    is_sure = best.confidence is not None and best.confidence >= SURE
    if is_sure and _lies_straight(best, image):
        return Upright(best, how)
    turned = 0 if is_sure else engine.lie(image).turn
    upright = image.rotate(-turned, expand=True) if turned else image
    tilt = ink.tilt(upright)
    is_askew = abs(tilt) >= ASKEW
    if not turned and not is_askew:
        return Upright(best, how)
    straight = upright.rotate(tilt, fillcolor=ink.paper(upright)) if is_askew else upright
    try:
        other = engine.read(straight, dpi=dpi, at=at)
    except PermanentError:  # no time for it: what was read stands
        return Upright(best, how)
    if other.weight <= best.weight:
        return Upright(best, how)
    if turned:
        how += f"; turned by {turned} degrees"
    if is_askew:
        how += f"; straightened by {abs(tilt):.1f} degrees"
    words = tuple(_put_back(word, turned, tilt, straight.size) for word in other.words)
    return Upright(replace(other, words=words), how, turned)


def _lies_straight(found: Recognized, image: Image.Image) -> bool:
    """Say so by the lines that were read, or, where they are too few to tell or fall, by the picture."""
    fall = tilt_of(found.words, image.size)
    if fall is not None and abs(fall) < ASKEW:
        return True
    tilt = abs(ink.tilt(image))
    return tilt < ASKEW or (tilt < TILTED and ink.uncovered(image, (word.box for word in found.words)) < LOST)


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
