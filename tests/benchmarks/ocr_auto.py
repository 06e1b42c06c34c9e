"""What OCR_ENGINE=auto gains: which pages go to a vision model, and how much of its gain that keeps.

Signal and threshold are chosen on one half of the pages and tried on the other, made from other seeds. The model is a
stand-in of stated quality (`ocr_stand_in`), so this is about the choice of pages, not about any real model. Each half
has `BENCH_OCR_AUTO` pages (4) of each spoiled kind and three times as many of each ordinary kind.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sidecar.engines.prompts import Prompts
from sidecar.engines.vision import Vision
from tests.benchmarks import ocr_errors, ocr_money, ocr_product
from tests.benchmarks.figures import Figure
from tests.benchmarks.ocr_pages import VARIANTS
from tests.benchmarks.ocr_reading import EXACT, FAST, Reading, missing, own_scans, read, sheets
from tests.benchmarks.ocr_signals import SIGNALS, Case, Point, cheapest, curve, ideal, is_sent, most_within, point
from tests.benchmarks.ocr_stand_in import WRONG, asked
from tests.benchmarks.plot import Line, plot
from tests.scenarios.program import REPOSITORY

EACH = int(os.environ.get("BENCH_OCR_AUTO", "4"))
#: What archives hold most.
ORDINARY = frozenset({"clean", "office scan"})
#: Where the seeds of the half begin on which things are chosen, and of the one on which they are tried.
CHOSEN_ON, TRIED_ON = 100, 0
#: What is wanted of auto: so much of the gain for so many of the pages. Chosen with a margin, for pages yet unseen.
GAIN, CALLS, MARGIN = 0.8, 0.4, 0.05
WANTED = f"{GAIN:.0%} of the gain for {CALLS:.0%} of the calls at most"
CONFIDENCE = "mean word confidence"
PICTURE = REPOSITORY / "docs" / "ocr-auto.svg"


def measure(folder: Path) -> Iterator[Figure]:
    """Read both halves, choose on the first, and show what that comes to on the second."""
    first, second = (_half(folder, start) for start in (CHOSEN_ON, TRIED_ON))
    chosen_on, tried_on = _cases(first, folder), _cases(second, folder)
    yield Figure("pages of each half, and those of ordinary kinds", f"{len(first)}, {_ordinary(first)}")
    yield Figure("wrong characters of the stand-in, as stated", f"{WRONG} %")
    yield from _errors("first half", chosen_on)
    yield from _errors("second half", tried_on)
    yield from _signals(chosen_on, tried_on)
    below = chosen(chosen_on)
    yield Figure(f"chosen on the first half: OCR_AUTO_CONFIDENCE={below:g}", _said(chosen_on, below), WANTED)
    yield Figure("the same on the second half", _said(tried_on, below), WANTED)
    spoiled = [case for case, one in zip(tried_on, second, strict=True) if one.sheet.variant != "clean"]
    yield Figure("the same on its spoiled pages", _said(spoiled, below), WANTED)
    by_words = _cases(second, folder, count=ocr_errors.lost_words)
    yield Figure("the same by words that are nowhere, not by characters in order", _said(by_words, below))
    for step in (80, 85, 88, 90, 91, 92, 93, 94, 95, 96, 97):
        yield Figure(f"second half, sent below {step} %", _said(tried_on, step))
    if not missing(EXACT):
        exact = _cases(_half(folder, TRIED_ON, EXACT), folder)
        yield Figure("the same threshold with exact language data", _said(exact, below), WANTED)
    if own := own_scans():
        found = _cases(read(FAST, own), folder, count=ocr_errors.lost_words)
        yield from _errors("your own scans, by words that are nowhere", found)
        yield Figure("the same threshold on your own scans, by words", _said(found, below))
    PICTURE.write_text(_drawn(tried_on, below), encoding="utf-8")
    yield Figure("drawn in", str(PICTURE.relative_to(REPOSITORY)))
    yield from ocr_money.measure(second, [is_sent(SIGNALS[CONFIDENCE], below, one.found) for one in second])
    yield from ocr_product.measure(folder, second, below)


def chosen(cases: Sequence[Case]) -> float:
    """Return the confidence, in half percents, that gains enough and a margin for the fewest calls."""
    points = [point(cases, SIGNALS[CONFIDENCE], half / 2) for half in range(100, 200)]
    return cheapest(points, GAIN + MARGIN).below


def _half(folder: Path, start: int, way: str = FAST) -> list[Reading]:
    names = [
        (variant, start + number) for variant in VARIANTS for number in range(EACH * 3 if variant in ORDINARY else EACH)
    ]
    return read(way, sheets(names, folder))


def _ordinary(readings: Sequence[Reading]) -> int:
    return sum(one.sheet.variant in ORDINARY for one in readings)


def _cases(readings: Sequence[Reading], folder: Path, count: ocr_errors.Counting = ocr_errors.characters) -> list[Case]:
    """Ask the stand-in about every page, and count what is wrong before and after."""
    cases = []
    for reading, answer in zip(readings, asked(readings, folder), strict=True):
        before, after = (count(reading.sheet.truth, text) for text in (reading.found.text, answer.text))
        cases.append(Case(reading.found, before.wrong, after.wrong, before.total, is_refused=bool(answer.problem)))
    return cases


def _errors(what: str, cases: Sequence[Case]) -> Iterator[Figure]:
    total = sum(case.total for case in cases)
    for who, wrong in (
        ("Tesseract alone", sum(case.before for case in cases)),
        ("every page sent", sum(case.after for case in cases)),
    ):
        yield Figure(f"{what}: wrong, {who}", f"{wrong / total:.2%}")
    worse = [case.after - case.before for case in cases if case.after > case.before]
    yield Figure(f"{what}: pages that lose by being sent", f"{len(worse)} of {len(cases)}, {sum(worse)} in all")
    yield Figure(f"{what}: good answers that were refused", str(sum(case.is_refused for case in cases)), "0")


def _signals(chosen_on: Sequence[Case], tried_on: Sequence[Case]) -> Iterator[Figure]:
    """Compare the signals: for each the cheapest threshold on the first half, and what it comes to on the second."""
    for name, signal in SIGNALS.items():
        points = curve(chosen_on, signal)
        best, most = cheapest(points, GAIN + MARGIN), most_within(points, CALLS)
        tried = point(tried_on, signal, best.below)
        said = f"{_shares(best)}; at most {most.gain:.1%} for {CALLS:.0%}; second half {_shares(tried)}"
        yield Figure(f"by {name}, below {best.below:.1f}", said)
    yield Figure("by the gain itself, which nobody knows", _shares(cheapest(ideal(chosen_on), GAIN + MARGIN)))


def _said(cases: Sequence[Case], below: float) -> str:
    """Take the decision where the worker takes it."""
    wants = Vision([], Prompts(None), pixels=2000, below=below).wants
    one = point(cases, SIGNALS[CONFIDENCE], below)
    assert one.calls == sum(wants(case.found) for case in cases) / len(cases), "the product decides otherwise"
    return _shares(one)


def _shares(one: Point) -> str:
    return f"{one.gain:.1%} of the gain for {one.calls:.1%} of the calls"


_COLOURS: Mapping[str, str] = {CONFIDENCE: "#1f5fa8", "worst tenth of words": "#c0562b", "score of the text": "#5b8c3a"}


def _drawn(cases: Sequence[Case], below: float) -> str:
    lines = [Line("by the gain itself, which nobody knows", "#999999", _shape(ideal(cases)), is_dashed=True)]
    lines += [Line(name, colour, _shape(curve(cases, SIGNALS[name]))) for name, colour in _COLOURS.items()]
    here = point(cases, SIGNALS[CONFIDENCE], below)
    return plot(
        lines,
        across="pages sent to the vision model",
        up="its gain over Tesseract that is kept",
        wanted=(CALLS, GAIN),
        mark=(here.calls, here.gain, f"OCR_AUTO_CONFIDENCE={below:g}"),
    )


def _shape(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(0.0, 0.0), *((one.calls, one.gain) for one in points)]
