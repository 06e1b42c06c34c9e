"""A word on a page and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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

    def rounded(self) -> Word:
        """Return the word as the store keeps it, in ten thousandths: read again or fresh, it is the same word."""
        left, top, right, bottom = (round(part, 4) for part in self.box)
        return Word(self.text, (left, top, right, bottom), self.line, float(round(self.confidence)))


def to_word(plain: Mapping[str, Any]) -> Word:
    """Make a word again of what `dataclasses.asdict` made of it and JSON brought along."""
    left, top, right, bottom = plain["box"]
    return Word(plain["text"], (left, top, right, bottom), plain["line"], plain["confidence"])
