"""One date as documents and models write it; what is none, or more than one, gives none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.dates import AHEAD, OLDEST_DATE, PLACEHOLDERS, parse_date
from sidecar.domain.months import _NAMES, MONTHS, without_accents

TODAY = date(2026, 6, 15)
MAY_12 = date(2026, 5, 12)

READ = {
    MAY_12: [
        "2026-05-12", "2026-5-12", "2026/05/12", "2026.05.12", "20260512", " 2026-05-12 ", "2026-05-12T10:30:00",
        "2026-05-12T10:30:00Z", "2026-05-12T10:30:00.123+02:00", "2026-05-12 10:30", "2026-05-12T00:00:00.000Z",
        "12.05.2026", "12.5.2026", "12. 5. 2026", "12. 05. 2026", "12.05.26", "12.05.2026 10:30",
        "12.05.2026, 10:30 Uhr",
        "12.05.2026 10.30 Uhr", "12.05.2026 um 10 Uhr", "12.05.2026.", "den 12.05.2026", "Berlin, den 12.05.2026",
        "Bad Homburg, den 12. Mai 2026", "Datum: 12.05.2026", "vom 12.05.2026",
        "Dienstag, 12.05.2026", "Di. 12.05.2026", "Di, 12.05.2026",
        "12 May 2026", "12th May 2026", "12th of May 2026", "12 May, 2026", "12-May-2026", "12/May/2026", "12May2026",
        "12-May-26", "12 May 26", "12 May '26", "May 12, 2026", "May 12 2026", "May 12th, 2026", "MAY 12, 2026",
        "May 12, '26", "May 12, 2026 10:30 AM", "May 12, 2026 at 10:30 p.m.", "12 May 2026 10:30",
        "12 May 2026, 10 am",
        "Tuesday, May 12, 2026", "Tuesday 12 May 2026", "Tue, 12 May 2026 10:30:00 +0200", "Tue 12 May 2026",
        "dated 12 May 2026", "on the 12th of May 2026", "2026 May 12", "2026-May-12", "London, 12 May 2026",
        "12. Mai 2026", "12.Mai 2026", "12. Mai 2026, 10 Uhr", "12. Mai 2026 10:30 Uhr",
        "12 mai 2026", "le 12 mai 2026", "Paris, le 12 mai 2026", "mardi 12 mai 2026", "12 mai 2026 à 10h30",
        "mar. 12 mai 2026", "12 de mayo de 2026", "12 de mayo del 2026", "martes, 12 de mayo de 2026", "12 mayo 2026",
        "12 maggio 2026", "martedì 12 maggio 2026", "12 mei 2026", "dinsdag 12 mei 2026", "12 mei 2026 om 10:30 uur",
        "12 de maio de 2026", "terça-feira, 12 de maio de 2026", "12 maja 2026", "12 maja 2026 r.",
        "dnia 12 maja 2026",
        "12. maj 2026", "12 мая 2026 г.", "12 мая 2026",
        "2026年5月12日", "2026 年 5 月 12 日", "2026年05月12日(火)", "２０２６年５月１２日", "2026년 5월 12일",
        "2026年5月12日 10時30分",
    ],
    date(2026, 5, 13): ["13/05/2026", "05/13/2026", "13-05-2026", "05-13-2026", "13/5/26", "5/13/26"],
    date(2026, 5, 5): ["05/05/2026", "5-5-2026", "05/05/26"],
    date(2026, 5, 1): ["1. Mai 2026", "1er mai 2026", "May 1st, 2026", "1º de maio de 2026", "1 maja 2026",
        "May 1, 2026"],
    date(2026, 3, 1): ["1. März 2026", "1. Maerz 2026", "1. Mrz. 2026", "1 mars 2026", "1 de março de 2026",
        "1 marca 2026"],
    date(2025, 10, 31): ["31 października 2025", "31 Oct. 2025", "31 ottobre 2025", "31 de outubro de 2025",
        "31 okt. 2025"],
    date(2025, 8, 2): ["2 août 2025", "2 sierpnia 2025", "2 agosto 2025", "Aug 2, 2025", "2 augustus 2025",
        "2. Aug 2025"],
    date(2025, 1, 31): ["31. Jänner 2025", "31 janvier 2025", "31 de enero de 2025", "31 gennaio 2025",
        "31 stycznia 2025"],
    date(2025, 12, 24): ["24 déc. 2025", "24 dic 2025", "24 dicembre 2025", "24. Dez. 2025", "24 grudnia 2025"],
    date(2024, 2, 29): ["29.02.2024", "29 February 2024", "29 févr. 2024", "29 lutego 2024"],
    date(1998, 5, 12): ["12.05.98", "12 May 98", "12 May '98"],
    date(1990, 1, 1): ["1990-01-01", "1 January 1990"],
    date(2027, 6, 16): ["2027-06-16"],
    date(1900, 1, 2): ["1900-01-02"],
}  # fmt: skip

NOT_READ = [
    "", " ", "none", "n/a", "unknown", "tomorrow", "heute", "12", "2026", "May", "May 2026", "05/2026", "2026-05",
    "Q2 2026",
    # No year: a time must not become one.
    "12 May", "12 May 10:30", "12 May, 10:30", "1. Mai, 12 Uhr", "1. Mai 12 Uhr", "1. Mai, 12:00 Uhr", "May 12",
    "May 12, 10",
    "May 12 10:30", "May 12, 10:30 AM", "12 May 10 am", "12 May 10.30", "12 May 10h30", "12 May at 10", "12.05.",
    "12.05. 10:30",
    "1. Mai, 12", "12.05", "12/05", "05-12", "12 maja 10:30", "12 mai à 10h30", "12 mai 10 h", "5月12日",
    "5月12日 10時30分",
    "12.05. 20:26", "12 May 20:26", "12 May 2026h",
    # Ranges and several dates.
    "1 May - 31 May 2026", "1-31 May 2026", "1 - 31 May 2026", "01.05.2026 - 31.05.2026", "01.05.-31.05.2026",
    "01.-31.05.2026",
    "1. bis 31. Mai 2026", "1 May to 31 May 2026", "2026-05-01/2026-05-31", "2026-05-01 2026-05-31", "May 1-31, 2026",
    "May 1 - May 31, 2026", "May 2025 - May 2026", "12.05.2026 / 13.05.2026", "12.05.2026, 13.05.2026",
    "1/2 May 2026",
    "12 May 2026 and 13 May 2026", "12.05.2026 14.05", "12.05.2026 - 14.05.", "1 and 2 May 2026",
    "du 1 au 31 mai 2026",
    "2026年5月1日-31日", "2025/2026", "2025-2026",
    # Words that change what it means, or that nobody understands.
    "until 12.05.2026", "bis 12.05.2026", "before 2026-05-12", "12.05.2026 or so", "about 12 May 2026",
    "ab 12.05.2026",
    "12.05.2026?", "12 Foo 2026", "Invoice 2026-05-12", "12 May 2026 edition", "May, 12.05.2026", "2026-05-12 Rev. 3",
    # Ambiguous.
    "12/05/2026", "05/12/2026", "12-05-2026", "1/2/26", "12/05/26", "26-05-12", "25-05-26",
    # Impossible.
    "30 Feb 2026", "30.02.2026", "29.02.2025", "2026-02-30", "2026-13-01", "13/13/2026", "05.13.2026", "0.5.2026",
    "32.01.2026",
    "31 April 2026", "0000-00-00", "2026-00-10", "99.99.9999", "20261301", "2026-W20-2", "2026-132", "12 May 026",
    # Outside of what a document can be.
    "0001-01-01", "1899-12-31", "2027-06-17", "12.05.2062", "9999-12-31", "12052026", "2206-05-12", "12 May 1626",
    # The zero of a computer.
    "1970-01-01", "1 January 1970", "01.01.1900", "1970-01-01T00:00:00Z",
    "1747000000", "45789", "-2026-05-12", "2026--05-12", "2026-05/12", "12.05-2026", "12.05.2026.13", "1.2.3.2026",
    "٢٠٢٦-٠٥",
    "a" * 100, "12 May 2026" + " " * 200 + "x",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), [(text, wanted) for wanted, texts in READ.items() for text in texts])
def test_a_date_is_read(text: str, wanted: date) -> None:
    assert parse_date(text, today=TODAY) == wanted


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_not_one_sure_date_is_none(text: str) -> None:
    assert parse_date(text, today=TODAY) is None


@pytest.mark.parametrize(
    ("text", "day_first", "wanted"),
    [
        ("12/05/2026", True, MAY_12),
        ("12/05/2026", False, date(2026, 12, 5)),
        ("05/12/2026", False, MAY_12),
        ("12-05-26", True, MAY_12),
        ("12.05.2026", True, MAY_12),
        ("05.12.2026", False, MAY_12),
        ("05/13/2026", True, date(2026, 5, 13)),
        ("13/05/2026", False, date(2026, 5, 13)),
        ("2026-05-12", False, MAY_12),
        ("13/13/2026", True, None),
    ],
)
def test_the_caller_may_know_which_number_is_the_day(text: str, day_first: bool, wanted: date | None) -> None:
    assert parse_date(text, today=TODAY, day_first=day_first) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("12.05.2036", date(2036, 5, 12)),
        ("12 May 2066", date(2066, 5, 12)),
        ("12.05.26", MAY_12),
        ("12.05.36", None),  # 1936, or an end ten years from now
        ("12.05.2226", None),
    ],
)
def test_what_ends_in_years_to_come_can_be_asked_for(text: str, wanted: date | None) -> None:
    assert parse_date(text, today=TODAY, ahead=timedelta(days=36600)) == wanted


def test_no_name_stands_for_two_months() -> None:
    meant = [(without_accents(name), number) for number, names in enumerate(_NAMES, 1) for name in names.split()]
    assert set(meant) == set(MONTHS.items())


@pytest.mark.parametrize("name", sorted(MONTHS))
def test_every_name_of_a_month_is_read_in_a_date(name: str) -> None:
    assert parse_date(f"2 {name} 2025", today=TODAY) == date(2025, MONTHS[name], 2)
    assert parse_date(f"{name.title()} 2, 2025", today=TODAY) == date(2025, MONTHS[name], 2)


days = st.dates(min_value=OLDEST_DATE, max_value=TODAY + AHEAD).filter(lambda day: day not in PLACEHOLDERS)


@settings(deadline=None)
@given(days)
def test_every_day_is_found_in_the_usual_ways_of_writing(day: date) -> None:
    for written in (
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%d %B %Y",
        "%B %d, %Y",
        "%d-%b-%Y",
        "%Y年%m月%d日",
        "%Y%m%d",
        "%d %b %Y %H:%M",
    ):
        assert parse_date(day.strftime(written), today=TODAY) == day


@settings(deadline=None)
@given(days, days)
def test_two_days_are_never_one(first: date, last: date) -> None:
    for mark in (" - ", "-", "–", " to ", " bis ", "/", ", ", " ", "\n"):
        for written in ("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%d %B"):
            whole = written if "%Y" in written else f"{written} %Y"
            text = f"{first.strftime(written)}{mark}{last.strftime(whole)}"
            assert parse_date(text, today=TODAY) is None, text


@settings(deadline=None)
@given(days, st.integers(0, 23), st.integers(0, 59))
def test_a_time_is_never_a_year(day: date, hour: int, minute: int) -> None:
    for time in (
        f"{hour}:{minute:02}",
        f"{hour:02}:{minute:02}",
        f"{hour} Uhr",
        f"{hour}.{minute:02}",
        f"{hour} am",
        f"{hour}h{minute:02}",
    ):
        for written in ("%d %B", "%d. %b", "%B %d", "%d.%m.", "%d/%m", "%m-%d", "%d %B,", "%B %d,"):
            assert parse_date(f"{day.strftime(written)} {time}", today=TODAY) is None, (day.strftime(written), time)


@settings(deadline=None)
@given(st.text(alphabet="0123456789.-/ ,':MayiJunetUhr年月日", max_size=24))
def test_whatever_is_written_a_date_that_comes_out_is_within_bounds(text: str) -> None:
    found = parse_date(text, today=TODAY)
    assert found is None or OLDEST_DATE < found <= TODAY + timedelta(days=366)
