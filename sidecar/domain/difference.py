"""Two texts side by side with the words marked that are only in one of them, in bounded time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Texts with more words than this on either side are not compared: it would take longer than a page may.
MOST = 2_500
#: How many words around its place a page's text is looked for in the old text.
AROUND = 200
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text."""

    text: str
    #: Whether the other text does not have it.
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Two texts, each in pieces that make up the whole of it."""

    old: tuple[Piece, ...]
    new: tuple[Piece, ...]
    #: Whether they were compared; else nothing is marked.
    compared: bool = True


def compare(old: str, new: str, *, most: int = MOST) -> Difference:
    """Mark the words of each text that the other has not there; white space is not compared."""
    left, right = _WORD.findall(old.lstrip()), _WORD.findall(new.lstrip())
    if max(len(left), len(right)) > most:
        return Difference((Piece(old),), (Piece(new),), compared=False)
    olds: list[Piece] = []
    news: list[Piece] = []
    for kind, a, b, c, d in _matcher(left, right).get_opcodes():
        differs = kind != "equal"
        _add(olds, "".join(left[a:b]), differs)
        _add(news, "".join(right[c:d]), differs)
    return Difference(tuple(olds), tuple(news))


def beside(old: str, pages: Sequence[str], number: int) -> str:
    """Return the part of a document's old text that stands where page `number` (from 1) of the new pages stands.

    It begins and ends where words agree, and by the page's place in the document where none do.
    """
    words = _WORD.findall(old.lstrip())
    counts = [len(page.split()) for page in pages]
    before, total = sum(counts[: number - 1]), max(1, sum(counts))
    own = counts[number - 1]
    first, last = round(before * len(words) / total), round((before + own) * len(words) / total)
    start, end = max(0, first - AROUND), min(len(words), last + AROUND)
    page = pages[number - 1].split()
    if own <= MOST and end - start <= 2 * MOST:
        blocks = [block for block in _matcher(words[start:end], page).get_matching_blocks() if block.size > 1]
        if blocks:
            head, tail = blocks[0], blocks[-1]
            first = start + max(0, head.a - head.b)
            last = start + tail.a + tail.size + len(page) - tail.b - tail.size
    first = 0 if number == 1 else first
    last = len(words) if number == len(pages) else min(last, len(words))
    return "".join(words[first:last])


def _matcher(left: Sequence[str], right: Sequence[str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, [word.strip() for word in left], [word.strip() for word in right])


def _add(pieces: list[Piece], text: str, differs: bool) -> None:
    """Add a stretch; the white space after words that differ is no part of the difference."""
    words = text.rstrip() if differs else text
    if words:
        before = pieces.pop().text if pieces and not pieces[-1].differs and not differs else ""
        pieces.append(Piece(before + words, differs))
    if len(words) < len(text):
        pieces.append(Piece(text[len(words) :]))
