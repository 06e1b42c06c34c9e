"""How much of a text was read wrongly: characters, words, and words that are nowhere, wherever they should stand."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

#: Whoever reads a typographic mark as the plain one read it right.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "..."})


@dataclass(frozen=True)
class Errors:
    """What was read wrongly, and of how much."""

    wrong: int = 0
    total: int = 0

    def __add__(self, other: Self) -> "Errors":
        return Errors(self.wrong + other.wrong, self.total + other.total)

    @property
    def rate(self) -> float:
        """Return the share; above 1 where more was invented than there is."""
        return self.wrong / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.rate:.2%}"


#: Counts what is wrong in the second text, the first being the truth.
Counting = Callable[[str, str], Errors]


def summed(errors: Iterable[Errors]) -> Errors:
    """Add up."""
    return sum(errors, Errors())


def plain(text: str) -> str:
    """Return the text as readings are compared: one space for any white space, plain quotes and dashes."""
    return " ".join(text.translate(_PLAIN).split())


def characters(truth: str, read: str) -> Errors:
    """Count the characters to insert, delete or replace."""
    truth, read = plain(truth), plain(read)
    return Errors(distance(truth, read), len(truth))


def words(truth: str, read: str) -> Errors:
    """Count the words to insert, delete or replace."""
    wanted, got = plain(truth).split(), plain(read).split()
    return Errors(distance(wanted, got), len(wanted))


def lost_words(truth: str, read: str) -> Errors:
    """Count the words that are nowhere in what was read: columns and tables may be read in another order."""
    wanted, got = Counter(plain(truth).split()), Counter(plain(read).split())
    return Errors((wanted - got).total(), wanted.total())


def distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Return the least number of insertions, deletions and replacements that make `other` of `one`.

    A column of the usual table is one big integer each for "one more" and "one less" than the row before (Myers 1999,
    as put by Hyyrö 2003), so a page takes milliseconds.
    """
    if not one:
        return len(other)
    places: dict[Hashable, int] = {}
    for number, item in enumerate(one):
        places[item] = places.get(item, 0) | 1 << number
    everywhere, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    more, less, found = everywhere, 0, len(one)
    for item in other:
        here = places.get(item, 0)
        down = here | less
        across = (((here & more) + more) ^ more) | here
        grows, shrinks = less | (everywhere & ~(across | more)), more & across
        found += bool(grows & last) - bool(shrinks & last)
        grows, shrinks = grows << 1 | 1, shrinks << 1
        more = (shrinks | ~(down | grows)) & everywhere
        less = grows & down & everywhere
    return found
