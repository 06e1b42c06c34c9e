"""All dates that a text writes, and whether these are all: only then may an answer be held to them.

A date that cannot be read (another language's month, a misread digit, a year that stands elsewhere) is seen by what is
left once the others are taken out; it may be the one that is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sidecar.domain.dates import AHEAD, FINDING, NUMBERS, OLDEST_DATE, PLACEHOLDERS, in_numbers, read_match
from sidecar.domain.months import MONTHS, without_accents

#: Where the month comes first: an address in the United States.
_AMERICAN = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY]),? \d{5}(?:-\d{4})?\b|\bU\.?S\.?A\b|\bUnited States\b"
)
#: A text with more dates than this (an account's statement) is left to the model.
MOST = 12
#: Words right before a date on which something else was or will be; in small letters without accents.
_OTHER = re.compile(
    r"\bdue|fallig|payable|pay by|zahlbar|until|\bbis\b|before|\bby\b|expir|valid|gultig|ablauf|birth|\bborn|\bdob\b|"
    r"\bgeb|naissance|nacimiento|nascita|nascimento|geboorte|urodz|echeance|vencimiento|scadenza|vervaldat|termin|forfall|"
    r"period|zeitraum|order|bestell|commande|pedido|ordine|liefer|deliver|livraison|leistung|since|seit|depuis|desde"
)
#: So many characters before a date may say what it is.
_BEFORE = 24

_TIME = re.compile(r"(?<!\d)(?:[01]?\d|2[0-4])[:.][0-5]\d[:.][0-5]\d(?!\d)|(?<!\d)(?:[01]?\d|2[0-4]):[0-5]\d(?!\d)")
_YEAR = r"(?:19|20)\d\d(?!\d)"
#: A digit, or a letter that it is misread as; small, since what is looked at is folded.
_DIGIT = r"[\doil|sbz]"
_DIGITS = str.maketrans("oil|sbz", "0111582")
_TORN = re.compile(
    rf"(?<!\w)(?<!\d[-/.,])(?P<first>{_DIGIT}{{1,2}})(?P<gap> ?)[-/.,'](?P=gap)"
    rf"(?P<second>{_DIGIT}{{1,2}})(?P=gap)[-/.,'](?P=gap)(?P<year>{_DIGIT}{{2}}|{_DIGIT}{{4}})(?![-/.,]?\w)"
    rf"|(?P<iso>{_DIGIT}{{4}}) ?[-/.] ?(?P<month>{_DIGIT}{{1,2}}) ?[-/.] ?(?P<day>{_DIGIT}{{1,2}})"
    r"|(?<!\d)(?P<glued>\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d)"
)
_TORN_YEAR = re.compile(r" \d\d(?!\d)")
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_NAMED = "|".join(sorted(MONTHS, key=len, reverse=True))
#: "12 th May", "12th day of May".
_ORDINAL = re.compile(rf"(?<=\d) ?(st|nd|rd|th)\.? (?:day of )?(?=(?:{_NAMED})(?!\w))")
_ORDINALS = (
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|\w+teenth|twentieth|"
    r"thirtieth|(?:ers|zwei|drit|\w*(?:vier|funf|sechs|sieb|siebten|ach|neun|zehn|elf|zwolf|zwanzigs|dreissigs|dreißigs))te[nrs]?)"
)
_COLONS = re.compile(rf"(?<!\d){_DAY}:{_DAY}:{_YEAR}")
#: What may be a date that was not read.
_UNREAD = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d)\d{{1,2}}\W{{0,3}}[^\W\d_]{{1,12}}\W{{0,3}}{_YEAR}",
        rf"[^\W\d_]{{3,12}}\W{{1,2}}\d{{1,2}}\W{{1,3}}{_YEAR}",
        r"\d ?[年月日년월일]",
        r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
        # Without a year, which may stand elsewhere.
        rf"(?<!\w)\d{{1,2}}(?:\. ?| |-|st |nd |rd |th )(?:of |de )?(?:{_NAMED})(?!\w)",
        rf"(?<!\w)(?:{_NAMED})\.? \d{{1,2}}(?!\w|[.,]\d)",
        r"(?<![\w.,])[0-3]?\d\.[01]?\d\.(?! ?\d)",
        rf"{_ORDINALS}(?: day)?(?: of| de)? (?:{_NAMED})(?!\w)",
        r"(?<!\w)\d{1,2}(?:\.|st|nd|rd|th)? ?(?:d(?:\.|ieses) ?m(?:\.|ts\b|onats)|of this month|inst\b)",
        r"\d ?(?:st|nd|rd|th)?\.? day of",
        # Numbers between which other signs stand, or different ones.
        rf"(?<!\d){_DAY}[\W_]{{1,3}}{_DAY}[\W_]{{1,3}}{_YEAR}",
        rf"(?<!\d)(?:19|20)\d\d[\W_]{{1,3}}{_DAY}[\W_]{{1,3}}{_DAY}(?!\d|[.,]\d)",
        r"(?<!\d)\d ?\d?[-./] ?\d ?\d?[-./] ?(?:1 ?9|2 ?0) ?\d ?\d(?!\d|[.,]\d)",
        rf"\b(?:datum|date|dated|du|fecha|data|dato|vom|den|am|on)\W{{0,3}}{_DAY}[./-]{_DAY}(?![./-]?\d)",
        rf"(?<!\w)(?<!\d[.,/-]){_DAY} ?(?P<mark>[-/.]) ?{_DAY} ?(?P=mark) ?\d\d(?!\d|[.,:/-]\d)",
        rf"\b(?:datum|date|dated|du|fecha|data|dato|vom|on)\W{{0,3}}{_DAY} {_DAY} \d\d(?!\d)",
        r"\b(?:datum|date|dated|fecha|data|dato|vom)\W{0,3}\d{6}(?!\d)",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrittenDates:
    """What was found."""

    #: The one on which the text was likeliest written comes first: by the words beside it, then by its place. One that
    #: can be read in two ways stands there twice.
    dates: tuple[date, ...]
    #: Whether nothing is left that may be one more.
    are_all: bool
    #: The first of them, if it may be said to be the one: where not all were read, not one that is called another's.
    likeliest: date | None = None


@lru_cache(maxsize=4)
def written_dates(text: str, *, today: date) -> WrittenDates:
    """Return the dates with a year that the text writes, from 1900 to a year ahead.

    The order of day and month is taken from the text's other dates where those can be read in one way only.
    """
    plain = " ".join(without_accents(unicodedata.normalize("NFKC", text.replace("’", "'"))).split())
    plain = _ORDINAL.sub(r"\1 ", plain)
    found: list[tuple[bool, int, tuple[date, ...]]] = []
    are_all = not any(letter.isdigit() and not letter.isascii() for letter in plain)
    day_first, is_american = _order(plain, today), bool(_AMERICAN.search(text))
    for pattern in FINDING:
        for match in pattern.finditer(plain):
            readings = tuple(read_match(match, pattern, today, day_first))
            readings = readings[::-1] if is_american and match.groupdict().get("mark", ".") != "." else readings
            before = plain[max(0, match.start() - _BEFORE) : match.start()].rpartition("|")[2]
            # The thirtieth of February is a date misread, and the year of 12.05.20 26 is torn.
            is_torn = match["year"] in ("19", "20") and _TORN_YEAR.match(plain, match.end()) is not None
            are_all &= bool(readings) and not is_torn
            found.append((is_torn or _OTHER.search(before) is not None, match.start(), readings))
        plain = pattern.sub(lambda match: "|" * len(match.group()), plain)
    rest = _TIME.sub(" ", plain)
    are_all &= (
        not _COLONS.search(plain)
        and not any(pattern.search(rest) for pattern in _UNREAD)
        and not any(map(_is_torn, _TORN.finditer(rest)))
    )
    dates: dict[date, bool] = {}
    for is_other, _, readings in sorted(found, key=lambda item: item[:2]):
        for one in readings:
            if OLDEST_DATE <= one <= today + AHEAD and one not in PLACEHOLDERS:
                dates.setdefault(one, is_other)
    are_all = are_all and len(dates) <= MOST
    likeliest = next((one for one, is_other in dates.items() if are_all or not is_other), None)
    return WrittenDates(tuple(dates)[:MOST], are_all, likeliest)


def _is_torn(match: re.Match[str]) -> bool:
    """Say whether three numbers that were not read may be a date for all that: a day, a month and a year."""
    if match["glued"]:
        return True
    parts = [(match[name] or "").translate(_DIGITS) for name in ("iso", "month", "day", "first", "second", "year")]
    year, *others = (parts[0], *parts[1:3]) if parts[0] else (parts[5], *parts[3:5])
    day, month = sorted(map(int, others), reverse=True)
    is_year = year.startswith(("19", "20")) if len(year) == 4 else not match["gap"]
    return is_year and 1 <= month <= 12 and day <= 31 and any(map(str.isdigit, match.group()))


def _order(text: str, today: date) -> bool | None:
    """Return whether the day comes first in the text's dates of three numbers; None if they do not say."""
    said = set(_said(text, today))
    return said.pop() if len(said) == 1 else None


def _said(text: str, today: date) -> Iterator[bool]:
    for match in NUMBERS.finditer(text):
        if match["mark"] != ".":
            first, second = (in_numbers(match, today, day_first) for day_first in (True, False))
            if first == second and int(match["first"]) != int(match["second"]):
                yield int(match["first"]) > 12
