"""The dates of a text: an answer is held to them only where nothing is left that may be one more."""

from __future__ import annotations

from datetime import date

import pytest

from sidecar.domain.written_dates import MOST, written_dates

TODAY = date(2026, 6, 15)

#: Texts in which every date was read.
ALL: dict[str, list[str]] = {
    "Invoice 4711\nDate: 12.05.2026\nTotal 84.20 EUR": ["2026-05-12"],
    "Berlin, den 12. Mai 2026\nIhre Bestellung vom 3. April 2026": ["2026-05-12", "2026-04-03"],
    "London, May 12th, 2026 at 10:30 am. Your reference 2026-0815.": ["2026-05-12"],
    "DATE:25/12/2018 TIME 12:31:00 CASHIER 05": ["2018-12-25"],
    "25/12/2018 and 03/04/2019": ["2018-12-25", "2019-04-03"],
    "12/25/2018 and 03/04/2019": ["2018-12-25", "2019-03-04"],
    "03/04/2019": ["2019-04-03", "2019-03-04"],
    "03.04.2019": ["2019-04-03"],
    "1 Main St, Springfield, IL 62701\n03/04/2019": ["2019-03-04", "2019-04-03"],
    "2026年5月12日 請求書": ["2026-05-12"],
    "Paris, le 1er février 2026, facture de la période janvier 2026": ["2026-02-01"],
    "Issued 2026-05-12T10:30:00Z, valid until 2031-05-12": ["2026-05-12"],
    "Born 14.03.1961, written 02.06.2026": ["2026-06-02", "1961-03-14"],
    "Statement for May 2026, issued 2 June 2026. (c) 2024 Ambervale, since 1998": ["2026-06-02"],
    "Fällig am 20.05.2026 (Rechnung vom 12.05.2026), Lieferdatum: 2.5.2026": ["2026-05-12", "2026-05-20", "2026-05-02"],
    "12-May-26\nTel. 030/12345-67\nIBAN DE02 1203 0000 0000 2020 51": ["2026-05-12"],
    "05.22.95.66.66 le 12/05/2026": ["2026-05-12", "2026-12-05"],
    "Dated this 12th day of May 2026\nPayable by 14.06.2026": ["2026-05-12", "2026-06-14"],
    "The 12th. day of May, 2026, due 14.06.2026": ["2026-05-12", "2026-06-14"],
    "12 th May 2026, due 14.06.2026": ["2026-05-12", "2026-06-14"],
    "Tel. 030 12 34 56, 1 234,50 EUR, 12.05.2026 10:30": ["2026-05-12"],
    "Version 1.2.3, 1.234,56 EUR, 12.05.2026": ["2026-05-12"],
}

