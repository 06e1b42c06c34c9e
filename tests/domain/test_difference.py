"""Two texts side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.difference import MOST, beside, compare


def test_words_that_are_only_in_one_text_are_marked_there() -> None:
    found = compare("Invoice of\nMay, 12 EUR", "Invoice of May, 72 EUR in all")
    assert [(piece.text, piece.differs) for piece in found.old] == [
        ("Invoice of\nMay, ", False), ("12", True), (" EUR", False),
    ]  # fmt: skip
    assert [(piece.text, piece.differs) for piece in found.new] == [
        ("Invoice of May, ", False), ("72", True), (" EUR ", False), ("in all", True),
    ]  # fmt: skip


@given(st.text(alphabet="ab \n", max_size=40), st.text(alphabet="ab \n", max_size=40))
def test_the_pieces_make_up_the_text(old: str, new: str) -> None:
    found = compare(old, new)
    assert "".join(piece.text for piece in found.old) == old.lstrip()
    assert "".join(piece.text for piece in found.new) == new.lstrip()
    same = ["".join(p.text for p in side if not p.differs).split() for side in (found.old, found.new)]
    assert same[0] == same[1]


def test_what_is_too_long_is_shown_and_not_compared() -> None:
    long = "word " * (MOST + 1)
    found = compare(long, "word")
    assert not found.compared
    assert "".join(piece.text for piece in found.old) == long


def test_a_page_finds_its_part_of_the_old_text() -> None:
    def page(number: int, bad: str = "") -> str:
        return " ".join(f"p{number}w{word}{bad if word % 7 == 3 else ''}" for word in range(300))

    old = " ".join(page(number, "x") for number in range(1, 6))
    pages = [page(number) for number in range(1, 6)]
    for number in range(1, 6):
        assert beside(old, pages, number).split() == page(number, "x").split()


def test_an_old_text_that_has_nothing_of_a_page_is_divided_by_place() -> None:
    assert beside("a b c d", ["x y", "z w"], 2) == "c d"
    assert beside("", ["x"], 1) == ""
