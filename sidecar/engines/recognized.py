"""What Tesseract made of an image, from the text and the table of words that it gives."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean

from sidecar.domain.rows import in_rows
from sidecar.domain.word import Word

#: Read so surely, nobody asks whether the page lies askew or is in another script. In percent.
SURE = 75.0
COLUMNS = (
    "level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height", "conf",
    "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recognized:
    """What Tesseract made of an image."""

    text: str
    #: Mean of its words, 0 to 100; None for no words.
    confidence: float | None
    #: Boxes are in parts of the image.
    words: tuple[Word, ...] = field(repr=False, default=())
    #: In which languages it was read and why, in words, where that was not set but found.
    how: str = ""

    @property
    def weight(self) -> float:
        """How much was read, and how surely: for comparing two readings of one image."""
        return sum(max(word.confidence, 0) * sum(map(str.isalnum, word.text)) for word in self.words)


def is_whole(text: str, table: str) -> bool:
    """Say whether both files are complete: on a full disk Tesseract cuts them off, or leaves them empty, and succeeds.

    The table of a blank page has a row too, and what is no blank in a table stands in the text as well (which may
    have more, marks of direction).
    """
    words = "".join(row.get("text") or "" for row in _rows(table))
    return table.endswith("\n") and len("".join(text.split())) >= len("".join(words.split()))


def _rows(table: str) -> Iterator[dict[str, str]]:
    lines = [line for line in table.splitlines() if not line.startswith("level")]
    yield from csv.DictReader(lines, fieldnames=COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE)


def recognized(text: str, table: str) -> Recognized:
    """Return what Tesseract's text and its table of one image say, tables in rows."""
    words: list[Word] = []
    width, height = 1, 1
    line, lines = None, 0
    for row in _rows(table):
        if row["level"] == "1":
            width, height = max(int(row["width"]), 1), max(int(row["height"]), 1)
        if not (row.get("text") or "").strip() or float(row["conf"]) < 0:
            continue
        at = (row["block_num"], row["par_num"], row["line_num"])
        if at != line:
            line, lines = at, lines + 1
        left, top = int(row["left"]), int(row["top"])
        right, bottom = left + int(row["width"]), top + int(row["height"])
        box = (left / width, top / height, right / width, bottom / height)
        words.append(Word(row["text"].strip(), box, lines, float(row["conf"])).rounded())
    confidence = round(fmean(word.confidence for word in words), 1) if words else None
    text, placed = in_rows(text.replace("\f", ""), words, (width, height))
    return Recognized(text, confidence, placed)
