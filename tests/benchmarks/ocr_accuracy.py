"""What is read wrongly, by kind of page and by way of reading: ours with two sets of language data, beside others.

`BENCH_OCR_EACH` pages of each kind (4); RapidOCR, which takes its time, reads half of them. Characters and words are
counted as edits in reading order; lost words are nowhere on the page, in whatever order it was read.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.ocr_errors import summed
from tests.benchmarks.ocr_pages import VARIANTS
from tests.benchmarks.ocr_reading import EXACT, FAST, OCRMYPDF, PLAIN, RAPIDOCR, Reading, Sheet, missing, read, sheets

EACH = int(os.environ.get("BENCH_OCR_EACH", "4"))
WAYS = (FAST, EXACT, PLAIN, OCRMYPDF, RAPIDOCR)


def measure(folder: Path) -> Iterator[Figure]:
    """Read pages of every kind in every way."""
    pages = sheets([(variant, seed) for variant in VARIANTS for seed in range(EACH)], folder)
    for way in WAYS:
        if why := missing(way):
            yield Figure(way, f"left out: {why}")
            continue
        readings = read(way, _some(pages) if way == RAPIDOCR else pages)
        for variant in VARIANTS:
            yield Figure(f"{way}: {variant}", in_words([one for one in readings if one.sheet.variant == variant]))
        yield Figure(f"{way}: all {len(readings)} pages", in_words(readings))
        first = [one for one in readings if one.sheet in _some(pages)]
        if len(first) < len(readings):
            yield Figure(f"{way}: the {len(first)} pages that RapidOCR reads", in_words(first))


def in_words(readings: Sequence[Reading]) -> str:
    """Say what was read wrongly, and what it cost."""
    characters, words, lost = (
        summed(getattr(one, kind) for one in readings) for kind in ("characters", "words", "lost_words")
    )
    cpu_s = sum(one.cpu_s for one in readings) / len(readings)
    return f"characters {characters}, words {words}, lost words {lost}; {cpu_s:.2f} CPU s a page"


def _some(pages: Sequence[Sheet]) -> list[Sheet]:
    return [sheet for sheet in pages if sheet.seed < max(1, EACH // 2)]
