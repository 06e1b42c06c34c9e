"""What a batch of documents will come to before it is run: calls, tokens, money, time, and in how many periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.domain.budget import Budget
from sidecar.domain.prices import in_words

#: What one answer is like as long as there was none: a filing, and the text of a page.
FILING_TOKENS = 150
PAGE_TOKENS = 700
#: So many pages must have been read before they tell how many go to a model.
ENOUGH_PAGES = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one kind of work on a batch comes to."""

    #: Calls to a model; 0 if none is asked.
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    #: In the currency of the price table; None where no price is known.
    cost: float | None = 0.0
    #: With as much at a time as is set; None where nothing is known of how long one takes.
    seconds: float | None = 0.0
    #: What was assumed and what is missing, a sentence each.
    notes: tuple[str, ...] = ()


def side_by_side(number: int, seconds: float | None, width: int) -> float | None:
    """Return how long so many take of so many seconds each, `width` at a time; None if nobody knows."""
    if number == 0:
        return 0.0
    return None if seconds is None else math.ceil(number / width) * seconds


def model_pages(pages: int, *, so_far: int, by_model: int) -> int:
    """Return how many of the pages go to a model: by the share so far, or all if too few were read."""
    return pages if so_far < ENOUGH_PAGES else math.ceil(pages * by_model / so_far)


def drawn_out(budget: Budget, estimate: Estimate) -> list[str]:
    """Return in sentences where a limit makes the batch take more than one of its periods."""
    said = []
    for limit in budget.limits:
        parts = []
        if limit.money is not None and estimate.cost is not None:
            parts.append((estimate.cost / limit.money, in_words(limit.money, budget.currency)))
        if limit.tokens is not None:
            parts.append(((estimate.input_tokens + estimate.output_tokens) / limit.tokens, f"{limit.tokens} tokens"))
        times, allowed = max(parts, default=(0.0, ""))
        if times > 1:
            said.append(f"With {limit.setting} ({allowed}) it takes about {math.ceil(times)} {limit.period}s.")
    return said


def duration(seconds: float | None) -> str:
    """Return a time for people."""
    if seconds is None:
        return "unknown"
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} seconds"


def counted(number: int, words: Sequence[str]) -> str:
    """Return a number with the word for one or for many."""
    return f"{number} {words[0] if number == 1 else words[1]}"
