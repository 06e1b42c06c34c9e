"""A line to the PostgreSQL server that can be cut or can stall: a socket whose bytes are passed on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"


class Line:
    """A way round to a server on a local socket; `url` is its address by this way."""

    def __init__(self, url: str) -> None:
        folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        self._server = str(folder / SOCKET)
        self._folder = folder / "line"
        self.url = url.replace(f"host={folder}", f"host={self._folder}")
        self._is_cut = threading.Event()
        self._flows = threading.Event()
        self._flows.set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._folder.mkdir(exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / SOCKET))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._flows.set()
        self.hang_up()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Break all connections, and let nobody in during the block."""
        self._is_cut.set()
        self.hang_up()
        try:
            yield
        finally:
            self._is_cut.clear()

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Let no byte pass during the block, as a network that lost its way does; what was sent arrives afterwards."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def hang_up(self) -> None:
        """Break all connections."""
        with self._lock:
            for one in self._open:
                _shut(one)
            self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:  # closed
                return
            there = socket.socket(socket.AF_UNIX)
            try:
                if self._is_cut.is_set():
                    raise ConnectionRefusedError
                there.connect(self._server)
            except OSError:
                here.close()
                there.close()
                continue
            with self._lock:
                self._open |= {here, there}
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        for one in (source, target):
            _shut(one)
        source.close()
        with self._lock:
            self._open.discard(source)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
