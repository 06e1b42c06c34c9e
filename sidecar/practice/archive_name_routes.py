"""The routes of tags, correspondents, document types, storage paths and custom fields."""

import json
import re
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from sidecar.practice.archive_documents import may_see
from sidecar.practice.archive_errors import not_found, refuse
from sidecar.practice.archive_filters import like_pattern
from sidecar.practice.archive_http import Call, Route, page_of
from sidecar.practice.archive_names import (
    COLUMNS,
    DEFAULTS,
    KINDS,
    create_name,
    descendants,
    get_name,
    name_answer,
)
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

DATA_TYPES = ["string", "longtext", "url", "date", "boolean", "integer", "float", "monetary", "select", "documentlink"]
PROBLEMS = {
    "parent": 'Invalid pk "{}" - object does not exist.',
    "color": "Invalid color.",
    "matching_algorithm": '"{}" is not a valid choice.',
    "match": "Invalid regular expression, see log for details.",
    "data_type": '"{}" is not a valid choice.',
    "path": "Invalid variable detected.",
}
NOT_UNIQUE = "Object violates owner / name unique constraint"


def _kind(call: Call) -> str:
    return call.request.path.split("/")[2]


def list_names(call: Call) -> Answer:
    """List names by name, whatever their case; unknown filters are ignored."""
    kind = _kind(call)
    ids = [row["id"] for row in _matching(call, kind)]
    full = call.wants("full_perms")

    def shape(page: Any) -> list[Any]:
        return [name_answer(call.state, kind, one, call.user, full_perms=full) for one in page]

    answer = page_of(call, ids, shape)
    if kind == "tags":
        answer["display_count"] = len(set(ids) | descendants(call.state, set(ids)))
    return json_answer(answer)


def _matching(call: Call, kind: str) -> list[sqlite3.Row]:
    sql, values = ["SELECT * FROM names WHERE kind = ?"], [kind]
    for name, value in call.params.items():
        field, _, lookup = name.partition("__")
        if field == "name" and value and (pattern := like_pattern(lookup, value)):
            sql.append("AND name LIKE ? ESCAPE '\\'")
            values.append(pattern)
        if name == "is_root" and value.lower() in ("true", "1"):
            sql.append("AND parent IS NULL")
    rows = call.state.rows(" ".join([*sql, "ORDER BY lower(name), id"]), values)
    wanted = {part for part in call.params.get("id__in", "").split(",") if part}
    seen = [row for row in rows if may_see(call.user, row) or kind == "custom_fields"]
    return [row for row in seen if not wanted or str(row["id"]) in wanted]


def _found(call: Call) -> sqlite3.Row:
    kind = _kind(call)
    row = get_name(call.state, kind, call.ids[0])
    if row is None or not (kind == "custom_fields" or may_see(call.user, row)):
        raise not_found(KINDS[kind][0])
    return row


def get_one(call: Call) -> Answer:
    """Show one name."""
    kind = _kind(call)
    full = call.wants("full_perms")
    return json_answer(name_answer(call.state, kind, _found(call)["id"], call.user, full_perms=full))


def create(call: Call) -> Answer:
    """Create a name; without an owner it belongs to the caller."""
    kind, wanted = _kind(call), call.json()
    if "name" not in wanted:
        refuse(400, {"name": ["This field is required."]})
    attributes = _checked(call, kind, wanted)
    owner = None if kind == "custom_fields" else wanted.get("owner", call.user.id)
    with call.state.transaction():
        _refuse_duplicate(call, kind, attributes["name"], owner, None)
        new_id = create_name(call.state, kind, owner=owner, **attributes)
    answer = name_answer(call.state, kind, new_id, call.user)
    answer.pop("document_count")
    return json_answer(answer, 201)


def change(call: Call) -> Answer:
    """Change the attributes given."""
    kind, row, wanted = _kind(call), _found(call), call.json()
    attributes = _checked(call, kind, wanted)
    name = attributes.pop("name", row["name"])
    owner = wanted.get("owner", row["owner"])
    parent = attributes.pop("parent", row["parent"])
    if name != row["name"] or owner != row["owner"]:
        _refuse_duplicate(call, kind, name, owner, row["id"])
    call.state.rows(
        "UPDATE names SET name = ?, owner = ?, parent = ?, data = ? WHERE kind = ? AND id = ?",
        (name, owner, parent, json.dumps(json.loads(row["data"]) | attributes), kind, row["id"]),
    )
    return get_one(call)


