"""A table that an engine read column by column, put into rows again, so that a price stands beside what it is for.

Tesseract takes columns of a table for columns of text. Columns of prose are to be read one after the other, rows of a
table across: what stands side by side is long in the one and short, or figures, in the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median

from sidecar.domain.lines import tilt_of
from sidecar.domain.word import Word

#: So many rows one below the other make a table.
ROWS = 3
#: A cell has so many words at the most, or is made of figures.
CELL_WORDS = 4
#: So many of the pieces that stand side by side must be cells.
CELLS = 0.7
#: Pieces are in one row if they share so much of the lower one's height.
SHARED = 0.5
#: A table goes on over so many single lines, such as an item's second line.
SINGLES = 1
#: Between cells, as a person would type it.
GAP = "   "


@dataclass(slots=True)
class _Piece:
    """A line as the engine gave it."""

    number: int
    words: list[Word]
    text: str
    left: float
    right: float
    top: float
    bottom: float

    @property
    def is_cell(self) -> bool:
        figures = sum(any(letter.isdigit() for letter in word.text) for word in self.words)
        return len(self.words) <= CELL_WORDS or figures * 2 > len(self.words)


def in_rows(text: str, words: Sequence[Word], size: tuple[int, int]) -> tuple[str, tuple[Word, ...]]:
    """Return text and words of a page of this size in pixels with its tables read row by row.

    Unchanged where there is no table, or where text and words do not say the same.
    """
    pieces = _pieces(words, size)
    lines = text.split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    if len(written) != len(pieces) or any(
        lines[at].split() != " ".join(word.text for word in piece.words).split()
        for at, piece in zip(written, pieces, strict=True)
    ):
        return text, tuple(words)
    tables = {piece.number: table for table in _tables(pieces) for row in table for piece in row}
    if not tables:
        return text, tuple(words)
    by_line = dict(zip(written, pieces, strict=True))
    out: list[str] = []
    placed: list[Word] = []
    done: set[int] = set()
    line = 0
    for at, said in enumerate(lines):
        piece = by_line.get(at)
        if piece is not None and piece.number in done:
            continue
        rows = [[piece]] if piece is not None and piece.number not in tables else tables[piece.number] if piece else []
        for row in rows:
            out.append(GAP.join(one.text for one in row))
            for one in row:
                line += 1
                done.add(one.number)
                placed += [replace(word, line=line) for word in one.words]
        if piece is None and (not out or out[-1].strip()):
            out.append(said)
    return "\n".join(out) + "\n", tuple(placed)


def _pieces(words: Sequence[Word], size: tuple[int, int]) -> list[_Piece]:
    """Return the lines with their places as if the page lay straight."""
    width, height = size
    slope = math.tan(math.radians(tilt_of(words, size) or 0.0)) * width / max(height, 1)
    pieces = []
    for number, (_line, group) in enumerate(groupby(words, key=lambda word: word.line)):
        line = list(group)
        tops = [word.box[1] - word.box[0] * slope for word in line]
        bottoms = [word.box[3] - word.box[0] * slope for word in line]
        left, right = min(word.box[0] for word in line), max(word.box[2] for word in line)
        said = " ".join(word.text for word in line)
        pieces.append(_Piece(number, line, said, left, right, median(tops), median(bottoms)))
    return pieces


def _rows(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Return what stands side by side, from the top down, each row from left to right."""
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda one: one.top + one.bottom):
        for row in reversed(rows[-4:]):
            if _is_beside(piece, row):
                row.append(piece)
                break
        else:
            rows.append([piece])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _is_beside(piece: _Piece, row: Sequence[_Piece]) -> bool:
    top, bottom = median(one.top for one in row), median(one.bottom for one in row)
    shared = min(piece.bottom, bottom) - max(piece.top, top)
    low = min(piece.bottom - piece.top, bottom - top)
    return shared > SHARED * low and all(piece.left >= one.right or piece.right <= one.left for one in row)


def _tables(pieces: Sequence[_Piece]) -> Iterator[list[list[_Piece]]]:
    """Give runs of rows that are tables."""
    run: list[list[_Piece]] = []
    singles = 0
    for row in [*_rows(pieces), []]:
        if len(row) > 1:
            run.append(row)
            singles = 0
        elif row and run and singles < SINGLES:
            run.append(row)
            singles += 1
        else:
            table = run[: len(run) - singles]
            if _is_table(table):
                yield table
            run, singles = [], 0


def _is_table(run: Sequence[Sequence[_Piece]]) -> bool:
    beside = [piece for row in run if len(row) > 1 for piece in row]
    return sum(len(row) > 1 for row in run) >= ROWS and sum(p.is_cell for p in beside) >= CELLS * len(beside)
