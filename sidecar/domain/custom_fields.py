"""The owner's own fields: what a model may answer for each, and the value that Paperless takes for it.

The limits are those of `documents/serialisers.py` and `models.py` of paperless-ngx 3.0.5. What is checked there by the
database alone would end in an error 500 after the other fields were written, so that all of it is checked here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sidecar.domain.answer_words import FALSE, NOTHING, TRUE
from sidecar.domain.dates import parse_date
from sidecar.domain.money import parse_money
from sidecar.domain.numbers import parse_number
from sidecar.domain.vocabulary import fold

STRING_MAX = 128
LONGTEXT_MAX = 10_000  # ours: a longer answer is the document itself
URL_MAX = 200
VALUE_MAX = 40  # ours: of a date or an amount, in any way of writing
INTEGERS = range(-(2**31), 2**31)
#: Others (javascript, data) do something when they are clicked on.
SCHEMES = frozenset({"http", "https", "ftp", "ftps", "sftp", "mailto", "tel", "file", "smb"})
#: Contracts and passports end in years to come; a document is not dated so.
AHEAD_IN_FIELDS = timedelta(days=100 * 366)


class DataType(StrEnum):
    """What a custom field holds, by the word of the Paperless API."""

    STRING = "string"
    LONGTEXT = "longtext"
    URL = "url"
    DATE = "date"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    MONETARY = "monetary"
    DOCUMENTLINK = "documentlink"
    SELECT = "select"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select field."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the owner made in Paperless."""

    id: int
    name: str
    data_type: DataType
    #: Of a select field, in its order.
    options: tuple[Option, ...] = ()
    #: Of a monetary field: the code that an amount without one gets, "" if there is none.
    currency: str = ""


class ValueRefused(ValueError):  # noqa: N818 - said of a value, as LeaseLost is of a lease
    """The answer cannot be this field's value; the text says why, for the owner."""


def custom_field(row: Mapping[str, Any]) -> CustomField | None:
    """Read a field from the API's list; None for a data type that is not known here."""
    try:
        data_type = DataType(row.get("data_type", ""))
    except ValueError:
        return None
    extra = row.get("extra_data") or {}
    options = tuple(
        Option(option["id"], str(option.get("label") or ""))
        for option in extra.get("select_options") or ()
        if isinstance(option, Mapping) and isinstance(option.get("id"), str)
    )
    currency = str(extra.get("default_currency") or "").strip().upper()
    return CustomField(int(row["id"]), str(row["name"]), data_type, options, currency)


def labels(field: CustomField) -> dict[str, Option]:
    """Return the choices of a select field by what they are called in a question: equal labels are numbered."""
    taken = {option.label for option in field.options}
    shown: dict[str, Option] = {}
    for option in field.options:
        label, number = option.label, 1
        while label in shown or (number > 1 and label in taken):
            number += 1
            label = f"{option.label} ({number})"
        shown[label] = option
    return {label: option for label, option in shown.items() if label.strip()}


_TYPES = {
    DataType.BOOLEAN: "boolean",
    DataType.INTEGER: "integer",
    DataType.FLOAT: "number",
    DataType.DOCUMENTLINK: "array",
}


def answer_schema(field: CustomField) -> dict[str, Any]:
    """Return the JSON schema of the model's answer for the field: its value, or null to leave it alone."""
    schema: dict[str, Any] = {"type": [_TYPES.get(field.data_type, "string"), "null"]}
    match field.data_type:
        case DataType.STRING | DataType.MONETARY | DataType.DATE:
            schema["maxLength"] = STRING_MAX if field.data_type is DataType.STRING else VALUE_MAX
        case DataType.URL:
            schema["maxLength"] = URL_MAX
        case DataType.DOCUMENTLINK:
            schema["items"] = {"type": "integer"}
        case DataType.SELECT:
            choices = list(labels(field))
            return schema | {"enum": [*choices, None]} if choices else {"type": "null"}
        case _:
            pass
    return schema


def normalise(field: CustomField, value: Any, *, today: date, document_id: int, linkable: Collection[int] = ()) -> Any:
    """Return the value as Paperless takes it, or None where the answer says nothing and the field is left alone.

    `linkable` are the documents that may be linked; the document itself never is. Raises `ValueRefused` for
    everything that cannot be this field's value without guessing.
    """
    if isinstance(value, list) and len(value) == 1 and field.data_type is not DataType.DOCUMENTLINK:
        value = value[0]
    if field.data_type is DataType.SELECT:
        return _select(field, value)
    if value is None or value == [] or (isinstance(value, str) and fold(value) in NOTHING):
        return None
    if field.data_type is DataType.DOCUMENTLINK:
        return _links(field, value, document_id, linkable)
    if field.data_type is DataType.DATE:
        return _date(field, value, today)
    return _SIMPLE[field.data_type](field, value)


def _refused(field: CustomField, wanted: str, value: Any) -> ValueRefused:
    shown = repr(value) if not isinstance(value, str) else f'"{value}"'
    line = "".join(c if c.isprintable() else " " for c in shown[:80])
    return ValueRefused(f'The field "{field.name}" takes {wanted}, not {line}.')


