"""The figures of a page that nobody wants wrong, one by one: amounts, IBANs, dates and long numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sidecar.domain.comparison import LOOK_ALIKES, MOST, NUMBER, missing_numbers

#: "544,07", "1.204,50", "1 204.50", and no part of a date ("02.04." is one) or of a longer number.
AMOUNT = re.compile(
    r"(?<![\w.,:/–-])\d{1,3}(?:[.,'’ ]\d{3})+[.,]\d{2}(?![\w]|[.,:/–-]\d)"
    r"|(?<![\w.,:/–-])(?![0-3]?\d\.[01]\d\.(?!\d))\d{1,9}[.,]\d{2}(?![\w]|[.,:/–-]\d)"
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \n]?[A-Z0-9]{4}){2,7}(?:[ \n]?[A-Z0-9]{1,3})?\b")
SHORTEST_IBAN = 15
#: Digits from which a number is a long one: a customer, an invoice, a telephone.
LONG = 5
#: What Tesseract makes of a currency sign that touches a number.
CURRENCY = re.compile(r"[€$£]\s?|\s?[€$£]")
SIGN_AS_DIGIT = "5680"
#: A number is put together of at most so many pieces that are written apart: "1 204 50", an IBAN.
PIECES = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as Tesseract wrote it."""

    text: str
    #: The confidence of its least sure word, from 0 to 100.
    confidence: float
    #: An amount of money or an IBAN whose check digits are right.
    is_money: bool


def figures(text: str, confidences: Mapping[str, float], mean: float) -> list[Figure]:
    """Return the different figures of a text; a word that has no confidence of its own gets the mean."""
    text = unicodedata.normalize("NFKC", text)
    found: dict[str, Figure] = {}
    taken: list[tuple[int, int]] = []
    for written, start, is_money in _shapes(text):
        end = start + len(written)
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        taken.append((start, end))
        tokens = text[_token_start(text, start) : _token_end(text, end)].split()
        sure = min((confidences.get(token, mean) for token in tokens), default=mean)
        before = found.get(written)
        if before is None or before.confidence < sure:
            found[written] = Figure(written, sure, is_money)
        if len(found) >= MOST:
            break
    return list(found.values())


def _shapes(text: str) -> Iterator[tuple[str, int, bool]]:
    for match in IBAN.finditer(text):
        if iban := _valid_part(match.group()):
            yield iban, match.start(), True
    for match in AMOUNT.finditer(text):
        if sum(map(str.isdigit, match.group())) >= 3:
            yield match.group(), match.start(), True
    for match in NUMBER.finditer(text):
        digits = sum(map(str.isdigit, match.group()))
        if digits >= LONG and not _touches_letters(text, match.start(), match.end()):
            yield match.group(), match.start(), False


def _touches_letters(text: str, start: int, end: int) -> bool:
    """A letter in a number may be a digit that was misread: such a number is no witness."""
    return text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()


def _token_start(text: str, at: int) -> int:
    while at and not text[at - 1].isspace():
        at -= 1
    return at


def _token_end(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at


def _valid_part(written: str) -> str | None:
    """Return the longest start of an IBAN's groups whose check digits are right."""
    ends = [at for at in range(len(written), 0, -1) if at == len(written) or written[at].isspace()]
    return next((written[:at] for at in ends if _is_iban("".join(written[:at].split()))), None)


def _is_iban(text: str) -> bool:
    if len(text) < SHORTEST_IBAN:
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def missing(wanted: list[Figure], text: str) -> list[Figure]:
    """Return those of the figures that a text does not have.

    Separators, spaces, line ends, currency signs and the order of a date count for nothing, and letters in a word
    with a digit may be digits. An amount has to be a number of its own, not a part of a longer one.
    """
    text = unicodedata.normalize("NFKC", text)
    numbers = _numbers(text) if wanted else set()
    run = _bare(text) if any(figure.text[0].isalpha() for figure in wanted) else ""
    others = set(missing_numbers([figure.text for figure in wanted if not figure.is_money], text))
    lost = []
    for figure in wanted:
        if figure.text[0].isalpha():
            is_there = _bare(figure.text) in run
        elif figure.is_money:
            is_there = "".join(filter(str.isdigit, figure.text)) in numbers
        else:
            is_there = figure.text not in others
        if not is_there:
            lost.append(figure)
    return lost


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper().translate(LOOK_ALIKES)


def _numbers(text: str) -> set[str]:
    """The digits of all numbers of a text, also of those that are written apart, and with look-alikes as digits."""
    guessed = "".join(
        token.translate(LOOK_ALIKES) if any(map(str.isdigit, token)) else token for token in re.split(r"(\s+)", text)
    )
    found: set[str] = set()
    for source in (text, guessed):
        matches = list(NUMBER.finditer(source))
        for at, match in enumerate(matches):
            parts = re.findall(r"\d+", match.group())
            found.add("".join(parts))
            # "14.03.2024/544,07" is one match of several numbers
            found.update("".join(parts[first : first + size]) for size in (1, 2, 3) for first in range(len(parts)))
            joined, end = "".join(parts), match.end()
            for following in matches[at + 1 : at + PIECES]:
                if not re.fullmatch(r"[\s.,'’]{1,3}", source[end : following.start()]):
                    break
                joined, end = joined + "".join(filter(str.isdigit, following.group())), following.end()
                found.add(joined)
            if CURRENCY.fullmatch(source[max(0, match.start() - 1) : match.start()]):
                found.update(digit + "".join(parts) for digit in SIGN_AS_DIGIT)
            if CURRENCY.match(source[match.end() : match.end() + 2]):
                found.update("".join(parts) + digit for digit in SIGN_AS_DIGIT)
    return found
