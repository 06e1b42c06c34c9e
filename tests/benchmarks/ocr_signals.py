"""How badly a page was read, told without knowing what stands on it: the lower a signal, the sooner it is sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from sidecar.domain.page import PageText
from sidecar.domain.quality import GARBAGE, score

Signal = Callable[[PageText], float]
#: What stands for a page without any word: it is sent first.
NOTHING = -1.0


def confidence(page: PageText) -> float:
    """Return the mean confidence of words, in percent."""
    return NOTHING if page.confidence is None else page.confidence


def sure_words(page: PageText) -> float:
    """Return how many words in a hundred are read with a confidence of 60 or more."""
    return 100 * sum(word.confidence >= 60 for word in page.words) / len(page.words) if page.words else NOTHING


def sure_letters(page: PageText) -> float:
    """Return the mean confidence of letters: long words count for more."""
    letters = sum(len(word.text) for word in page.words)
    return sum(len(word.text) * word.confidence for word in page.words) / letters if letters else NOTHING


def tenth(page: PageText) -> float:
    """Return the confidence that a tenth of the words does not reach."""
    if len(page.words) < 2:
        return confidence(page)
    return quantiles([word.confidence for word in page.words], n=10, method="inclusive")[0]


def text_score(page: PageText) -> float:
    """Return how well the text reads as text, in percent."""
    return 100 * score(page.text)


def mean_and_tenth(page: PageText) -> float:
    """Return the middle between the mean and the worst tenth."""
    return (confidence(page) + tenth(page)) / 2


def mean_and_score(page: PageText) -> float:
    """Return the mean confidence, less what the text reads worse than ordinary text."""
    return confidence(page) - 100 * max(0.0, 0.85 - score(page.text))


def worst_line(page: PageText) -> float:
    """Return the mean confidence of the line that a tenth of the lines does not reach: whole lines go wrong."""
    lines: dict[int, list[float]] = {}
    for word in page.words:
        lines.setdefault(word.line, []).append(word.confidence)
    means = [sum(line) / len(line) for line in lines.values()]
    return quantiles(means, n=10, method="inclusive")[0] if len(means) > 1 else confidence(page)


SIGNALS: dict[str, Signal] = {
    "mean word confidence": confidence,
    "share of words from 60 up": sure_words,
    "mean confidence of letters": sure_letters,
    "worst tenth of words": tenth,
    "worst tenth of lines": worst_line,
    "score of the text": text_score,
    "mean and worst tenth": mean_and_tenth,
    "mean and score": mean_and_score,
}


def is_sent(signal: Signal, below: float, page: PageText) -> bool:
    """Say whether a page goes to the model: what reads like garbage always does."""
    return signal(page) < below or score(page.text) < GARBAGE


@dataclass(frozen=True)
class Case:
    """A page as Tesseract read it, and what sending it would change."""

    found: PageText
    #: Wrong characters of Tesseract's text and of the text after asking, and how many there are in all.
    before: int
    after: int
    total: int
    #: The answer was not taken, so the text is Tesseract's after asking too.
    is_refused: bool = False


@dataclass(frozen=True)
class Point:
    """What one threshold comes to. Shares are parts of 1."""

    below: float
    #: Pages sent.
    calls: float
    #: Of what sending every page would gain.
    gain: float


def gain(before: float, after: float, best: float) -> float:
    """Return the part of the way from Tesseract's error rate to the model's that `after` has come."""
    return (before - after) / (before - best) if before > best else 0.0


def point(cases: Sequence[Case], signal: Signal, below: float) -> Point:
    """Send the pages below a threshold."""
    sent = [is_sent(signal, below, case.found) for case in cases]
    after = sum(case.after if goes else case.before for case, goes in zip(cases, sent, strict=True))
    before, best = sum(case.before for case in cases), sum(case.after for case in cases)
    return Point(below, sum(sent) / len(cases), gain(before, after, best))


def curve(cases: Sequence[Case], signal: Signal) -> list[Point]:
    """Take every value of the signal as a threshold, from no page (but garbage) to all."""
    values = sorted({signal(case.found) for case in cases})
    return [point(cases, signal, below) for below in [*values, values[-1] + 1]]


def ideal(cases: Sequence[Case]) -> list[Point]:
    """Send the pages that gain most first, which nobody can know before."""
    ordered = sorted(cases, key=lambda case: case.after - case.before)
    before, best = sum(case.before for case in cases), sum(case.after for case in cases)
    done, points = 0, [Point(0, 0.0, 0.0)]
    for number, case in enumerate(ordered, 1):
        done += case.before - case.after
        points.append(Point(number, number / len(cases), gain(before, before - done, best)))
    return points


def most_within(points: Sequence[Point], calls: float) -> Point:
    """Return the threshold that gains most for at most this share of calls."""
    within = [one for one in points if one.calls <= calls] or [points[0]]
    return max(within, key=lambda one: (one.gain, -one.calls))


def cheapest(points: Sequence[Point], least: float) -> Point:
    """Return the threshold that gains this much for the fewest calls."""
    enough = [one for one in points if one.gain >= least] or [points[-1]]
    return min(enough, key=lambda one: (one.calls, -one.gain))