def _text(field: CustomField, value: Any) -> str:
    """Return text, or a number as text (a customer's number is often answered as one)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value in (math.inf, -math.inf):
        raise _refused(field, "text", value)
    if not isinstance(value, str) and (value != value or abs(value) >= 10**STRING_MAX):  # noqa: PLR0124 - not a number
        raise _refused(field, "text", "a number like that")
    return str(value)


def _string(field: CustomField, value: Any) -> str | None:
    line = " ".join("".join(c if c.isprintable() else " " for c in _text(field, value)).split())
    if len(line) > STRING_MAX:
        raise ValueRefused(f'The field "{field.name}" takes {STRING_MAX} characters, and the answer has {len(line)}.')
    return line or None


def _longtext(field: CustomField, value: Any) -> str | None:
    text = _text(field, value).replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text).strip()
    if len(text) > LONGTEXT_MAX:
        raise ValueRefused(f'The field "{field.name}" takes {LONGTEXT_MAX} characters, and the answer has {len(text)}.')
    return text or None


def _url(field: CustomField, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?", text, re.IGNORECASE):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _refused(field, "an address of the web", value) from None
    known = parts.scheme in SCHEMES and (
        parts.netloc if parts.scheme.startswith("http") else parts.netloc or parts.path
    )
    if not known or not text.isprintable() or " " in text:
        raise _refused(field, "an address of the web", value)
    if len(text) > URL_MAX:
        raise ValueRefused(f'The field "{field.name}" takes addresses of up to {URL_MAX} characters.')
    return text


def _date(field: CustomField, value: Any, today: date) -> str:
    found = parse_date(value, today=today, ahead=AHEAD_IN_FIELDS) if isinstance(value, str) else None
    if found is None:
        raise _refused(field, "one date with its year", value)
    return found.isoformat()


def _boolean(field: CustomField, value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1)):
        return bool(value)
    word = fold(value) if isinstance(value, str) else ""
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise _refused(field, "yes or no", value)


def _number(field: CustomField, value: Any, wanted: str, *, whole: bool) -> Decimal:
    """Read a number, also one with a currency beside it; raises `ValueRefused`."""
    found = None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        found = Decimal(str(value))
    elif isinstance(value, str):
        found = parse_number(value, whole=whole)
        money = parse_money(value) if found is None and re.search(r"[^0-9., '+%-]", value) else None
        found = Decimal(money.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) if money else found
    if found is None:
        raise _refused(field, wanted, value)
    return found


def _integer(field: CustomField, value: Any) -> int:
    number = _number(field, value, "a whole number", whole=True)
    if number != number.to_integral_value():
        raise _refused(field, "a whole number", value)
    if int(number) not in INTEGERS:
        raise _refused(field, "whole numbers up to 2147483647", value)
    return int(number)


def _float(field: CustomField, value: Any) -> float:
    return float(_number(field, value, "a number that can be read in one way only", whole=False))


def _monetary(field: CustomField, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e13:
        if abs(round(value, 2) - value) > 1e-6:
            raise _refused(field, "an amount with two decimals", value)
        value = f"{value:.2f}"
    found = parse_money(value, field.currency) if isinstance(value, str) else None
    if found is None:
        raise _refused(field, "one amount of money in a currency that is known", value)
    if found.startswith("-"):
        # Paperless reads such an amount from its fourth character on.
        raise ValueRefused(f'"{value}" has no currency: Paperless takes an amount below zero only with one.')
    return found


def _select(field: CustomField, value: Any) -> str | None:
    shown = labels(field)
    if isinstance(value, str):
        if value in shown:
            return shown[value].id
        alike = [option.id for label, option in shown.items() if fold(label) and fold(label) == fold(value)]
        by_id = [option.id for option in field.options if option.id == value]
        if len(alike or by_id) == 1:
            return (alike or by_id)[0]
    if value is None or value == [] or (isinstance(value, str) and fold(value) in NOTHING):
        return None
    raise _refused(field, f"one of {len(shown)} choices", value)


def _links(field: CustomField, value: Any, document_id: int, linkable: Collection[int]) -> list[int] | None:
    links: list[int] = []
    for item in value if isinstance(value, list) else [value]:
        number = re.fullmatch(r"#?([0-9]{1,9})", item.strip(), re.ASCII) if isinstance(item, str) else None
        linked = int(number[1]) if number else item
        if isinstance(linked, float) and linked.is_integer():
            linked = int(linked)
        if not isinstance(linked, int) or isinstance(linked, bool):
            raise _refused(field, "numbers of documents", item)
        if linked != document_id and linked not in linkable:
            raise ValueRefused(f'The field "{field.name}" may not link document {linked}: it was not offered.')
        if linked != document_id and linked not in links:
            links.append(linked)
    return links or None


_SIMPLE: dict[DataType, Callable[[CustomField, Any], Any]] = {
    DataType.STRING: _string,
    DataType.LONGTEXT: _longtext,
    DataType.URL: _url,
    DataType.BOOLEAN: _boolean,
    DataType.INTEGER: _integer,
    DataType.FLOAT: _float,
    DataType.MONETARY: _monetary,
}


def in_words(field: CustomField | None, value: Any) -> str:
    """Say what a custom field holds: the label of a choice, yes or no, ids of linked documents with commas."""
    if field is not None and field.data_type is DataType.SELECT:
        return next((label for label, option in labels(field).items() if option.id == value), str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
