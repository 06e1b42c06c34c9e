"""Writing to one document as PATCH does: all keys are checked first, then written step by step (trap 3)."""

import re
import sqlite3
from collections.abc import Callable
from datetime import date
from typing import Any

from sidecar.practice.archive_documents import add_tags, remove_tags, tags_of, touch
from sidecar.practice.archive_errors import refuse
from sidecar.practice.archive_names import ancestors, descendants, get_name, known_ids
from sidecar.practice.archive_state import State, User
from sidecar.practice.archive_values import check_values, replace_values
from sidecar.practice.archive_versions import newest, write_content

NULL = "This field may not be null."
BAD_DATE = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
FOREIGN = {
    "correspondent": "correspondents",
    "document_type": "document_types",
    "storage_path": "storage_paths",
}


class InvalidError(Exception):
    """Carries what is wrong with one key's value."""

    def __init__(self, problem: Any) -> None:
        super().__init__(str(problem))
        self.problem: list[Any] = problem if isinstance(problem, list) else [problem]


def patch_document(
    state: State, row: sqlite3.Row, wanted: dict[str, Any], actor: User, version: sqlite3.Row | None = None
) -> None:
    """Check every key, then write columns, tags and custom fields, each step on its own.

    Unknown and read-only keys are ignored. A refusal in the check leaves nothing written; a boolean or float
    custom field Paperless cannot store ends in its 500 page after columns and tags were written. Content goes to
    the version, by default the newest: if that is not the root itself, last of all and as it is, not stripped.
    """
    with state.quiet():
        target = newest(state, row) if version is None else version
        apart = "content" in wanted and target["id"] != row["id"]
        content = wanted["content"] if apart else None
        if apart and content is None:
            refuse(400, {"content": [NULL]})
        if apart:
            wanted = {key: value for key, value in wanted.items() if key != "content"}
        checked = check(state, row, wanted, actor)
        columns = {key: value for key, value in checked.items() if key in COLUMN_CHECKS}
        write_columns(state, row, columns, actor)
        if "tags" in checked:
            set_tags(state, row["id"], checked["tags"], actor)
        if "custom_fields" in checked:
            replace_values(state, row["id"], checked["custom_fields"], actor)
        if apart:
            write_content(state, target, str(content))


def check(state: State, row: sqlite3.Row, wanted: dict[str, Any], actor: User) -> dict[str, Any]:
    """Give the writable keys with their values as they will be stored, or refuse with all problems at once."""
    checked: dict[str, Any] = {}
    problems: dict[str, Any] = {}
    for key, function in {**COLUMN_CHECKS, "tags": _check_tags}.items():
        if key in wanted:
            try:
                checked[key] = function(state, row, key, wanted[key])
            except InvalidError as invalid:
                problems[key] = invalid.problem
    if "custom_fields" in wanted:
        found = check_values(state, wanted["custom_fields"])
        if found:
            problems["custom_fields"] = found
        checked["custom_fields"] = wanted["custom_fields"]
    if problems:
        refuse(400, problems)
    if "owner" in checked and checked["owner"] != row["owner"] and not _may_give_away(actor, row):
        refuse(403, {"detail": "Insufficient permissions."})
    if wanted.get("remove_inbox_tags") is True:
        checked["tags"] = _without_inbox(state, row["id"], checked.get("tags"))
    return checked


def _may_give_away(actor: User, row: sqlite3.Row) -> bool:
    return actor.is_superuser or row["owner"] in (None, actor.id)


def write_columns(state: State, row: sqlite3.Row, columns: dict[str, Any], actor: User | None) -> None:
    """Set checked columns, logging those that change."""
    changes = {key: [_logged(row[key]), _logged(value)] for key, value in columns.items() if value != row[key]}
    with state.transaction():
        for key, value in columns.items():
            state.rows(f"UPDATE documents SET {key} = ? WHERE id = ?", (value, row["id"]))  # noqa: S608 - key of a table
        touch(state, [row["id"]])
        if changes:
            state.log(row["id"], changes, actor)


def _logged(value: Any) -> str:
    """Write a value as the audit log does."""
    return "None" if value is None else str(value)


