"""Scores of suggestions against what a person chose."""

from __future__ import annotations

import math

import pytest

from sidecar.domain.confidence import field_confidence
from sidecar.domain.scoring import FieldScore, Miss, Score, Value, calibrate, likeness


def tags(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("truth", "suggested", "miss", "exact", "right", "given", "wanted"),
    [
        ("ACME Ltd.", "ACME Ltd.", None, 1, 1, 1, 1),
        ("ACME Ltd.", "acme ltd", None, 0, 1, 1, 1),
        ("ACME", "ACNE", Miss.WRONG, 0, 0, 1, 1),
        ("ACME", None, Miss.MISSING, 0, 0, 0, 1),
        ("ACME", "", Miss.MISSING, 0, 0, 0, 1),
        (None, "ACME", Miss.INVENTED, 0, 0, 1, 0),
        (None, None, None, 0, 0, 0, 0),
        (tags("A", "B"), tags("B", "A"), None, 1, 2, 2, 2),
        (tags("A", "B"), tags("A"), Miss.WRONG, 0, 1, 1, 2),
        (tags("A"), tags("A", "B"), Miss.WRONG, 0, 1, 2, 1),
        (tags(), tags("A"), Miss.INVENTED, 0, 0, 1, 0),
        (tags("A"), tags(), Miss.MISSING, 0, 0, 0, 1),
        ("\u2014", "\u2014", None, 1, 1, 1, 1),
        ("\u2014", "\u00a7", Miss.WRONG, 0, 0, 1, 1),
    ],
)
def test_one_document_counts(
    truth: Value, suggested: Value, miss: Miss | None, exact: int, right: int, given: int, wanted: int
) -> None:
    score = FieldScore()
    assert score.add(truth, suggested) is miss
    assert (score.exact, score.right, score.given, score.wanted) == (exact, right, given, wanted)


def test_shares_are_of_what_they_say() -> None:
    score = FieldScore()
    for truth, suggested in [("a", "a"), ("a", "b"), ("a", None), (None, "a"), (None, None)]:
        score.add(truth, suggested)
    assert score.precision == pytest.approx(1 / 3)
    assert score.recall == pytest.approx(1 / 3)
    assert score.exactness == pytest.approx(1 / 3)
    assert score.abstention == pytest.approx(2 / 5)


def test_nothing_to_take_a_share_of_is_no_share() -> None:
    empty = FieldScore()
    assert (empty.precision, empty.recall, empty.exactness, empty.abstention, empty.alike) == (None,) * 5
    empty.add(None, None)
    assert (empty.precision, empty.recall, empty.abstention) == (None, None, 1.0)


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [("Invoice May 2026", "invoice: may 2026", 1.0), ("Invoice May", "Invoice June", 0.5), ("a a b", "a b b", 2 / 3),
     ("Invoice", "", 0.0), ("", "", 1.0)],
)  # fmt: skip
def test_titles_are_alike_by_their_words(left: str, right: str, alike: float) -> None:
    assert likeness(left, right) == pytest.approx(alike)


def test_probabilities_that_are_what_they_say_have_no_error() -> None:
    found = calibrate([(0.75, True)] * 3 + [(0.75, False)])
    assert found is not None
    assert found.error == pytest.approx(0.0)
    assert [(one.low, one.high, one.answers) for one in found.bins] == [(0.7, 0.8, 4)]


def test_probabilities_that_promise_too_much_have_the_error_that_is_between() -> None:
    found = calibrate([(1.0, True), (1.0, False), (0.0, True), (0.05, False)])
    assert found is not None
    # Two in the last bin at 1.0 with half of them right, two in the first at 0.025 with half of them right.
    assert found.error == pytest.approx((2 * 0.5 + 2 * 0.475) / 4)
    assert sum(one.answers for one in found.bins) == 4


def test_without_probabilities_there_is_no_calibration() -> None:
    assert calibrate([]) is None
    score = Score()
    score.add(1, {"title": "a"}, {"title": "a"}, ["title"], {})
    assert score.calibration is None


def test_a_score_counts_the_fields_that_were_asked_for_and_keeps_the_misses() -> None:
    score = Score()
    truth = {"title": "a", "correspondent": "ACME", "tags": tags("x")}
    score.add(7, truth, {"title": "b", "correspondent": "acme"}, ["title", "correspondent"], {"correspondent": 0.9})
    assert set(score.fields) == {"title", "correspondent"}
    assert [(miss.document_id, miss.field, miss.truth, miss.suggested) for miss in score.misses] == [
        (7, "title", "a", "b")
    ]
    assert score.probabilities == [(0.9, True)]


ANSWER = '{"title": "A bill", "tags": ["x", "y"], "created": null}'


def test_a_fields_probability_is_that_of_the_tokens_of_its_value() -> None:
    pieces = ['{"title"', ": ", '"A', ' bill"', ', "tags": ', '["x", "y"]', ', "created": null', "}"]
    assert "".join(pieces) == ANSWER
    found = field_confidence(ANSWER, [(piece, -0.1 * number) for number, piece in enumerate(pieces)])
    assert found["title"] == pytest.approx(math.exp(-0.2 - 0.3))
    assert found["tags"] == pytest.approx(math.exp(-0.5))
    assert found["created"] == pytest.approx(math.exp(-0.6))


@pytest.mark.parametrize("text", ["", "no JSON", '{"title": "cut', "[1]", "{}", '{"a":' * 3000])
def test_an_answer_that_cannot_be_read_has_no_probabilities(text: str) -> None:
    assert field_confidence(text, [(text, -0.1)]) == {}


def test_tokens_of_another_text_say_nothing() -> None:
    assert field_confidence(ANSWER, [("thoughts", -0.1)]) == {}
    thoughts = [("<think>so</think>", -9.0), (ANSWER, -0.5)]
    assert field_confidence(ANSWER, thoughts)["title"] == pytest.approx(math.exp(-0.5))
