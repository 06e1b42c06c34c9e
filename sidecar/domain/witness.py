"""What is known of a page when a model's answer about it is judged: the answer, and Tesseract as a witness."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sidecar.domain import comparison, figures
from sidecar.domain.figures import Figure
from sidecar.domain.quality import GARBAGE, score
from sidecar.domain.word import Word

#: Mean word confidence from which Tesseract's text is a witness, and from which it is a good one.
DECENT, GOOD = 70.0, 80.0
#: Confidence of a word from which it is read surely.
SURE = 85.0


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What a vision model gave for a page."""

    #: As the model gave it.
    text: str
    #: The model stopped at the token limit, not by itself.
    cut_off: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the page otherwise."""

    #: Tesseract's text; None if it was not read.
    text: str | None
    #: Mean word confidence from 0 to 100 of it; None for no words.
    confidence: float | None
    #: The image has no ink.
    is_blank: bool
    #: Tesseract's words with their confidences; without them each word is as sure as the mean.
    words: tuple[Word, ...] = ()

    def sure_words(self) -> list[str]:
        """Return Tesseract's words, as they are compared, without those that it is in doubt of.

        Where it is not known which these are, the mean must be that of sure words.
        """
        if not self.words:
            return comparison.words(self.text or "") if (self.confidence or 0.0) >= SURE else []
        doubted = {word.text for word in self.words if word.confidence < GOOD}
        kept = re.sub(r"\S+", lambda token: " " if token.group() in doubted else token.group(), self.text or "")
        return comparison.words(kept)

    def figures(self) -> list[Figure]:
        """Return the amounts, IBANs, dates and long numbers of Tesseract's text, each as sure as its words are."""
        best: dict[str, float] = {}
        for word in self.words:
            best[word.text] = max(best.get(word.text, 0.0), word.confidence)
        return figures.figures(self.text or "", best, self.confidence or 0.0)

    def witness(self, least: float = DECENT) -> str | None:
        """Return Tesseract's text if it is read with at least this confidence and reads like text, else None."""
        if not self.text or self.confidence is None or self.confidence < least or score(self.text) < GARBAGE:
            return None
        return self.text