#: Texts with something left that a person, or a large model, may read as the date.
NOT_ALL: dict[str, list[str]] = {
    "Datum l2.O5.2026, bezahlt 20.05.2026": ["2026-05-20"],
    "12. května 2026, splatnost 20.05.2026": ["2026-05-20"],
    "12.05.20 26, due 20.05.2026": ["2026-05-20"],
    "12 Mav 2026, due 20 May 2026": ["2026-05-20"],
    "31.02.2026, due 20.05.2026": ["2026-05-20"],
    "20260512, due 20.05.2026": ["2026-05-20"],
    "Köln, 12. Mai\nfällig 20.05.2026": ["2026-05-20"],
    "Am 12.05. bestellt, fällig 20.05.2026": ["2026-05-20"],
    "12 . 05 . 2026 fällig 20.05.2026": ["2026-05-20"],
    "29-03/2018, due 20.05.2026": ["2026-05-20"],
    "令和8年5月12日, 2026-05-20": ["2026-05-20"],
    "١٢/٠٥/٢٠٢٦ due 20.05.2026": ["2026-05-20"],
    "12.05.202610:30, due 20.05.2026": ["2026-05-20"],
    "Datum 12 05 2026\nFällig 20.05.2026": ["2026-05-20"],
    "Datum 12 05 26\nFällig 20.05.2026": ["2026-05-20"],
    "Datum: 120526 Fällig 20.05.2026": ["2026-05-20"],
    "12.05 2026, due 20.05.2026": ["2026-05-20"],
    "12-05 2026, due 20.05.2026": ["2026-05-20"],
    "2026 05 12, due 20.05.2026": ["2026-05-20"],
    "2026 / 05-12, due 20.05.2026": ["2026-05-20"],
    "12,05,2026, due 20.05.2026": ["2026-05-20"],
    "12|05|2026, due 20.05.2026": ["2026-05-20"],
    "12_05_2026, due 20.05.2026": ["2026-05-20"],
    "12 — 05 — 2026, due 20.05.2026": ["2026-05-20"],
    "12\\05\\2026, due 20.05.2026": ["2026-05-20"],
    "12.0 5.2026, due 20.05.2026": ["2026-05-20"],
    "12.05.2 026, due 20.05.2026": ["2026-05-20"],
    "Datum 12.05 fällig 20.05.2026": ["2026-05-20"],
    "12:05:2026, due 20.05.2026": ["2026-05-20"],
    "12 . 5 . 26, due 20.05.2026": ["2026-05-20"],
    "12 .5. 26, due 20.05.2026": ["2026-05-20"],
    "Am zwölften Mai 2026, fällig 20.05.2026": ["2026-05-20"],
    "Given this twelfth day of May 2026, due 20.05.2026": ["2026-05-20"],
    "The 12th day of this month of May 2026, due 20.05.2026": ["2026-05-20"],
    "Rechnung vom 3. d. M., fällig 20.05.2026": ["2026-05-20"],
    "Ihr Schreiben vom 3. dieses Monats, 20.05.2026": ["2026-05-20"],
    "March 12 (see 2026), 20.05.2026": ["2026-05-20"],
}


@pytest.mark.parametrize("text", ALL)
def test_dates_that_can_all_be_read(text: str) -> None:
    found = written_dates(text, today=TODAY)
    assert (list(map(str, found.dates)), found.are_all) == (ALL[text], True)


@pytest.mark.parametrize("text", NOT_ALL)
def test_a_date_that_cannot_be_read_is_noticed(text: str) -> None:
    found = written_dates(text, today=TODAY)
    assert not found.are_all
    assert set(NOT_ALL[text]) <= set(map(str, found.dates))


@pytest.mark.parametrize(
    ("text", "likeliest"),
    [
        ("Datum 12 05 2026\nFällig am 20.05.2026", None),
        ("Datum 12 05 2026\nzahlbar bis 20.05.2026", None),
        ("12.05 2026, payable by 20 May 2026", None),
        ("Köln, 12. Mai\ngeboren 14.03.1961", None),
        ("12.05.20 26, valid until 2026-05-20", None),
        ("Datum 12 05 2026\nBerlin, 20.05.2026\nfällig 30.05.2026", "2026-05-20"),
        ("Fällig am 20.05.2026", "2026-05-20"),
        ("Fällig am 20.05.2026, Rechnung vom 12.05.2026", "2026-05-12"),
    ],
)
def test_a_date_that_is_called_anothers_is_not_guessed_where_one_may_be_unread(
    text: str, likeliest: str | None
) -> None:
    found = written_dates(text, today=TODAY).likeliest
    assert (str(found) if found else None) == likeliest


def test_an_accounts_statement_is_left_to_the_model() -> None:
    found = written_dates("\n".join(f"{day:02}.05.2026 booked" for day in range(1, MOST + 2)), today=TODAY)
    assert (len(found.dates), found.are_all) == (MOST, False)


def test_years_of_two_digits_are_of_this_century_until_next_year() -> None:
    assert list(map(str, written_dates("13.05.27 and 13.05.98", today=TODAY).dates)) == ["2027-05-13", "1998-05-13"]
