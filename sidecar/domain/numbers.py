"""A number as people write it: with points or commas, thousands in groups, perhaps a percent sign."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

#: More digits are the number of something, not how many there are.
MAX_DIGITS = 15

_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([ '.,])[0-9]{3})(?:\1[0-9]{3})*")
_DECIMALS = re.compile(r"([0-9 '.,]*[0-9])([.,])([0-9]+)")


def parse_number(text: str, *, whole: bool = False) -> Decimal | None:
    """Return the number that the text writes, or None: none, several, with words around it, or ambiguous.

    `1.130` can be eleven hundred and thirty or a little more than one: None, but the former where only a whole
    number is wanted. A percent sign is left out: 12 % is 12.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).replace("−", "-").replace("’", "'").split())
    found = re.fullmatch(r"([+-]?) ?([0-9][0-9 '.,]*?) ?%?", plain)
    if not found:
        return None
    number = _read(found[2], whole)
    if number is None or len(re.sub(r"\D", "", found[2])) > MAX_DIGITS:
        return None
    return -number if found[1] == "-" and number else number


def _read(number: str, whole: bool) -> Decimal | None:
    if number.isdigit():
        return Decimal(number)
    grouped = _GROUPED.fullmatch(number)
    if grouped:
        either = grouped[1] in ".," and number.count(grouped[1]) == 1
        return None if either and not whole else Decimal(re.sub(r"\D", "", number))
    decimals = _DECIMALS.fullmatch(number)
    if not decimals or decimals[2] in decimals[1]:
        return None
    if not decimals[1].isdigit() and not _GROUPED.fullmatch(decimals[1]):
        return None
    return Decimal(f"{re.sub(r'[^0-9]', '', decimals[1])}.{decimals[3]}")
