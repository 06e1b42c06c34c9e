"""Which documents a list request means: Paperless's filters and orders, and its habit of ignoring the rest."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sidecar.practice.archive_errors import refuse
from sidecar.practice.archive_http import Call
from sidecar.practice.archive_state import marks

#: A piece of a WHERE clause and its values.
Clause = tuple[str, list[Any]]
DATE_WORDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
ORDERS = {
    "id": "d.id",
    "title": "d.title",
    "created": "d.created",
    "modified": "d.modified",
    "added": "d.added",
    "archive_serial_number": "d.archive_serial_number",
    "correspondent__name": "(SELECT name FROM names WHERE kind='correspondents' AND names.id=d.correspondent)",
    "owner": "d.owner",
    "num_notes": "(SELECT count(*) FROM notes WHERE document_id = d.id)",
    "page_count": "d.page_count",
}


def matching_ids(call: Call, *, trashed: bool = False) -> list[int]:
    """Give the ids of the documents the query's filters leave, in the order asked for.

    An id comes twice when two of its tags meet a tags__name filter, as Paperless joins without DISTINCT.
    """
    joins: list[str] = []
    clauses = [_visible(call, trashed)]
    for name, value in call.params.items():
        if value == "":
            continue
        if name.startswith("tags__name__"):
            joins.extend(_tag_name_join(len(joins), name.removeprefix("tags__name__"), value, clauses))
        elif clause := _clause(call, name, value):
            clauses.append(clause)
    sql = " ".join(
        [
            "SELECT d.id FROM documents d",
            *joins,
            "WHERE",
            " AND ".join(text for text, _ in clauses),
            "ORDER BY",
            _order(call.params.get("ordering", "")),
        ]
    )
    return call.state.column(sql, [value for _, values in clauses for value in values])


def _visible(call: Call, trashed: bool) -> Clause:
    text = "d.deleted_at IS NOT NULL" if trashed else "d.root_document IS NULL AND d.deleted_at IS NULL"
    if call.user.is_superuser:
        return text, []
    return text + " AND (d.owner IS NULL OR d.owner = ? OR d.seen_by = ?)", [call.user.id, call.user.id]


def _order(wanted: str) -> str:
    orders = [
        f"{column} {'DESC' if name.startswith('-') else 'ASC'}"
        for name in wanted.split(",")
        if (column := ORDERS.get(name.lstrip("-")))
    ]
    return ", ".join(orders or ["d.created DESC, d.id DESC"])


def _tag_name_join(number: int, lookup: str, value: str, clauses: list[Clause]) -> list[str]:
    pattern = like_pattern(lookup, value)
    if pattern is None:
        return []
    clauses.append((f"n{number}.name LIKE ? ESCAPE '\\'", [pattern]))
    return [
        f"JOIN document_tags t{number} ON t{number}.document_id = d.id"
        f" JOIN names n{number} ON n{number}.kind = 'tags' AND n{number}.id = t{number}.tag_id"
    ]


def like_pattern(lookup: str, value: str) -> str | None:
    """Make an SQL LIKE pattern of a Django text lookup; None for an unknown lookup."""
    escaped = re.sub(r"([%_\\])", r"\\\1", value)
    return {
        "iexact": escaped,
        "istartswith": f"{escaped}%",
        "iendswith": f"%{escaped}",
        "icontains": f"%{escaped}%",
    }.get(lookup)


def _clause(call: Call, name: str, value: str) -> Clause | None:
    """Give the condition of one filter; None when Paperless ignores it."""
    if name in FILTERS:
        return FILTERS[name](call, name, value)
    field, _, lookup = name.rpartition("__")
    if field in ("created", "added", "modified") and lookup in DATE_WORDS:
        return _date(name, field, lookup, value)
    if field in ("title", "original_filename", "checksum") and (pattern := like_pattern(lookup, value)):
        column = {"original_filename": "original_file_name"}.get(field, field)
        return f"d.{column} LIKE ? ESCAPE '\\'", [pattern]
    return None


def _date(name: str, field: str, lookup: str, value: str) -> Clause:
    is_day = field == "created"
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        refuse(400, {name: ["Enter a valid date." if is_day else "Enter a valid date/time."]})
    if is_day:
        return f"d.created {DATE_WORDS[lookup]} ?", [moment.date().isoformat()]
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    text = aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"d.{field} {DATE_WORDS[lookup]} ?", [text]


def _ids(value: str) -> list[int] | None:
    """Read a list of ids; None when it cannot be read, and then the filter is ignored (trap 1)."""
    try:
        return [int(part) for part in value.split(",")]
    except ValueError:
        return None


def _tags_in(_call: Call, _name: str, value: str) -> Clause | None:
    ids = _ids(value)
    if ids is None:
        return None
    return f"d.id IN (SELECT document_id FROM document_tags WHERE tag_id IN ({marks(ids)}))", ids  # noqa: S608


def _tags_all(_call: Call, _name: str, value: str) -> Clause | None:
    ids = _ids(value)
    if ids is None:
        return None
    has_tag = "d.id IN (SELECT document_id FROM document_tags WHERE tag_id = ?)"
    return " AND ".join([has_tag] * len(ids)), ids


def _tags_none(call: Call, name: str, value: str) -> Clause | None:
    clause = _tags_in(call, name, value)
    return clause and (f"NOT ({clause[0]})", clause[1])


def _one_tag(call: Call, name: str, value: str) -> Clause | None:
    return _tags_in(call, name, str(_number(name, value)))


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        refuse(400, {name: ["Enter a number."]})


def _column_in(column: str) -> Callable[[Call, str, str], Clause | None]:
    def clause(_call: Call, name: str, value: str) -> Clause | None:
        ids = [_number(name, part) for part in value.split(",")]
        return f"d.{column} IN ({marks(ids)})", ids

    return clause


def _column_none(column: str) -> Callable[[Call, str, str], Clause | None]:
    def clause(_call: Call, _name: str, value: str) -> Clause | None:
        ids = _ids(value)
        return (f"(d.{column} IS NULL OR d.{column} NOT IN ({marks(ids)}))", ids) if ids else None

    return clause


def _column_null(column: str) -> Callable[[Call, str, str], Clause | None]:
    def clause(_call: Call, _name: str, value: str) -> Clause | None:
        return f"d.{column} IS {'NULL' if value.lower() in ('true', '1') else 'NOT NULL'}", []

    return clause


def _switch(condition: str) -> Callable[[Call, str, str], Clause | None]:
    def clause(_call: Call, _name: str, value: str) -> Clause | None:
        wanted = {"true": "", "1": "", "false": "NOT ", "0": "NOT "}.get(value.lower())
        return None if wanted is None else (f"{wanted}({condition})", [])

    return clause


def _custom_field_query(call: Call, name: str, value: str) -> Clause | None:
    """Understand one [field, lookup, value]; whole trees of them are not practised here."""
    field, lookup, wanted = json.loads(value)
    row = call.state.row("SELECT id FROM names WHERE kind = 'custom_fields' AND (name = ? OR id = ?)", (field, field))
    if row is None:
        refuse(400, {name: {"0": [f"'{field}' is not a valid custom field."]}})
    pattern = like_pattern("iexact" if lookup == "exact" else lookup, str(wanted))
    if pattern is None:
        refuse(400, {name: {"1": [f"{lookup} is not a practised lookup."]}})
    return (
        "d.id IN (SELECT document_id FROM custom_values WHERE field_id = ?"
        " AND json_extract(value, '$') LIKE ? ESCAPE '\\')",
        [row["id"], pattern],
    )


_HAS_TAG = "EXISTS (SELECT 1 FROM document_tags WHERE document_id = d.id)"
_HAS_INBOX_TAG = (
    "EXISTS (SELECT 1 FROM document_tags JOIN names n ON n.kind = 'tags' AND n.id = tag_id"
    " WHERE document_id = d.id AND json_extract(n.data, '$.is_inbox_tag'))"
)

FILTERS: dict[str, Callable[[Call, str, str], Clause | None]] = {
    "tags__id": _one_tag,
    "tags__id__in": _tags_in,
    "tags__id__all": _tags_all,
    "tags__id__none": _tags_none,
    "is_tagged": _switch(_HAS_TAG),
    "is_in_inbox": _switch(_HAS_INBOX_TAG),
    "id": _column_in("id"),
    "id__in": _column_in("id"),
    "mime_type": lambda _call, _name, value: ("d.mime_type = ?", [value]),
    "custom_field_query": _custom_field_query,
}
for _column in ("correspondent", "document_type", "storage_path", "owner"):
    FILTERS[f"{_column}__id"] = _column_in(_column)
    FILTERS[f"{_column}__id__in"] = _column_in(_column)
    FILTERS[f"{_column}__id__none"] = _column_none(_column)
    FILTERS[f"{_column}__isnull"] = _column_null(_column)
