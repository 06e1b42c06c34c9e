# ruff: noqa: PLC0415 - each way loads what it needs and nothing else, so that memory is its own
"""Ways of reading a scan, each run in a process of its own: `python -m tests.benchmarks.ocr_contestants NAME FILE OUT`.

Each writes the texts of all pages, in order, and who read each, as JSON. Two pages are read at a time by all that can.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

AT_A_TIME = 2
Texts = list[tuple[str, str]]


def _ours(kind: str) -> Callable[[Path, Path], Texts]:
    def read(file: Path, folder: Path) -> Texts:
        from sidecar.engines import raster
        from sidecar.engines.readers import Readers
        from sidecar.engines.tesseract import tesseract

        limits = raster.Limits(dpi=300)
        readers = Readers(kind, tesseract(kind, "eng"), limits)
        source = raster.inspect(file, limits)
        try:
            with ThreadPoolExecutor(AT_A_TIME) as threads:
                found = threads.map(lambda page: readers.read(source, page, folder), range(1, source.pages + 1))
                return [(page.text, page.engine) for page in found]
        finally:
            readers.close()

    return read


def _embedded(file: Path, _folder: Path) -> Texts:
    """Take the picture of each page through pikepdf and read it with tesserocr: the best that was measured by hand."""
    import threading

    import pikepdf
    import tesserocr
    from PIL import Image

    from sidecar.engines.tesseract import data_folder

    pdf, lock, own = pikepdf.open(file), threading.Lock(), threading.local()

    def read(number: int) -> tuple[str, str]:
        if not hasattr(own, "api"):
            own.api = tesserocr.PyTessBaseAPI(path=f"{data_folder()}/", lang="eng")
        with lock:  # a file of pikepdf's is for one thread at a time
            (picture,) = pdf.pages[number].get_images().values()
            stored = picture.read_raw_bytes()
        image = Image.open(io.BytesIO(stored))
        own.api.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
        own.api.SetSourceResolution(300)
        return own.api.GetUTF8Text(), "tesserocr"

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        return list(threads.map(read, range(len(pdf.pages))))


def _loop(**how: Any) -> Callable[[Path, Path], Texts]:
    def read(file: Path, _folder: Path) -> Texts:
        import pytesseract
        from pdf2image import convert_from_path

        pages = convert_from_path(file, dpi=300, **how)
        return [(pytesseract.image_to_string(page), "pytesseract") for page in pages]

    return read


def _ocrmypdf(file: Path, folder: Path) -> Texts:
    text = folder / "text.txt"
    subprocess.run(
        [sys.executable, "-m", "ocrmypdf", "--jobs", str(AT_A_TIME), "--language", "eng", "--output-type", "none",
         "--sidecar", str(text), str(file), "-"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return [(page, "ocrmypdf") for page in text.read_text(encoding="utf-8").split("\f")]


def _rapidocr(file: Path, _folder: Path) -> Texts:
    import logging

    import numpy
    import pikepdf
    from PIL import Image
    from rapidocr import RapidOCR

    logging.disable(logging.WARNING)
    engine, out = RapidOCR(), []
    with pikepdf.open(file) as pdf:
        for page in pdf.pages:
            (picture,) = page.get_images().values()
            image = Image.open(io.BytesIO(picture.read_raw_bytes())).convert("RGB")
            found = engine(numpy.asarray(image))
            boxes = [] if found.boxes is None else [(box.min(axis=0), box.max(axis=0)) for box in found.boxes]
            out.append((in_lines(boxes, list(found.txts or ())), "rapidocr"))
    return out


def in_lines(boxes: list[tuple[Any, Any]], texts: list[str]) -> str:
    """Put pieces whose middles lie within half a height of each other on one line, from left to right."""
    places = sorted(
        ((low[1] + high[1]) / 2, high[1] - low[1], low[0], text) for (low, high), text in zip(boxes, texts, strict=True)
    )
    ends = [number for number, (one, next_) in enumerate(pairwise(places), 1) if next_[0] - one[0] > one[1] / 2]
    lines = [places[start:end] for start, end in pairwise([0, *ends, len(places)])]
    return "\n".join(" ".join(text for _x, text in sorted((x, text) for _y, _h, x, text in line)) for line in lines)


CONTESTANTS: dict[str, Callable[[Path, Path], Texts]] = {
    "library": _ours("library"),
    "program": _ours("program"),
    "embedded": _embedded,
    "png-loop": _loop(fmt="png"),
    "loop": _loop(),
    "ocrmypdf": _ocrmypdf,
    "rapidocr": _rapidocr,
}


def main(name: str, file: str, out: str) -> None:
    """Read the file one way."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-", dir=os.environ.get("TMPDIR")) as temporary:
        folder = Path(temporary) / "pages"
        folder.mkdir()
        Path(out).write_text(json.dumps(CONTESTANTS[name](Path(file), folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
