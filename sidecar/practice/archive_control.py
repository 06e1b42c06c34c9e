"""Steering a practice archive over HTTP under /practice/, for one that runs as a process of its own."""

import base64
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sidecar.practice.faults import Answer, fault_from_json
from sidecar.practice.serving import Request, exchange_to_json, json_answer

if TYPE_CHECKING:
    from sidecar.practice.archive import PracticeArchive


def control(archive: "PracticeArchive", request: Request) -> Answer:
    """Do what a /practice/ request says; each is one method of PracticeArchive."""
    sent = json.loads(request.body) if request.body else {}
    for method, pattern, function in CONTROLS:
        match = re.fullmatch(pattern, request.path)
        if match and method == request.method:
            try:
                return json_answer(function(archive, sent, *map(int, match.groups())))
            except KeyError as missing:
                return json_answer({"detail": f"unknown: {missing}"}, 404)
    return json_answer({"detail": "no such control"}, 404)


def _requests(archive: "PracticeArchive", _sent: Any) -> Any:
    return [exchange_to_json(exchange) for exchange in archive.requests()]


def _clear(archive: "PracticeArchive", _sent: Any) -> None:
    archive.clear_requests()


def _faults(archive: "PracticeArchive", sent: Any) -> None:
    archive.faults.replace(fault_from_json(fault) for fault in sent)


def _add_document(archive: "PracticeArchive", sent: Any) -> int:
    data = base64.b64decode(sent.pop("data"))
    if sent.get("archive_pdf") is not None:
        sent["archive_pdf"] = base64.b64decode(sent["archive_pdf"])
    return archive.add_document(data, **sent)


def _add_version(archive: "PracticeArchive", sent: Any, document_id: int) -> int:
    return archive.add_version(document_id, base64.b64decode(sent.pop("data")), **sent)


def _add_name(archive: "PracticeArchive", sent: Any) -> int:
    return archive.add_name(sent.pop("kind"), sent.pop("name"), **sent)


def _document(archive: "PracticeArchive", _sent: Any, document_id: int) -> Any:
    return archive.document(document_id)


def _tag_names(archive: "PracticeArchive", _sent: Any, document_id: int) -> Any:
    return sorted(archive.tag_names(document_id))


def _history(archive: "PracticeArchive", _sent: Any, document_id: int) -> Any:
    return archive.history(document_id)


def _whole_history(archive: "PracticeArchive", _sent: Any, document_id: int) -> Any:
    return archive.whole_history(document_id)


def _versions(archive: "PracticeArchive", _sent: Any, document_id: int) -> Any:
    return archive.versions(document_id)


def _notes(archive: "PracticeArchive", _sent: Any, document_id: int) -> Any:
    return archive.notes(document_id)


def _edit(archive: "PracticeArchive", sent: Any, document_id: int) -> None:
    archive.edit(document_id, **sent)


def _delete(archive: "PracticeArchive", _sent: Any, document_id: int) -> None:
    archive.delete(document_id)


def _delays(archive: "PracticeArchive", sent: Any) -> None:
    archive.set_delays(**sent)


def _add_user(archive: "PracticeArchive", sent: Any) -> int:
    return archive.add_user(sent.pop("username"), sent.pop("token"), **sent)


ONE = r"/practice/documents/(\d+)"
CONTROLS: list[tuple[str, str, Callable[..., Any]]] = [
    ("GET", "/practice/requests", _requests),
    ("POST", "/practice/clear", _clear),
    ("POST", "/practice/faults", _faults),
    ("POST", "/practice/delays", _delays),
    ("POST", "/practice/documents", _add_document),
    ("POST", "/practice/names", _add_name),
    ("POST", "/practice/users", _add_user),
    ("GET", ONE, _document),
    ("DELETE", ONE, _delete),
    ("GET", ONE + "/tags", _tag_names),
    ("GET", ONE + "/history", _history),
    ("GET", ONE + "/whole-history", _whole_history),
    ("GET", ONE + "/versions", _versions),
    ("POST", ONE + "/versions", _add_version),
    ("GET", ONE + "/notes", _notes),
    ("POST", ONE + "/edit", _edit),
]
