"""How sure a model was of each field of its answer, from the probabilities of the answer's tokens."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

#: A piece of the answer and the logarithm of its probability.
Token = tuple[str, float]
_DECODER = json.JSONDecoder()


def field_confidence(text: str, tokens: Sequence[Token]) -> dict[str, float]:
    """Return, for each field of the JSON object in the answer, the probability of its value: that of all its tokens.

    Empty where the tokens are not those of the text, as after thoughts that were taken off.
    """
    whole = "".join(piece for piece, _ in tokens)
    begins = whole.find(text) if text else -1
    if begins < 0:
        return {}
    found = {}
    for name, start, end in _values(text):
        within = _between(tokens, begins + start, begins + end)
        if within:
            found[name] = math.exp(min(0.0, math.fsum(within)))
    return found


def _between(tokens: Sequence[Token], start: int, end: int) -> list[float]:
    """Return the logarithms of the tokens that have a character between the two places."""
    found, place = [], 0
    for piece, logarithm in tokens:
        if place < end and place + len(piece) > start:
            found.append(logarithm)
        place += len(piece)
    return found


def _values(text: str) -> Iterator[tuple[str, int, int]]:
    """Give the name of each field of the first object, and where its value begins and ends."""
    place = text.find("{") + 1
    while place:
        place = _skip(text, place, ",")
        try:
            name, place = _DECODER.raw_decode(text, place)
            start = _skip(text, place, ":")
            _, place = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):  # the end of the object, or of what is readable of it
            return
        if isinstance(name, str):
            yield name, start, place


def _skip(text: str, place: int, mark: str) -> int:
    while place < len(text) and (text[place].isspace() or text[place] == mark):
        place += 1
    return place
