"""Documents of the practice archive: reading them, their tags and their answers' shape."""

import json
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sidecar.practice.archive_names import get_name, no_permissions
from sidecar.practice.archive_state import State, User, marks, now_text
from sidecar.practice.archive_versions import newest, version_number, versions_of

TRUNCATED_LENGTH = 550
EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "message/rfc822": ".eml",
}


def insert_document(state: State, data: bytes, values: dict[str, Any]) -> int:
    """Store a file as a new document; the values are the columns that differ from an empty document."""
    now = now_text()
    mime_type = values["mime_type"]
    columns: dict[str, Any] = {
        "content": "",
        "added": now,
        "modified": now,
        "page_count": count_pages(data) if mime_type == "application/pdf" else None,
        "checksum": state.keep_file(data),
        "extracted": values.get("content", ""),
        **values,
    }
    names = ", ".join(columns)
    return state.insert(
        f"INSERT INTO documents ({names}) VALUES ({marks(list(columns))})",  # noqa: S608 - our own column names
        list(columns.values()),
    )


def find_document(state: State, document_id: int, viewer: User) -> sqlite3.Row | None:
    """Read a document's row: not one in the trash, not one of another owner."""
    row = state.row(
        "SELECT * FROM documents WHERE id = ? AND deleted_at IS NULL AND root_document IS NULL", (document_id,)
    )
    return row if row is not None and may_see(viewer, row) else None


def may_see(viewer: User, row: sqlite3.Row) -> bool:
    """Say whether the viewer may see an object with an owner; a document also where it is shared for looking."""
    return may_change(viewer, row) or ("seen_by" in row.keys() and row["seen_by"] == viewer.id)  # noqa: SIM118


def may_change(viewer: User, row: sqlite3.Row) -> bool:
    """Say whether the viewer may change an object with an owner."""
    return viewer.is_superuser or row["owner"] in (None, viewer.id)


def tags_of(state: State, document_id: int) -> list[int]:
    """Give a document's tag ids in Paperless's order: by name, capitals first."""
    return state.column(
        "SELECT tag_id FROM document_tags JOIN names ON kind = 'tags' AND id = tag_id"
        " WHERE document_id = ? ORDER BY name, id",
        (document_id,),
    )


def add_tags(state: State, document_id: int, tag_ids: Iterable[int]) -> None:
    """Put tags on a document; those it has already stay."""
    for tag_id in tag_ids:
        state.rows("INSERT OR IGNORE INTO document_tags VALUES (?, ?)", (document_id, tag_id))


def remove_tags(state: State, document_id: int, tag_ids: Iterable[int]) -> None:
    """Take tags off a document."""
    for tag_id in tag_ids:
        state.rows("DELETE FROM document_tags WHERE document_id = ? AND tag_id = ?", (document_id, tag_id))


def touch(state: State, document_ids: Iterable[int]) -> None:
    """Move `modified` of the documents to now."""
    for document_id in document_ids:
        state.rows("UPDATE documents SET modified = ? WHERE id = ?", (now_text(), document_id))


def values_of(state: State, document_id: int) -> list[dict[str, Any]]:
    """Give a document's custom field values in the order they came."""
    rows = state.rows("SELECT field_id, value FROM custom_values WHERE document_id = ? ORDER BY id", (document_id,))
    return [{"value": json.loads(row["value"]), "field": row["field_id"]} for row in rows]


def notes_of(state: State, document_id: int) -> list[dict[str, Any]]:
    """Give a document's notes, oldest first."""
    rows = state.rows(
        "SELECT notes.id, note, created, user_id, username FROM notes LEFT JOIN users ON users.id = user_id"
        " WHERE document_id = ? ORDER BY notes.id",
        (document_id,),
    )
    return [
        {
            "id": row["id"],
            "note": row["note"],
            "created": row["created"],
            "user": {"id": row["user_id"], "username": row["username"], "first_name": "", "last_name": ""},
        }
        for row in rows
    ]


