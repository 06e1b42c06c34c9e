"""POST /api/documents/bulk_edit/: merging edits of many documents in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from sidecar.practice.archive_documents import add_tags, remove_tags, tags_of
from sidecar.practice.archive_errors import INSUFFICIENT, refuse, refuse_html
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.archive_names import COLUMNS, ancestors, descendants, get_name, known_ids
from sidecar.practice.archive_state import State, marks
from sidecar.practice.archive_tasks import queue_bulk_update, queue_task
from sidecar.practice.archive_values import check_value, remove_values, set_value
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

MISSING_DOCUMENTS = "Some documents in documents don't exist or were specified twice."


@dataclass(frozen=True)
class Edit:
    """A checked bulk edit: what it does to one document, and which field the audit log names."""

    field: str
    apply: Callable[[int], None]


def bulk_edit(call: Call) -> Answer:
    """Check everything first, then edit all documents in one transaction; `modified` follows in a task."""
    wanted = call.json()
    method = wanted.get("method")
    problems: dict[str, Any] = {}
    documents = _documents(call, wanted)
    if documents is None:
        problems["documents"] = [MISSING_DOCUMENTS]
    if method not in METHODS:
        problems["method"] = [f'"{method}" is not a valid choice.']
    if problems:
        refuse(400, problems)
    edit = METHODS[method](call.state, wanted.get("parameters", {}))
    _check_rights(call, documents or [])
    with call.state.transaction():
        for document_id in documents or []:
            _edit_one(call, document_id, edit)
        if documents:
            queue_bulk_update(call.state, documents)
    return json_answer({"result": "OK"})


def reprocess(call: Call) -> Answer:
    """Queue the reading anew of documents."""
    documents = _documents(call, call.json())
    if documents is None:
        refuse(400, {"documents": [MISSING_DOCUMENTS]})
    for document_id in documents:
        queue_task(call.state, "reprocess_document", {"document_id": document_id}, call.state.bulk_update_delay_s)
    return json_answer({"result": "OK"})


def _documents(call: Call, wanted: dict[str, Any]) -> list[int] | None:
    """Give the documents meant, None if one of them is unknown, trashed or named twice."""
    ids = wanted.get("documents")
    if ids is None:
        refuse(400, {"non_field_errors": ["documents is required unless all is true."]})
    if not isinstance(ids, list):
        refuse(400, {"documents": [f'Expected a list of items but got type "{type(ids).__name__}".']})
    if not all(str(item).isdigit() for item in ids):
        refuse(400, {"documents": {str(i): ["A valid integer is required."] for i, _ in enumerate(ids)}})
    numbers = [int(item) for item in ids]
    found = call.state.column(
        f"SELECT id FROM documents WHERE deleted_at IS NULL AND root_document IS NULL"  # noqa: S608
        f" AND id IN ({marks(numbers)})",
        numbers,
    )
    return numbers if len(found) == len(numbers) else None


def _check_rights(call: Call, documents: list[int]) -> None:
    from_others = call.state.column(
        f"SELECT id FROM documents WHERE owner IS NOT NULL AND owner != ? AND id IN ({marks(documents)})",  # noqa: S608
        [call.user.id, *documents],
    )
    if from_others and not call.user.is_superuser:
        refuse_html(403, INSUFFICIENT)


def _edit_one(call: Call, document_id: int, edit: Edit) -> None:
    """Edit and log, changed or not. The log's old value is one id only: Paperless's own mistake."""
    before = _logged(call.state, document_id, edit.field)
    edit.apply(document_id)
    after = _logged(call.state, document_id, edit.field)
    old = max(before, default=None) if isinstance(before, list) else before
    call.state.log(document_id, {edit.field: [old, after]}, call.user)


def _logged(state: State, document_id: int, field: str) -> Any:
    if field == "tags":
        return tags_of(state, document_id)
    if field == "custom_fields":
        return state.column("SELECT id FROM custom_values WHERE document_id = ? ORDER BY id", (document_id,))
    row = state.row(f"SELECT {field} FROM documents WHERE id = ?", (document_id,))  # noqa: S608 - our own column
    return row[0] if row else None


def _invalid(problem: str) -> NoReturn:
    refuse(400, {"non_field_errors": [problem]})


def _tag_list(state: State, parameters: dict[str, Any], key: str) -> set[int]:
    if key not in parameters:
        _invalid(f"{key} not specified")
    tags = parameters[key]
    if not isinstance(tags, list):
        _invalid(f"{key} must be a list")
    if not all(isinstance(tag, int) for tag in tags):
        _invalid(f"{key} must be a list of integers")
    if len(known_ids(state, "tags", tags)) != len(tags):
        _invalid(f"Some tags in {key} don't exist or were specified twice.")
    return set(tags)


def _modify_tags(state: State, parameters: dict[str, Any]) -> Edit:
    adding = _tag_list(state, parameters, "add_tags")
    removing = _tag_list(state, parameters, "remove_tags")
    return _tag_edit(state, adding, removing)


def _tag_edit(state: State, adding: set[int], removing: set[int]) -> Edit:
    to_add = adding | ancestors(state, adding)
    to_remove = removing | descendants(state, removing)

    def apply(document_id: int) -> None:
        remove_tags(state, document_id, to_remove)
        add_tags(state, document_id, to_add)

    return Edit("tags", apply)


def _one_tag(state: State, parameters: dict[str, Any]) -> set[int]:
    if "tag" not in parameters:
        _invalid("tag not specified")
    if get_name(state, "tags", parameters["tag"]) is None:
        _invalid("Tag does not exist")
    return {int(parameters["tag"])}


def _add_tag(state: State, parameters: dict[str, Any]) -> Edit:
    return _tag_edit(state, _one_tag(state, parameters), set())


def _remove_tag(state: State, parameters: dict[str, Any]) -> Edit:
    return _tag_edit(state, set(), _one_tag(state, parameters))


def _set_column(kind: str, label: str) -> Callable[[State, dict[str, Any]], Edit]:
    column = COLUMNS[kind]

    def method(state: State, parameters: dict[str, Any]) -> Edit:
        if column not in parameters:
            _invalid(f"{'storage path' if column == 'storage_path' else column} not specified")
        value = parameters[column]
        if value is not None and get_name(state, kind, value) is None:
            _invalid(f"{label} does not exist")

        def apply(document_id: int) -> None:
            state.rows(f"UPDATE documents SET {column} = ? WHERE id = ?", (value, document_id))  # noqa: S608

        return Edit(column, apply)

    return method


def _modify_custom_fields(state: State, parameters: dict[str, Any]) -> Edit:
    for key in ("add_custom_fields", "remove_custom_fields"):
        if key not in parameters:
            _invalid(f"{key} not specified")
        _check_field_ids(state, key, parameters[key])
    wanted = parameters["add_custom_fields"]
    adding = wanted if isinstance(wanted, dict) else dict.fromkeys(wanted)
    problems = {
        str(field_id): problem
        for field_id, value in adding.items()
        if (problem := check_value(state, int(field_id), value))
    }
    if problems:
        refuse(400, {"add_custom_fields": problems})
    removing = [int(field_id) for field_id in parameters["remove_custom_fields"]]

    def apply(document_id: int) -> None:
        for field_id, value in adding.items():
            set_value(state, document_id, int(field_id), value, None)
        remove_values(state, document_id, removing)

    return Edit("custom_fields", apply)


def _check_field_ids(state: State, key: str, fields: Any) -> None:
    if not isinstance(fields, list | dict):
        _invalid(f"{key} must be a list of integers or a dict of id:value pairs")
    ids = [int(field_id) for field_id in fields]
    if len(known_ids(state, "custom_fields", ids)) != len(ids):
        _invalid(f"Some custom fields in {key} don't exist or were specified twice.")


METHODS: dict[str, Callable[[State, dict[str, Any]], Edit]] = {
    "modify_tags": _modify_tags,
    "add_tag": _add_tag,
    "remove_tag": _remove_tag,
    "set_correspondent": _set_column("correspondents", "Correspondent"),
    "set_document_type": _set_column("document_types", "Document type"),
    "set_storage_path": _set_column("storage_paths", "Storage path"),
    "modify_custom_fields": _modify_custom_fields,
}

ROUTES: list[Route] = [
    ("POST", "/api/documents/bulk_edit/", bulk_edit),
    ("POST", "/api/documents/reprocess/", reprocess),
]
