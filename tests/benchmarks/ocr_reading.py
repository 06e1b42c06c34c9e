# ruff: noqa: PLC0415 - each way loads what it needs and nothing else
"""Single pages read in several ways, two at a time, each with the processor time it took.

Language data lies where `BENCH_TESSDATA_DIR` says, else in build/tessdata: folders `fast` and `exact`, as
`scripts/tessdata.sh` makes them. Without `fast` the system's own data is read.
"""

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sidecar.domain.page import PageText
from sidecar.engines import raster
from sidecar.engines.raster import Limits
from sidecar.engines.reading import PageReader
from sidecar.engines.tesseract import installed, tesseract
from tests.benchmarks import ocr_errors
from tests.benchmarks.ocr_contestants import in_lines
from tests.benchmarks.ocr_errors import Errors
from tests.benchmarks.ocr_pages import page
from tests.scenarios.program import REPOSITORY

AT_A_TIME = 2
DATA = Path(os.environ.get("BENCH_TESSDATA_DIR") or REPOSITORY / "build" / "tessdata")
FAST, EXACT, PLAIN, OCRMYPDF, RAPIDOCR = "ours", "ours, exact data", "pytesseract", "ocrmypdf", "RapidOCR"

OWN = "your own scans"
_SCANS = (".pdf", ".jpg", ".png", ".tif")


@dataclass(frozen=True)
class Sheet:
    """A page of the set in a file."""

    variant: str
    seed: int
    truth: str
    languages: tuple[str, ...]
    file: Path


@dataclass(frozen=True)
class Reading:
    """What one way made of a page."""

    sheet: Sheet
    found: PageText
    #: Of the process that read it and of the programs it started.
    cpu_s: float

    @property
    def characters(self) -> Errors:
        """Count wrong characters."""
        return ocr_errors.characters(self.sheet.truth, self.found.text)

    @property
    def words(self) -> Errors:
        """Count wrong words."""
        return ocr_errors.words(self.sheet.truth, self.found.text)

    @property
    def lost_words(self) -> Errors:
        """Count words that are nowhere on the page."""
        return ocr_errors.lost_words(self.sheet.truth, self.found.text)


def sheets(names: Sequence[tuple[str, int]], folder: Path) -> list[Sheet]:
    """Make pages, named by variant and seed, in a folder."""
    with _pool() as pool:
        return list(pool.map(_made, names, [folder] * len(names)))


def own_scans() -> list[Sheet]:
    """Return the owner's scans, in the folder that `BENCH_OCR_SCANS` names: NAME.pdf or a picture, and NAME.txt."""
    named = os.environ.get("BENCH_OCR_SCANS")
    pairs = (
        [(file.with_suffix(end), file) for file in sorted(Path(named).glob("*.txt")) for end in _SCANS] if named else []
    )
    return [
        Sheet(OWN, number, text.read_text(encoding="utf-8", errors="replace"), ("eng",), scan)
        for number, (scan, text) in enumerate(pairs)
        if scan.exists()
    ]


def read(way: str, pages: Sequence[Sheet]) -> list[Reading]:
    """Read pages one way."""
    with _pool() as pool:
        return list(pool.map(_timed, [way] * len(pages), pages))


def missing(way: str) -> str | None:
    """Say what a way needs and is not there."""
    if way == EXACT:
        return None if (DATA / "exact").is_dir() else f"there is no {DATA / 'exact'}: sh scripts/tessdata.sh {DATA}"
    package = {OCRMYPDF: "ocrmypdf", RAPIDOCR: "rapidocr"}.get(way)
    return f"the package {package} is not installed" if package and not importlib.util.find_spec(package) else None


def data_of(way: str) -> Path | None:
    """Return where the language data of a way lies; None for the system's."""
    folder = DATA / ("exact" if way == EXACT else "fast")
    return folder if folder.is_dir() else None


def languages_of(sheet: Sheet, data: Path | None) -> str:
    """Return those of a page's languages that there is data for."""
    there = {file.stem for file in data.glob("*.traineddata")} if data else set(installed())
    return "+".join(name for name in sheet.languages if name in there) or "eng"


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(AT_A_TIME, get_context("spawn"))


