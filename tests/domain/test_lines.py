"""The tilt of a page by the places of its words."""

import math

import pytest

from sidecar.domain.lines import LINES, WORDS, tilt_of
from sidecar.domain.word import Word

SIZE = (2480, 3508)


def page(degrees: float, *, lines: int = 12, words: int = 9) -> list[Word]:
    """Return words on lines that fall by so much, some with letters that reach up or down."""
    found = []
    for line in range(lines):
        for number in range(words):
            x = 200 + number * 200
            y = 300 + line * 90 + x * math.tan(math.radians(degrees))
            reach = 8 * ((number * 7 + line) % 3 - 1)
            box = (x / SIZE[0], (y + reach) / SIZE[1], (x + 150) / SIZE[0], (y + 40) / SIZE[1])
            found.append(Word("word", box, line + 1, 95))
    return found


@pytest.mark.parametrize("degrees", [-6.0, -2.0, 0.0, 0.7, 3.0, 9.0])
def test_lines_tell_how_far_they_fall(degrees: float) -> None:
    assert tilt_of(page(degrees), SIZE) == pytest.approx(degrees, abs=0.25)


def test_a_few_stray_lines_do_not_matter() -> None:
    assert tilt_of([*page(0.0), *page(20.0, lines=3)], SIZE) == pytest.approx(0.0, abs=0.25)


@pytest.mark.parametrize(
    "words", [[], page(5.0, lines=LINES - 1), page(5.0, words=WORDS - 1)], ids=["none", "few lines", "short lines"]
)
def test_too_little_tells_nothing(words: list[Word]) -> None:
    assert tilt_of(words, SIZE) is None
