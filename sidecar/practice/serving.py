"""A small HTTP/1.1 server on loopback with a request log and fault rules, made for practice servers."""

import base64
import gzip
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sidecar.practice.faults import Answer, Faults

#: Bodies under this many bytes are sent as they are, as Paperless's compression does.
COMPRESS_FROM_BYTES = 500

#: Paths under this one steer the practice server; they are neither logged nor met by faults.
CONTROL_PREFIX = "/practice/"


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    #: Decoded, without the query.
    path: str
    #: As it stood in the request line.
    query: str
    headers: Message
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        """The query as names and values; of a repeated name the last value counts, as in Django."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def header(self, name: str, default: str = "") -> str:
        """Give one header's value."""
        value = self.headers.get(name)
        return default if value is None else str(value)


@dataclass(frozen=True)
class Exchange:
    """One request as the server saw it, for assertions. Times are of time.monotonic()."""

    method: str
    path: str
    query: str
    #: None when the request had no body.
    body: bytes | None
    #: None when the connection was dropped without an answer.
    status: int | None
    started_s: float
    ended_s: float

    @property
    def json(self) -> Any:
        """The body read as JSON; None without a body."""
        return None if self.body is None else json.loads(self.body)


class RequestLog:
    """Remembers the exchanges of one server, in the order they ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    def add(self, exchange: Exchange) -> None:
        """Remember one more."""
        with self._lock:
            self._exchanges.append(exchange)

    def all(self) -> list[Exchange]:
        """Give all exchanges in the order they began."""
        with self._lock:
            return sorted(self._exchanges, key=lambda exchange: exchange.started_s)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._exchanges.clear()


class PracticeServer:
    """Serves a function over HTTP on 127.0.0.1, each connection in a thread of its own."""

    def __init__(self, handle: Callable[[Request], Answer], control: Callable[[Request], Answer]) -> None:
        self.handle = handle
        self.control = control
        self.faults = Faults()
        self.log = RequestLog()
        self._http: _HttpServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address without a trailing slash. Raises RuntimeError before the start."""
        if self._http is None:
            raise RuntimeError("the practice server was not started")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self, port: int = 0) -> None:
        """Listen and answer in a thread of this process; port 0 picks a free one."""
        self._http = _HttpServer(port, self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="practice-server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up every connection, idle ones too; without effect when not started."""
        if self._http is None or self._thread is None:
            return
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up_all()
        self._thread.join()
        self._http = self._thread = None


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, practice: PracticeServer) -> None:
        self.practice = practice
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._has_hung_up = False
        super().__init__(("127.0.0.1", port), _Handler)

    def opened(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.add(connection)
            is_late = self._has_hung_up
        if is_late:  # it was taken at the last moment, and its thread came after all were hung up
            _shut(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.discard(connection)

    def hang_up_all(self) -> None:
        with self._open_lock:
            connections, self._open, self._has_hung_up = self._open, set(), True
        for connection in connections:
            _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report our own mistakes only; that a client went away is what faults and kills are for."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together, else the client waits for a delayed ACK
    server: _HttpServer

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def log_message(self, *_arguments: Any) -> None:
        """Keep stderr quiet; the request log has it all."""

    def do_GET(self) -> None:
        started_s = time.monotonic()
        request = self._read_request()
        practice = self.server.practice
        if request.path.startswith(CONTROL_PREFIX):
            self._send(request, practice.control(request))
            return
        answer = _work(practice, request)
        self._remember(request, started_s, answer)
        if answer is None:
            self.close_connection = True
            _hang_up(self.connection)
        else:
            self._send(request, answer)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

    def _read_request(self) -> Request:
        parts = urlsplit(self.path)
        return Request(self.command, unquote(parts.path), parts.query, self.headers, self._read_body())

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._read_chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _read_chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _remember(self, request: Request, started_s: float, answer: Answer | None) -> None:
        status = None if answer is None else answer.status
        body = request.body if "Content-Length" in request.headers or request.body else None
        exchange = Exchange(request.method, request.path, request.query, body, status, started_s, time.monotonic())
        self.server.practice.log.add(exchange)

    def _send(self, request: Request, answer: Answer) -> None:
        payload = answer.payload
        has_body = answer.status not in (204, 304)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if has_body:
            self.send_header("Content-Type", answer.content_type)
            payload = self._encode(request, answer, payload)
        self.end_headers()
        if has_body and request.method != "HEAD":
            self.wfile.write(payload)

    def _encode(self, request: Request, answer: Answer, payload: bytes) -> bytes:
        """Compress where the client accepts it, and then, as Paperless does, send files without a length."""
        zips = len(payload) >= COMPRESS_FROM_BYTES and "gzip" in request.header("Accept-Encoding")
        if zips:
            payload = gzip.compress(payload, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        if zips and "Content-Disposition" in answer.headers:
            self.send_header("Transfer-Encoding", "chunked")
            return b"%x\r\n%s\r\n0\r\n\r\n" % (len(payload), payload)
        self.send_header("Content-Length", str(len(payload)))
        return payload


def _work(practice: PracticeServer, request: Request) -> Answer | None:
    """Answer as the faults say; None means to hang up."""
    verdict = practice.faults.judge(request.method, request.path, request.query)
    fault = verdict.fault
    if verdict.delay_s > 0:
        time.sleep(verdict.delay_s)  # the switch for a slow server: waiting is what it is for
    if fault.drop == "before":
        return None
    if fault.answer is not None:
        return fault.answer
    answer = practice.handle(request)
    if verdict.late_s > 0:
        time.sleep(verdict.late_s)  # the switch for an answer that comes late though the work is done
    if fault.drop == "after":
        return None
    return fault.answer_after or answer


def _hang_up(connection: socket.socket) -> None:
    """Close abruptly: the client gets a reset instead of an orderly end."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON, compact as Paperless writes it."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, "application/json", body.encode(), headers or {})


def exchange_to_json(exchange: Exchange) -> dict[str, Any]:
    """Write an exchange as plain JSON values."""
    body = None if exchange.body is None else base64.b64encode(exchange.body).decode()
    return {**vars(exchange), "body": body}


def exchange_from_json(plain: dict[str, Any]) -> Exchange:
    """Read an exchange back."""
    body = plain["body"]
    return Exchange(**{**plain, "body": None if body is None else base64.b64decode(body)})
