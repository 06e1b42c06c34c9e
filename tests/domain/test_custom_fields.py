"""What models answer for custom fields, and the values that Paperless is given: the practice archive judges them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.custom_fields import (
    CustomField,
    DataType,
    Option,
    ValueRefused,
    answer_schema,
    custom_field,
    labels,
    normalise,
)
from sidecar.practice.archive_names import create_name
from sidecar.practice.archive_state import ADMIN, State
from sidecar.practice.archive_values import check_value, set_value

TODAY = date(2026, 6, 15)
OPTIONS = (Option("id1", "Paid"), Option("id2", "Open"), Option("id3", "Open"), Option("id4", "n/a"))
FIELDS = {
    kind: CustomField(
        number,
        f"My {kind}",
        kind,
        OPTIONS if kind is DataType.SELECT else (),
        "EUR" if kind is DataType.MONETARY else "",
    )
    for number, kind in enumerate(DataType, start=1)
}
LINKABLE = (2, 3, 4)
S, L, U, D, B, I, F, M, K, C = DataType  # noqa: E741

TAKEN = [
    (S, "INV-2026/17", "INV-2026/17"), (S, "  two \n words ", "two words"), (S, 12345, "12345"),
    (S, "x" * 128, "x" * 128),
    (S, "a\x00b", "a b"), (S, "a\ud800b", "a b"), (S, ["one"], "one"), (S, "0", "0"), (S, "Nein", "Nein"),
    (L, "line 1\r\nline 2\n", "line 1\nline 2"), (L, "a\x00\tb", "a \tb"), (L, "x" * 5000, "x" * 5000),
    (U, "https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
    (U, " http://example.com ", "http://example.com"),
    (U, "www.example.com", "https://www.example.com"), (U, "example.co.uk/path", "https://example.co.uk/path"),
    (U, "mailto:info@example.com", "mailto:info@example.com"), (U, "tel:+49301234", "tel:+49301234"),
    (U, "https://[::1]/", "https://[::1]/"), (U, "https://bücher.example/", "https://bücher.example/"),
    (D, "2026-05-12", "2026-05-12"), (D, "12.05.2026", "2026-05-12"), (D, "May 12, 2026", "2026-05-12"),
    (D, "2036-05-12", "2036-05-12"), (D, "31. Dezember 2055", "2055-12-31"),
    (D, "2026-05-12T00:00:00Z", "2026-05-12"),
    (B, True, True), (B, False, False), (B, "yes", True), (B, "No", False), (B, "ja", True), (B, "Nein.", False),
    (B, "oui", True), (B, "non", False), (B, "sí", True), (B, "não", False), (B, "tak", True), (B, "nie", False),
    (B, "да", True), (B, "нет", False), (B, "TRUE", True), (B, "0", False), (B, 1, True), (B, 0.0, False), (B, "はい",
    True),
    (I, 12, 12), (I, 12.0, 12), (I, "12", 12), (I, "12.0", 12), (I, "1.130", 1130), (I, "1,130",
    1130), (I, "1.130,00", 1130),
    (I, "1 130", 1130), (I, "-5", -5), (I, "12 %", 12), (I, "12 €", 12), (I, 0, 0), (I, 2147483647, 2147483647),
    (I, -2147483648, -2147483648), (I, "2'147'483'647", 2147483647), (I, [7], 7),
    (F, 12.5, 12.5), (F, 12, 12.0), (F, "1.130,50", 1130.5), (F, "1,130.50", 1130.5), (F, "12 %",
    12.0), (F, "12,5%", 12.5),
    (F, "0.125", 0.125), (F, "0,125", 0.125), (F, "-1.5", -1.5), (F, "12.3456", 12.3456), (F, "1.130.000", 1130000.0),
    (F, "12,50 €", 12.5), (F, "EUR 1.130,50", 1130.5), (F, "1 130", 1130.0), (F, 1e-9, 1e-9),
    (M, "1.130,50 EUR", "EUR1130.50"), (M, 1130.5, "EUR1130.50"), (M, 12, "EUR12.00"), (M, "12.5", "EUR12.50"),
    (M, "USD 12.50", "USD12.50"), (M, -12.5, "EUR-12.50"), (M, 0, "EUR0.00"), (M, 0.1 + 0.2, "EUR0.30"),
    (M, "$5", "USD5.00"),
    (K, [2], [2]), (K, [3, 2, 3], [3, 2]), (K, ["2", "#3"], [2, 3]), (K, 4, [4]), (K, "4",
    [4]), (K, [2.0], [2]), (K, [1, 2], [2]),
    (C, "Paid", "id1"), (C, "paid", "id1"), (C, " PAID ", "id1"), (C, "Open", "id2"), (C, "Open (2)", "id3"),
    (C, "id3", "id3"),
    (C, "n/a", "id4"), (C, ["Paid"], "id1"),
]  # fmt: skip

LEFT_ALONE = [
    *((kind, nothing) for kind in DataType for nothing in (None, "", "  ", "none", "unknown", [], "null", "k. A.",
    "-")),
    *((kind, "N/A") for kind in DataType if kind is not C), (S, "\x00"), (L, "\n \n"), (K, [1]), (K, 1),
]  # fmt: skip

REFUSED = [
    (S, "x" * 129), (S, True), (S, {"a": 1}), (S, ["a",
    "b"]), (S, math.nan), (S, math.inf), (S, 10**200), (L, "x" * 10_001),
    (L, False), (L, ["a", "b"]),
    (U, "not a url"), (U, "javascript:alert(1)"), (U, "data:text/html,x"), (U, "https://"), (U, "http:example"),
    (U, "//example.com"),
    (U, "https://example.com/a b"), (U, "https://[::1"), (U, "https://example.com/" + "x" * 190), (U, 12),
    (U, "info@example.com"),
    (U, "https://example.com\n/x"), (U, "mailto:"),
    (D, "12/05/2026"), (D, "12 May"), (D, "1 May - 31 May 2026"), (D, "30.02.2026"), (D, 20260512), (D, "soon"),
    (D, "1970-01-01"),
    (D, "2199-01-01"), (D, "12.05.36"), (D, True),
    (B, "maybe"), (B, "vielleicht"), (B, 2), (B, "yes and no"), (B, {}), (B, 0.5), (B, math.nan), (B, [True, False]),
    (I, 12.5), (I, "12.5"), (I, "12,50 €"), (I, "abc"), (I, True), (I, 2147483648), (I, -2147483649),
    (I, "99999999999999"),
    (I, math.nan), (I, math.inf), (I, "1-2"), (I, "1.13.0"), (I, {}), (I, 1e300), (I, "12 kWh"),
    (F, "1.130"), (F, "1,130"), (F, "x"), (F, math.nan), (F, -math.inf), (F, True), (F, "nan"), (F, "inf"),
    (F, "1e5"), (F, 10**400),
    (F, "1 to 2"), (F, "1.2.3"), (F, [1, 2]),
    (M, "12.50 BTC"), (M, "10-20 EUR"), (M, "abc"), (M, 12.345), (M, math.nan), (M, math.inf), (M, True),
    (M, "Rs. 500"), (M, 1e20),
    (M, {"amount": 1}), (M, "100 kr"),
    (K, [9999]), (K, [2, 9999]), (K, "invoice 2"), (K, [True]), (K, [None]), (K, [2.5]), (K, ["x"]), (K, {}),
    (K, [[2]]), (K, math.inf),
    (C, "overdue"), (C, "Open (3)"), (C, 1), (C, True), (C, ["Paid", "Open"]), (C, "Pai"), (C, {}),
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    state = State(tmp_path_factory.mktemp("archive"))
    for field in FIELDS.values():
        extra: dict[str, Any] | None = None
        if field.options:
            extra = {"select_options": [{"id": option.id, "label": option.label} for option in field.options]}
        assert create_name(state, "custom_fields", field.name, data_type=field.data_type, extra_data=extra) == field.id
    for _ in range(4):
        state.insert("INSERT INTO documents (title) VALUES (?)", ("a document",))
    yield state


def told(kind: DataType, value: Any) -> Any:
    return normalise(FIELDS[kind], value, today=TODAY, document_id=1, linkable=LINKABLE)


def judge(archive: State, kind: DataType, value: Any) -> None:
    """Fail unless Paperless takes the value: as the practice archive has it, and what the database checks there."""
    value = json.loads(json.dumps(value, allow_nan=False).encode())
    assert check_value(archive, FIELDS[kind].id, value) == {}
    set_value(archive, 1, FIELDS[kind].id, value, ADMIN)
    if isinstance(value, str):
        value.encode("utf-8")
        assert "\x00" not in value
    if kind is U:
        assert len(value) <= 200 and (urlsplit(value).netloc or urlsplit(value).path)
    if kind is I:
        assert -(2**31) <= value < 2**31
    if kind is M and value[0].isdigit():
        assert len(Decimal(value).as_tuple().digits) <= 12
    if kind is K:
        assert 1 not in value


@pytest.mark.parametrize(("kind", "value", "wanted"), TAKEN)
def test_an_answer_becomes_a_value(archive: State, kind: DataType, value: Any, wanted: Any) -> None:
    found = told(kind, value)
    assert found == wanted and type(found) is type(wanted)
    judge(archive, kind, found)


@pytest.mark.parametrize(("kind", "value"), LEFT_ALONE)
def test_an_answer_that_says_nothing_leaves_the_field_alone(kind: DataType, value: Any) -> None:
    assert told(kind, value) is None


@pytest.mark.parametrize(("kind", "value"), REFUSED)
def test_an_answer_that_is_no_value_is_refused_in_words(kind: DataType, value: Any) -> None:
    with pytest.raises(ValueRefused, match=r"^(The field \"My |\").+\.$"):
        told(kind, value)


def test_an_amount_below_zero_without_a_currency_is_refused() -> None:
    field = CustomField(1, "Sum", M)
    assert normalise(field, "12.50", today=TODAY, document_id=1) == "12.50"
    assert normalise(field, "EUR -12.50", today=TODAY, document_id=1) == "EUR-12.50"
    with pytest.raises(ValueRefused, match="no currency"):
        normalise(field, "-12.50", today=TODAY, document_id=1)


def test_without_a_list_nothing_may_be_linked() -> None:
    with pytest.raises(ValueRefused, match="not offered"):
        normalise(FIELDS[K], [2], today=TODAY, document_id=1)


def test_the_recorded_list_is_read() -> None:
    recording = Path(__file__).parent.parent / "recordings" / "custom_fields_list.json"
    rows = json.loads(recording.read_text(encoding="utf-8"))["response"]["body"]["results"]
    fields = [custom_field(row) for row in rows]
    assert {field.data_type for field in fields if field} == set(DataType) and None not in fields
    by_name = {field.name: field for field in fields if field}
    assert by_name["cf_money"].currency == "EUR"
    assert by_name["cf_select"].options == (Option("vg46v0QRwaxoqGyy", "paid"), Option("openid1", "open"))


@pytest.mark.parametrize("data_type", ["", "colour", None, 7])
def test_a_field_of_a_kind_to_come_is_passed_over(data_type: Any) -> None:
    assert custom_field({"id": 1, "name": "x", "data_type": data_type, "extra_data": None}) is None


@pytest.mark.parametrize(
    "extra", [None, {}, {"select_options": None}, {"select_options": [None]}, {"select_options": [{"label": "x"}]}]
)
def test_a_select_field_without_choices_can_only_be_left_alone(extra: Any) -> None:
    field = custom_field({"id": 1, "name": "x", "data_type": "select", "extra_data": extra})
    assert field and answer_schema(field) == {"type": "null"}
    with pytest.raises(ValueRefused):
        normalise(field, "x", today=TODAY, document_id=1)


def test_equal_labels_stay_apart_whatever_they_are() -> None:
    options = tuple(Option(str(number), label) for number, label in enumerate(["A", "A", "A (2)", "A", "a", " "]))
    field = CustomField(1, "x", C, options)
    shown = labels(field)
    assert list(shown) == ["A", "A (3)", "A (2)", "A (4)", "a"]
    assert answer_schema(field)["enum"] == [*shown, None]
    for label, option in shown.items():
        assert normalise(field, label, today=TODAY, document_id=1) == option.id


def test_every_kind_is_asked_for_in_its_json_type_or_null() -> None:
    types = {kind: answer_schema(field)["type"] for kind, field in FIELDS.items()}
    assert all("null" in type_ for type_ in types.values())
    assert {kind: type_[0] for kind, type_ in types.items() if type_[0] != "string"} == {
        B: "boolean", I: "integer", F: "number", K: "array",
    }  # fmt: skip


pieces = st.sampled_from(
    ["EUR", "€", "12", ".", ",", "-", "2026", "https://", "a", " ", "May", "yes", "Paid", "\x00", "(2)", "%", "1e9"]
)
written = st.text(max_size=200) | st.lists(pieces, max_size=6).map("".join)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), written),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(DataType), anything)
def test_whatever_is_answered_paperless_takes_what_comes_out(archive: State, kind: DataType, value: Any) -> None:
    try:
        found = told(kind, value)
    except ValueRefused:
        return
    if found is not None:
        judge(archive, kind, found)
