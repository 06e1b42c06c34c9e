"""Tesseract on one page image: as a library inside this process, or as the program through pytesseract.

Either way with one thread. Several threads in one Tesseract fight over the cores: a page that takes 3.7 s with one
thread took 36 s with four on two cores (docs/benchmarks.md). So as many pages run at once as there are cores.

The library (tesserocr brings its own) loads the language once for many pages and needs no files; the program is
there for machines that have no such package, and for whoever wants the system's Tesseract.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.domain.errors import PermanentError, SettingsError, TemporaryError, TooSlowError
from sidecar.engines.recognized import Recognized, is_whole, recognized

if TYPE_CHECKING:
    from PIL import Image

PROGRAM = "tesseract"
#: Tesseract's own data about the way up, which comes with every package of it.
UPRIGHT_DATA = "osd"
#: Below this Tesseract does not know which way is up either.
SURE_OF_TURN = 2.0


@dataclass(frozen=True, slots=True)
class Lie:
    """How the writing on an image lies, and what script it is."""

    #: By how many degrees it has to be turned clockwise to stand upright: 0, 90, 180 or 270; 0 where it is unsure.
    turn: int = 0
    #: Tesseract's name of the script; empty where it saw none.
    script: str = ""


class Tesseract(ABC):
    """Reads images with the given languages ("eng", "deu+eng"), at most `timeout_s` seconds a page."""

    def __init__(self, languages: str, *, data: Path | None = None, timeout_s: float = 300.0) -> None:
        self.languages = languages
        #: What the next document is probably written in; only an engine that finds the language looks at it.
        self.likely = ""
        self._data = data
        self._timeout_s = timeout_s
        os.environ["OMP_THREAD_LIMIT"] = "1"

    def check(self) -> None:
        """Raise SettingsError if Tesseract or one of the languages is not installed."""
        self._require_program()
        there = installed(self._data)
        missing = [name for name in self.languages.split("+") if name not in there]
        if missing and self._data is not None:
            raise SettingsError([f"OCR_DATA_DIR: {self._data} has no {missing[0]}.traineddata."])
        if missing:
            raise SettingsError(
                [
                    f"OCR_LANGUAGES: Tesseract has no data for {', '.join(missing)}. Install "
                    f"{', '.join('tesseract-ocr-' + name for name in missing)}, or name other languages."
                ]
            )

    def _require_program(self) -> None:
        if shutil.which(PROGRAM) is None:
            raise SettingsError(["Tesseract is not installed: install the package tesseract-ocr."])

    @property
    def choice(self) -> str:
        """The languages, for people."""
        return self.languages

    @property
    @abstractmethod
    def name(self) -> str:
        """The engine with its version, as shown with a page: "tesseract 5.3.0"."""

    @property
    def reading(self) -> dict[str, str]:
        """Everything about this engine that can change a page's text."""
        return {"engine": self.name, "languages": self.languages, "data": _fingerprint(self.languages, self._data)}

    @abstractmethod
    def read(self, image: Image.Image, *, dpi: int = 300, at: Path | None = None) -> Recognized:
        """Read a grey image. Blocks for seconds. `at` names the files, if it takes any, without their endings.

        Raises PermanentError for one that Tesseract cannot read in time, TemporaryError if it was killed from outside
        (memory) or could not write down what it read (disk full).
        """

    def begin(self, file: Path) -> None:  # noqa: B027 - most engines know their languages
        """Hear that a page of this file comes next."""

    def close(self) -> None:  # noqa: B027 - the program holds nothing
        """Let go of the language data; the next page loads it again."""

    def lie(self, image: Image.Image) -> Lie:
        """Look how the writing lies. In a process of its own: Tesseract aborts over pictures without any letter."""
        with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
            file = Path(folder) / "page.pgm"
            image.save(file, format="PPM")
            try:
                said = subprocess.run(
                    [PROGRAM, "--psm", "0", "-l", UPRIGHT_DATA, str(file), "-"],
                    capture_output=True, text=True, check=False, timeout=self._timeout_s,
                ).stdout  # fmt: skip
            except subprocess.TimeoutExpired:
                return Lie()
        told = dict(re.findall(r"^(Rotate|Orientation confidence|Script): (\S+)$", said, re.MULTILINE))
        is_sure = float(told.get("Orientation confidence", 0)) >= SURE_OF_TURN
        return Lie(int(told.get("Rotate", 0)) % 360 if is_sure else 0, told.get("Script", ""))


