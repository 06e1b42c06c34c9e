"""The routes that add, name and delete versions, and the task that makes a version of an upload."""

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from sidecar.practice.archive_documents import add_tags, insert_document, may_see, media_name, touch
from sidecar.practice.archive_errors import INSUFFICIENT, not_found, refuse, refuse_html
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.archive_names import get_name
from sidecar.practice.archive_state import State, User, user_of
from sidecar.practice.archive_tasks import TaskFailedError, queue_task
from sidecar.practice.archive_upload import consume_file, file_of, file_problem, inbox_tags, mime_type_of, parse_form
from sidecar.practice.archive_versions import (
    find_row,
    move_to_trash,
    newest,
    root_of,
    version_answer,
    version_number,
    version_row,
)
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

LABEL_LENGTH = 64
TOO_LONG = f"Ensure this field has no more than {LABEL_LENGTH} characters."
PDFTOTEXT_TIMEOUT_S = 60


def update_version(call: Call) -> Answer:
    """Check an upload that is to be a new version and queue it; the answer is the task's id."""
    parts = parse_form(call.request.header("Content-Type"), call.request.body)
    file = file_of(parts)
    label = next((part.text.strip() for part in parts if part.name == "version_label" and part.file_name is None), "")
    problems: dict[str, list[str]] = {}
    if problem := file_problem(file):
        problems["document"] = [problem]
    if len(label) > LABEL_LENGTH:
        problems["version_label"] = [TOO_LONG]
    if problems or file is None:
        refuse(400, problems)
    root = _root(call)
    _may_change(call.user, root, "change_document")
    mime_type = mime_type_of(file.data)
    checksum = call.state.keep_file(file.data)
    overrides = {"skip_asn_if_exists": False, "version_label": label or None, "actor_id": call.user.id}
    consume = {
        "filename": file.file_name,
        "mime_type": mime_type,
        "overrides": {key: value for key, value in overrides.items() if value is not None},
        "root_document": root["id"],
        "checksum": checksum,
        "text": text_of(call.state.file_path(checksum), mime_type),
    }
    return json_answer(queue_task(call.state, "consume_file", consume, call.state.consume_delay_s))


def _root(call: Call) -> sqlite3.Row:
    """Find the root of the document in the path, which may be a version: 404 for an unknown or trashed one."""
    row = find_row(call.state, call.ids[0], trashed=False)
    if row is None:
        raise not_found()
    return root_of(call.state, row)


def _may_change(user: User, root: sqlite3.Row, right: str) -> None:
    has_right = user.is_superuser or user.permissions is None or right in user.permissions
    if not has_right or not may_see(user, root):
        refuse_html(403, INSUFFICIENT)


