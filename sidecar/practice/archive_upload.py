"""Uploads: the multipart form, its checks, and the task that makes a document of the file."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import PurePath
from typing import Any

from sidecar.practice.archive_documents import add_tags, insert_document
from sidecar.practice.archive_errors import refuse
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.archive_names import ancestors, get_name
from sidecar.practice.archive_patch import FOREIGN, InvalidError, check_pk
from sidecar.practice.archive_state import State
from sidecar.practice.archive_tasks import queue_task
from sidecar.practice.archive_values import set_value
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

SIGNATURES = {
    b"%PDF": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"RIFF": "image/webp",
}


@dataclass(frozen=True)
class Part:
    """One field of a multipart form."""

    name: str
    #: None for a plain value.
    file_name: str | None
    data: bytes

    @property
    def text(self) -> str:
        """The value as text."""
        return self.data.decode()


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """Read multipart/form-data."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.startswith("multipart/form-data") or boundary is None:
        refuse(415, {"detail": f'Unsupported media type "{content_type}" in request.'})
    pieces = body.split(b"--" + boundary[1].encode())
    return [_part(piece.removeprefix(b"\r\n")) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, _, data = piece.partition(b"\r\n\r\n")
    headers = HeaderParser().parsestr(head.decode())
    name = headers.get_param("name", "", header="content-disposition")
    return Part(str(name), headers.get_filename(), data.removesuffix(b"\r\n"))


def post_document(call: Call) -> Answer:
    """Check an upload and queue it; the answer is the task's id."""
    parts = parse_form(call.request.header("Content-Type"), call.request.body)
    file = file_of(parts)
    values = {part.name: part.text for part in parts if part.file_name is None}
    tags = [part.text for part in parts if part.name == "tags"]
    problems = _problems(call.state, file, values, tags)
    if problems or file is None:
        refuse(400, problems)
    consume = {
        "filename": file.file_name,
        "mime_type": mime_type_of(file.data),
        "checksum": call.state.keep_file(file.data),
        "values": values,
        "tags": [int(tag) for tag in tags],
        "owner": call.user.id,
    }
    task_id = queue_task(call.state, "consume_file", consume, call.state.consume_delay_s, call.user.id)
    return json_answer(task_id)


def file_of(parts: list[Part]) -> Part | None:
    """Give the uploaded file of a form."""
    return next((part for part in parts if part.name == "document" and part.file_name), None)


def file_problem(file: Part | None) -> str | None:
    """Say what is wrong with an uploaded file, None if nothing is."""
    if file is None:
        return "No file was submitted."
    if not file.data:
        return "The submitted file is empty."
    mime_type = mime_type_of(file.data)
    return f"File type {mime_type} not supported" if mime_type == "application/octet-stream" else None


def _problems(state: State, file: Part | None, values: dict[str, str], tags: list[str]) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if problem := file_problem(file):
        problems["document"] = [problem]
    given = [("tags", "tags", tag) for tag in tags]
    given += [(key, kind, values[key]) for key, kind in FOREIGN.items() if key in values]
    for key, kind, value in given:
        if wrong := _pk_problem(state, kind, value):
            problems[key] = wrong
    return problems


def _pk_problem(state: State, kind: str, value: str) -> list[str] | None:
    try:
        check_pk(value, lambda pk: get_name(state, kind, pk) is not None)
    except InvalidError as invalid:
        return invalid.problem
    return None


def mime_type_of(data: bytes) -> str:
    """Tell a file's type by its first bytes, text by being UTF-8."""
    for signature, mime_type in SIGNATURES.items():
        if data.startswith(signature):
            return mime_type
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    if "\x00" in text:
        return "application/octet-stream"
    return "message/rfc822" if re.match(r"(?:From|Received|Date|Return-Path): ", text) else "text/plain"


def consume_file(state: State, task: dict[str, Any]) -> dict[str, Any]:
    """Make a document of an uploaded file, with the inbox tags; give what the task's result tells."""
    sent = task["values"]
    data = state.file_path(task["checksum"]).read_bytes()
    values: dict[str, Any] = {
        "title": sent.get("title") or PurePath(task["filename"]).stem,
        "mime_type": task["mime_type"],
        "created": sent.get("created") or datetime.now(UTC).date().isoformat(),
        "original_file_name": task["filename"],
        "owner": task["owner"],
        "content": data.decode() if task["mime_type"] == "text/plain" else "",
    }
    numbers = (*FOREIGN, "archive_serial_number")
    values |= {key: int(sent[key]) for key in numbers if sent.get(key)}
    document_id = insert_document(state, data, values)
    state.log(document_id, {"title": ["None", values["title"]], "content": ["None", values["content"]]}, None, "create")
    tags = set(task["tags"])
    add_tags(state, document_id, tags | ancestors(state, tags) | inbox_tags(state))
    for field_id, value in _custom_values(sent.get("custom_fields")):
        set_value(state, document_id, field_id, value, None)
    for listener in state.on_add:
        listener(document_id)
    return {"document_id": document_id}


def inbox_tags(state: State) -> set[int]:
    """Give the tags that everything consumed gets."""
    return set(state.column("SELECT id FROM names WHERE kind = 'tags' AND json_extract(data, '$.is_inbox_tag')"))


def _custom_values(text: str | None) -> list[tuple[int, Any]]:
    fields = json.loads(text) if text else {}
    pairs = fields.items() if isinstance(fields, dict) else ((field_id, None) for field_id in fields)
    return [(int(field_id), value) for field_id, value in pairs]


ROUTES: list[Route] = [("POST", "/api/documents/post_document/", post_document)]
