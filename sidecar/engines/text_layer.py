"""Words with their boxes as a content stream of invisible text, one line of text a line of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from statistics import fmean, median

from sidecar.domain.word import Box, Word
from sidecar.engines.blank_font import ASCENT, DESCENT, WIDTH, BlankFont, runs_right_to_left

#: Fewer words do not tell how much their line leans.
_TELLING_WORDS = 5
#: Lines that lean more than this (rise over run) are misread, not skewed.
_STEEPEST = 0.2
#: A word this many times as high as its neighbours is a table's rule or a stain.
_TOO_HIGH = 1.8
#: Type sizes of which one is less than this times the other are taken for the same one, measured twice.
_SAME_SIZE = 1.35
#: A line that rises by less than this share of its type size from its first to its last word is not cut.
_UNBROKEN = 0.4
#: At most this share of the type size a word may be moved for the sake of a whole line.
_ASTRAY = 0.25


@dataclass(frozen=True, slots=True)
class Frame:
    """The visible part of a page, in the units of its user space, and how it is turned for being shown."""

    box: Box
    #: Clockwise, in degrees: 0, 90, 180 or 270.
    turn: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page as it is shown."""
        left, bottom, right, top = self.box
        wide, high = right - left, top - bottom
        return (high, wide) if self.turn in (90, 270) else (wide, high)

    @property
    def matrix(self) -> tuple[float, ...]:
        """What leads from the page as it is shown (x to the right, y up, from its lower left corner) to user space."""
        left, bottom, right, top = self.box
        return {
            0: (1, 0, 0, 1, left, bottom),
            90: (0, 1, -1, 0, right, bottom),
            180: (-1, 0, 0, -1, right, top),
            270: (0, -1, 1, 0, left, top),
        }[self.turn]


@dataclass(frozen=True, slots=True)
class _Run:
    """A word along its line: from `start` to `end` in reading direction, from `low` to `high` across it."""

    text: str
    start: float
    end: float
    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


#: The way a line runs: cosine and sine of its direction on the page as it is shown.
_RIGHT, _UP, _DOWN = (1, 0), (0, 1), (0, -1)


def content(words: Sequence[Word], frame: Frame, font: BlankFont, font_name: str) -> bytes:
    """Write the words as text in render mode 3 under `font_name`, complete in itself: it leaves no state behind."""
    rows = []
    for _, members in groupby(sorted(words, key=lambda word: word.line), key=lambda word: word.line):
        row = [word for word in members if word.text.strip()]
        if row:
            way = _direction(row)
            rows.append((way, _in_shown_order([_run(word, frame, way) for word in row])))
    slopes = [slope for way, runs in rows if way == _RIGHT and (slope := _slope(runs)) is not None]
    lean = median(slopes) if slopes else 0.0
    lines = _evened([_line(runs, way, lean if way == _RIGHT else 0.0) for way, runs in rows])
    shown = [operator for line in lines for operator in _show(line, font, font_name)]
    parts = ["q", f"{_numbers(*frame.matrix)} cm", "BT", "3 Tr", *shown, "ET", "Q"]
    return ("\n".join(parts) + "\n").encode("ascii")


def _in_shown_order(runs: list[_Run]) -> list[_Run]:
    """Order a line that has words from right to left as it is seen, which is how readers of PDF take it apart."""
    if any(runs_right_to_left(run.text) for run in runs):
        return sorted(runs, key=lambda run: run.start)
    return runs


def _direction(line: Sequence[Word]) -> tuple[int, int]:
    """Tell from the boxes of longer words whether the line runs up or down the margin."""
    telling = [word for word in line if len(word.text) > 2]
    upright = sum(_height(word) > 1.5 * _width(word) for word in telling)
    if upright * 2 <= len(telling):
        return _RIGHT
    return _DOWN if line[0].box[1] + line[0].box[3] < line[-1].box[1] + line[-1].box[3] else _UP


def _width(word: Word) -> float:
    return word.box[2] - word.box[0]


def _height(word: Word) -> float:
    return word.box[3] - word.box[1]


