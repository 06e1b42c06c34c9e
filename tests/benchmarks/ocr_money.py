"""What a vision model costs: pages times tokens times price, for every page and for those that auto sends.

Prices are examples, in US dollars for a million tokens as the makers' public lists had them in mid-2026; they change
often, so look before you reckon. How many tokens a picture counts for is each maker's own rule, for a page of A4 with
2,000 pixels on its longer side. Other prices: `BENCH_OCR_PRICE=name,input,output,tokens of a picture`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.engines.prompts import Prompts
from tests.benchmarks.figures import Figure
from tests.benchmarks.ocr_reading import Reading

PAGES = 1000
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Price:
    """What a model costs."""

    model: str
    #: US dollars for a million tokens.
    input_usd: float
    output_usd: float
    picture_tokens: int

    def page_usd(self, question: str, characters: float) -> float:
        """Return the price of one page whose text has so many characters."""
        asked = self.picture_tokens + len(question) / CHARACTERS_PER_TOKEN
        return (asked * self.input_usd + characters / CHARACTERS_PER_TOKEN * self.output_usd) / 1e6


PRICES = (
    Price("GPT-4.1 mini", 0.40, 1.60, 2488),  # 1,536 patches at most, 1.62 tokens each
    Price("Gemini 2.5 Flash", 0.30, 2.50, 1548),  # six tiles of 258
    Price("Claude Haiku 4.5", 1.00, 5.00, 1600),  # made smaller to this many
)


def prices() -> list[Price]:
    """Return the examples, or the one that was named."""
    named = os.environ.get("BENCH_OCR_PRICE", "").split(",")
    if len(named) != 4:
        return list(PRICES)
    return [Price(named[0], float(named[1]), float(named[2]), int(named[3]))]


def measure(readings: Sequence[Reading], sent: Sequence[bool]) -> Iterator[Figure]:
    """Reckon for a thousand pages like these."""
    question = Prompts(None).render("vision-page.md.j2")
    texts = [len(one.sheet.truth) for one in readings]
    for price in prices():
        costs = [price.page_usd(question, characters) for characters in texts]
        every, auto = sum(costs), sum(cost for cost, goes in zip(costs, sent, strict=True) if goes)
        scale = PAGES / len(costs)
        said = f"${every * scale:.2f} for every page, ${auto * scale:.2f} with auto"
        yield Figure(f"{PAGES} pages with {price.model}", said)
