"""Custom field values: what each data type accepts, and writing them."""

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sidecar.practice.archive_errors import server_error
from sidecar.practice.archive_names import get_name
from sidecar.practice.archive_state import State, User, marks

MONEY = "Must be a two-decimal number with optional currency code e.g. GBP123.45"
LINKS = "Some documents in value don't exist or were specified twice."
BAD_DATE = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
STORABLE_BOOLEANS = (True, False, "t", "True", "true", "1", "f", "False", "false", "0")


def check_values(state: State, wanted: Any) -> list[Any]:
    """Give the problems of a PATCH's custom_fields, none if all is well."""
    if not isinstance(wanted, list):
        return [f'Expected a list of items but got type "{type(wanted).__name__}".']
    problems = [check_value(state, item.get("field"), item.get("value")) for item in wanted]
    return problems if any(problems) else []


def check_value(state: State, field_id: Any, value: Any) -> dict[str, Any]:
    """Give what is wrong with one value; empty if nothing. Booleans and floats are not looked at, as there."""
    row = get_name(state, "custom_fields", field_id)
    if row is None:
        return {"field": [f'Invalid pk "{field_id}" - object does not exist.']}
    data = json.loads(row["data"])
    checker = CHECKERS.get(data["data_type"])
    problem = checker(state, data["extra_data"], value) if checker and value is not None else None
    return {"non_field_errors": [problem]} if problem else {}


def replace_values(state: State, document_id: int, wanted: list[dict[str, Any]], actor: User) -> None:
    """Make the values the document's whole set, one log entry for each that changes."""
    before = {
        row["field_id"]: json.loads(row["value"])
        for row in state.rows("SELECT * FROM custom_values WHERE document_id = ?", (document_id,))
    }
    kept = {int(item["field"]) for item in wanted}
    with state.transaction():
        remove_values(state, document_id, [field_id for field_id in before if field_id not in kept])
        for item in wanted:
            field_id, value = int(item["field"]), item.get("value")
            if field_id not in before or before[field_id] != value:
                set_value(state, document_id, field_id, value, actor)


def set_value(state: State, document_id: int, field_id: int, value: Any, actor: User | None) -> None:
    """Write one value; what the database cannot store ends in the 500 page (trap 3)."""
    row = get_name(state, "custom_fields", field_id)
    if row is None or not _is_storable(json.loads(row["data"])["data_type"], value):
        raise server_error()
    known = state.row(
        "SELECT id, value FROM custom_values WHERE document_id = ? AND field_id = ?", (document_id, field_id)
    )
    state.rows(
        "INSERT INTO custom_values (document_id, field_id, value) VALUES (?, ?, ?)"
        " ON CONFLICT (document_id, field_id) DO UPDATE SET value = excluded.value",
        (document_id, field_id, json.dumps(value)),
    )
    entry = {"type": "custom_field", "field": row["name"], "value": str(value)}
    state.log(document_id, {"custom_fields": entry}, actor, "update" if known else "create")
    if json.loads(row["data"])["data_type"] == "documentlink":
        before = json.loads(known["value"]) if known else None
        _mirror_links(state, document_id, field_id, set(before or []), set(value or []))


def remove_values(state: State, document_id: int, field_ids: list[int]) -> None:
    """Take values off a document, links on the other side too; their log entries vanish with them."""
    for field_id in field_ids:
        row = state.row(
            "SELECT value FROM custom_values WHERE document_id = ? AND field_id = ?", (document_id, field_id)
        )
        value = json.loads(row["value"]) if row else None
        if isinstance(value, list):
            _mirror_links(state, document_id, field_id, set(value), set())
        state.rows("DELETE FROM custom_values WHERE document_id = ? AND field_id = ?", (document_id, field_id))
        state.rows(
            "DELETE FROM history WHERE document_id = ? AND json_extract(changes, '$.custom_fields.field')"
            " = (SELECT name FROM names WHERE kind = 'custom_fields' AND id = ?)",
            (document_id, field_id),
        )


def _is_storable(data_type: str, value: Any) -> bool:
    if value is None:
        return True
    if data_type == "boolean":
        return value in STORABLE_BOOLEANS
    if data_type == "float":
        try:
            float(value)
        except (TypeError, ValueError):
            return False
    return True


def _mirror_links(state: State, document_id: int, field_id: int, before: set[int], after: set[int]) -> None:
    """Keep document links symmetric; only the removal shows in the other document's log, without an actor."""
    for other in after - before:
        _write_links(state, other, field_id, _links(state, other, field_id) | {document_id})
    for other in before - after:
        left = _links(state, other, field_id) - {document_id}
        _write_links(state, other, field_id, left)
        entry = {"type": "custom_field", "field": "", "value": str(sorted(left))}
        row = get_name(state, "custom_fields", field_id)
        state.log(other, {"custom_fields": entry | {"field": row["name"] if row else ""}}, None)


def _links(state: State, document_id: int, field_id: int) -> set[int]:
    row = state.row("SELECT value FROM custom_values WHERE document_id = ? AND field_id = ?", (document_id, field_id))
    return set(json.loads(row["value"]) or []) if row else set()


def _write_links(state: State, document_id: int, field_id: int, links: set[int]) -> None:
    state.rows(
        "INSERT INTO custom_values (document_id, field_id, value) VALUES (?, ?, ?)"
        " ON CONFLICT (document_id, field_id) DO UPDATE SET value = excluded.value",
        (document_id, field_id, json.dumps(sorted(links))),
    )


def _check_string(_state: State, _extra: Any, value: Any) -> str | None:
    length = len(str(value))
    return None if length <= 128 else f"Ensure this value has at most 128 characters (it has {length})."


def _check_url(_state: State, _extra: Any, value: Any) -> str | None:
    if value == "" or urlsplit(str(value)).scheme:
        return None
    return f"Unable to parse URI {value}, missing scheme"


def _check_date(_state: State, _extra: Any, value: Any) -> str | None:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return BAD_DATE
    return None


def _check_integer(_state: State, _extra: Any, value: Any) -> str | None:
    return None if re.fullmatch(r"-?\d+", str(value)) else "Enter a valid integer."


def _check_money(_state: State, _extra: Any, value: Any) -> str | None:
    if value == "" or re.fullmatch(r"[A-Z]{3}-?\d+\.\d{1,2}", str(value)):
        return None
    try:
        exponent = Decimal(str(value)).as_tuple().exponent
    except InvalidOperation:
        return MONEY
    return None if isinstance(exponent, int) and exponent >= -2 else MONEY


def _check_select(_state: State, extra: Any, value: Any) -> str | None:
    options = extra["select_options"]
    if any(option["id"] == value for option in options):
        return None
    return f"Value must be an id of an element in {options}"


def _check_links(state: State, _extra: Any, value: Any) -> str | None:
    if not isinstance(value, list):
        return "Value must be a list"
    found = state.column(
        f"SELECT id FROM documents WHERE deleted_at IS NULL AND id IN ({marks(value)})",  # noqa: S608
        value,
    )
    return None if len(found) == len(value) else LINKS


CHECKERS: dict[str, Callable[[State, Any, Any], str | None]] = {
    "string": _check_string,
    "url": _check_url,
    "date": _check_date,
    "integer": _check_integer,
    "monetary": _check_money,
    "select": _check_select,
    "documentlink": _check_links,
}
