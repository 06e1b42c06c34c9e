"""How fast pages are read: `sidecar ocr FILE` against the loop everybody writes first, in one run."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure, long_scan
from tests.scenarios.program import REPOSITORY

PAGES = 6

PLAIN_LOOP = """
import sys
import pytesseract
from pdf2image import convert_from_path
print("\\n\\n".join(pytesseract.image_to_string(page) for page in convert_from_path(sys.argv[1], dpi=300, fmt="png")))
"""


def measure(folder: Path) -> Iterator[Figure]:
    """Read the same scan both ways, each in a process of its own, start included."""
    file = folder / "scan.pdf"
    file.write_bytes(long_scan(PAGES))
    ours_s, ours = _timed([sys.executable, "-m", "sidecar", "ocr", str(file)], folder)
    plain_s, plain = _timed([sys.executable, "-c", PLAIN_LOOP, str(file)], folder)
    yield Figure(f"{PAGES} pages at 300 dpi, sidecar ocr", f"{ours_s:.1f} s, {60 * PAGES / ours_s:.0f} pages/min")
    yield Figure("the same, plain loop", f"{plain_s:.1f} s, {60 * PAGES / plain_s:.1f} pages/min")
    yield Figure("ratio", f"{plain_s / ours_s:.1f} times", "10 times on 2 cores")
    yield Figure("same text but for white space", str(ours.split() == plain.split()), "True")


def _timed(command: list[str], folder: Path) -> tuple[float, str]:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_THREAD_LIMIT"}
    began_s = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(REPOSITORY), "OCR_DPI": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return time.monotonic() - began_s, done.stdout
