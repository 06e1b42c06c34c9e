"""A word on a page and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

#: Left, top, right, bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was read on a page, with its place."""

    text: str
    #: Left, top, right, bottom in parts of the page as it is shown (upright, after /Rotate), from 0 to 1.
    box: Box
    #: Number of the text line on the page, from 1, in reading order.
    line: int
    #: From 0 to 100, as the engine gives it; 0 where the place was guessed.
    confidence: float