def _made(name: tuple[str, int], folder: Path) -> Sheet:
    made = page(*name)
    return Sheet(made.variant, made.seed, made.truth, made.languages, made.save(folder))


def _timed(way: str, sheet: Sheet) -> Reading:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        before_s = _cpu_s()
        found = _WAYS[way](sheet, Path(folder))
        return Reading(sheet, found, round(_cpu_s() - before_s, 3))


def _cpu_s() -> float:
    own, started = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + started.ru_utime + started.ru_stime


# -- the ways


def _ours(way: str) -> Callable[[Sheet, Path], PageText]:
    def read_one(sheet: Sheet, folder: Path) -> PageText:
        data = data_of(way)
        reader = PageReader(_engine(languages_of(sheet, data), data), Limits())
        try:
            return reader.read(raster.inspect(sheet.file, Limits()), 1, folder)
        finally:
            reader.close()

    return read_one


@cache
def _engine(languages: str, data: Path | None) -> Any:
    return tesseract("auto", languages, data=data)


def _said(text: str, engine: str) -> PageText:
    return PageText(1, text, engine, None, 0.0)


def _pytesseract(sheet: Sheet, _folder: Path) -> PageText:
    """Read as everybody does at first: the page drawn by poppler, one call."""
    import pytesseract
    from pdf2image import convert_from_path
    from PIL import Image

    data = data_of(PLAIN)
    config = f'--tessdata-dir "{data}"' if data else ""
    if sheet.file.suffix == ".pdf":
        (image,) = convert_from_path(sheet.file, dpi=300)
    else:
        image = Image.open(sheet.file)
    languages = languages_of(sheet, data)
    return _said(pytesseract.image_to_string(image, lang=languages, config=config), "pytesseract")


def _ocrmypdf(sheet: Sheet, folder: Path) -> PageText:
    """Read with what many put before Paperless; of a photo it is told the resolution. Its start is included."""
    data, text = data_of(OCRMYPDF), folder / "text.txt"
    subprocess.run(
        [sys.executable, "-m", "ocrmypdf", "--jobs", "1", "--language", languages_of(sheet, data),
         "--output-type", "none", "--image-dpi", "210", "--sidecar", str(text), str(sheet.file), "-"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **({"TESSDATA_PREFIX": str(_with_settings(data))} if data else {})},
    )  # fmt: skip
    return _said(text.read_text(encoding="utf-8").replace("\f", ""), "ocrmypdf")


@cache
def _with_settings(data: Path) -> Path:
    """Return a folder with the language data and what the system's Tesseract has beside its own."""
    from sidecar.engines.tesseract import data_folder

    own = Path(tempfile.mkdtemp(prefix="sidecar-bench-tessdata-"))
    for source in (*data_folder().iterdir(), *data.iterdir()):
        link = own / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    return own


def _rapidocr(sheet: Sheet, folder: Path) -> PageText:
    """Read with the networks that the package brings along, which know Latin and Chinese script."""
    import numpy
    from PIL import Image

    reader = PageReader(_engine("eng", None), Limits())
    jpeg = folder / "page.jpg"
    jpeg.write_bytes(reader.picture(raster.inspect(sheet.file, Limits()), 1, folder, pixels=3600, max_bytes=20_000_000))
    reader.close()
    found = _rapid()(numpy.asarray(Image.open(jpeg).convert("RGB")))
    boxes = [] if found.boxes is None else [(box.min(axis=0), box.max(axis=0)) for box in found.boxes]
    return _said(in_lines(boxes, list(found.txts or ())), "rapidocr")


@cache
def _rapid() -> Any:
    import logging

    from rapidocr import RapidOCR

    logging.disable(logging.WARNING)
    return RapidOCR()


_WAYS: dict[str, Callable[[Sheet, Path], PageText]] = {
    FAST: _ours(FAST),
    EXACT: _ours(EXACT),
    PLAIN: _pytesseract,
    OCRMYPDF: _ocrmypdf,
    RAPIDOCR: _rapidocr,
}
