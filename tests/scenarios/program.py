"""The real `sidecar` command as a process of its own, and the outside ledger of what tesseract was asked."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]

_WRAPPER = """#!/bin/sh
case "$1" in
--*) exec {real} "$@" ;;
esac
echo "begin $1" >>{log}
crash={crashes}/$(expr "$1" : '.*/\\(document-[0-9]*\\)')-$(basename "$1" .pgm)
if [ -s "$crash" ]; then
    sed -i 1d "$crash"
    kill -SEGV $$
fi
{real} "$@"
code=$?
[ $code -eq 0 ] && echo "end $1" >>{log}
exit $code
"""


@dataclass(frozen=True)
class Reading:
    """A page that tesseract was started on, or came to the end of."""

    ended: bool
    #: The id of the document, which the folder of its page images is named after.
    document: int
    page: int
    #: The lease token of the job that it was read for; 0 where the image does not say.
    lease: int = 0


class TesseractLedger:
    """A `tesseract` that comes first on PATH, notes every start and every good end, and calls the real one.

    Page images are named document-12../page-0007.pgm, so a note says which page of which document was read.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.bin = folder
        self._log = folder / "readings.log"
        wrapper = folder / "tesseract"
        wrapper.write_text(_WRAPPER.format(real=shutil.which("tesseract"), log=self._log, crashes=folder))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)

    def crash_at(self, document_id: int, *, page: int, times: int) -> None:
        """Let the next readings of a document's page die with a segmentation fault."""
        (self.bin / f"document-{document_id}-page-{page:04d}").write_text("crash\n" * times)

    def readings(self) -> list[Reading]:
        """Give all notes, oldest first."""
        if not self._log.exists():
            return []
        found = []
        for line in self._log.read_text().splitlines():
            word, _, image = line.partition(" ")
            numbers = re.search(r"/document-(\d+)(?:-(\d+))?[^/]*/page-(\d+)", image)
            assert numbers, f"this image says not which page it is: {image}"
            found.append(Reading(word == "end", int(numbers[1]), int(numbers[3]), int(numbers[2] or 0)))
        return found

    def starts(self) -> Counter[tuple[int, int]]:
        """Count the starts of each page: (document, page) -> starts."""
        return Counter((reading.document, reading.page) for reading in self.readings() if not reading.ended)

    def ends(self) -> Counter[tuple[int, int]]:
        """Count the good ends of each page."""
        return Counter((reading.document, reading.page) for reading in self.readings() if reading.ended)


class Run:
    """One started command."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The id of the process, which leads a process group of its own."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._process.poll() is not None

    def wait(self, *, within_s: float = 120.0) -> int:
        """Wait for the end and give the exit code; TimeoutExpired after `within_s`."""
        return self._process.wait(within_s)

    def goes_on(self, seconds: float) -> bool:
        """Let it work on for some time; say whether it still works then."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def terminate(self) -> None:
        """Ask it to stop, as a container engine does."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to stop and wait for that."""
        self.terminate()
        return self.wait()

    def freeze(self) -> None:
        """Let it and its children stand still, as a suspended machine does."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def kill(self, *, children: bool = True) -> None:
        """Kill -9 it; with its children as a power cut does, or alone as the kernel does when memory runs out."""
        if children:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()


class Program:
    """The command with its settings in the environment and nothing else of ours in there."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, path: Path | None = None) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self.log_file = folder / "sidecar.log"
        self._path = os.environ["PATH"] if path is None else f"{path}{os.pathsep}{os.environ['PATH']}"
        self._runs: list[Run] = []

    @property
    def log(self) -> str:
        """All that was written to standard error so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def log_after(self, mark: int) -> str:
        """What was written to standard error since the log was `mark` bytes long."""
        if not self.log_file.exists():
            return ""
        with self.log_file.open("rb") as log:
            log.seek(mark)
            return log.read().decode()

    @property
    def log_mark(self) -> int:
        """How long the log is, in bytes."""
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    def environment(self) -> dict[str, str]:
        """Give the whole environment of the command."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        ours = {name: str(value) for name, value in self.settings.items()}
        return {**kept, "PATH": self._path, "PYTHONPATH": str(REPOSITORY), **ours}

    def start(self, *arguments: str, module: str = "sidecar", **environment: Any) -> Run:
        """Start a command, `run` if none is named; with another `module` in place of the program itself."""
        with self.log_file.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *(arguments or ("run",))],
                env={**self.environment(), **{name: str(value) for name, value in environment.items()}},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._runs.append(Run(process))
        return self._runs[-1]

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Run]:
        """Run a command beside the block and stop it in the end; it must end well."""
        run = self.start(*arguments)
        yield run
        assert run.stop() == 0, "the sidecar did not stop well when asked to"

    def drain(self, *, within_s: float = 150.0) -> int:
        """Do what is due, and give the exit code."""
        return self.start("run", "--drain").wait(within_s=within_s)

    def call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end with what it says."""
        return subprocess.run(
            [sys.executable, "-m", "sidecar", *arguments],
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kill_all(self) -> None:
        """End what a failed test left behind."""
        for run in self._runs:
            if not run.ended:
                run.kill()
