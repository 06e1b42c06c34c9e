"""How fast, how exactly and in how much memory a scan is read: ours beside the other ways, in turn, in one run.

`BENCH_OCR_PAGES` pages (20), `BENCH_OCR_ROUNDS` rounds (2), of which the faster counts; the slow ways read
`BENCH_OCR_FEW` pages (2) once. Each way is a process of its own, its start included. Then memory over
`BENCH_OCR_MANY` pages (100), and a PDF with text on each of `BENCH_OCR_BORN` pages (1,000).
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sidecar.domain.page import TEXT_LAYER
from sidecar.practice.scans import text_pdf
from tests.benchmarks import ocr_errors
from tests.benchmarks.figures import Figure, long_scan, mib
from tests.benchmarks.ocr_pages import Page, joined, scans
from tests.scenarios.memory import peak_of
from tests.scenarios.program import REPOSITORY

PAGES, ROUNDS, FEW, MANY, BORN = (
    int(os.environ.get(f"BENCH_OCR_{name}", default))
    for name, default in (("PAGES", "20"), ("ROUNDS", "2"), ("FEW", "2"), ("MANY", "100"), ("BORN", "1000"))
)
SHORT = 5


@dataclass(frozen=True)
class Way:
    """One way of reading."""

    #: As in `ocr_contestants`.
    name: str
    what: str
    #: Its package, if it may be missing.
    package: str = ""
    #: Tesseract's threads; None leaves it to Tesseract.
    threads: int | None = 1
    #: Reads a few pages only, once.
    is_slow: bool = False


OURS, BEST, LOOP = "ours, library", "embedded picture + tesserocr, 2 threads", "plain loop with PNG, threads left alone"
WAYS = (
    Way("library", OURS, "tesserocr"),
    Way("embedded", BEST, "tesserocr"),
    Way("program", "ours, program"),
    Way("ocrmypdf", "ocrmypdf --jobs 2, text alone", "ocrmypdf"),
    Way("loop", "plain loop without PNG, OMP_THREAD_LIMIT=1", is_slow=True),
    Way("png-loop", "plain loop with PNG, OMP_THREAD_LIMIT=1", is_slow=True),
    Way("png-loop", LOOP, threads=None, is_slow=True),
    Way("rapidocr", "RapidOCR", "rapidocr", threads=None, is_slow=True),
)


@dataclass(frozen=True)
class Run:
    """What one way took, for all its pages."""

    pages: int
    wall_s: float
    cpu_s: float
    peak_bytes: int
    texts: list[tuple[str, str]]

    @property
    def per_minute(self) -> float:
        """Return the pages a minute."""
        return 60 * self.pages / self.wall_s

    def errors(self, truth: list[Page]) -> ocr_errors.Errors:
        """Count wrong characters."""
        pairs = zip(truth[: self.pages], self.texts, strict=False)
        return ocr_errors.summed(ocr_errors.characters(page.truth, text) for page, (text, _engine) in pairs)


def measure(folder: Path) -> Iterator[Figure]:
    """Compare the ways, then look at memory and at pages that need no engine."""
    truth = scans(PAGES)
    whole, few = folder / "whole.pdf", folder / "few.pdf"
    whole.write_bytes(joined(truth))
    few.write_bytes(joined(truth[:FEW]))
    runs: dict[str, list[Run]] = {}
    for number in range(ROUNDS):
        for way in WAYS:
            if way.package and importlib.util.find_spec(way.package) is None:
                yield Figure(way.what, f"left out: the package {way.package} is not installed")
            elif number == 0 or not way.is_slow:
                pages, file = (min(FEW, PAGES), few) if way.is_slow else (PAGES, whole)
                runs.setdefault(way.what, []).append(run(way, file, pages, folder))
    for what, done in runs.items():
        yield Figure(f"{done[0].pages} pages at 300 dpi: {what}", _in_words(done, truth))
    yield from _ratios(runs, truth)
    yield from _memory(folder)
    yield from _born_digital(folder)


def run(way: Way, file: Path, pages: int, folder: Path) -> Run:
    """Read the file one way, and look at its processes meanwhile."""
    out = folder / "texts.json"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_THREAD_LIMIT"}
    if way.threads:
        environment["OMP_THREAD_LIMIT"] = str(way.threads)
    began_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.ocr_contestants", way.name, str(file), str(out)],
        cwd=folder, env={**environment, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL, stderr=(folder / "said.txt").open("w"),
    )  # fmt: skip
    with peak_of(process.pid, every_s=0.2) as peak:
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - began_s
    if process.returncode:
        raise RuntimeError(f"{way.what} ended with {process.returncode}: {(folder / 'said.txt').read_text()[-2000:]}")
    texts = [(text, engine) for text, engine in json.loads(out.read_text())]
    return Run(pages, wall_s, used.ru_utime + used.ru_stime, peak.pss_bytes, texts)


def _best(runs: list[Run]) -> Run:
    return min(runs, key=lambda run: run.wall_s)


def _cpu_s(runs: list[Run]) -> float:
    return min(run.cpu_s / run.pages for run in runs)


def _in_words(runs: list[Run], truth: list[Page]) -> str:
    best = _best(runs)
    speed = f"{best.per_minute:.1f} pages/min" + (" (scaled)" if best.pages < PAGES else "")
    peak = max(run.peak_bytes for run in runs)
    return f"{speed}, {_cpu_s(runs):.2f} CPU s a page, {best.errors(truth)} wrong characters, {mib(peak)}"


def _ratios(runs: dict[str, list[Run]], truth: list[Page]) -> Iterator[Figure]:
    if OURS not in runs:
        return
    ours, promises = _best(runs[OURS]), {BEST: "0.95 at least", LOOP: "10 at least", WAYS[3].what: "more than 1"}
    for what, done in runs.items():
        if what != OURS:
            rounds = ", ".join(
                f"{one.per_minute / other.per_minute:.2f}" for one, other in zip(runs[OURS], done, strict=False)
            )
            by_cpu = _cpu_s(done) / _cpu_s(runs[OURS])
            ratio = f"{ours.per_minute / _best(done).per_minute:.2f} (by round {rounds}); by CPU {by_cpu:.2f}"
            yield Figure(f"pages a minute, ours / {what}", ratio, promises.get(what, ""))
    if BEST in runs:
        wrong = f"{ours.errors(truth)} against {_best(runs[BEST]).errors(truth)}"
        yield Figure("wrong characters, ours and the best way", wrong, "no more")


def _memory(folder: Path) -> Iterator[Figure]:
    way, peaks = WAYS[0] if importlib.util.find_spec("tesserocr") else WAYS[2], []
    for pages in (SHORT, MANY):
        file = folder / f"long-{pages}.pdf"
        file.write_bytes(long_scan(pages, paragraphs=2))
        peaks.append(run(way, file, pages, folder).peak_bytes)
        file.unlink()
        yield Figure(f"peak memory, {pages} pages: {way.what}", f"{mib(peaks[-1])} PSS")
    yield Figure(f"{MANY} pages more than {SHORT}", mib(peaks[1] - peaks[0]), "60 MiB at most")


def _born_digital(folder: Path) -> Iterator[Figure]:
    file = folder / "born.pdf"
    said = "Thank you for your order and for paying in time, before the end of the month."
    file.write_bytes(text_pdf([f"# Page {number}\nInvoice {number}.\n{said}" for number in range(BORN)]))
    done = run(WAYS[0] if importlib.util.find_spec("tesserocr") else WAYS[2], file, BORN, folder)
    asked = sum(engine != TEXT_LAYER for _text, engine in done.texts)
    taken = f"{done.wall_s:.1f} s, {1000 * done.cpu_s / BORN:.1f} CPU ms a page, {mib(done.peak_bytes)}"
    yield Figure(f"a born-digital PDF of {BORN} pages", taken, "60 s")
    yield Figure("pages of it that an engine read", str(asked), "0")