def _run(word: Word, frame: Frame, way: tuple[int, int]) -> _Run:
    wide, high = frame.size
    left, right = sorted(_inside(edge) * wide for edge in word.box[::2])
    bottom, top = sorted((1 - _inside(edge)) * high for edge in word.box[1::2])
    (cos, sin) = way
    along = sorted((cos * left + sin * bottom, cos * right + sin * top))
    across = sorted((cos * bottom - sin * left, cos * top - sin * right))
    least = max(wide, high) / 5000  # a word without extent could not be selected
    return _Run(
        word.text.strip(), along[0], max(along[1], along[0] + least), across[0], max(across[1], across[0] + least)
    )


def _inside(part: float) -> float:
    return min(1.0, max(0.0, part))


def _slope(runs: Sequence[_Run]) -> float | None:
    """Return how much the line rises per unit to the right (least squares), or None when it has too few words."""
    if len(runs) < _TELLING_WORDS:
        return None
    x, y = fmean(run.middle for run in runs), fmean((run.low + run.high) / 2 for run in runs)
    spread = sum((run.middle - x) ** 2 for run in runs)
    if not spread:
        return None
    rise = sum((run.middle - x) * ((run.low + run.high) / 2 - y) for run in runs) / spread
    return rise if abs(rise) <= _STEEPEST else None


@dataclass(frozen=True, slots=True)
class _Line:
    """Where the text of a line goes, along and across its direction."""

    runs: Sequence[_Run]
    way: tuple[int, int]
    #: From the descenders to the ascenders.
    size: float
    #: Height of the middle of the letters at `pivot`, and how much it rises per unit of length.
    height: float
    pivot: float
    slope: float

    def base(self, run: _Run) -> float:
        """Return the height of the run's base line."""
        half = self.size * (ASCENT + DESCENT) / (ASCENT - DESCENT) / 2
        return self.height + self.slope * (run.middle - self.pivot) - half


def _line(runs: Sequence[_Run], way: tuple[int, int], lean: float) -> _Line:
    """Fit the line to its words; `lean` is the slope where the words themselves tell none."""
    slope = own if (own := _slope(runs)) is not None else lean
    usual = median(run.high - run.low for run in runs)
    telling = [run for run in runs if run.high - run.low <= _TOO_HIGH * usual]
    pivot = (min(run.middle for run in runs) + max(run.middle for run in runs)) / 2
    low = min(run.low - slope * (run.middle - pivot) for run in telling)
    high = max(run.high - slope * (run.middle - pivot) for run in telling)
    return _Line(runs, way, high - low, (low + high) / 2, pivot, slope)


def _evened(lines: Sequence[_Line]) -> list[_Line]:
    """Give lines of about the page's usual type size exactly that, and take a little of the lean out of long lines.

    Poppler builds paragraphs of lines of equal size, and cuts a line where it has risen by half its type size.
    """
    usual = median(line.size for line in lines for _ in line.runs)
    evened = []
    for line in lines:
        size = usual if 1 / _SAME_SIZE < line.size / usual < _SAME_SIZE else line.size
        length = max(run.middle for run in line.runs) - min(run.middle for run in line.runs)
        rise = abs(line.slope) * length
        kept = max(min(rise, _UNBROKEN * size), rise - 2 * _ASTRAY * size)
        evened.append(replace(line, size=size, slope=line.slope * kept / rise if rise else 0.0))
    return evened


def _show(line: _Line, font: BlankFont, font_name: str) -> Iterator[str]:
    """Yield the operators of one line: one type size for all of it, each word stretched to its width."""
    yield f"{font_name} {_numbers(line.size)} Tf"
    space, _ = font.encode(" ")
    for run, follower in zip_longest(line.runs, line.runs[1:]):
        base = line.base(run)
        codes, glyphs = font.encode(run.text)
        yield from _placed(run.start, run.end, base, glyphs, line)
        yield f"<{codes}> Tj"
        if follower:
            ahead = follower.middle >= run.middle
            start, end = (run.end, follower.start) if ahead else (follower.end, run.start)
            if end - start < line.size / 100:  # the boxes touch
                end = start + line.size / 100
            yield from _placed(start, end, base, 1, line)
            yield f"<{space}> Tj"


def _placed(start: float, end: float, base: float, glyphs: int, line: _Line) -> tuple[str, str]:
    cos, sin = line.way
    stretch = (end - start) / (glyphs * line.size * WIDTH / 1000) * 100
    x, y = cos * start - sin * base, sin * start + cos * base
    return f"{_numbers(stretch)} Tz", f"{_numbers(cos, sin, -sin, cos, x, y)} Tm"


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}" for value in values)