def history_of(state: State, *document_ids: int) -> list[dict[str, Any]]:
    """Give the audit log of a root or version, or of several together, newest first."""
    rows = state.rows(
        "SELECT history.id, timestamp, action, changes, actor, username FROM history"  # noqa: S608 - question marks
        f" LEFT JOIN users ON users.id = actor WHERE document_id IN ({marks(document_ids)}) ORDER BY history.id DESC",
        document_ids,
    )
    return [
        {
            "id": row["id"],
            "timestamp": row["timestamp"],
            "action": row["action"],
            "changes": json.loads(row["changes"]),
            "actor": None if row["actor"] is None else {"id": row["actor"], "username": row["username"]},
        }
        for row in rows
    ]


def twins_of(state: State, row: sqlite3.Row) -> list[dict[str, Any]]:
    """Give the other documents with the same file; versions are none."""
    rows = state.rows(
        "SELECT id, title, deleted_at FROM documents WHERE checksum = ? AND id != ? AND root_document IS NULL",
        (row["checksum"], row["id"]),
    )
    return [{"id": twin["id"], "title": twin["title"], "deleted_at": twin["deleted_at"]} for twin in rows]


def public_name(state: State, row: sqlite3.Row, mime_type: str) -> str:
    """Make the name a download gets: date, correspondent, title."""
    correspondent = get_name(state, "correspondents", row["correspondent"])
    parts = [row["created"], correspondent["name"] if correspondent else "", row["title"]]
    stem = " ".join(part for part in parts if part).replace("/", "-")
    return stem + EXTENSIONS.get(mime_type, "")


def media_name(state: State, row: sqlite3.Row) -> str:
    """Give the name the file of a root or version has in the media folder."""
    number = f"_v{version_number(state, row)}" if row["root_document"] else ""
    return f"{row['root_document'] or row['id']:07}{number}" + EXTENSIONS.get(row["mime_type"], "")


def document_answer(
    state: State,
    row: sqlite3.Row,
    viewer: User,
    *,
    fields: Sequence[str] | None = None,
    full_perms: bool = False,
    truncate: bool = False,
    version: sqlite3.Row | None = None,
) -> dict[str, Any]:
    """Shape a document as GET answers it, with the content of a version, the newest if none is given.

    `fields` None means all, unknown ones are ignored.
    """

    def content() -> str:
        text: str = (newest(state, row) if version is None else version)["content"]
        return text[:TRUNCATED_LENGTH] if truncate else text

    lazy: dict[str, Callable[[], Any]] = {
        "tags": lambda: tags_of(state, row["id"]),
        "content": content,
        "created_date": lambda: row["created"],
        "archived_file_name": lambda: public_name(state, row, "application/pdf") if row["archive_checksum"] else None,
        "duplicate_documents": lambda: twins_of(state, row),
        "user_can_change": lambda: may_change(viewer, row),
        "is_shared_by_requester": lambda: False,
        "permissions": no_permissions,
        "notes": lambda: notes_of(state, row["id"]),
        "custom_fields": lambda: values_of(state, row["id"]),
        "versions": lambda: versions_of(state, row),
    }
    rights = ("permissions",) if full_perms else ("user_can_change", "is_shared_by_requester")
    keys = [*KEYS_BEFORE_RIGHTS, *rights, *KEYS_AFTER_RIGHTS]
    return {key: lazy[key]() if key in lazy else row[key] for key in keys if fields is None or key in fields}


KEYS_BEFORE_RIGHTS = [
    "id",
    "correspondent",
    "document_type",
    "storage_path",
    "title",
    "content",
    "tags",
    "created",
    "created_date",
    "modified",
    "added",
    "deleted_at",
    "archive_serial_number",
    "original_file_name",
    "archived_file_name",
    "duplicate_documents",
    "owner",
]
KEYS_AFTER_RIGHTS = ["notes", "custom_fields", "page_count", "mime_type", "root_document", "versions"]


def count_pages(data: bytes) -> int | None:
    """Count a PDF's pages by its page objects, compressed ones too; None if none are found."""
    page = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
    found = len(page.findall(data))
    for match in re.finditer(rb"/ObjStm.*?stream\r?\n", data, re.DOTALL):
        try:
            found += len(page.findall(zlib.decompressobj().decompress(data[match.end() :])))
        except zlib.error:
            continue
    return found or None
