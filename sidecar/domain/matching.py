"""Find the words of one reading of a page in another, by their texts alone.

The two readings differ: words are misread, split, joined, left out, and whole columns may stand in another order. So
the words that both have exactly once are matched first, in order, and again between them (patience, as in diff); what
has moved as a whole is matched among what is left; then what resembles each other in between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

#: How many pairs of words are compared for likeness on one page, so that no page takes long.
_MOST_COMPARISONS = 400_000
#: Shares of common letter pairs, from 0 to 1, from which two words are taken as readings of the same one.
_ALIKE = 0.4
#: A neighbour is taken along, as part of a split word, if the likeness grows by this.
_GAIN = 0.05
#: A word that stands in another place than expected must be at least this long to be found by itself.
_TELLING_LETTERS = 4
_MOST_MOVES = 8


class Match(NamedTuple):
    """Words `first` to `end` (excluded) are a reading of the known words `known_first` to `known_end` (excluded).

    One word each, except where one side split what the other joined.
    """

    first: int
    end: int
    known_first: int
    known_end: int


def match(known: Sequence[str], words: Sequence[str]) -> list[Match]:
    """Return what of `words` is which of `known`, in the order of `words`; nothing is in two matches."""
    ours, theirs = [_key(word) for word in known], [_key(word) for word in words]
    pairs = _same(ours, theirs)
    matches = [Match(at, at + 1, it, it + 1) for at, it in pairs.items()]
    return sorted([*matches, *_alike(ours, theirs, pairs)])


def gaps(count: int, taken: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of positions below `count` that are not taken, each as start and end (excluded)."""
    start = 0
    for at in [*sorted(taken), count]:
        if at > start:
            yield start, at
        start = at + 1


def free_between(count: int, before: int | None, after: int | None, used: set[int]) -> list[int]:
    """Return the unused positions below `count` right behind `before`, or if that is None, right before `after`."""
    if before is None and after is not None:
        at = after - 1
        while at >= 0 and at not in used:
            at -= 1
        return list(range(at + 1, after))
    at = 0 if before is None else before + 1
    end = at
    while end < count and end not in used:
        end += 1
    return list(range(at, end))


def _key(word: str) -> str:
    """Return what two readings of a word have in common: its letters and digits, or all of it if it has none."""
    folded = word.casefold()
    return "".join(character for character in folded if character.isalnum()) or folded


def _same(known: Sequence[str], words: Sequence[str]) -> dict[int, int]:
    """Return pairs of positions of the same word: in `words` -> in `known`."""
    pairs = dict(_anchors(known, words, range(len(known)), range(len(words))))
    for _ in range(_MOST_MOVES):
        used = set(pairs.values())
        free_known = [at for at in range(len(known)) if at not in used]
        free_words = [at for at in range(len(words)) if at not in pairs]
        moved = _moved(known, words, free_known, free_words)
        if not moved:
            break
        pairs |= moved
    return pairs


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


def _alike(known: Sequence[str], words: Sequence[str], pairs: dict[int, int]) -> Iterator[Match]:
    """Match misread, split and joined words in each gap between matched ones, in order, by common letter pairs."""
    budget = _MOST_COMPARISONS
    used = set(pairs.values())
    for start, end in gaps(len(words), set(pairs)):
        ours = free_between(len(known), pairs.get(start - 1), pairs.get(end), used)
        if 0 < len(ours) * (end - start) <= budget:
            budget -= len(ours) * (end - start)
            best = _best_pairs(known, words, ours, range(start, end))
            free_words = set(range(start, end)) - set(best)
            free_known = set(ours) - set(best.values())
            for at, it in best.items():
                yield _widened(Match(at, at + 1, it, it + 1), known, words, free_known, free_words)


def _widened(
    found: Match, known: Sequence[str], words: Sequence[str], free_known: set[int], free_words: set[int]
) -> Match:
    """Take along the free neighbours on either side that make the match better, and take them out of the free."""
    best = _joined_likeness(found, known, words)
    better = True
    while better:
        better = False
        first, end, known_first, known_end = found
        for at, free, wider in (
            (known_end, free_known, found._replace(known_end=known_end + 1)),
            (known_first - 1, free_known, found._replace(known_first=known_first - 1)),
            (end, free_words, found._replace(end=end + 1)),
            (first - 1, free_words, found._replace(first=first - 1)),
        ):
            if at in free and (likeness := _joined_likeness(wider, known, words)) > best + _GAIN:
                free.remove(at)
                found, best, better = wider, likeness, True
                break
    return found


def _joined_likeness(found: Match, known: Sequence[str], words: Sequence[str]) -> float:
    ours, theirs = known[found.known_first : found.known_end], words[found.first : found.end]
    return _likeness(_letters("".join(ours)), _letters("".join(theirs)))


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
