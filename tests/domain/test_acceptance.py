"""Which answers of a vision model are kept: written lists of good and bad ones, and what holds for any text.

The good answers are documents as a person would type them, each answered in the ways models have (markdown, tables,
other line ends, a fence, thinking before it) and seen by Tesseract in the ways it has (clean, with slips, in part, as
garbage, not at all). The lists named "heldout" and "second" were written when the rules stood: 20 of 24 and
11 of 15 bad answers were right at the first run, and 92 of 98 and 35 of 35 good ones. The rules were mended after.
"bad-parts" and "good-near" hold what a well-read page decides: lost lines, changed amounts, and what only
looks like it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import acceptance
from sidecar.domain.acceptance import CHECKS, cleaned, complaint
from sidecar.domain.comparison import missing_numbers, numbers
from sidecar.domain.quality import score, worse
from sidecar.domain.witness import PageAnswer, Seen
from sidecar.domain.word import Word

ANSWERS = Path(__file__).parent / "answers"
UNKNOWN = Seen(None, None, is_blank=False)
GARBAGE = "~ ee wo , . ii oO =\n7 a nn ~ rr Sa ‘ _ | vy\n¢ 4 eS oe; Il —_ wN"


@dataclass(frozen=True, slots=True)
class Case:
    """One answer, what was known of its page, and the check that must complain (None for a good answer)."""

    name: str
    answer: PageAnswer
    seen: Seen
    kind: str | None = None


def text_of(lines: list[Any] | str | None) -> str | None:
    """Join the lines of a written list; one that is to be repeated says so."""
    if lines is None or isinstance(lines, str):
        return lines
    return "\n".join(
        line if isinstance(line, str) else line.get("joint", "\n").join([line["repeat"]] * line["times"])
        for line in lines
    )


def bad_cases(name: str) -> Iterator[Case]:
    for entry in json.loads((ANSWERS / name).read_text(encoding="utf-8")):
        answer = PageAnswer(text_of(entry["answer"]) or "", entry.get("cut_off", False))
        yield Case(entry["name"], answer, seen_of(entry), entry["kind"])


def near_misses(name: str) -> Iterator[Case]:
    for entry in json.loads((ANSWERS / name).read_text(encoding="utf-8")):
        yield Case(entry["name"], PageAnswer(text_of(entry["answer"]) or "", cut_off=False), seen_of(entry))


def seen_of(entry: dict[str, Any]) -> Seen:
    """What Tesseract saw; where words are named that it doubted, each word has its confidence, the others 93."""
    text, doubted = text_of(entry["tesseract"]), entry.get("doubted")
    words = [Word(word, (0, 0, 1, 1), 1, doubted.get(word, 93)) for word in (text or "").split()] if doubted else []
    return Seen(text, entry["confidence"], entry.get("is_blank", False), tuple(words))


# -- the ways to answer, and the ways Tesseract sees the same page


def with_slips(text: str) -> str:
    """Tesseract on a fair scan: some letters taken for others, some marks lost."""
    slips = {"ü": "u", "ß": "B", "m": "rn", "0": "O", "1": "l", "5": "S", "8": "B", "e": "c"}
    return "".join(slips.get(letter, letter) if at % 17 == 3 else letter for at, letter in enumerate(text))


def in_part(text: str) -> str:
    """Tesseract has skipped every third line."""
    return "\n".join(line for at, line in enumerate(text.split("\n")) if at % 3 != 1)


def joined(text: str) -> str:
    """Paragraphs without line ends."""
    return "\n\n".join(" ".join(part.split("\n")) for part in text.split("\n\n"))


def as_markdown(text: str) -> str:
    """A heading, and labels in bold letters."""
    first, _, rest = text.partition("\n")
    return f"# {first}\n\n" + re.sub(r"^([\w .]{3,30}):", r"**\1:**", rest, flags=re.MULTILINE)


def as_table(text: str) -> str:
    """Every line that ends in a figure is a row of a markdown table."""
    row = re.compile(r"^(.*?) (\S*\d\S*)$", re.MULTILINE)
    return row.sub(r"| \1 | \2 |\n|---|---|", text)


def with_better_layout(text: str) -> str:
    return text.replace("\n", "  \n\n")


VARIATIONS: dict[str, tuple[Callable[[str], str], Callable[[str], Seen]]] = {
    "as it is, clean": (str, lambda text: Seen(text, 94.0, is_blank=False)),
    "markdown, with slips": (as_markdown, lambda text: Seen(with_slips(text), 79.0, is_blank=False)),
    "joined, not read": (joined, lambda _: UNKNOWN),
    "fenced, in part": (
        lambda text: f"```markdown\n{text}\n```",
        lambda text: Seen(in_part(text), 83.0, is_blank=False),
    ),
    "table, garbage": (as_table, lambda _: Seen(GARBAGE, 34.0, is_blank=False)),
    "thought about, no words": (
        lambda text: f"<think>A page.\n</think>\n\n{text}",
        lambda _: Seen("", None, is_blank=False),
    ),
    "layout, with slips": (with_better_layout, lambda text: Seen(with_slips(joined(text)), 87.0, is_blank=False)),
}


def good_cases(name: str) -> Iterator[Case]:
    for entry in json.loads((ANSWERS / name).read_text(encoding="utf-8")):
        text = text_of(entry["lines"]) or ""
        for variation, (answered, seen) in VARIATIONS.items():
            yield Case(f"{entry['name']}: {variation}", PageAnswer(answered(text), cut_off=False), seen(text))


LISTS = ("", "-heldout", "-second")
BAD = [case for part in (*LISTS, "-parts") for case in bad_cases(f"bad{part}.json")]
NEAR = list(near_misses("good-near.json"))
GOOD = [case for part in LISTS for case in good_cases(f"good{part}.json")]


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", BAD, ids=named)
def test_a_bad_answer_is_refused_for_what_is_wrong_with_it(case: Case) -> None:
    said = complaint(case.answer, case.seen)
    assert said
    assert case.kind
    clean = PageAnswer(cleaned(case.answer.text), case.answer.cut_off)
    assert said == CHECKS[case.kind](clean, case.seen)


@pytest.mark.parametrize("case", [*GOOD, *NEAR], ids=named)
def test_a_good_answer_is_kept(case: Case) -> None:
    assert complaint(case.answer, case.seen) is None


# -- the lists as lists


def test_the_lists_are_long_and_no_answer_stands_twice() -> None:
    assert len(BAD) >= 95
    assert len(GOOD) >= 220
    assert len(NEAR) >= 20
    for cases in (BAD, GOOD, NEAR):
        assert len({(case.answer, case.seen) for case in cases}) == len(cases)
    assert {case.kind for case in BAD} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_each_check_is_needed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {other: check for other, check in CHECKS.items() if other != name}
    monkeypatch.setattr(acceptance, "CHECKS", others)  # the table itself must keep its order
    assert any(complaint(case.answer, case.seen) is None for case in BAD)


# -- cleaning


@pytest.mark.parametrize(
    ("given_text", "clean"),
    [
        ("A letter.  \nIts end. \n\n", "A letter.\nIts end."),
        ("<think>First the sender.</think>\nA letter.", "A letter."),
        ("First the sender.\n</think>\n\nA letter.", "A letter."),
        ("<think>First the sender, then", ""),
        ("```\nA letter.\n```", "A letter."),
        ("```markdown\n# A letter\n\n| a | b |\n```\n", "# A letter\n\n| a | b |"),
        ("Use this:\n```\nmake\n```", "Use this:\n```\nmake\n```"),
        ("```\nmake\n```\nor\n```\ntest\n```", "```\nmake\n```\nor\n```\ntest\n```"),
        ("Write <think> before it.", "Write <think> before it."),
        ("  indented\n**bold**", "  indented\n**bold**"),
    ],
)
def test_thinking_one_fence_and_trailing_spaces_are_taken_off_and_nothing_else(given_text: str, clean: str) -> None:
    assert cleaned(given_text) == clean


# -- single rules


@pytest.mark.parametrize("text", ["", "3", "- 3 -", "Page 3 of 12", "Seite 3 von 12", "\n"])
def test_a_blank_page_may_have_nothing_or_its_number(text: str) -> None:
    assert complaint(PageAnswer(text, cut_off=False), Seen("", None, is_blank=True)) is None


def test_the_sentence_counts_what_was_invented() -> None:
    invented = PageAnswer("word " * 57, cut_off=False)
    assert CHECKS["invented"](invented, Seen(None, None, is_blank=True)) == "The page is blank, but it says 57 words."


@pytest.mark.parametrize(
    ("said", "tesseract"),
    [
        ("12.05.2023", "12.05.2023"),
        ("2023-05-12", "12.05.23"),
        ("3.5.2023", "03.05.2023"),
        ("1.280,50", "1 280,50"),
        ("1280.50", "1,280.50"),
        ("40182", "4O18Z"),
        ("3158", "3l5B"),
        ("DE44400501500034", "DE44 4005\n0150 0034"),
        ("٢٠٢٣", "2023"),
    ],
)
def test_a_number_may_be_written_in_another_way(said: str, tesseract: str) -> None:
    assert missing_numbers(numbers(said), tesseract) == []


def test_a_model_may_read_more_numbers_than_a_poor_tesseract() -> None:
    answer = PageAnswer("Zähler 4410, 5521, 6632, 7743, 8854", cut_off=False)
    assert complaint(answer, Seen("Zahler aaie 9 1 7 3 30 4 22 ~~ 118 377 2990", 41.0, is_blank=False)) is None


# -- scores

LETTER = "Dear Ms Novak,\nthank you for your letter of 3 May. The deposit of 640.00 is paid back within four weeks."


#: Ten pages that differ.
PAGES = "\n\n".join(text_of(entry["lines"]) or "" for entry in json.loads((ANSWERS / "good.json").read_text())[:10])


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_good_answers_read_like_text(case: Case) -> None:
    assert score(cleaned(case.answer.text)) > 0.8


@pytest.mark.parametrize(
    "text",
    [
        GARBAGE,
        "pun uauyeyuy sap JyONsyneyey SUNUYIeY aIp JaqN usunlaidsaq wyjzuJ Jqey",
        "w eo nm e i oO a 1 ee s oe rr Sa 7 ek a",
        "Ã¤Ã¶ Ã¼ber fÃ¼r grÃ¶ÃŸer mÃ¼ssen kÃ¶nnen",
        "\ufffd\ufffdab\ufffd c\ufffd\ufffd de\ufffd\ufffd",
        "q¢ |{ vx~ ^^ }¥ zj qx ¬¬ wq <> ¦¦ xz",
        "sSgN vOoJ qpaH dnLb ppVq uwdQ hGgb",
    ],
)
def test_garbage_scores_low(text: str) -> None:
    assert score(text) < 0.5


def upside_down() -> list[str]:
    """What Tesseract 5.3 read on some of the good documents when they were printed and laid upside down."""
    entries = json.loads((ANSWERS / "upside-down.json").read_text(encoding="utf-8"))
    return [text_of(entry["lines"]) or "" for entry in entries]


@pytest.mark.parametrize("text", upside_down())
def test_an_upside_down_page_scores_low(text: str) -> None:
    assert score(text) < 0.55


def test_most_upside_down_pages_count_as_garbage_and_may_be_replaced_by_less_text() -> None:
    texts = upside_down()
    garbage = [text for text in texts if score(text) < 0.5]
    assert len(garbage) * 10 >= len(texts) * 9
    assert all(worse(text, LETTER) is None for text in garbage)


def test_no_text_scores_nothing() -> None:
    assert score("") == score(" \n~~ --") == 0


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("", "", None),
        ("", LETTER, None),
        (LETTER, LETTER, None),
        (LETTER, LETTER * 2, None),
        (LETTER, "", "is empty"),
        (LETTER, LETTER[:40], "letters are left"),
        (GARBAGE * 9, LETTER[:60], None),
        (LETTER, "Dcar Ms N0v4k, thnk yqv fxr yovr lqttcr oi 3 Mqy. Tkc dcpqsjt 0f 640.00", "no more text"),
        (f"{LETTER}\n\n" * 5, LETTER, None),
        ("pun uauyeyuy sap JyONsyneyey SUNUYIeY aIp JaqN", LETTER, None),
        (LETTER, LETTER[:76], "less than 75 %"),
        (LETTER, LETTER[:88], None),
        (PAGES, PAGES[: len(PAGES) * 6 // 10], "less than 75 %"),
        (PAGES, PAGES[: len(PAGES) * 8 // 10], None),
        (f"{PAGES}\n{PAGES}", PAGES, None),
    ],
)
def test_a_document_is_not_replaced_by_a_worse_text(old: str, new: str, reason: str | None) -> None:
    said = worse(old, new)
    assert said is None if reason is None else said and reason in said


def test_the_sentence_gives_both_scores_in_words() -> None:
    said = worse(LETTER * 3, LETTER[:60])
    assert said
    assert re.match(r"The new text reads well \(0\.\d\d\), the old one well \(0\.\d\d\), but only", said)


# -- any text

PIECES = st.lists(
    st.sampled_from(
        ["a", "0,00", "<think>", "</think>", "```", "\n", " ", "{", '"', "|", "I'm sorry", "语", "\ud800", "_"]
    )
    | st.text(max_size=8),
    max_size=60,
).map("".join)


@given(text=PIECES, page=st.none() | PIECES, confidence=st.none() | st.floats(0, 100), is_blank=st.booleans())
def test_any_answer_gets_a_verdict(text: str, page: str | None, confidence: float | None, is_blank: bool) -> None:
    said = complaint(PageAnswer(text, cut_off=False), Seen(page, confidence, is_blank))
    assert said is None or said[-1] == "."


@given(old=PIECES, new=PIECES)
def test_any_two_texts_are_compared(old: str, new: str) -> None:
    assert 0 <= score(old) <= 1
    assert worse(old, old) is None
    worse(old, new)


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "ab", "1", "12.05.2023 ", "0,00\n", "_", "<", "<a", "![", "{", "[", "</", "<think>", "```\n", "语",
     "I can't ", "here is the ", "note ", "A line of words, each a bit different. ", " ", "\n", "- ", "A" * 45 + " "],
)  # fmt: skip
def test_a_hundred_thousand_characters_are_judged(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    complaint(PageAnswer(text, cut_off=False), Seen(text, 90.0, is_blank=False))
    complaint(PageAnswer(text, cut_off=False), UNKNOWN)
    complaint(PageAnswer("x " + text, cut_off=False), Seen(text[::-1], 90.0, is_blank=False))
    worse(text, text[::-1])
