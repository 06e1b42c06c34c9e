"""Tesseract through pytesseract: one page, one process, one thread.

Several threads in one Tesseract fight over the cores: a page that takes 3.7 s with one thread took 36 s with four
on two cores (docs/benchmarks.md). So each process gets one thread and as many pages run at once as there are cores.
"""

from __future__ import annotations

import csv
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from sidecar.domain.errors import PermanentError, SettingsError, TemporaryError

PROGRAM = "tesseract"


class Tesseract:
    """Reads page images with the given languages ("eng", "deu+eng"), at most `timeout_s` seconds a page."""

    def __init__(self, languages: str, *, timeout_s: float = 300.0) -> None:
        self.languages = languages
        self._timeout_s = timeout_s
        os.environ["OMP_THREAD_LIMIT"] = "1"

    def check(self) -> None:
        """Raise SettingsError if Tesseract or one of the languages is not installed."""
        if shutil.which(PROGRAM) is None:
            raise SettingsError(["Tesseract is not installed: install the package tesseract-ocr."])
        listed = subprocess.run([PROGRAM, "--list-langs"], capture_output=True, text=True, check=False).stdout
        missing = [name for name in self.languages.split("+") if name not in listed.split()]
        if missing:
            raise SettingsError(
                [
                    f"OCR_LANGUAGES: Tesseract has no data for {', '.join(missing)}. Install "
                    f"{', '.join('tesseract-ocr-' + name for name in missing)}, or name other languages."
                ]
            )

    @property
    def name(self) -> str:
        """The engine with its version, as shown with a page: "tesseract 5.3.0"."""
        return f"{PROGRAM} {_version()}"

    @property
    def reading(self) -> dict[str, str]:
        """Everything about this engine that can change a page's text."""
        return {"engine": self.name, "languages": self.languages}

    def read(self, image: Path) -> tuple[str, float | None]:
        """Return the text of a page image and the mean confidence of its words (0 to 100, None for no words).

        Blocks for seconds. Raises PermanentError for a page that Tesseract cannot read in time, TemporaryError if
        the process was killed from outside (memory) or could not write down what it read (disk full).
        """
        import pytesseract  # noqa: PLC0415 - loaded only when pages are read

        try:
            text, table = pytesseract.run_and_get_multiple_output(
                str(image), extensions=["txt", "tsv"], lang=self.languages, timeout=self._timeout_s
            )
        except RuntimeError as error:  # TesseractError is one; a time-out is a plain one
            if getattr(error, "status", 0) < 0:
                raise TemporaryError(
                    f"Tesseract was killed (signal {-getattr(error, 'status', 0)}); is there enough memory?"
                ) from error
            raise PermanentError(f"Tesseract cannot read the page: {_first_line(error)}.") from error
        if not _is_whole(text, table):
            raise TemporaryError("The text was written down in part only. Is the disk full?")
        return text.replace("\f", ""), _confidence(table)


@functools.cache
def _version() -> str:
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    return ((said.stdout or said.stderr).split() or ["", "unknown"])[1]


def _is_whole(text: str, table: str) -> bool:
    """Say whether both files are complete: on a full disk Tesseract cuts them off, or leaves them empty, and succeeds.

    The table of a blank page has a row too, and what is no blank in a table stands in the text as well (which may
    have more, marks of direction).
    """
    words = "".join(row.get("text") or "" for row in _rows(table))
    return table.endswith("\n") and len("".join(text.split())) >= len("".join(words.split()))


def _rows(table: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)


def _confidence(table: str) -> float | None:
    words = [float(row["conf"]) for row in _rows(table) if (row.get("text") or "").strip() and float(row["conf"]) >= 0]
    return round(fmean(words), 1) if words else None


def _first_line(error: Exception) -> str:
    said = str(error.args[-1] if error.args else error).strip()
    return (said.splitlines() or [type(error).__name__])[0].rstrip(".")
