"""How far two readings of one page agree: in words, in numbers, in single sentences."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise, permutations

from sidecar.domain.quality import fold

WORD = re.compile(r"[^\W\d_]+")
TOKEN = re.compile(r"[^\W_]+")
BROKEN_WORD = re.compile(r"(\w)[-\u00ad‐]\n\s*(\w)")
NUMBER = re.compile(r"\d(?:[.,:/'’·–-]{0,2}\d)*")
GROUPS = re.compile(r"\d+")
#: What readers take for one another; only looked at in words that hold a digit.
LOOK_ALIKES = str.maketrans("OoQDlIi|!BSsZzgGqb", "000011111855229696")
#: The same for words: "i", "l" and "1" are one.
ONE_OF_A_KIND = str.maketrans("1i|!0586", "llllosbb")
#: Shorter words are others when a letter is.
SHORTEST_TO_DOUBT = 4
#: Letters of scripts that put no spaces between words.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
#: Numbers of fewer digits are everywhere.
SHORTEST = 3
#: So many numbers tell enough, and keep a page of nothing but numbers cheap.
MOST = 200


def words(text: str) -> list[str]:
    """Return the words of a text in order, as they are compared: without case, accents and breaks at line ends."""
    return [fold(word) for word in TOKEN.findall(BROKEN_WORD.sub(r"\1\2", text))]


def content_words(text: str) -> set[str]:
    """Return the words that carry meaning: four letters or more, and pairs of letters where no spaces are put."""
    joined = BROKEN_WORD.sub(r"\1\2", text)
    found = {fold(word) for source in (text, joined) for word in WORD.findall(source) if len(word) >= 4}
    apart = {word for word in found if UNSPACED.search(word)}
    return (found - apart) | {first + second for word in apart for first, second in pairwise(word)}


def share_found(wanted: Iterable[str], given: Iterable[str]) -> float:
    """Return how much of some words is among others, from 0 to 1, by their runs of three letters."""
    known, there = _runs(wanted), _runs(given)
    total = sum(known.values())
    return sum((known & there).values()) / total if total else 1.0


def _runs(found: Iterable[str]) -> Counter[str]:
    return Counter(word[at : at + 3] for word in found for at in range(max(1, len(word) - 2)))


def stands_in(sentence: str, text: str) -> bool:
    """Say whether a sentence is in a text, with some misread words: half of its pairs of words are enough.

    A word of four letters or more may have one letter misread beyond the usual slips.
    """
    pieces, there = _pieces(sentence), _pieces(text)
    if not _has(pieces, there):
        wanted = set(pieces)
        alike = {piece: _likest(piece, wanted) for piece in set(there)}
        return _has(pieces, [alike[piece] for piece in there])
    return True


def _has(pieces: list[str], there: list[str]) -> bool:
    wanted = set(pairwise(pieces))
    if not wanted:
        return set(pieces) <= set(there)
    return 2 * len(wanted & set(pairwise(there))) >= len(wanted)


def _slipless(word: str) -> str:
    """Return a word with one letter for all that look like it."""
    return word.translate(ONE_OF_A_KIND).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _likest(word: str, wanted: set[str]) -> str:
    """Return the wanted word that this one may be a misreading of, else the word itself."""
    if word in wanted:
        return word
    return next((other for other in wanted if _is_alike(word, other)), word)


def _is_alike(word: str, other: str) -> bool:
    plain, other_plain = _slipless(word), _slipless(other)
    if plain == other_plain or min(len(word), len(other)) < SHORTEST_TO_DOUBT:
        return plain == other_plain
    return _is_one_off(word, other) or _is_one_off(plain, other_plain)


def _is_one_off(word: str, other: str) -> bool:
    """Say whether two words differ by one letter that is another, too much or missing."""
    if abs(len(word) - len(other)) > 1:
        return False
    same = next((at for at, (one, two) in enumerate(zip(word, other, strict=False)) if one != two), None)
    if same is None:
        return True
    if len(word) == len(other):
        return word[same + 1 :] == other[same + 1 :]
    longer, shorter = sorted((word, other), key=len, reverse=True)
    return longer[same + 1 :] == shorter[same:]


def _pieces(text: str) -> list[str]:
    return [piece for word in words(text) for piece in (word if UNSPACED.search(word) else [word])]


def numbers(text: str) -> list[str]:
    """Return the first different numbers of a text that have three digits or more, as they are written."""
    plain = unicodedata.normalize("NFKC", text)
    found = (match.group() for match in NUMBER.finditer(plain))
    return list(dict.fromkeys(number for number in found if len(_digits(number)) >= SHORTEST))[:MOST]


def missing_numbers(wanted: list[str], text: str) -> list[str]:
    """Return those of the numbers whose digits are nowhere in the text.

    Separators and line ends count for nothing, and letters in a word with a digit may be digits that were misread.
    """
    streams = _streams(text)
    return [number for number in wanted if not any(form in stream for form in _forms(number) for stream in streams)]


def _streams(text: str) -> tuple[str, ...]:
    """The digits of a text with all else as a break: as printed, and with look-alikes of letters taken for digits."""
    plain = unicodedata.normalize("NFKC", text)
    tokens = plain.split()
    guessed = (token.translate(LOOK_ALIKES) if any(map(str.isdigit, token)) else token for token in tokens)
    return tuple(_stream(" ".join(source)) for source in (tokens, guessed))


def _stream(text: str) -> str:
    return "".join(_digit(letter) if letter.isdigit() else "#" for letter in text if letter.isalnum())


def _digits(text: str) -> str:
    return "".join(_digit(letter) for letter in text if letter.isdigit())


def _digit(letter: str) -> str:
    figure = unicodedata.digit(letter, None)
    return "#" if figure is None else str(figure)


def _forms(number: str) -> Iterator[str]:
    """Yield the digits of a number and, for a date, those of the other ways to write it."""
    yield _digits(number)
    parts = [_digits(part) for part in GROUPS.findall(number)]
    if len(parts) != 3 or max(map(len, parts)) > 4:
        return
    padded = [part.zfill(2) for part in parts]
    short = [part[2:] if len(part) == 4 else part for part in padded]
    long = [*padded[:2], "20" + padded[2]] if len(padded[2]) == 2 else padded
    bare = [part.lstrip("0") for part in parts]
    for way in (padded, short, long, bare):
        yield from map("".join, permutations(way))
