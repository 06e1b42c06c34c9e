"""The price table: how it is read, which line counts, and what is said where it is wrong."""

from __future__ import annotations

import pytest

from sidecar.domain.prices import Prices, in_words, parse, tokens_of, tokens_of_page

TABLE = parse(
    "gpt-x: 0.15/0.60, gpt-x@gateway.lan: 1/2; vision-*: 2/8\nqwen2.5:7b: 0/0, gpt-*: 5/10, *@gpu-box: 0/0, @cf/m: .5/1"
)


@pytest.mark.parametrize(
    ("model", "host", "cost"),
    [
        ("gpt-x", None, 0.75),
        ("GPT-X", "api.openai.com", 0.75),
        ("gpt-x", "gateway.lan", 3.0),
        ("gpt-xl", None, 15.0),
        ("vision-y", "anywhere", 10.0),
        ("qwen2.5:7b", None, 0.0),
        ("@cf/m", None, 1.5),
        ("whatever", "gpu-box", 0.0),
        ("gpt-x", "gpu-box", 0.0),
        ("whatever", "another", None),
        ("my-gpt-x", None, None),
    ],
)
def test_the_line_that_names_a_model_most_closely_counts(model: str, host: str | None, cost: float | None) -> None:
    found = TABLE.cost(model, 1_000_000, 1_000_000, host)
    assert found == (None if cost is None else pytest.approx(cost))


def test_input_and_output_have_prices_of_their_own() -> None:
    assert TABLE.cost("gpt-x", 2_000, 100) == pytest.approx(2_000 * 0.15e-6 + 100 * 0.60e-6)


def test_without_a_table_no_price_is_known() -> None:
    assert parse("") == Prices()
    assert parse(" \n").cost("gpt-x", 1, 1) is None


@pytest.mark.parametrize(
    "text",
    [
        "gpt-x",
        "gpt-x: 1",
        "gpt-x: 1/2/3",
        ": 1/2",
        "gpt-x: -1/2",
        "gpt-x: 1e3/2",
        "gpt-x: nan/1",
        "gpt-x: $1/$2",
        "a: 0,15/1",
    ],
)
def test_a_wrong_line_is_shown_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="is no price; write the model, a colon"):
        parse(text)


def test_a_model_with_two_prices_is_said_so() -> None:
    with pytest.raises(ValueError, match='"gpt-x" twice'):
        parse("gpt-x: 1/2, GPT-X: 2/3")


def test_a_question_mark_or_a_bracket_in_a_name_means_itself() -> None:
    table = parse("a?c[1]: 1/1")
    assert table.find("a?c[1]") is not None
    assert table.find("abc1") is None


def test_amounts_are_shown_so_that_small_ones_can_be_told_from_nothing() -> None:
    assert [in_words(amount, "EUR") for amount in (0, 0.00123, 0.5, 12.346)] == [
        "0.00 EUR", "0.0012 EUR", "0.5000 EUR", "12.35 EUR",
    ]  # fmt: skip


def test_tokens_are_estimated_cautiously() -> None:
    assert tokens_of("four", "more") == 3
    assert tokens_of() == 0
    assert tokens_of_page(2000) == pytest.approx(3608, abs=1)
