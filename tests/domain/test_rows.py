"""Tables that were read column by column come out row by row; prose in columns stays as it was read."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from sidecar.domain.rows import GAP, in_rows
from sidecar.domain.word import Word

SIZE = (2480, 3508)


class Sheet:
    """A page that is written on, in the order in which an engine gives the lines."""

    def __init__(self, tilt: float = 0.0) -> None:
        self.words: list[Word] = []
        self.lines: list[str] = []
        self._slope = math.tan(math.radians(tilt))
        self._line = 0

    def write(self, x: int, y: int, text: str) -> None:
        self._line += 1
        for word in text.split():
            left, right = x, x + 22 * len(word)
            top = y + left * self._slope + 6 * (word[0] in "aceg")
            box = (left / SIZE[0], top / SIZE[1], right / SIZE[0], (top + 40) / SIZE[1])
            self.words.append(Word(word, box, self._line, 95.0))
            x = right + 20
        self.lines.append(text)

    def gap(self) -> None:
        self.lines.append("")

    def columns(self, columns: Sequence[Sequence[str]], *, y: int = 600, step: int = 90) -> None:
        for number, column in enumerate(columns):
            for row, text in enumerate(column):
                if text:
                    self.write(250 + number * 620, y + row * step, text)
            self.gap()

    def read(self) -> tuple[str, tuple[Word, ...]]:
        return in_rows("\n".join(self.lines) + "\n", self.words, SIZE)

    @property
    def as_it_was(self) -> tuple[str, tuple[Word, ...]]:
        return "\n".join(self.lines) + "\n", tuple(self.words)


GOODS = ["Desk lamp", "Copper pipe 15 mm", "Garden hose", "Printer paper A4"]
PRICES = ["84.20", "1,130.50", "12.00", "7.95"]
PROSE = "the meter in the cellar was read on two occasions and both readings agree"


@pytest.mark.parametrize("tilt", [0.0, 0.9, -1.4])
def test_a_price_stands_beside_what_it_is_for(tilt: float) -> None:
    sheet = Sheet(tilt)
    sheet.write(250, 300, "Northgate Water Ltd and a few words more")
    sheet.gap()
    sheet.columns([GOODS, ["3", "12", "1", "40"], PRICES])
    sheet.write(250, 1200, "Please pay within thirty days and quote the number of this invoice")
    for number in range(6):
        sheet.write(250, 1300 + 80 * number, PROSE)
    text, words = sheet.read()
    rows = [GAP.join(row) for row in zip(GOODS, ["3", "12", "1", "40"], PRICES, strict=True)]
    assert [line for line in text.splitlines() if line][1:5] == rows
    assert text.startswith("Northgate Water Ltd and a few words more\n\n")
    assert " ".join(word.text for word in words).split() == text.split()
    assert [word.line for word in words] == sorted(word.line for word in words)


def test_columns_of_prose_stay_one_after_the_other() -> None:
    sheet = Sheet()
    for column in range(2):
        for row in range(20):
            sheet.write(200 + 1150 * column, 400 + 70 * row, " ".join(PROSE.split()[: 6 + row % 3]))
        sheet.gap()
    assert sheet.read() == sheet.as_it_was


def test_an_address_beside_a_date_is_no_table() -> None:
    sheet = Sheet()
    sheet.columns([["Hollis & Price", "14 Mill Lane"], ["Our reference AB-1", "2026-05-12"]])
    assert sheet.read() == sheet.as_it_was


def test_cells_that_are_empty_leave_no_gap_in_the_order() -> None:
    sheet = Sheet()
    sheet.columns([["Item", *GOODS], ["Each", "", *PRICES[:3]]])
    text, _ = sheet.read()
    assert text.splitlines()[:3] == ["Item" + GAP + "Each", "Desk lamp", "Copper pipe 15 mm" + GAP + "84.20"]


@pytest.mark.parametrize("text", ["", "\n", "Something else entirely\n"])
def test_text_that_is_not_that_of_the_words_is_left_alone(text: str) -> None:
    sheet = Sheet()
    sheet.columns([GOODS, PRICES])
    assert in_rows(text, sheet.words, SIZE) == (text, tuple(sheet.words))


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_or_doubled_wherever_lines_stand(seed: int) -> None:
    chance = random.Random(seed)
    sheet = Sheet(chance.uniform(-2, 2))
    for _ in range(chance.randint(0, 60)):
        words = chance.choices([*GOODS, *PRICES, PROSE], k=chance.randint(1, 3))
        sheet.write(chance.randrange(100, 1900), chance.randrange(100, 3300), " ".join(words))
        if chance.random() < 0.2:
            sheet.gap()
    text, words = sheet.read()
    assert sorted(text.split()) == sorted(" ".join(sheet.lines).split())
    assert sorted(word.box for word in words) == sorted(word.box for word in sheet.words)
    assert " ".join(word.text for word in words).split() == text.split()
