"""Versions of documents: a root keeps the names and tags, the newest version has the file and the content."""

import sqlite3
from typing import Any

from sidecar.practice.archive_errors import not_found, refuse
from sidecar.practice.archive_state import State, now_text

#: In SQL, the content shown for a root `d`.
SHOWN_CONTENT = (
    "coalesce((SELECT v.content FROM documents v WHERE v.root_document = d.id AND v.deleted_at IS NULL"
    " ORDER BY v.id DESC LIMIT 1), d.content)"
)


def newest(state: State, root: sqlite3.Row) -> sqlite3.Row:
    """Give the row of a document's newest version outside the trash: its own row when there is no other."""
    row = state.row(
        "SELECT * FROM documents WHERE root_document = ? AND deleted_at IS NULL ORDER BY id DESC LIMIT 1",
        (root["id"],),
    )
    return root if row is None else row


def root_of(state: State, row: sqlite3.Row) -> sqlite3.Row:
    """Give the root of a version's row; a root is its own."""
    root = None if row["root_document"] is None else find_row(state, row["root_document"])
    return row if root is None else root


def find_row(state: State, document_id: int, *, trashed: bool = True) -> sqlite3.Row | None:
    """Read the row of a root or version."""
    living = "" if trashed else " AND deleted_at IS NULL"
    return state.row(f"SELECT * FROM documents WHERE id = ?{living}", (document_id,))  # noqa: S608 - fixed text


def asked_version(state: State, root: sqlite3.Row, wanted: str | None) -> sqlite3.Row:
    """Give the version that ?version= names, one in the trash too; without it the newest."""
    if not wanted:
        return newest(state, root)
    if not wanted.lstrip("-").isdigit():
        refuse(404, {"detail": "Invalid version parameter"})
    return version_row(state, root, int(wanted))


def version_row(state: State, root: sqlite3.Row, version_id: int, *, trashed: bool = True) -> sqlite3.Row:
    """Give one of a root's versions, the root among them, or refuse with 404."""
    row = find_row(state, version_id, trashed=trashed)
    if row is None or root["id"] not in (row["id"], row["root_document"]):
        raise not_found()
    return row


def versions_of(state: State, row: sqlite3.Row) -> list[dict[str, Any]]:
    """Give a document's versions, newest first: those in the trash are left out, the root never is."""
    root_id = row["root_document"] or row["id"]
    rows = state.rows(
        "SELECT * FROM documents WHERE id = ? OR (root_document = ? AND deleted_at IS NULL) ORDER BY id DESC",
        (root_id, root_id),
    )
    return [version_answer(version) for version in rows]


def version_answer(row: sqlite3.Row) -> dict[str, Any]:
    """Shape one version as `versions` lists it."""
    return {
        "id": row["id"],
        "added": row["added"],
        "version_label": row["version_label"],
        "checksum": row["checksum"],
        "is_root": row["root_document"] is None,
    }


def version_number(state: State, row: sqlite3.Row) -> int:
    """Count a version among its root's, from 1; a root is 0."""
    earlier = "SELECT id FROM documents WHERE root_document = ? AND id <= ?"
    return len(state.column(earlier, (row["root_document"], row["id"])))


def write_content(state: State, version: sqlite3.Row, content: str) -> None:
    """Write a version's content: logged under the version's own id, and without an actor."""
    with state.transaction():
        state.rows("UPDATE documents SET content = ?, modified = ? WHERE id = ?", (content, now_text(), version["id"]))
        if content != version["content"]:
            state.log(version["id"], {"content": [version["content"], content]}, None)


def move_to_trash(state: State, document_id: int) -> None:
    """Put a root with all its versions, or one version, into the trash."""
    state.rows(
        "UPDATE documents SET deleted_at = ? WHERE (id = ? OR root_document = ?) AND deleted_at IS NULL",
        (now_text(), document_id, document_id),
    )


def restore(state: State, document_id: int) -> None:
    """Take a root out of the trash with the versions that went with it, or one version."""
    state.rows(
        "UPDATE documents SET deleted_at = NULL WHERE id = ? OR (root_document = ? AND deleted_at ="
        " (SELECT deleted_at FROM documents WHERE id = ?))",
        (document_id, document_id, document_id),
    )


def destroy(state: State, document_id: int) -> None:
    """Remove a root with its versions, or one version, for good."""
    ids = state.column("SELECT id FROM documents WHERE id = ? OR root_document = ?", (document_id, document_id))
    for one in ids:
        state.rows("DELETE FROM documents WHERE id = ?", (one,))
        state.rows("DELETE FROM document_tags WHERE document_id = ?", (one,))
