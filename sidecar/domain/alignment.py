"""Give the words of a text that has no places the places of the same words in another reading of the page.

The two readings differ: words are misread, split, joined, left out, and whole columns may stand in another order. So
the words that both have exactly once are matched first, in order, and again between them (patience, as in diff); what
has moved as a whole is matched among what is left; then what resembles each other in between. Words without a
counterpart share the boxes, or the empty space, between their neighbours in proportion to their length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import median

from sidecar.domain.word import Box, Word

#: How many pairs of words are compared for likeness on one page, so that no page takes long.
_MOST_COMPARISONS = 200_000
#: Shares of common letter pairs, from 0 to 1, from which two words are taken as readings of the same one.
_ALIKE = 0.4
#: A word that stands in another place than expected must be at least this long to be found by itself.
_TELLING_LETTERS = 4
_MOST_MOVES = 8
_MARGIN = 0.06
#: Of the page's height, where nothing on the page tells.
_LINE_HEIGHT, _LEADING = 0.012, 0.018
#: A character's width as a share of its line's height, on an upright page, where nothing on the page tells.
_SHAPE = 0.6
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class _Place:
    box: Box
    #: Words with the same row, from left to right, belong to one line; None for a row of its own.
    row: tuple[int, int]
    confidence: float


def align(boxes: Sequence[Word], text: str) -> list[Word]:
    """Return every word of `text` once and in order, each with the box of its counterpart in `boxes`.

    A word of which only the neighbours are found stands in their gap or on their line, with a confidence of 0; without
    any boxes the lines of `text` stand one below the other. Every box lies inside the page and has an extent. Lines
    are counted anew, in the order of `text`. Takes a fraction of a second for 2,000 words.
    """
    words = text.split()
    known = [word for word in map(_sane, boxes) if word is not None]
    if not known:
        return _down_the_page(text)
    pairs = _matched([_key(word.text) for word in known], [_key(word) for word in words])
    return _numbered(words, _places(known, words, pairs))


def _sane(word: Word) -> Word | None:
    if not word.text.strip() or not all(map(isfinite, word.box)):
        return None
    return Word(word.text, _clamped(word.box), word.line, word.confidence)


def _clamped(box: Box) -> Box:
    left, right = sorted(min(1.0, max(0.0, edge)) for edge in box[::2])
    top, bottom = sorted(min(1.0, max(0.0, edge)) for edge in box[1::2])
    left, top = min(left, 1 - _LEAST), min(top, 1 - _LEAST)
    return left, top, max(right, left + _LEAST), max(bottom, top + _LEAST)


def _key(word: str) -> str:
    """Return what two readings of a word have in common: its letters and digits, or all of it if it has none."""
    folded = word.casefold()
    return "".join(character for character in folded if character.isalnum()) or folded


# --- which word is which


def _matched(known: Sequence[str], words: Sequence[str]) -> dict[int, int]:
    """Return pairs of positions: in `words` -> in `known`."""
    pairs = dict(_anchors(known, words, range(len(known)), range(len(words))))
    for _ in range(_MOST_MOVES):
        free_known = [at for at in range(len(known)) if at not in set(pairs.values())]
        free_words = [at for at in range(len(words)) if at not in pairs]
        moved = _moved(known, words, free_known, free_words)
        if not moved:
            break
        pairs |= moved
    return pairs | _alike(known, words, pairs)


def _anchors(
    known: Sequence[str], words: Sequence[str], where_known: Sequence[int], where_words: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield pairs that are in order on both sides: equal ends, then words that are unique, then those between them."""
    todo = [(list(where_known), list(where_words))]
    while todo:
        ours, theirs = todo.pop()
        start = 0
        while start < min(len(ours), len(theirs)) and known[ours[start]] == words[theirs[start]]:
            yield theirs[start], ours[start]
            start += 1
        end = 0
        while end < min(len(ours), len(theirs)) - start and known[ours[-1 - end]] == words[theirs[-1 - end]]:
            yield theirs[-1 - end], ours[-1 - end]
            end += 1
        ours, theirs = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
        if not ours or not theirs:
            continue
        steps = _unique_in_order([known[at] for at in ours], [words[at] for at in theirs])
        for (a, b), (c, d) in pairwise([(-1, -1), *steps, (len(ours), len(theirs))]):
            if steps:
                todo.append((ours[a + 1 : c], theirs[b + 1 : d]))
        yield from ((theirs[b], ours[a]) for a, b in steps)


