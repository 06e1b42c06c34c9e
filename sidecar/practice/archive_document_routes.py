"""The routes under /api/documents/ and /api/trash/."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sidecar.practice.archive_documents import (
    document_answer,
    find_document,
    history_of,
    may_change,
    may_see,
    notes_of,
    touch,
)
from sidecar.practice.archive_errors import not_found, refuse
from sidecar.practice.archive_filters import matching_ids
from sidecar.practice.archive_http import Call, Route, page_of
from sidecar.practice.archive_patch import patch_document
from sidecar.practice.archive_rights import FORBIDDEN
from sidecar.practice.archive_search import hits, search_mode
from sidecar.practice.archive_state import State, now_text
from sidecar.practice.archive_versions import asked_version, destroy, find_row, move_to_trash, restore
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer


def list_documents(call: Call) -> Answer:
    """List documents, filtered, ordered, paged, or searched."""
    mode = search_mode(call)
    found = hits(call, mode) if mode else {}
    ids = list(found) if mode else matching_ids(call)

    def shape(page: Any) -> list[Any]:
        answers = [_answer(call, _row(call.state, document_id)) for document_id in page]
        if mode:
            for document_id, answer in zip(page, answers, strict=True):
                answer["__search_hit__"] = found[document_id]
        return answers

    page = page_of(call, ids, shape)
    return json_answer(page | {"corrected_query": None} if mode else page)


def _row(state: State, document_id: int) -> sqlite3.Row:
    row = state.row("SELECT * FROM documents WHERE id = ?", (document_id,))
    if row is None:
        raise not_found("Document")
    return row


def _answer(call: Call, row: sqlite3.Row, version: sqlite3.Row | None = None) -> dict[str, Any]:
    fields = call.params.get("fields")
    return document_answer(
        call.state,
        row,
        call.user,
        fields=fields.split(",") if fields else None,
        full_perms=call.wants("full_perms") or call.request.method in ("PATCH", "PUT"),
        truncate=call.wants("truncate_content"),
        version=version,
    )


def _found(call: Call, what: str | None = "Document") -> sqlite3.Row:
    row = find_document(call.state, call.ids[0], call.user)
    if row is None:
        raise not_found(what)
    return row


def _changeable(call: Call, what: str | None = "Document") -> sqlite3.Row:
    row = _found(call, what)
    if not may_change(call.user, row):
        refuse(403, {"detail": FORBIDDEN})
    return row


def get_document(call: Call) -> Answer:
    """Show one document, with the content of the version asked for."""
    row, wanted = _found(call), call.params.get("version")
    return json_answer(_answer(call, row, asked_version(call.state, row, wanted) if wanted else None))


def patch(call: Call) -> Answer:
    """Write the keys given; with `fields` in the query every other key is silently dropped (trap 2).

    Only the content of a version is not: Paperless writes it past the check of the others.
    """
    row = _changeable(call)
    version = asked_version(call.state, row, call.params.get("version"))
    wanted = call.json()
    if not isinstance(wanted, dict):
        problem = f"Invalid data. Expected a dictionary, but got {type(wanted).__name__}."
        refuse(400, {"non_field_errors": [problem]})
    fields = call.params.get("fields")
    if fields:
        kept = [*fields.split(","), *(["content"] if version["id"] != row["id"] else [])]
        wanted = {key: value for key, value in wanted.items() if key in kept}
    patch_document(call.state, row, wanted, call.user, version)
    shown = _row(call.state, version["id"]) if call.params.get("version") else None
    answer = json_answer(_answer(call, _row(call.state, row["id"]), shown))
    call.state.updated(row["id"], call.user)
    return answer


def put(call: Call) -> Answer:
    """Write a whole document; PUT insists on four keys."""
    required = ("correspondent", "document_type", "storage_path", "tags")
    missing = {key: ["This field is required."] for key in required if key not in call.json()}
    if missing:
        refuse(400, missing)
    return patch(call)


def delete(call: Call) -> Answer:
    """Put a document into the trash."""
    row = _changeable(call)
    move_to_trash(call.state, row["id"])
    return Answer(204)


def history(call: Call) -> Answer:
    """Give the audit log, a plain list; of a version too, though GET of its id is 404."""
    row = find_row(call.state, call.ids[0], trashed=False)
    if row is None or not may_see(call.user, row):
        raise not_found()
    return json_answer(history_of(call.state, call.ids[0]))


def notes(call: Call) -> Answer:
    """List the notes."""
    _found(call, None)
    return json_answer(notes_of(call.state, call.ids[0]))


def add_note(call: Call) -> Answer:
    """Add a note; a missing key is answered 200 with an error inside."""
    _changeable(call, None)
    wanted = call.json()
    if "note" not in wanted:
        return json_answer({"error": "Error saving note, check logs for more detail."})
    document_id = call.ids[0]
    with call.state.transaction():
        note_id = call.state.insert(
            "INSERT INTO notes (document_id, note, created, user_id) VALUES (?, ?, ?, ?)",
            (document_id, wanted["note"], now_text(), call.user.id),
        )
        call.state.log(document_id, {"Note Added": ["None", note_id]}, None)
        touch(call.state, [document_id])
    return json_answer(notes_of(call.state, document_id))


def delete_note(call: Call) -> Answer:
    """Delete the note named by ?id=."""
    _changeable(call, None)
    document_id, note_id = call.ids[0], call.params.get("id", "")
    if not call.state.rows("SELECT 1 FROM notes WHERE id = ? AND document_id = ?", (note_id, document_id)):
        raise not_found("Note")
    with call.state.transaction():
        call.state.rows("DELETE FROM notes WHERE id = ?", (note_id,))
        call.state.log(document_id, {"Note Deleted": [int(note_id), "None"]}, None)
        touch(call.state, [document_id])
    return json_answer(notes_of(call.state, document_id))


def list_trash(call: Call) -> Answer:
    """List the trash: documents and versions, each with its own content."""
    ids = matching_ids(call, trashed=True)

    def shape(page: Sequence[int]) -> list[Any]:
        rows = [_row(call.state, one) for one in page]
        return [_answer(call, row, row) for row in rows]

    return json_answer(page_of(call, ids, shape))


def change_trash(call: Call) -> Answer:
    """Restore documents with all they had, or empty the trash of them."""
    wanted = call.json()
    trashed = set(matching_ids(call, trashed=True))
    ids = wanted.get("documents") or sorted(trashed)
    if not set(ids) <= trashed:
        refuse(400, {"documents": ["Some documents in documents have not yet been deleted."]})
    with call.state.transaction():
        for document_id in ids:
            if wanted.get("action") == "restore":
                restore(call.state, document_id)
            else:
                destroy(call.state, document_id)
    return json_answer({"result": "OK", "doc_ids": ids})


ONE = r"/api/documents/(\d+)/"
ROUTES: list[Route] = [
    ("GET", "/api/documents/", list_documents),
    ("GET", ONE, get_document),
    ("PATCH", ONE, patch),
    ("PUT", ONE, put),
    ("DELETE", ONE, delete),
    ("GET", ONE + "history/", history),
    ("GET", ONE + "notes/", notes),
    ("POST", ONE + "notes/", add_note),
    ("DELETE", ONE + "notes/", delete_note),
    ("GET", "/api/trash/", list_trash),
    ("POST", "/api/trash/", change_trash),
]
