"""The practice archive as a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Self

from sidecar.practice.remote import RemoteArchive
from tests.scenarios.program import REPOSITORY


class ArchiveProcess:
    """An archive on a folder and always on the port of `url`; if that is 0, on the one of its first start."""

    def __init__(self, folder: Path, url: str = "http://127.0.0.1:0") -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = url

    @property
    def remote(self) -> RemoteArchive:
        """Its controls."""
        return RemoteArchive(self.url)

    def start(self) -> None:
        """Start it and wait until it listens."""
        port = self.url.rpartition(":")[2]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sidecar.practice.archive", "--folder", str(self._folder), "--port", port],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]

    def kill(self) -> None:
        """Kill -9 it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
