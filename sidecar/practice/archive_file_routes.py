"""The routes that give a document's files: download, preview, metadata."""

import sqlite3
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from sidecar.practice.archive_documents import EXTENSIONS, may_see, public_name
from sidecar.practice.archive_errors import HTML, INSUFFICIENT, not_found, refuse_html
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer


def _viewable(call: Call) -> sqlite3.Row:
    """Find a document for a file view: the trash does not matter, a stranger's is 403 in text/html."""
    row = call.state.row("SELECT * FROM documents WHERE id = ?", call.ids)
    if row is None:
        raise not_found()
    if not may_see(call.user, row):
        refuse_html(403, INSUFFICIENT)
    return row


def _chosen(call: Call, row: sqlite3.Row) -> tuple[str, str]:
    """Give the checksum and type of the file meant: the archive PDF if there is one, unless original= is on."""
    if row["archive_checksum"] and not call.wants("original"):
        return row["archive_checksum"], "application/pdf"
    return row["checksum"], row["mime_type"]


def download(call: Call) -> Answer:
    """Give the file, as an attachment; out of the trash too."""
    return _file(call, _viewable(call), "attachment", {})


def preview(call: Call) -> Answer:
    """Give the file, to be shown inline."""
    row = _viewable(call)
    headers = _cache_headers(row, f'"{_chosen(call, row)[0]}"')
    return _unchanged(call, headers) or _file(call, row, "inline", headers)


def _file(call: Call, row: sqlite3.Row, disposition: str, headers: dict[str, str]) -> Answer:
    checksum, mime_type = _chosen(call, row)
    name = public_name(call.state, row, mime_type)
    plain = name.encode("ascii", "ignore").decode()
    naming = f"{disposition}; filename=\"{plain}\"; filename*=utf-8''{quote(name)}"
    data = call.state.file_path(checksum).read_bytes()
    return Answer(200, mime_type, data, {"Content-Disposition": naming, **headers})


def _cache_headers(row: sqlite3.Row, etag: str) -> dict[str, str]:
    modified = format_datetime(datetime.fromisoformat(row["modified"]), usegmt=True)
    return {"Last-Modified": modified, "ETag": etag, "Cache-Control": "no-cache"}


def _unchanged(call: Call, headers: dict[str, str]) -> Answer | None:
    same = call.request.header("If-None-Match").removeprefix("W/") == headers["ETag"]
    return Answer(304, headers=headers) if same else None


def metadata(call: Call) -> Answer:
    """Tell about the file; the ETag is its SHA-256 and `modified`, and 304 works."""
    row = call.state.row("SELECT * FROM documents WHERE id = ? AND deleted_at IS NULL", call.ids)
    if row is None:
        raise not_found()
    headers = _cache_headers(row, f'"{row["checksum"]}:{datetime.fromisoformat(row["modified"]).isoformat()}"')
    if not may_see(call.user, row):
        return Answer(403, HTML, INSUFFICIENT, headers)
    return _unchanged(call, headers) or json_answer(_metadata(call, row), headers=headers)


def _metadata(call: Call, row: sqlite3.Row) -> dict[str, object]:
    archive = row["archive_checksum"]
    stem = f"{row['id']:07}"
    return {
        "original_checksum": row["checksum"],
        "original_size": call.state.file_path(row["checksum"]).stat().st_size,
        "original_mime_type": row["mime_type"],
        "media_filename": stem + EXTENSIONS.get(row["mime_type"], ""),
        "has_archive_version": archive is not None,
        "original_metadata": [],
        "archive_checksum": archive,
        "archive_media_filename": f"{stem}.pdf" if archive else None,
        "original_filename": row["original_file_name"],
        "archive_size": call.state.file_path(archive).stat().st_size if archive else None,
        "archive_metadata": [] if archive else None,
        "lang": "en",
    }


ONE = r"/api/documents/(\d+)/"
ROUTES: list[Route] = [
    ("GET", ONE + "download/", download),
    ("GET", ONE + "preview/", preview),
    ("GET", ONE + "metadata/", metadata),
]
