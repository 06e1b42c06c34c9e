"""What a batch of documents will come to before it is run: calls, tokens, money, time, and in how many periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sidecar.domain.budget import Budget
from sidecar.domain.prices import in_words

#: What one answer is like as long as there was none: a filing, and the text of a page.
FILING_TOKENS = 150
PAGE_TOKENS = 700
#: So many pages must have been read before they tell how many go to a model.
ENOUGH_PAGES = 20
#: So many answers there must be before they tell better what one takes than the questions do.
ENOUGH_ANSWERS = 10
#: For so many documents of a batch the examples are looked up that would be shown with them; each costs a search.
MEASURED = 20


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


@dataclass(frozen=True, slots=True)
class Share:
    """What one model at one endpoint did of some work: all calls, with repairs, rejected answers and lost ones."""

    model: str
    #: The endpoint's host; None where it is not known.
    host: str | None
    #: Calls that gave an answer that was taken.
    answered: int
    calls: int
    input_tokens: int
    output_tokens: int


def answers(shares: Sequence[Share]) -> int:
    """Return how much of the work was done."""
    return sum(one.answered for one in shares)


def as_before(number: int, shares: Sequence[Share]) -> list[Share]:
    """Return what so many more come to if each model has the same share of them as before; rounded up."""
    done = answers(shares)

    def more(amount: int) -> int:
        return math.ceil(amount * number / done)

    return [
        replace(
            one,
            answered=more(one.answered),
            calls=more(one.calls),
            input_tokens=more(one.input_tokens),
            output_tokens=more(one.output_tokens),
        )
        for one in shares
    ]


def in_shares(shares: Sequence[Share], words: Sequence[str]) -> str:
    """Return who did how much, for people; empty if it was one model alone."""
    if len(shares) < 2:
        return ""
    said = [f"{counted(one.answered, words)} by {one.model} at {one.host or 'an unknown host'}" for one in shares]
    return f" Of these {', '.join(said)}."


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