def remove(call: Call) -> Answer:
    """Delete a name and take it off every document."""
    kind, name_id = _kind(call), _found(call)["id"]
    with call.state.transaction():
        call.state.rows("DELETE FROM names WHERE kind = ? AND id = ?", (kind, name_id))
        if kind == "tags":
            call.state.rows("DELETE FROM document_tags WHERE tag_id = ?", (name_id,))
            call.state.rows("UPDATE names SET parent = NULL WHERE kind = 'tags' AND parent = ?", (name_id,))
        elif kind == "custom_fields":
            call.state.rows("DELETE FROM custom_values WHERE field_id = ?", (name_id,))
        else:
            column = COLUMNS[kind]
            call.state.rows(f"UPDATE documents SET {column} = NULL WHERE {column} = ?", (name_id,))  # noqa: S608
    return Answer(204)


def _refuse_duplicate(call: Call, kind: str, name: str, owner: int | None, own_id: int | None) -> None:
    """Refuse a name its owner has already, in the shape the case has: three are known."""
    rows = call.state.rows(
        "SELECT id FROM names WHERE kind = ? AND name = ? AND owner IS ? AND id IS NOT ?",
        (kind, name, owner, own_id),
    )
    if not rows:
        return
    if owner is None:
        refuse(400, {"name": [f"{KINDS[kind][1]} with this name already exists."]})
    refuse(400, {"error": [NOT_UNIQUE] if "owner" in call.json() else NOT_UNIQUE})


def _checked(call: Call, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Give the known attributes, cleaned, or refuse with all problems."""
    known = {key: value for key, value in wanted.items() if key in ("name", "parent", *DEFAULTS[kind])}
    if "name" in known:
        known["name"] = str(known["name"] or "").strip()
    problems = {key: [problem] for key in known if (problem := _problem(call, known, key))}
    if problems:
        refuse(400, problems)
    if kind == "custom_fields":
        known["extra_data"] = _extra_data(known)
    return known


def _problem(call: Call, known: dict[str, Any], key: str) -> str | None:
    """Say what is wrong with one attribute's value."""
    value = known[key]
    if key == "name":
        return _name_problem(value)
    wrong: dict[str, Callable[[], bool]] = {
        "parent": lambda: value is not None and get_name(call.state, "tags", value) is None,
        "color": lambda: not re.fullmatch("#[0-9a-fA-F]{6}", str(value)),
        "matching_algorithm": lambda: value not in range(7),
        "match": lambda: known.get("matching_algorithm") == 4 and not _is_pattern(str(value)),
        "data_type": lambda: value not in DATA_TYPES,
        "path": lambda: str(value).count("{{") != str(value).count("}}"),
    }
    return PROBLEMS[key].format(value) if key in wrong and wrong[key]() else None


def _name_problem(name: str) -> str | None:
    if not name:
        return "This field may not be blank."
    return "Ensure this field has no more than 128 characters." if len(name) > 128 else None


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _extra_data(known: dict[str, Any]) -> Any:
    """Give a select field's options their ids; refuse a select without options."""
    extra = known.get("extra_data")
    if known.get("data_type") != "select":
        return extra
    options = (extra or {}).get("select_options")
    if not isinstance(options, list) or not options:
        refuse(400, {"error": ["extra_data.select_options must be a valid list"]})
    return {"select_options": [{"label": o["label"], "id": o.get("id") or secrets.token_hex(8)} for o in options]}


_ALL = f"/api/(?:{'|'.join(KINDS)})/"
ROUTES: list[Route] = [
    ("GET", _ALL, list_names),
    ("POST", _ALL, create),
    ("GET", _ALL + r"(\d+)/", get_one),
    ("PATCH", _ALL + r"(\d+)/", change),
    ("DELETE", _ALL + r"(\d+)/", remove),
]
