"""The figures about reading are counted right: errors, pages from seeds, the gain of auto, the stand-in's quality."""

from __future__ import annotations

import hashlib

import pytest

from sidecar.domain.page import PageText
from sidecar.domain.word import Word
from tests.benchmarks import ocr_errors, ocr_pages
from tests.benchmarks.ocr_money import Price
from tests.benchmarks.ocr_signals import SIGNALS, Case, cheapest, confidence, curve, gain, ideal, is_sent, point
from tests.benchmarks.ocr_stand_in import KnownPictures, misread

GOOD_TEXT = "Thank you for your letter, which reached us in time together with the receipts."


@pytest.mark.parametrize(
    ("truth", "read", "characters", "words", "lost"),
    [
        ("the total is 12.50", "the total is 12.50", 0, 0, 0),
        ("the total is 12.50", "the tota1 is 12.50", 1, 1, 1),
        ("the total is 12.50", "the total is", 6, 1, 1),
        ("the total", "the the total", 4, 1, 0),
        ("one two", "two one", 6, 2, 0),
        ("“Größe” – 7", '"Größe"  -\n7', 0, 0, 0),  # typographic marks and white space are no errors
        ("kitten", "sitting", 3, 1, 1),
        ("word", "", 4, 1, 1),
        ("", "noise", 5, 1, 0),
    ],
)
def test_errors_are_counted_as_by_hand(truth: str, read: str, characters: int, words: int, lost: int) -> None:
    counted = (ocr_errors.characters, ocr_errors.words, ocr_errors.lost_words)
    assert [count(truth, read).wrong for count in counted] == [characters, words, lost]


def test_a_rate_is_errors_by_what_there_is_and_sums_weigh_long_pages_more() -> None:
    one, other = ocr_errors.characters("abcd", "abxd"), ocr_errors.characters("abcdefghijklmnop", "abcdefghijklmnop")
    assert (one.rate, ocr_errors.summed([one, other]).rate) == (0.25, 0.05)
    assert ocr_errors.Errors().rate == 0.0


@pytest.mark.parametrize("variant", ["office scan", "phone photo"])
def test_a_page_is_the_same_bytes_for_the_same_seed_and_another_for_another(variant: str) -> None:
    first, again, other = (ocr_pages.page(variant, seed) for seed in (3, 3, 4))
    assert (first.truth, hashlib.sha256(first.data).hexdigest()) == (
        again.truth,
        hashlib.sha256(again.data).hexdigest(),
    )
    assert first.truth != other.truth


@pytest.mark.parametrize(
    ("before", "after", "best", "share"),
    [
        (0.10, 0.10, 0.01, 0.0),  # nothing sent
        (0.10, 0.01, 0.01, 1.0),  # everything sent
        (0.10, 0.028, 0.01, 0.8),
        (0.10, 0.005, 0.01, 1.0556),  # only pages that gain were sent: more than everything
        (0.01, 0.01, 0.02, 0.0),  # a model that is worse has no gain to share
    ],
)
def test_the_gain_is_the_part_of_the_way_to_the_model(before: float, after: float, best: float, share: float) -> None:
    assert gain(before, after, best) == pytest.approx(share, abs=1e-4)


def read(sure: float | None, text: str = GOOD_TEXT) -> PageText:
    words = tuple(Word(word, (0, 0, 0.1, 0.1), 1, sure) for word in text.split()) if sure is not None else ()
    return PageText(1, text if sure is not None else "", "tesseract", sure, 1.0, words=words)


#: Of 100 characters each: one page is lost, one read badly, two well; the model gets one wrong everywhere.
CASES = [Case(read(sure), wrong, 1, 100) for sure, wrong in ((None, 97), (70.0, 9), (95.0, 1), (96.0, 0))]


@pytest.mark.parametrize(("below", "calls", "share"), [(0, 0.25, 96 / 103), (80, 0.5, 104 / 103), (101, 1.0, 1.0)])
def test_a_threshold_sends_what_lies_below_and_keeps_its_gain(below: float, calls: float, share: float) -> None:
    found = point(CASES, confidence, below)
    assert (found.calls, found.gain) == (calls, pytest.approx(share))


def test_the_cheapest_threshold_is_found_and_nothing_beats_the_ideal() -> None:
    points = curve(CASES, confidence)
    assert cheapest(points, 0.9).calls == 0.25
    assert cheapest(points, 1.005).calls == 0.5
    assert max(one.gain for one in points) <= max(one.gain for one in ideal(CASES))


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_sends_a_page_without_words_before_one_that_is_read_well(name: str) -> None:
    signal = SIGNALS[name]
    assert signal(read(None)) < signal(read(40.0))
    assert is_sent(signal, 50.0, read(None))
    assert not is_sent(signal, 50.0, read(96.0))


def test_the_stand_in_errs_as_often_as_it_says_and_always_in_the_same_places() -> None:
    truth = " ".join(f"{GOOD_TEXT} {number}" for number in range(200))
    said = misread(truth, 0.7)
    assert said == misread(truth, 0.7)
    assert 0.005 < ocr_errors.characters(truth, said).rate < 0.009
    assert misread(truth, 0) == truth


def test_the_stand_in_knows_a_picture_it_was_told_of_and_no_other() -> None:
    pictures = KnownPictures(wrong=0)
    pictures.learn(b"picture", "what it says")
    assert pictures.read("data:image/jpeg;base64,cGljdHVyZQ==") == "what it says"
    with pytest.raises(KeyError):
        pictures.read("data:image/jpeg;base64,b3RoZXI=")


def test_a_page_costs_its_picture_its_question_and_its_text() -> None:
    price = Price("example", input_usd=1.0, output_usd=4.0, picture_tokens=1500)
    assert price.page_usd("x" * 400, 4000) == pytest.approx((1600 * 1.0 + 1000 * 4.0) / 1e6)
