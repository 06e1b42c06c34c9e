"""Processes that read pages, one for each core: what crashes there costs a page, never the sidecar (`child.py`).

They are started when pages come and ended when none came for a while, since an idle sidecar should be small.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sidecar.domain.errors import PermanentError, TemporaryError, TooSlowError
from sidecar.domain.page import PageText
from sidecar.domain.word import Word, to_word
from sidecar.engines.raster import Limits, Source
from sidecar.engines.tesseract import Tesseract

PACKAGE = Path(__file__).resolve().parents[1]
#: Idle processes are ended after so many seconds.
IDLE_S = 20.0
#: A process may take so much longer than drawing, reading and reading again may.
SLACK_S = 30.0


class Readers:
    """Reads pages in processes of their own. For any number of threads; each call takes one process for itself."""

    def __init__(self, kind: str, engine: Tesseract, limits: Limits, *, data: Path | None = None) -> None:
        self.engine = engine
        self.limits = limits
        self._set_up = json.dumps(
            {"kind": kind, "languages": engine.languages, "data": str(data) if data else None,
             "limits": asdict(limits), "memory_bytes": limits.memory_bytes}
        )  # fmt: skip
        self._patience_s = 4 * limits.page_timeout_s + SLACK_S
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        self._ending: threading.Timer | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """Everything here that can change a page's text."""
        limits = self.limits
        return {**self.engine.reading, "dpi": limits.dpi, "pixels": limits.page_pixels, "reader": 5}

    def read(self, source: Source, page: int, folder: Path) -> PageText:
        """Read page `page` (from 1), and use `folder` for files meanwhile. Blocks for seconds.

        Raises PermanentError for a page that cannot be read, TemporaryError where trying again may help.
        """
        found = self._ask(source, page, folder, {"wants": "text"})["page"]
        words = tuple(map(to_word, found["words"]))
        return PageText(**{**found, "words": words})

    def picture(
        self, source: Source, page: int, folder: Path, *, pixels: int, max_bytes: int, turned: int = 0
    ) -> bytes:
        """Return the page as a grey JPEG, see `PageReader.picture`; else as `read`."""
        asked = {"wants": "picture", "pixels": pixels, "max_bytes": max_bytes, "turned": turned}
        return base64.b64decode(self._ask(source, page, folder, asked)["picture"])

    def add_layer(self, source: Source, target: Path, words: Mapping[int, Sequence[Word]], folder: Path) -> None:
        """Write `target`, a PDF of the file in which these pages have their words as invisible text.

        Raises PermanentError where that cannot be (signed, encrypted), TemporaryError where trying again may help.
        """
        plain = {number: [asdict(word) for word in page_words] for number, page_words in words.items()}
        self._ask(source, 0, folder, {"wants": "layer", "target": str(target), "words": plain})

    def close(self) -> None:
        """End the idle processes."""
        with self._lock:
            if self._ending:
                self._ending.cancel()
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _ask(self, source: Source, page: int, folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
        request = {**asked, "page": page, "folder": str(folder), "file": str(source.file), "pages": source.pages,
                   "is_pdf": source.is_pdf, "likely": self.engine.likely}  # fmt: skip
        for is_last in (False, True):
            child = self._take(folder)
            answer = child.ask(request, self._patience_s)
            if answer is not None:
                self._give_back(child)
                self.engine.likely = answer["likely"]
                return _checked(answer)
            ended = child.end()
            if ended is None:
                raise TooSlowError(f"Page {page} took longer than {self._patience_s:.0f} s to read.")
            if ended == -signal.SIGALRM:
                raise TooSlowError(f"Page {page} takes too long to look at: it is made of too many parts.")
            if ended in (-signal.SIGKILL, -signal.SIGTERM):
                raise TemporaryError(f"The reading of page {page} was ended from outside; is there enough memory?")
            if is_last:
                how = signal.strsignal(-ended) if ended < 0 else f"it ends with code {ended}"
                raise PermanentError(f"Page {page} crashes what reads it ({how}).")
        raise AssertionError("unreachable")

    def _take(self, folder: Path) -> _Child:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Child(self._set_up, folder.parent)

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            child.idle_since = time.monotonic()
            self._idle.append(child)
            if self._ending is None:
                self._end_later(IDLE_S)

    def _end_later(self, wait_s: float) -> None:
        self._ending = threading.Timer(wait_s, self._end_idle)
        self._ending.daemon = True
        self._ending.start()

    def _end_idle(self) -> None:
        with self._lock:
            latest = time.monotonic() - IDLE_S
            ending = [child for child in self._idle if child.idle_since <= latest]
            self._idle = [child for child in self._idle if child.idle_since > latest]
            self._ending = None
            if self._idle:
                self._end_later(IDLE_S)
        for child in ending:
            child.end()


class _Child:
    """One process."""

    def __init__(self, set_up: str, temporary: Path) -> None:
        paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sidecar.engines.child", set_up],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(temporary), "OMP_THREAD_LIMIT": "1"},
        )
        self.idle_since = 0.0

    def ask(self, request: Mapping[str, Any], patience_s: float) -> dict[str, Any] | None:
        """Return the answer; None if the process died, or did not answer in time."""
        process, until_s = self._process, time.monotonic() + patience_s
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both were asked for
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return None
        said = b""
        while not said.endswith(b"\n"):
            wait_s = until_s - time.monotonic()
            if wait_s <= 0 or not select.select([process.stdout], [], [], wait_s)[0]:
                return None
            more = os.read(process.stdout.fileno(), 1 << 20)
            if not more:
                process.wait()
                return None
            said += more
        return dict(json.loads(said))

    def end(self) -> int | None:
        """End the process; return the code it had ended with already (a signal's is below 0), None if it was there."""
        process = self._process
        ended = process.poll()
        if ended is None:
            for program in _children_of(process.pid):  # what it runs itself would go on
                with contextlib.suppress(OSError):
                    os.kill(program, signal.SIGKILL)
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(OSError):  # what was not sent is not sent
                    stream.close()
        return ended


def _children_of(pid: int) -> list[int]:
    """Return the processes that a process has started. Linux only; elsewhere none."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            found += map(int, listed.read_text().split())
    return found


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "too_slow" in answer:
        raise TooSlowError(answer["too_slow"])
    if "permanent" in answer:
        raise PermanentError(answer["permanent"])
    if "temporary" in answer:
        raise TemporaryError(answer["temporary"])
    return answer