def text_of(file: Path, mime_type: str) -> str:
    """Give the text a file has already: of a PDF its text layer, if pdftotext is there to read it."""
    if mime_type == "text/plain":
        return file.read_bytes().decode()
    pdftotext = shutil.which("pdftotext")
    if mime_type != "application/pdf" or pdftotext is None:
        return ""
    command = [pdftotext, "-q", "-layout", "-enc", "UTF-8", str(file), "-"]
    try:
        said = subprocess.run(command, capture_output=True, timeout=PDFTOTEXT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return ""
    text = re.sub(r"[^\S\r\n]+", " ", said.stdout.decode(errors="replace"))
    return re.sub(r"([\r\n]+) ", r"\1", text).strip().replace("\x00", " ")


def consume(state: State, task: dict[str, Any]) -> dict[str, Any]:
    """Make a version or a document of an uploaded file; give what the task's result tells."""
    if "root_document" not in task:
        return consume_file(state, task)
    name, overrides = task["filename"], task["overrides"]
    root = find_row(state, task["root_document"], trashed=False)
    if root is None:
        problem = f"The following error occurred while storing document {name} after parsing"
        raise TaskFailedError("ConsumerError", f"{name}: {problem}: Document matching query does not exist.")
    actor = state.row("SELECT * FROM users WHERE id = ?", (overrides["actor_id"],))
    data = state.file_path(task["checksum"]).read_bytes()
    values = {"original_file_name": name, "mime_type": task["mime_type"], "content": task["text"]}
    values["version_label"] = overrides.get("version_label")
    version_id = add_version(state, root, data, values, user_of(actor) if actor else None)
    state.updated(root["id"], None)
    return {"document_id": version_id}


def add_version(state: State, root: sqlite3.Row, data: bytes, values: dict[str, Any], actor: User | None) -> int:
    """Put a file over a document as its newest version, with the recorded log entries; give the version's id."""
    inherited = {"title": root["title"], "created": root["created"], "owner": root["owner"]}
    version_id = insert_document(state, data, {**inherited, **values, "root_document": root["id"]})
    touch(state, [root["id"]])
    version = newest(state, root)
    number = version_number(state, version)
    state.log(version_id, _created(version, number), actor, "create")
    state.log(root["id"], {"Version Added": ["None", version_id]}, actor)
    inbox = inbox_tags(state)
    if inbox:
        add_tags(state, version_id, inbox)
        names = sorted(row["name"] for tag in inbox if (row := get_name(state, "tags", tag)) is not None)
        state.log(version_id, {"tags": {"type": "m2m", "operation": "add", "objects": names}}, None)
    state.log(version_id, {"filename": ["None", media_name(state, version)]}, None)
    return version_id


def _created(version: sqlite3.Row, number: int) -> dict[str, list[str]]:
    """Write the log entry of a new row as Paperless does, with its blanks."""
    values: dict[str, Any] = {
        "correspondent": None,
        "storage_path": None,
        "title": version["title"],
        "document_type": None,
        "content": version["content"],
        "notes": "documents.Note.None",
        "mime_type": version["mime_type"],
        "checksum": version["checksum"],
        "page_count": version["page_count"],
        "created": version["created"],
        "added": version["added"].replace("T", " ").removesuffix("Z"),
        "original_filename": version["original_file_name"],
        "root_document": version["root_document"],
        "version_index": number,
        "version_label": version["version_label"],
        "versions": "documents.Document.None",
        "share_links": "documents.ShareLink.None",
        "custom_fields": "documents.CustomFieldInstance.None",
        "workflow_runs": "documents.WorkflowRun.None",
        "id": version["id"],
        "deleted_at": None,
        "restored_at": None,
        "owner": version["owner"],
    }
    if version["version_label"] is None:
        del values["version_label"]
    return {key: ["None", str(value)] for key, value in values.items()}


def name_version(call: Call) -> Answer:
    """Give a version another label; blank takes it off."""
    wanted = call.json()
    label = _label(wanted)
    root = _root(call)
    _may_change(call.user, root, "change_document")
    version = version_row(call.state, root, call.ids[1], trashed=False)
    with call.state.transaction():
        call.state.rows("UPDATE documents SET version_label = ? WHERE id = ?", (label, version["id"]))
        touch(call.state, [root["id"]])
        if label != version["version_label"]:
            call.state.log(root["id"], {"Version Label": [version["version_label"], label]}, call.user)
    return json_answer(version_answer(version_row(call.state, root, version["id"])))


def _label(wanted: Any) -> str | None:
    if "version_label" not in wanted:
        refuse(400, {"version_label": ["This field is required."]})
    label = wanted["version_label"]
    if label is None:
        return None
    if not isinstance(label, str | int | float) or isinstance(label, bool):
        refuse(400, {"version_label": ["Not a valid string."]})
    if len(str(label).strip()) > LABEL_LENGTH:
        refuse(400, {"version_label": [TOO_LONG]})
    return str(label).strip() or None


def delete_version(call: Call) -> Answer:
    """Put one version into the trash; the root is never deleted here."""
    root = _root(call)
    _may_change(call.user, root, "delete_document")
    version = version_row(call.state, root, call.ids[1], trashed=False)
    if version["id"] == root["id"]:
        refuse_html(400, "Cannot delete the root/original version. Delete the document instead.")
    with call.state.transaction():
        move_to_trash(call.state, version["id"])
        touch(call.state, [root["id"]])
        call.state.log(root["id"], {"Version Deleted": ["None", version["id"]]}, call.user)
    return json_answer({"result": "OK", "current_version_id": newest(call.state, root)["id"]})


ONE = r"/api/documents/(\d+)/"
ROUTES: list[Route] = [
    ("POST", ONE + "update_version/", update_version),
    ("PATCH", ONE + r"versions/(\d+)/", name_version),
    ("DELETE", ONE + r"versions/(\d+)/", delete_version),
]