def _unique_in_order(known: Sequence[str], words: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest rising row of pairs of words that each side has once, or failing those, of two words."""
    for length in (1, 2):
        ours, theirs = _once(known, length), _once(words, length)
        found = _longest_rising([(at, theirs[key]) for key, at in ours.items() if key in theirs])
        if found:
            return found
    return []


def _once(keys: Sequence[str], length: int) -> dict[tuple[str, ...], int]:
    """Return where each run of `length` keys stands that occurs once only, in order."""
    runs = list(zip(*(keys[start:] for start in range(length)), strict=False))
    counts = Counter(runs)
    return {run: at for at, run in enumerate(runs) if counts[run] == 1}


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest selection of pairs (which rise in their first part) that rises in the second part as well."""
    tails: list[int] = []
    last: list[int] = []  # which pair each tail is
    before: list[int] = []
    for index, (_, second) in enumerate(pairs):
        at = bisect_left(tails, second)
        tails[at : at + 1] = [second]
        before.append(last[at - 1] if at else -1)
        last[at : at + 1] = [index]
    found = []
    index = last[-1] if last else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _moved(
    known: Sequence[str], words: Sequence[str], free_known: Sequence[int], free_words: Sequence[int]
) -> dict[int, int]:
    """Return what is in the same order among the words left over: blocks that stand elsewhere in the other reading.

    A short word by itself says nothing; it must have a neighbour that moved with it.
    """
    found = dict(_anchors(known, words, free_known, free_words))

    def has_company(at: int) -> bool:
        return any(found.get(at + step) == found[at] + step for step in (-1, 1))

    return {at: other for at, other in found.items() if len(words[at]) >= _TELLING_LETTERS or has_company(at)}


def _alike(known: Sequence[str], words: Sequence[str], pairs: dict[int, int]) -> dict[int, int]:
    """Match misread words in each gap between matched ones, in order, by common letter pairs."""
    found: dict[int, int] = {}
    used = set(pairs.values())
    budget = _MOST_COMPARISONS
    for start, end in _gaps(len(words), pairs):
        ours = _boxes_between(len(known), pairs.get(start - 1), pairs.get(end), used)
        if 0 < len(ours) * (end - start) <= budget:
            budget -= len(ours) * (end - start)
            found |= _best_pairs(known, words, ours, range(start, end))
    return found


def _gaps(count: int, pairs: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of positions below `count` without a partner, each as start and end (excluded)."""
    start = 0
    for at in [*(at for at in range(count) if at in pairs), count]:
        if at > start:
            yield start, at
        start = at + 1


def _boxes_between(count: int, before: int | None, after: int | None, used: set[int]) -> list[int]:
    """Return the free positions that follow one neighbour and reach to the other, as far as nothing else is between."""
    found: list[int] = []
    at = -1 if before is None else before
    if before is None and after is not None:  # what stands right before the first
        at = after - 1
        while at >= 0 and at not in used:
            at -= 1
    for position in range(at + 1, count):
        if position in used:
            break
        found.append(position)
    return found


def _best_pairs(
    known: Sequence[str], words: Sequence[str], ours: Sequence[int], theirs: Sequence[int]
) -> dict[int, int]:
    """Return the pairs, in order, with the greatest sum of likeness (a table of len(ours) x len(theirs))."""
    left, right = [_letters(known[at]) for at in ours], [_letters(words[at]) for at in theirs]
    likeness = [[_likeness(one, other) for other in right] for one in left]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) - 1, -1, -1):
        row, below = best[i], best[i + 1]
        for j in range(len(right) - 1, -1, -1):
            row[j] = max(below[j], row[j + 1], below[j + 1] + likeness[i][j])
    found, i, j = {}, 0, 0
    while i < len(left) and j < len(right):
        if likeness[i][j] and best[i][j] == best[i + 1][j + 1] + likeness[i][j]:
            found[theirs[j]] = ours[i]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _letters(key: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(f" {key} ")))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of common letter pairs (Dice), or 0 if that is too small to mean anything."""
    share = 2 * len(one & other) / (len(one) + len(other))
    return share if share >= _ALIKE else 0.0


# --- where the others stand


def _places(known: Sequence[Word], words: Sequence[str], pairs: dict[int, int]) -> list[_Place]:
    found = {at: _Place(known[it].box, (known[it].line, 0), known[it].confidence) for at, it in pairs.items()}
    used = set(pairs.values())
    height = median(word.box[3] - word.box[1] for word in known)
    text_box = (min(word.box[0] for word in known), max(word.box[2] for word in known))
    for start, end in list(_gaps(len(words), pairs)):
        before, after = pairs.get(start - 1), pairs.get(end)
        between = [known[at] for at in _boxes_between(len(known), before, after, used)]
        if between:
            new = _over_boxes(words[start:end], between)
        else:
            neighbours = [known[at] if at is not None else None for at in (before, after)]
            new = _in_gap(words[start:end], neighbours[0], neighbours[1], text_box, height)
        found |= dict(enumerate(new, start))
    return [found[at] for at in range(len(words))]


def _over_boxes(words: Sequence[str], between: Sequence[Word]) -> list[_Place]:
    """Lay the words over boxes whose own words they replace, each over its share of the letters.

    A word that would reach over the end of a line stays on the line that has more of it.
    """
    total = sum(map(len, words))
    letters = [max(1, len(word.text)) for word in between]
    scale = sum(letters) / total
    places, at = [], 0.0
    for word in words:
        start, end = at, at + len(word) * scale
        at = end
        parts = list(_covered(between, letters, start, end))
        row = max((part[0] for part in parts), key=lambda row: sum(part[2] for part in parts if part[0] == row))
        on_row = [part[1] for part in parts if part[0] == row]
        box = (
            min(box[0] for box in on_row), min(box[1] for box in on_row),
            max(box[2] for box in on_row), max(box[3] for box in on_row),
        )  # fmt: skip
        places.append(_Place(_clamped(box), (row, 0), 0.0))
    return places


def _covered(
    between: Sequence[Word], letters: Sequence[int], start: float, end: float
) -> Iterator[tuple[int, Box, float]]:
    """Yield line, part of the box and number of letters for each box that the letters from `start` to `end` touch."""
    first = 0.0
    for word, count in zip(between, letters, strict=True):
        low, high = max(start, first) - first, min(end, first + count) - first
        if high > low or (word is between[-1] and first + count <= start):
            left, top, right, bottom = word.box
            step = (right - left) / count
            low = min(low, count - 0.01)
            yield word.line, (left + low * step, top, left + max(high, low + 0.01) * step, bottom), high - low
        first += count


def _in_gap(
    words: Sequence[str], before: Word | None, after: Word | None, text_box: tuple[float, float], height: float
) -> list[_Place]:
    """Place words that replace nothing: between their neighbours, below or beside them, or over them."""
    if before and after and before.line == after.line:
        return _abreast(words, _gap_on_line(before.box, after.box), (before.line, 0))
    below = _free_rows(before, after, height)
    if below is not None:
        return _stacked(words, (text_box[0], below[0], text_box[1], below[1]), height, (before or after).line)  # type: ignore[union-attr]
    if before and text_box[1] - before.box[2] > height:
        box = (before.box[2] + height / 4, before.box[1], text_box[1], before.box[3])
        return _abreast(words, box, (before.line, 0))
    if after and after.box[0] - text_box[0] > height:
        box = (text_box[0], after.box[1], after.box[0] - height / 4, after.box[3])
        return _abreast(words, box, (after.line, 0))
    neighbour = before or after
    assert neighbour is not None  # noqa: S101 - there are boxes, so some word has a partner or they all lie between
    return _abreast(words, neighbour.box, (neighbour.line, 0))


def _gap_on_line(before: Box, after: Box) -> Box:
    """Return the space between two boxes, or, where that is an ordinary blank, the space between their middles."""
    top, bottom = min(before[1], after[1]), max(before[3], after[3])
    left, right = min(before[2], after[2]), max(before[0], after[0])
    if right - left < (bottom - top) / 2:
        left, right = sorted(((before[0] + before[2]) / 2, (after[0] + after[2]) / 2))
    return _clamped((left, top, right, bottom))


def _free_rows(before: Word | None, after: Word | None, height: float) -> tuple[float, float] | None:
    """Return top and bottom of the space between two lines if it holds another line."""
    top = before.box[3] if before else _MARGIN / 2
    bottom = after.box[1] if after else 1 - _MARGIN / 2
    return (top + height / 4, bottom - height / 4) if bottom - top >= 2 * height else None


def _abreast(words: Sequence[str], box: Box, row: tuple[int, int]) -> list[_Place]:
    """Share a box among words side by side, in proportion to their length, with a blank between them."""
    left, top, right, bottom = box
    step = (right - left) / (sum(map(len, words)) + len(words) - 1)
    places = []
    for word in words:
        end = left + len(word) * step
        places.append(_Place(_clamped((left, top, end, bottom)), row, 0.0))
        left = end + step
    return places


def _stacked(words: Sequence[str], box: Box, height: float, line: int) -> list[_Place]:
    """Set words in lines of usual height, filled from left to right, from the top of a box."""
    left, top, right, bottom = box
    height = min(height, bottom - top)
    a_line = max(1, int((right - left) / (height * _SHAPE)))
    rows: list[list[str]] = [[]]
    for word in words:
        if rows[-1] and sum(len(other) + 1 for other in rows[-1]) + len(word) > a_line:
            rows.append([])
        rows[-1].append(word)
    pitch = min(height * 1.4, (bottom - top) / len(rows))
    places: list[_Place] = []
    for number, row in enumerate(rows):
        letters = sum(map(len, row)) + len(row) - 1
        end = min(right, left + (right - left) * max(letters, 1) / a_line)
        y = top + number * pitch
        places += _abreast(row, (left, y, end, y + pitch / 1.4), (line, number + 1))
    return places


def _down_the_page(text: str) -> list[Word]:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    pitch = min(_LEADING, (1 - 2 * _MARGIN) / max(1, len(lines)))
    height = pitch * _LINE_HEIGHT / _LEADING
    words: list[Word] = []
    for number, line in enumerate(lines):
        letters = sum(map(len, line)) + len(line) - 1
        right = min(1 - _MARGIN, _MARGIN + letters * height * _SHAPE)
        top = _MARGIN + number * pitch
        places = _abreast(line, (_MARGIN, top, right, top + height), (number, 0))
        words += [Word(word, place.box, number + 1, 0.0) for word, place in zip(line, places, strict=True)]
    return words


def _numbered(words: Sequence[str], places: Sequence[_Place]) -> list[Word]:
    """Count lines in the order of the words: a new one begins with another row, or further left on the same one."""
    found: list[Word] = []
    line, last = 0, None
    for word, place in zip(words, places, strict=True):
        if last is None or place.row != last.row or place.box[0] < last.box[0] - _LEAST:
            line += 1
        found.append(Word(word, place.box, line, place.confidence))
        last = place
    return found