class TesseractProgram(Tesseract):
    """The `tesseract` on PATH, one process for each page."""

    @property
    def name(self) -> str:
        """The program with its version."""
        return f"{PROGRAM} {_version()}"

    def read(self, image: Image.Image, *, dpi: int = 300, at: Path | None = None) -> Recognized:
        """Read by way of files, gone afterwards."""
        from pytesseract import pytesseract  # noqa: PLC0415 - loaded only when pages are read

        options = f"--dpi {dpi} " + (f'--tessdata-dir "{self._data}" ' if self._data else "")
        with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
            found = Path(folder) / "found"
            file = at.with_name(f"{at.name}.pgm") if at else Path(folder) / "page.pgm"
            try:
                image.save(file, format="PPM")
                pytesseract.run_tesseract(
                    str(file), str(found), "", self.languages, config=f"{options}txt tsv", timeout=self._timeout_s
                )
                text, table = (found.with_suffix(end).read_text(encoding="utf-8") for end in (".txt", ".tsv"))
            except OSError as error:
                raise TemporaryError(f"The page could not be kept while it is read: {error.strerror}.") from error
            except RuntimeError as error:  # TesseractError is one; a time-out is a plain one
                if getattr(error, "status", 0) < 0:
                    raise TemporaryError(
                        f"Tesseract was killed (signal {-getattr(error, 'status', 0)}); is there enough memory?"
                    ) from error
                kind = PermanentError if hasattr(error, "status") else TooSlowError
                raise kind(f"Tesseract cannot read the page: {_first_line(error)}.") from error
            finally:
                file.unlink(missing_ok=True)
        if not is_whole(text, table):
            raise TemporaryError("The text was written down in part only. Is the disk full?")
        return recognized(text, table)


class TesseractLibrary(Tesseract):
    """The Tesseract inside the package tesserocr. Not for several threads at once."""

    def __init__(self, languages: str, *, data: Path | None = None, timeout_s: float = 300.0) -> None:
        super().__init__(languages, data=data, timeout_s=timeout_s)
        self._api: Any = None

    @property
    def name(self) -> str:
        """The package with its version; it brings one Tesseract."""
        return f"tesserocr {library_version()}"

    def read(self, image: Image.Image, *, dpi: int = 300, at: Path | None = None) -> Recognized:
        """Read from memory."""
        import tesserocr  # noqa: PLC0415 - loaded only when pages are read

        if self._api is None:
            self._api = tesserocr.PyTessBaseAPI(path=f"{self._data or data_folder()}/", lang=self.languages)
        api = self._api
        api.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
        api.SetSourceResolution(dpi)
        try:
            if not api.Recognize(int(self._timeout_s * 1000)):
                raise TooSlowError(f"Tesseract cannot read the page within {self._timeout_s:.0f} s.")
            return recognized(api.GetUTF8Text(), api.GetTSVText(0))
        except RuntimeError as error:
            raise PermanentError(f"Tesseract cannot read the page: {_first_line(error)}.") from error
        finally:
            api.Clear()

    def close(self) -> None:
        """End the library's object, which holds the data."""
        if self._api is not None:
            self._api.End()
            self._api = None


def tesseract(kind: str, languages: str, *, data: Path | None = None, timeout_s: float = 300.0) -> Tesseract:
    """Return the wanted kind: "library", "program", or "auto" for the library where it is installed."""
    if kind == "program" or (kind == "auto" and library_version() is None):
        return TesseractProgram(languages, data=data, timeout_s=timeout_s)
    if library_version() is None:
        raise SettingsError(["TESSERACT: the package tesserocr is not installed; pip install tesserocr, or set auto."])
    return TesseractLibrary(languages, data=data, timeout_s=timeout_s)


@functools.cache
def library_version() -> str | None:
    """Return the version of tesserocr, None if it is not installed. It is not loaded for that."""
    from importlib import metadata  # noqa: PLC0415

    try:
        return metadata.version("tesserocr")
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def _listing(data: Path | None) -> str:
    where = ["--tessdata-dir", str(data)] if data else []
    said = subprocess.run([PROGRAM, *where, "--list-langs"], capture_output=True, text=True, check=False)
    return said.stdout or said.stderr


def installed(data: Path | None = None) -> list[str]:
    """Return the languages there is data for."""
    return [line.strip() for line in _listing(data).splitlines()[1:] if line.strip()]


@functools.cache
def _fingerprint(languages: str, data: Path | None) -> str:
    """Return what tells one set of language data from another: the sums of its files, "" where they are not found."""
    try:
        folder = data or data_folder()
        files = [folder / f"{name}.traineddata" for name in languages.split("+")]
        return " ".join(hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files)
    except (OSError, SettingsError):
        return ""


def data_folder() -> Path:
    """Return where the system's Tesseract has its languages."""
    found = re.search(r'"(.+?)"', _listing(None))
    if not found:
        raise SettingsError(["Tesseract does not say where its language data lies: set OCR_DATA_DIR."])
    return Path(found[1])


@functools.cache
def _version() -> str:
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    return ((said.stdout or said.stderr).split() or ["", "unknown"])[1]


def _first_line(error: Exception) -> str:
    said = str(error.args[-1] if error.args else error).strip()
    return (said.splitlines() or [type(error).__name__])[0].rstrip(".")