def set_tags(state: State, document_id: int, tag_ids: list[int], actor: User | None) -> None:
    """Replace a document's tags, with Paperless's rules of parents and children (trap 6)."""
    with state.transaction():
        before = set(tags_of(state, document_id))
        requested = set(tag_ids)
        removed = before - requested
        after = (requested | ancestors(state, requested)) - (removed | descendants(state, removed))
        remove_tags(state, document_id, before - after)
        _log_tags(state, document_id, "delete", before - after, actor)
        add_tags(state, document_id, after - before)
        _log_tags(state, document_id, "add", after - before, actor)


def _log_tags(state: State, document_id: int, operation: str, tag_ids: set[int], actor: User | None) -> None:
    if not tag_ids:
        return
    rows = [get_name(state, "tags", tag_id) for tag_id in tag_ids]
    names = sorted(row["name"] for row in rows if row is not None)
    state.log(document_id, {"tags": {"type": "m2m", "operation": operation, "objects": names}}, actor)


def _without_inbox(state: State, document_id: int, requested: list[int] | None) -> list[int]:
    before = tags_of(state, document_id)
    inbox = set(state.column("SELECT id FROM names WHERE kind = 'tags' AND json_extract(data, '$.is_inbox_tag')"))
    added = set(requested or []) - set(before)
    return [tag for tag in (before if requested is None else requested) if tag not in inbox - added]


def _check_text(_state: State, _row: sqlite3.Row, key: str, value: Any) -> str:
    if value is None:
        raise InvalidError(NULL)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InvalidError("Not a valid string.")
    text = str(value).strip()
    if "\x00" in text:
        raise InvalidError("Null characters are not allowed.")
    if key == "title" and len(text) > 128:
        raise InvalidError("Ensure this field has no more than 128 characters.")
    return text


def _check_created(_state: State, _row: sqlite3.Row, _key: str, value: Any) -> str:
    if value is None:
        raise InvalidError(NULL)
    try:
        return date.fromisoformat(str(value)[: 10 if ":" in str(value) else None]).isoformat()
    except ValueError:
        raise InvalidError(BAD_DATE) from None


def _check_number(state: State, row: sqlite3.Row, _key: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if not re.fullmatch(r"-?\d+", str(value)):
        raise InvalidError("A valid integer is required.")
    if int(value) < 0:
        raise InvalidError("Ensure this value is greater than or equal to 0.")
    taken = "SELECT id FROM documents WHERE archive_serial_number = ? AND id != ?"
    if state.row(taken, (int(value), row["id"])):
        raise InvalidError("document with this archive serial number already exists.")
    return int(value)


def _check_foreign(state: State, _row: sqlite3.Row, key: str, value: Any) -> int | None:
    if value is None:
        return None
    if key == "owner":
        return check_pk(value, lambda pk: state.row("SELECT 1 FROM users WHERE id = ?", (pk,)) is not None)
    return check_pk(value, lambda pk: get_name(state, FOREIGN[key], pk) is not None)


def check_pk(value: Any, exists: Callable[[int], bool]) -> int:
    """Read an id, a number or digits, of something that exists. Raises InvalidError."""
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise InvalidError(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    if not exists(int(value)):
        raise InvalidError(f'Invalid pk "{value}" - object does not exist.')
    return int(value)


def _check_tags(state: State, _row: sqlite3.Row, _key: str, value: Any) -> list[int]:
    if value is None:
        raise InvalidError(NULL)
    if not isinstance(value, list):
        raise InvalidError(f'Expected a list of items but got type "{type(value).__name__}".')
    return [check_pk(item, lambda pk: bool(known_ids(state, "tags", [pk]))) for item in value]


COLUMN_CHECKS: dict[str, Callable[[State, sqlite3.Row, str, Any], Any]] = {
    "title": _check_text,
    "content": _check_text,
    "created": _check_created,
    "archive_serial_number": _check_number,
    "correspondent": _check_foreign,
    "document_type": _check_foreign,
    "storage_path": _check_foreign,
    "owner": _check_foreign,
}
