"""Loops: a model that says one thing again and again, as it happens at the end of a long page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import eq

#: The longest unit that is looked for, in words and in lines or sentences.
LONGEST_PERIOD = 30
#: A word of so many characters is looked into (scripts without spaces, "hahaha", "_____").
LONG_WORD = 60
#: The number of an item ("12. ") ends no sentence.
LINE_END = re.compile(r"\n|(?<=\D[.!?。！？])\s+")
LIST_NUMBER = re.compile(r"^\W*\d{1,4}[.):]\s*")


@dataclass(frozen=True, slots=True)
class Loop:
    """A piece of text and how many times it stands there."""

    unit: str
    times: int

    @property
    def words(self) -> int:
        """How many words the piece has."""
        return len(self.unit.split())


def loops(text: str) -> Iterator[Loop]:
    """Yield what is repeated without a pause, longest run of each length of unit, and lines that come back often."""
    words = text.split()
    yield from _runs(words, LONGEST_PERIOD, " ")
    pieces = [" ".join(piece.split()) for piece in LINE_END.split(text) if piece.strip()]
    yield from _runs(pieces, LONGEST_PERIOD, " ")
    for word in words:
        if len(word) >= LONG_WORD:
            yield from _runs(word, LONGEST_PERIOD, "")
    lines = Counter(LIST_NUMBER.sub("", piece) for piece in pieces)
    for line, times in lines.most_common(1):
        if times * 2 > len(pieces):
            yield Loop(line, times)


def _runs(pieces: Sequence[str], longest: int, joint: str) -> Iterator[Loop]:
    for period in range(1, min(longest, len(pieces) // 2) + 1):
        run, end = _longest_run(pieces, period)
        times = run // period + 1
        if times > 2:
            yield Loop(joint.join(pieces[end - period : end]), times)


def _longest_run(pieces: Sequence[str], period: int) -> tuple[int, int]:
    """Return how many pieces in a row equal the one `period` before, and where the longest such row ends."""
    best, best_end, at = 0, 0, period
    for same, row in groupby(map(eq, pieces[period:], pieces)):
        length = sum(1 for _ in row)
        at += length
        if same and length > best:
            best, best_end = length, at
    return best, best_end


def is_suspicious(loop: Loop, *, doubted: bool) -> bool:
    """Say whether a loop is more than what rows, rules and leaders of dots on paper come to.

    `doubted` says that the page is known otherwise and does not show the piece as often; then half is enough.
    """
    return loop.times >= _allowed(loop) * (0.5 if doubted else 1)


def _allowed(loop: Loop) -> int:
    """How often a piece may stand: marks and figures often (rules, dotted lines, "0,00"), whole sentences rarely."""
    if not any(map(str.isalnum, loop.unit)):
        return 600
    if not any(map(str.isalpha, loop.unit)):
        return 300
    size = max(loop.words, len(loop.unit) // 8)
    if size <= 3:
        return 30
    return 16 if size < 20 else 6
