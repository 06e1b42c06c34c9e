"""The routes that give a document's files: download, preview, metadata."""

import sqlite3
from datetime import datetime
from email.utils import format_datetime
from pathlib import PurePath
from urllib.parse import quote

from sidecar.practice.archive_documents import may_see, media_name, public_name
from sidecar.practice.archive_errors import HTML, INSUFFICIENT, not_found, refuse_html
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.archive_versions import asked_version, find_row, root_of
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer


def _viewable(call: Call) -> sqlite3.Row:
    """Find the version for a file view: the trash does not matter, a stranger's is 403 in text/html."""
    row = find_row(call.state, call.ids[0])
    if row is None:
        raise not_found()
    if not may_see(call.user, root_of(call.state, row)):
        refuse_html(403, INSUFFICIENT)
    return _meant(call, row)


def _meant(call: Call, row: sqlite3.Row) -> sqlite3.Row:
    """Give the version meant: ?version=, else the newest of a root; a version's own id means itself."""
    wanted = call.params.get("version")
    if row["root_document"] is not None and wanted is None:
        return row
    return asked_version(call.state, root_of(call.state, row), wanted)


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
    asked = find_row(call.state, call.ids[0], trashed=False)
    if asked is None:
        raise not_found()
    row = _meant(call, asked)
    headers = _cache_headers(row, f'"{row["checksum"]}:{datetime.fromisoformat(row["modified"]).isoformat()}"')
    if not may_see(call.user, root_of(call.state, row)):
        return Answer(403, HTML, INSUFFICIENT, headers)
    return _unchanged(call, headers) or json_answer(_metadata(call, row), headers=headers)


def _metadata(call: Call, row: sqlite3.Row) -> dict[str, object]:
    archive = row["archive_checksum"]
    name = media_name(call.state, row)
    return {
        "original_checksum": row["checksum"],
        "original_size": call.state.file_path(row["checksum"]).stat().st_size,
        "original_mime_type": row["mime_type"],
        "media_filename": name,
        "has_archive_version": archive is not None,
        "original_metadata": [],
        "archive_checksum": archive,
        "archive_media_filename": f"{PurePath(name).stem}.pdf" if archive else None,
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
