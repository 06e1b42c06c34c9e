"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sidecar.domain.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("12", "12"), ("0", "0"), ("-12", "-12"), ("−12", "-12"), ("+12", "12"), ("- 12", "-12"),
        ("12.5", "12.5"), ("12,5", "12.5"),
        ("1.130,50", "1130.50"), ("1,130.50", "1130.50"), ("1 130,5", "1130.5"), ("1\u202f130", "1130"),
        ("1'130.5", "1130.5"),
        ("1’130", "1130"), ("1.130.000", "1130000"), ("1,130,000.125", "1130000.125"), ("12%", "12"),
        ("12,5 %", "12.5"),
        ("0.125", "0.125"), ("1234.567", "1234.567"), ("12.3456", "12.3456"), ("-0", "0"), ("00.5", "0.5"),
        ("１２", "12"),
    ],
)  # fmt: skip
def test_a_number_is_read(text: str, wanted: str) -> None:
    assert parse_number(text) == Decimal(wanted)


@pytest.mark.parametrize(
    "text",
    ["", "-", "1.130", "1,130", "12 kWh", "1-2", "1 2", "1.2.3", "1,2,3", "1.130.50", "1 13", "12..5", "12.", ".5",
    "1e5", "nan", "inf",
     "--1", "1.130,505,1", "1234567890123456", "0x10", "1/2", "٣", "12 % 13"],
)  # fmt: skip
def test_what_is_no_number_or_two_readings_of_one_is_none(text: str) -> None:
    assert parse_number(text) is None


def test_where_only_a_whole_number_is_wanted_three_digits_are_thousands() -> None:
    assert parse_number("1.130", whole=True) == parse_number("1,130", whole=True) == 1130
