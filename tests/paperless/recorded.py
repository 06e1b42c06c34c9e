"""Recorded answers of a real paperless-ngx 3.0.5, given again as httpx responses."""

import json
from pathlib import Path
from typing import Any

import httpx

RECORDINGS = Path(__file__).parents[1] / "recordings"
URL = "http://paperless.test"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
TITLE = {"title": "Invoice 2026-0417"}

#: What a client may look at. Length and encoding are left out: recorded bodies are decoded.
KEPT_HEADERS = ("content-type", "content-disposition", "location", "retry-after", "www-authenticate", "x-api-version")

#: What a proxy says in its own name, when Paperless behind it does not.
PROXY_PAGE = "<html><head><title>Sorry</title></head><body><center>nginx</center></body></html>"


def body(name: str) -> Any:
    """Return a recorded answer's body: JSON as values, else text; of binary ones length and first bytes only."""
    return _exchange(name)["response"]["body"]


def asked(name: str) -> Any:
    """Return the body of the recorded request."""
    return _exchange(name)["request"]["body"]


def answer(name: str) -> httpx.Response:
    """Make the recorded answer."""
    response = _exchange(name)["response"]
    headers = {header: response["headers"][header] for header in KEPT_HEADERS if header in response["headers"]}
    return httpx.Response(response["status"], headers=headers, content=_bytes(response["body"], headers))


def said(value: Any, status: int = 200) -> httpx.Response:
    """Make an answer of Paperless that was not recorded, from its JSON."""
    return httpx.Response(status, json=value)


def page(rows: list[Any], *, more: bool = False) -> httpx.Response:
    """Make one page of a list."""
    link = "http://elsewhere.test:8443/api/?page=2" if more else None
    return said({"count": len(rows), "next": link, "previous": None, "results": rows})


def html(status: int, **headers: str) -> httpx.Response:
    """Make a proxy's own answer."""
    return httpx.Response(status, html=PROXY_PAGE, headers=headers)


def _exchange(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return exchange


def _bytes(recorded: Any, headers: dict[str, str]) -> bytes:
    if isinstance(recorded, dict) and recorded.get("_binary"):
        return bytes.fromhex(recorded["first_bytes_hex"]).ljust(recorded["length"], b"\0")
    if "json" in headers.get("content-type", ""):
        return json.dumps(recorded).encode()
    return str(recorded or "").encode()
