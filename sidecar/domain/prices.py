"""What a call to a model costs, by the owner's price table: `gpt-x: 0.15/0.60, vision-*: 2/8, llama@gpu-box: 0/0`.

Prices are for a million tokens that go in and a million that come out. A name may have `*` in it for any letters, and
`@host` behind it for one endpoint alone. Of several lines that fit, one with a host goes before one without, then the
one with more letters of its own.
"""

from __future__ import annotations

import fnmatch
import math
import re
from dataclasses import dataclass

MILLION = 1_000_000
#: A cautious average over languages; where a provider does not count, this does.
CHARACTERS_PER_TOKEN = 3
#: Models that see cut a picture into squares, a token each: of 28 by 28 pixels where they are smallest.
PIXELS_PER_TOKEN = 28 * 28
#: The shorter side of a page, of the longer one.
PAGE_SHAPE = 2**-0.5
#: Digits with a point, as a person writes a price; no sign, no exponent.
_NUMBER = re.compile(r"\d+(\.\d+)?|\.\d+")


@dataclass(frozen=True, slots=True)
class Price:
    """One line of the table."""

    #: The model's name, with `*` for any letters, in small letters.
    model: str
    #: The endpoint's host, with `*` likewise; None for all.
    host: str | None
    #: For a million tokens each.
    input: float
    output: float

    def fits(self, model: str, host: str | None) -> bool:
        """Say whether it is the price of this model at this host."""
        return _matches(self.model, model) and (self.host is None or (host is not None and _matches(self.host, host)))

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """How closely it names a model; the highest of those that fit counts."""
        return self.host is not None, "*" not in self.model, len(self.model.replace("*", ""))


@dataclass(frozen=True, slots=True)
class Prices:
    """The price table; empty if none is set."""

    lines: tuple[Price, ...] = ()

    def find(self, model: str, host: str | None = None) -> Price | None:
        """Return the line for a model at a host, None if no price of it is known."""
        return max((line for line in self.lines if line.fits(model, host)), key=lambda line: line.rank, default=None)

    def cost(self, model: str, input_tokens: int, output_tokens: int, host: str | None = None) -> float | None:
        """Return what so many tokens cost, in the currency of the table; None if no price of the model is known."""
        price = self.find(model, host)
        if price is None:
            return None
        return (input_tokens * price.input + output_tokens * price.output) / MILLION


def parse(text: str) -> Prices:
    """Read a price table; lines end at commas, semicolons or line ends. Raises ValueError that says which is wrong."""
    lines: list[Price] = []
    for part in re.split(r"[,;\n]", text):
        if part.strip():
            line = _line(part.strip())
            if any((line.model, line.host) == (other.model, other.host) for other in lines):
                raise ValueError(f'names "{line.model}" twice')
            lines.append(line)
    return Prices(tuple(lines))


def _line(text: str) -> Price:
    """Read one line; the name may have colons of its own (`qwen2.5:7b: 0/0`)."""
    name, _, price = text.rpartition(":")
    model, host = _named(name.strip())
    numbers = [number.strip() for number in price.split("/")]
    if not model or len(numbers) != 2 or not all(map(_NUMBER.fullmatch, numbers)):
        raise ValueError(
            f'"{text}" is no price; write the model, a colon, and what a million tokens cost going in and coming out, '
            "with a point in the numbers: gpt-x: 0.15/0.60"
        )
    return Price(model.lower(), host, *map(float, numbers))


def _named(name: str) -> tuple[str, str | None]:
    """Tell model and host apart; an `@` at the very beginning belongs to the name (`@cf/meta/llama`)."""
    model, at, host = name.rpartition("@")
    if not at or not model:
        return name, None
    return model.strip(), host.strip().lower()


def _matches(pattern: str, text: str) -> bool:
    """Say whether the pattern, in which only `*` means more than itself, fits; the case of letters says nothing."""
    escaped = re.sub(r"([\[?])", r"[\1]", pattern)
    return fnmatch.fnmatchcase(text.lower(), escaped)


def tokens_of(*texts: str) -> int:
    """Return about how many tokens the texts have."""
    return math.ceil(sum(map(len, texts)) / CHARACTERS_PER_TOKEN)


def tokens_of_page(pixels: int) -> int:
    """Return about how many tokens the picture of a page has, whose longer side has so many pixels."""
    return math.ceil(pixels * pixels * PAGE_SHAPE / PIXELS_PER_TOKEN)


def in_words(amount: float, currency: str) -> str:
    """Return an amount of money for people: two decimals, or four of less than one."""
    digits = 2 if math.fabs(amount) >= 1 or amount == 0 else 4
    return f"{amount:.{digits}f} {currency}"
