"""Recorded exchanges of a real paperless-ngx, sent again to the practice archive."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from sidecar.practice.scans import text_pdf
from tests.practice.world import parsed

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECORDED_ROOT = "http://127.0.0.1:8010"
COMPARED_HEADERS = ("content-type", "location", "www-authenticate", "x-api-version", "x-version", "cache-control")

#: Keys whose values the clock or the file's bytes decide.
VOLATILE = ("modified", "added", "checksum", "timestamp", "original_checksum", "archive_checksum")


@dataclass(frozen=True)
class Step:
    """A request sent before the replay, to bring the archive into the state of the recording."""

    method: str
    path: str
    body: Any


@dataclass(frozen=True)
class Recording:
    """One recorded exchange."""

    name: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: Any


def load(name: str) -> Recording:
    """Read a recording, its links pointing to no port in particular."""
    plain = json.loads((RECORDINGS / f"{name}.json").read_text())
    response = plain["response"]
    headers = {key.lower(): value for key, value in response["headers"].items()}
    return Recording(name, plain["request"], response["status"], headers, response["body"])


def send(client: httpx.Client, root: str, recording: Recording, authorization: str | None) -> httpx.Response:
    """Send the recorded request; the login is ours, as the recording's is blacked out."""
    headers = {key: value for key, value in recording.request["headers"].items() if key != "Authorization"}
    if authorization is not None:
        headers["Authorization"] = authorization
    body = recording.request["body"]
    if isinstance(body, dict) and ("_form" in body or "_multipart" in body):
        headers.pop("Content-Type", None)
    url = root + recording.request["path"]
    request = client.build_request(recording.request["method"], url, headers=headers, **sent(body))
    return client.send(request)


def sent(body: Any) -> dict[str, Any]:
    """Give what httpx is told in order to send a recorded body."""
    if isinstance(body, dict) and "_form" in body:
        return {"data": body["_form"]}
    if isinstance(body, dict) and "_multipart" in body:
        parts = body["_multipart"]
        files = {name: value for name, value in parts.items() if str(value).startswith("<file ")}
        return {
            "data": {name: value for name, value in parts.items() if name not in files},
            "files": {name: (value[6:-1], file_for(value[6:-1])) for name, value in files.items()},
        }
    return {} if body is None else {"content": body if isinstance(body, str) else json.dumps(body)}


def file_for(name: str) -> bytes:
    """Give bytes of the kind a recorded upload had."""
    special = {"e.pdf": b"", "x.bin": b"\x00\x01\x02", "scan_ocr.pdf": scan_ocr()}
    return special.get(name, b"%PDF-1.3" if name.endswith(".pdf") else b"From: a@b.c\n")


@cache
def scan_ocr() -> bytes:
    """Make a PDF whose text layer says what the recorded version's said."""
    said = load("document_get_version_param_latest").body["content"]
    first, start, second = said.partition("\nPage two")
    return text_pdf([first, start.lstrip() + second])


def comparable(body: Any) -> Any:
    """Give a body with what the clock decides blacked out."""
    if isinstance(body, list):
        return [comparable(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {key: "~" if key in VOLATILE and value else _blacked(key, value) for key, value in body.items()}


def _blacked(key: str, value: Any) -> Any:
    is_moment = key in ("created", "deleted_at") and isinstance(value, str) and "T" in value
    return "~" if is_moment or key in ("permissions", "display_count", "document_count") else comparable(value)


def shape(body: Any) -> Any:
    """Give a body's keys, in order, and types; of a list its first item's."""
    if isinstance(body, list):
        return [shape(body[0])] if body else []
    if isinstance(body, dict):
        return {key: shape(value) for key, value in body.items()}
    return type(body).__name__


def of(response: httpx.Response) -> Any:
    """Give an answer's body as a recording holds it."""
    return None if response.request.method == "HEAD" else parsed(response.content)


def ours(response: httpx.Response, text: Any) -> Any:
    """Give a recorded body with our address in its links."""
    root = f"http://{response.request.url.netloc.decode()}"
    return json.loads(json.dumps(text).replace(RECORDED_ROOT, root))


def headers_of(headers: Any) -> dict[str, str | None]:
    """Give the headers that must agree."""
    return {name: headers.get(name) for name in COMPARED_HEADERS}
