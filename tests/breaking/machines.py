"""Several machines on one PostgreSQL server: the server killed and cut off; and what a dying replica costs."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.breaking.trials import Row, size, staged
from tests.postgres import PostgresServer
from tests.scenarios.jobs import ServerStore
from tests.scenarios.waiting import until


def postgres(folder: Path, _backend: str, seed: int) -> Row:
    """Kill the server with all its processes, end all its connections, or cut the line, under three replicas."""
    wanted = size("SERVERS", 30)
    server = PostgresServer()
    with staged(folder, "postgres", seed) as stage, Line(server.url) as line:
        stage.world.sidecar.settings["DATABASE_URL"] = line.url
        stage.world.store = ServerStore(str(stage.world.schema), server.url)
        programs = {name: stage.start(name) for name in stage.names()}
        first = programs[stage.names()[0]]
        until(lambda: stage.world.polls() > 0, "somebody looks")
        for number in range(wanted):
            stage.company.keep_busy()
            assert first.goes_on(stage.random.uniform(0.5, 2.0))
            match number % 3:
                case 0:
                    server.kill()
                    assert first.goes_on(stage.random.uniform(0.0, 2.0))
                    server.start()
                case 1:
                    _end_connections(server.url)
                case _:
                    with line.cut():
                        assert first.goes_on(stage.random.uniform(0.5, 4.0))
            stage.company.remember()
            if number % 5 == 0:
                stage.company.people_edit()
        row = stage.end("PostgreSQL killed, connections ended, line cut", wanted, within_s=600)
        assert not any(program.ended for program in programs.values())
    return row


def _end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paperless-sidecar'"
        )


class Line:
    """A line to the server that can be cut: a socket of its own, whose bytes are passed on."""

    def __init__(self, url: str) -> None:
        folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        self._server = str(folder / ".s.PGSQL.5432")
        self._folder = folder / "line"
        self.url = url.replace(f"host={folder}", f"host={self._folder}")
        self._is_cut = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> "Line":
        self._folder.mkdir(exist_ok=True)
        self._folder.chmod(0o777)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._hang_up()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Break all connections, and let nobody in during the block."""
        self._is_cut.set()
        self._hang_up()
        try:
            yield
        finally:
            self._is_cut.clear()

    def _hang_up(self) -> None:
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut.is_set():
                here.close()
                continue
            there = socket.socket(socket.AF_UNIX)
            try:
                there.connect(self._server)
            except OSError:
                here.close()
                there.close()
                continue
            with self._lock:
                self._open |= {here, there}
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def replicas(folder: Path, _backend: str, seed: int) -> Row:
    """Do many documents with three replicas, undisturbed and with one killed every ten seconds; compare the times."""
    number, every_s, lease_s = size("DOCUMENTS", 500), size("KILL_EVERY_S", 10), 10.0
    undisturbed_s = _timed(folder / "undisturbed", seed, number, lease_s, kill_every_s=None)[0].seconds
    row, killed = _timed(folder / "disturbed", seed, number, lease_s, kill_every_s=every_s)
    allowed_s = 1.3 * undisturbed_s + lease_s
    row.note = (
        f"{number} documents: {undisturbed_s:.0f} s undisturbed, {row.seconds:.0f} s with {killed} killed; "
        f"1.3 times and a lease is {allowed_s:.0f} s"
    )
    return row


def _timed(folder: Path, seed: int, number: int, lease_s: float, *, kill_every_s: int | None) -> tuple[Row, int]:
    with staged(folder, "postgres", seed, LEASE_S=lease_s, PAPERLESS_TIMEOUT_S=5, TAGGING_CONCURRENCY=6) as stage:
        stage.company.add(letters=number * 9 // 10, scans=number // 10)
        programs = {name: stage.start(name) for name in stage.names()}
        until(lambda: stage.world.polls() > 0, "somebody looks")
        began_s = stage.began_s = time.monotonic()
        killed = 0
        while stage.company.waiting():
            name = stage.random.choice(stage.names())
            if kill_every_s is None:
                assert programs[name].goes_on(0.2)
                continue
            if time.monotonic() - began_s < (killed + 1) * kill_every_s:
                programs[name].goes_on(0.2)
                continue
            programs[name].kill()
            killed += 1
            stage.company.remember()
            programs[name] = stage.start(name)
        row = stage.end("3 replicas, one killed every 10 s" if kill_every_s else "3 replicas", number, within_s=900)
        return row, killed
