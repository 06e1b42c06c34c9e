"""GET /api/tasks/, in the shapes of both API versions."""

import json
import sqlite3
from typing import Any

from sidecar.practice.archive_http import Call, Route, page_of
from sidecar.practice.archive_tasks import seconds_between
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

#: Task type -> (as displayed, trigger source, as displayed, type in version 9).
TYPES = {
    "consume_file": ("Consume File", "api_upload", "API Upload", "auto_task"),
    "reprocess_document": ("Reprocess Document", "manual", "Manual", "manual_task"),
    "bulk_update": ("Bulk Update", "system", "System", "auto_task"),
}

#: Trigger source of the upload of a version, and as displayed.
OF_A_VERSION = ("web_ui", "Web UI")


def list_tasks(call: Call) -> Answer:
    """List tasks, newest first: a page in version 10, everything in version 9."""
    rows = [row for row in call.state.rows("SELECT * FROM tasks ORDER BY id DESC") if _wanted(call, row)]
    if call.version == "9":
        return json_answer([_old_shape(row) for row in rows])
    by_id = {row["id"]: row for row in rows}
    return json_answer(page_of(call, list(by_id), lambda page: [_new_shape(by_id[one]) for one in page]))


def _wanted(call: Call, row: sqlite3.Row) -> bool:
    mine = call.user.is_superuser or row["owner"] in (None, call.user.id)
    filters = {key: call.params[key] for key in ("task_id", "status", "task_type") if call.params.get(key)}
    return mine and all(row[key].lower() == value.lower() for key, value in filters.items())


def _new_shape(row: sqlite3.Row) -> dict[str, Any]:
    display, source, source_display, _ = TYPES[row["task_type"]]
    if "root_document" in json.loads(row["input_data"]):
        source, source_display = OF_A_VERSION
    result = json.loads(row["result_data"] or "null")
    started, done = row["date_started"], row["date_done"]
    return {
        "id": row["id"],
        "task_id": row["task_id"],
        "task_type": row["task_type"],
        "task_type_display": display,
        "trigger_source": source,
        "trigger_source_display": source_display,
        "status": row["status"],
        "status_display": row["status"].capitalize(),
        "date_created": row["date_created"],
        "date_started": started,
        "date_done": done,
        "duration_seconds": seconds_between(started, done) if done else None,
        "wait_time_seconds": seconds_between(row["date_created"], started) if started else None,
        "input_data": _input(row),
        "result_data": result,
        "related_document_ids": _related(result),
        "acknowledged": False,
        "owner": row["owner"],
    }


def _input(row: sqlite3.Row) -> dict[str, Any]:
    given = json.loads(row["input_data"])
    return {key: given[key] for key in ("filename", "mime_type", "overrides") if key in given}


def _related(result: Any) -> list[int]:
    return [result["document_id"]] if result and "document_id" in result else []


def _old_shape(row: sqlite3.Row) -> dict[str, Any]:
    given, result = _input(row), json.loads(row["result_data"] or "null")
    related = _related(result)
    return {
        "id": row["id"],
        "task_id": row["task_id"],
        "task_name": row["task_type"],
        "task_file_name": given.get("filename"),
        "type": TYPES[row["task_type"]][3],
        "status": row["status"].upper(),
        "date_created": row["date_created"],
        "date_done": row["date_done"],
        "result": _old_result(result, related),
        "acknowledged": False,
        "related_document": str(related[0]) if related else None,
        "duplicate_documents": [],
        "owner": row["owner"],
    }


def _old_result(result: Any, related: list[int]) -> str | None:
    if related:
        return f"Success. New document id {related[0]} created"
    return result["error_message"] if result and "error_message" in result else None


ROUTES: list[Route] = [("GET", "/api/tasks/", list_tasks)]
