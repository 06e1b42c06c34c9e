"""One date, as documents and models write it.

The whole text has to be understood: a date with its year, and around it at most a day of the week, a place, a time.
So a range is none, and a time never becomes a year. What can be read in two ways is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta

from sidecar.domain.months import DAYS, MONTHS, without_accents

OLDEST_DATE = date(1900, 1, 1)
#: Documents dated ahead exist (a contract from next month); a year ahead is a misread number.
AHEAD = timedelta(days=366)
#: The zero of the clocks of programs and of spreadsheets: what stands there when nothing was known. The first of
#: January of any other year (1990, 2000) is a day on which contracts begin, and stays.
PLACEHOLDERS = frozenset({date(1900, 1, 1), date(1970, 1, 1)})
#: Longer texts are sentences.
LONGEST = 80

_MONTH = r"(?P<month>[^\W\d_]{2,12})"
_YEAR = r"(?P<year>\d{4}|'?\d{2})"
_ISO = re.compile(r"(?P<year>\d{4})([-/.]) ?(?P<second>\d{1,2})\2 ?(?P<third>\d{1,2})")
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<second>\d{2})(?P<third>\d{2})")
_EAST_ASIAN = re.compile(r"(?P<year>\d{4}) ?[年년] ?(?P<second>\d{1,2}) ?[月월] ?(?P<third>\d{1,2}) ?[日일]?")
_NUMBERS = re.compile(rf"(?P<first>\d{{1,2}})(?P<mark>[-/.]) ?(?P<second>\d{{1,2}})(?P=mark) ?{_YEAR}")
_DAY_MONTH = re.compile(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|ª|º|°|o|a|e)?(?:\. ?|[ /-])?(?:d[eio] |of |d')?{_MONTH}"
    rf"\.?(?:, ?(?=\d{{4}})|[ ./-])?(?:del? |do )?{_YEAR}"
)
_MONTH_DAY = re.compile(rf"{_MONTH}\.?[ /-]?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:, ?|[ ./-])(?P<year>\d{{4}}|'\d{{2}})")
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[ /.-]{_MONTH}\.?[ /.-](?P<day>\d{{1,2}})")

#: For dates within a text: no part of a longer number, no letter before it that may be a digit, and with no word
#: but a month's where a month stands.
_START, _END = r"(?<![\doil|sbz])(?<!\d[-/.])", r"(?!\d|[-/.]\d)"
_KNOWN_MONTH = f"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})(?![^\\W\\d_])"
NUMBERS = re.compile(_START + _NUMBERS.pattern + _END)
FINDING = (
    *(re.compile(_START + pattern.pattern + _END) for pattern in (_ISO, _EAST_ASIAN)),
    *(
        re.compile(rf"(?<!\w){pattern.pattern.replace(_MONTH, _KNOWN_MONTH)}{_END}")
        for pattern in (_DAY_MONTH, _YEAR_FIRST, _MONTH_DAY)
    ),
    NUMBERS,
)

#: What may stand before a date that says nothing else.
_LEAD = re.compile(
    r"(?:(?:den|der|am|vom|le|du|el|il|lo|op|dnia|em|on|the|of|dated|dd|date|datum|fecha|data|dato|от)(?:[:.] ?| ))+"
)
_PLACE = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)?, ?")
_DAY_NAME = re.compile(r"(?P<name>[^\W\d_]+(?:-feira)?)(?:\., ?|, ?|\. ?| )")

_HOUR, _MINUTE = r"(?:[01]?\d|2[0-4])", r"[0-5]\d"
_ZONE = r"(?: ?(?:z|utc|gmt|mez|mesz|cet|cest|[ecmp][sd]?t|[+-]\d{2}:?\d{2}))?"
_TIME = re.compile(
    r"(?:,? ?(?:um|at|a|alle|om|as|o|kl\.?) |, ?| |t)"
    rf"(?:{_HOUR}:{_MINUTE}(?::\d{{2}}(?:[.,]\d+)?)?(?: ?(?:am|pm|a\.m\.|p\.m\.|uhr|h|hrs|uur))?{_ZONE}"
    rf"|{_HOUR}(?:\.{_MINUTE})? ?(?:am|pm|a\.m\.|p\.m\.|uhr|uur)"
    rf"|{_HOUR} ?h ?(?:{_MINUTE})?|{_HOUR}時(?:\d{{1,2}}分)?)"
)
#: "12 maja 2026 r.", "12 мая 2026 г.", "2026年5月12日(火)", a full stop.
_TAIL = re.compile(r"(?: ?(?:r|г)\.?| ?\([^\W\d_]{1,12}\.?\)|\.)?")


def parse_date(text: str, *, today: date, day_first: bool | None = None, ahead: timedelta = AHEAD) -> date | None:
    """Return the one date that the text writes, or None: no date, no year, several, ambiguous or impossible ones.

    `day_first` decides where numbers can be read both ways (05/12/2026); without it they give None, but with dots
    the day always comes first. Two-digit years are those that end next year at the latest; where `ahead` allows a
    later one as well, it is ambiguous. Dates outside 1900 .. `today` + `ahead` and the zeros of computers
    (`PLACEHOLDERS`) are None.
    """
    plain = " ".join(without_accents(text.replace("’", "'")).split())
    if len(plain) > LONGEST:
        return None
    plain = _without_lead(plain)
    readings = {
        reading
        for ending in _beginnings(plain)
        for reading in _readings(ending, today, day_first)
        if OLDEST_DATE <= reading <= today + ahead
    }
    found = readings.pop() if len(readings) == 1 else None
    return None if found in PLACEHOLDERS else found


def _without_lead(text: str) -> str:
    """Take off the place ("Berlin, den"), the day of the week and words such as "dated"."""
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead else text
    named = _DAY_NAME.match(text)
    place = _PLACE.match(text)
    if named and named["name"] in DAYS and named["name"] not in MONTHS:
        text = text[named.end() :]
    elif place and not any(word in MONTHS for word in re.findall(r"[^\W\d_]+", place.group())):
        text = text[place.end() :]
    elif named and named["name"] in DAYS and re.match(r"\d", text[named.end() :]) and _month_after(text[named.end() :]):
        text = text[named.end() :]  # "mar. 12 mai 2026": here it is mardi
    lead = _LEAD.match(text)
    return text[lead.end() :] if lead else text


def _month_after(text: str) -> bool:
    return any(word in MONTHS for word in re.findall(r"[^\W\d_]+", text))


def _beginnings(text: str) -> Iterable[str]:
    """Yield the text as it is and, where it ends with a time or with what belongs to no date, without that."""
    yield text
    for cut in range(6, len(text)):
        rest = text[cut:]
        time = _TIME.match(rest)
        if _TAIL.fullmatch(rest) or (time and _TAIL.fullmatch(rest[time.end() :])):
            yield text[:cut]


def _readings(text: str, today: date, day_first: bool | None) -> Iterable[date]:
    """Yield every date that the whole text can mean."""
    for pattern in (_ISO, _COMPACT, _EAST_ASIAN):
        if found := pattern.fullmatch(text):
            yield from _possible(found["year"], found["second"], found["third"], today)
    for pattern in (_DAY_MONTH, _MONTH_DAY, _YEAR_FIRST):
        if (found := pattern.fullmatch(text)) and found["month"] in MONTHS:
            yield from _possible(found["year"], MONTHS[found["month"]], found["day"], today)
    if found := _NUMBERS.fullmatch(text):
        yield from in_numbers(found, today, day_first)


def read_match(found: re.Match[str], pattern: re.Pattern[str], today: date, day_first: bool | None) -> Iterable[date]:
    """Yield every date that a match of one of `FINDING` can mean, the one with the day first first."""
    if pattern is NUMBERS:
        readings = in_numbers(found, today, day_first)
        either = in_numbers(found, today, True)
        yield from sorted(readings, key=lambda one: one not in either)
    elif "month" in pattern.groupindex:
        yield from _possible(found["year"], MONTHS[found["month"]], found["day"], today)
    else:
        yield from _possible(found["year"], found["second"], found["third"], today)


def in_numbers(found: re.Match[str], today: date, day_first: bool | None) -> set[date]:
    """Return the dates that three numbers can mean; `day_first` as in `parse_date`."""
    first, second, year, mark = found["first"], found["second"], found["year"], found["mark"]
    day_month = set(_possible(year, second, first, today))
    month_day = set(_possible(year, first, second, today))
    if mark == "." and day_first is None:
        return day_month
    if day_first is not None:
        return (day_month or month_day) if day_first else (month_day or day_month)
    year_first = set(_possible(first, second, year, today)) if mark == "-" and len(year) == 2 else set()
    return day_month | month_day | year_first


def _possible(year: str, month: str | int, day: str, today: date) -> Iterable[date]:
    digits = year.removeprefix("'")
    years = [int(digits)]
    if len(digits) < 4:
        years = (
            [2000 + int(digits)] if 2000 + int(digits) <= today.year + 1 else [1900 + int(digits), 2000 + int(digits)]
        )
    for number in years:
        with suppress(ValueError):
            yield date(number, int(month), int(day))
