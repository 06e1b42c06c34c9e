"""Amounts of money as documents and models write them, and what Paperless is given."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.currencies import CURRENCIES, DOLLARS, NAMED, OF_A_THOUSAND, SIGNS
from sidecar.domain.money import parse_money

#: Its own pattern, from paperless-ngx's documents/serialisers.py.
TAKEN = re.compile(r"(?:[A-Z]{3})?-?\d+\.\d{2}")

READ = [
    # text, the field's own currency, what Paperless gets
    ("1.130,50 EUR", "", "EUR1130.50"),
    ("EUR 1.130,50", "", "EUR1130.50"),
    ("EUR1130.50", "", "EUR1130.50"),
    ("EUR-12.50", "", "EUR-12.50"),
    ("EUR9.5", "USD", "EUR9.50"),
    ("1,130.50", "", "1130.50"),
    ("1,130.50", "EUR", "EUR1130.50"),
    ("12.5", "", "12.50"),
    ("12", "EUR", "EUR12.00"),
    ("12.50.", "EUR", "EUR12.50"),
    ("EUR 12.50.", "USD", "EUR12.50"),
    ("0", "EUR", "EUR0.00"),
    ("0,00", "EUR", "EUR0.00"),
    ("-0,00", "EUR", "EUR0.00"),
    ("007,50", "EUR", "EUR7.50"),
    ("1 130,50 €", "", "EUR1130.50"),
    ("1\u00a0130,50\u00a0€", "", "EUR1130.50"),
    ("1\u2009130,50 €", "", "EUR1130.50"),
    ("1\u202f130,50 €", "", "EUR1130.50"),
    ("1'130.50", "CHF", "CHF1130.50"),
    ("1’130.50 CHF", "", "CHF1130.50"),
    ("1´130.50", "CHF", "CHF1130.50"),
    ("Fr. 1'130.50", "", "CHF1130.50"),
    ("SFr. 12.50", "EUR", "CHF12.50"),
    ("12.-", "CHF", "CHF12.00"),
    ("12,-", "EUR", "EUR12.00"),
    ("12,-- €", "", "EUR12.00"),
    ("12,– €", "", "EUR12.00"),
    ("1.200,- €", "", "EUR1200.00"),
    ("-12,50", "EUR", "EUR-12.50"),
    ("−12,50 €", "", "EUR-12.50"),
    ("€ -12.50", "", "EUR-12.50"),
    ("-€12.50", "", "EUR-12.50"),
    ("12,50- EUR", "", "EUR-12.50"),
    ("(12.50)", "USD", "USD-12.50"),
    ("($12.50)", "", "USD-12.50"),
    ("$(12.50)", "", "USD-12.50"),
    ("(12.50) EUR", "", "EUR-12.50"),
    ("+12.50", "USD", "USD12.50"),
    ("JPY 1000", "", "JPY1000.00"),
    ("¥1,000", "", "JPY1000.00"),
    ("￥1,000", "", "JPY1000.00"),
    ("¥12.50", "CNY", "CNY12.50"),
    ("1000円", "", "JPY1000.00"),
    ("100元", "", "CNY100.00"),
    ("$12.50", "", "USD12.50"),
    ("$12.50", "EUR", "USD12.50"),
    ("$12.50", "CAD", "CAD12.50"),
    ("$12.50", "AUD", "AUD12.50"),
    ("$1,200", "MXN", "MXN1200.00"),
    ("$12.50 CAD", "USD", "CAD12.50"),
    ("$12.50 USD", "CAD", "USD12.50"),
    ("USD $12.50", "", "USD12.50"),
    ("US$ 12.50", "CAD", "USD12.50"),
    ("US$12.50", "", "USD12.50"),
    ("A$12.50", "USD", "AUD12.50"),
    ("C$12.50", "USD", "CAD12.50"),
    ("CA$12.50", "", "CAD12.50"),
    ("NZ$12.50", "", "NZD12.50"),
    ("HK$12.50", "", "HKD12.50"),
    ("R$ 1.130,50", "", "BRL1130.50"),
    ("£12.50", "", "GBP12.50"),
    ("£12.50", "EGP", "EGP12.50"),
    ("12,50 zł", "", "PLN12.50"),
    ("12,50 Kč", "", "CZK12.50"),
    ("1 200 Ft", "", "HUF1200.00"),
    ("1 130,50 kr", "SEK", "SEK1130.50"),
    ("kr. 1.130,50", "DKK", "DKK1130.50"),
    ("kr 100", "NOK", "NOK100.00"),
    ("₹1,00,000.50", "", "INR100000.50"),
    ("₹500", "EUR", "INR500.00"),
    ("Rs. 500", "LKR", "LKR500.00"),
    ("Rs 500", "PKR", "PKR500.00"),
    ("Rs.1,130.50", "INR", "INR1130.50"),
    ("฿500", "EUR", "THB500.00"),
    ("QAR 500", "EUR", "QAR500.00"),
    ("500 LKR", "EUR", "LKR500.00"),
    ("12,50 Euro", "", "EUR12.50"),
    ("12 euros", "USD", "EUR12.00"),
    ("12.50 eur", "USD", "EUR12.50"),
    ("12.50 thb", "THB", "THB12.50"),
    ("100 DM", "EUR", "DEM100.00"),
    ("€12.50 EUR", "", "EUR12.50"),
    # Three digits after the only separator are thousands.
    ("1.130", "EUR", "EUR1130.00"),
    ("1,130", "EUR", "EUR1130.00"),
    ("1.130.000", "EUR", "EUR1130000.00"),
    ("1,130,000.5", "EUR", "EUR1130000.50"),
    ("1.130.000,99", "EUR", "EUR1130000.99"),
    ("KWD 12.50", "", "KWD12.50"),
    ("1,250.500 KWD", "", "KWD1250.50"),
    ("0.500 KWD", "", "KWD0.50"),
    ("9999999999999.99", "VND", "VND9999999999999.99"),
    ("9999999999.99", "", "9999999999.99"),
    # A default that is no code is no currency.
    ("12.50", "euro", "12.50"),
    ("12.50", " eur ", "EUR12.50"),
]

NOT_READ = [
    ("", "EUR"), ("   ", "EUR"), ("EUR", "EUR"), ("n/a", "EUR"), ("none", "EUR"), ("€", "EUR"),
    # Not understood, so not the field's currency.
    ("12.50 BTC", "EUR"), ("BTC 12.50", "BTC"), ("12.50 XYZ", "EUR"), ("XAU 12", "EUR"), ("Rs. 500", "EUR"),
    ("Rs 500", ""), ("100 kr", "EUR"), ("100 kr", ""), ("12.50 Taler", "EUR"), ("12 points", "EUR"),
    ("12.50 all", "EUR"), ("try 12.50", "EUR"), ("12.50 ETH", "ETH"),
    # Two currencies, two amounts, ranges.
    ("€12.50 USD", "EUR"), ("£12 EUR", ""), ("EUR 12.50 USD", "EUR"), ("A$12 USD", ""), ("12.50 EUR / 14.00 USD", ""),
    ("10-20 EUR", ""), ("10 - 20 EUR", ""), ("10–20", "EUR"), ("10 to 20", "EUR"), ("12.50, 14.50", "EUR"),
    ("12.50 14.50", "EUR"), ("12,50;13,50", "EUR"), ("12.50 -", "EUR"), ("3 x 12.50", "EUR"),
    # Dates, times, numbers of other things.
    ("12.05.2026", "EUR"), ("2026-05-12", "EUR"), ("10:30", "EUR"), ("1.2.3", "EUR"), ("12 %", "EUR"), ("12%", "EUR"),
    ("Nr. 12", "EUR"), ("ca. 12", "EUR"), ("12k", "EUR"), ("1,5 Mio. EUR", ""), ("12.50 EUR per month", ""),
    ("12345678901234", "EUR"), ("12345678901", ""), ("DE89 3704 0044 0532 0130 00", "EUR"),
    # Separators that make no sense.
    ("1.13.50", "EUR"), ("1,130,50", "EUR"), ("1.130,505", "EUR"), ("12.3456", "EUR"), ("0.125", "EUR"),
    ("0,130.50", "EUR"), ("1 13", "EUR"), ("1.130 000,50", "EUR"), ("1130.500", "EUR"), ("12,50,-", "EUR"),
    ("12..50", "EUR"), ("1130 500", "EUR"),
    # In currencies of a thousand parts these may be decimals.
    ("12.500 KWD", "EUR"), ("12,500", "TND"), ("12.555 KWD", ""),
    # More than one sign of less.
    ("--12.50", "EUR"), ("-(12.50)", "EUR"), ("-12.50-", "EUR"), ("(12.50", "EUR"), ("12.50)", "EUR"),
    ("((12.50))", "EUR"), (")12.50(", "EUR"), ("E-UR 12", "EUR"),
    ("٣٤", "EUR"), ("twelve", "EUR"), ("NaN", "EUR"), ("inf", "EUR"), ("1e5", "EUR"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "own", "wanted"), READ)
def test_an_amount_is_read(text: str, own: str, wanted: str) -> None:
    assert parse_money(text, own) == wanted
    assert TAKEN.fullmatch(wanted)


@pytest.mark.parametrize(("text", "own"), NOT_READ)
def test_what_is_not_one_amount_is_left_alone(text: str, own: str) -> None:
    assert parse_money(text, own) is None


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_every_code_is_read_before_and_after_and_never_becomes_the_field_s_own(code: str) -> None:
    assert parse_money(f"{code} 1,234.50", "EUR") == f"{code}1234.50"
    assert parse_money(f"1.234,50 {code}", "EUR") == f"{code}1234.50"
    assert parse_money("1.234,50", code) == f"{code}1234.50"


@pytest.mark.parametrize("own", sorted(DOLLARS))
def test_a_dollar_is_the_field_s_own_dollar(own: str) -> None:
    assert parse_money("$12.50", own) == f"{own}12.50"


def test_the_tables_name_currencies_of_the_list() -> None:
    assert all(may_be <= CURRENCIES and (by_itself or "EUR") in CURRENCIES for may_be, by_itself in SIGNS.values())
    assert set(NAMED.values()) <= CURRENCIES and not set(NAMED) & set(SIGNS)
    assert OF_A_THOUSAND <= CURRENCIES
    assert all(re.fullmatch("[A-Z]{3}", code) for code in CURRENCIES)


@pytest.mark.parametrize("name", ["400_patch_cf_money_bad", "400_patch_cf_money_no_decimals"])
def test_what_paperless_refused_is_put_into_its_form(name: str) -> None:
    recording = Path(__file__).parent.parent / "recordings" / f"{name}.json"
    sent = json.loads(recording.read_text(encoding="utf-8"))["request"]["body"]["custom_fields"][0]["value"]
    assert TAKEN.fullmatch(parse_money(sent) or "")


@settings(deadline=None)
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from(["EUR", "CHF", "JPY", "KWD"]))
def test_every_amount_is_found_again_in_all_usual_ways_of_writing(amount, code) -> None:
    english = f"{abs(amount):,.2f}"
    minus = "-" if amount < 0 else ""
    wanted = f"{code}{amount if amount else abs(amount):.2f}"
    turned = str.maketrans(",.", ".,")
    for written in (english, english.translate(turned), english.replace(",", " "), english.replace(",", "'")):
        assert parse_money(f"{minus}{written} {code}") == wanted
        assert parse_money(f"{code} {minus}{written}", "USD") == wanted


@settings(deadline=None)
@given(st.text(alphabet="0123456789.,-'() €$EURkr", max_size=14), st.sampled_from(["", "EUR", "CAD", "KWD"]))
def test_whatever_is_written_paperless_takes_what_comes_out(text: str, own: str) -> None:
    assert TAKEN.fullmatch(parse_money(text, own) or "0.00")
