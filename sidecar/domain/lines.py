"""How far the lines of a page fall, as the places of the words on it tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import median

from sidecar.domain.word import Word

#: A line tells its tilt from so many words on; letters that reach up or down weigh too much on shorter ones.
WORDS = 5
#: And a page from so many lines on.
LINES = 5


def tilt_of(words: Sequence[Word], size: tuple[int, int]) -> float | None:
    """Return by how many degrees the lines fall to the right on a page of this size in pixels.

    None where there are too few lines to tell. Words come line by line, as an engine gives them.
    """
    width, height = size
    falls = []
    for _number, line in groupby(words, key=lambda word: word.line):
        at = [word.box for word in line]
        if len(at) < WORDS:
            continue
        right = ((at[-1][0] + at[-1][2]) - (at[0][0] + at[0][2])) * width
        down = ((at[-1][1] + at[-1][3]) - (at[0][1] + at[0][3])) * height
        falls.append(math.degrees(math.atan2(down, right)))
    return median(falls) if len(falls) >= LINES else None
