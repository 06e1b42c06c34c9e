"""What stands in the note of a proposal."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.domain.job import Kind
from sidecar.domain.telling import EXCERPT, Spoken, lines, tell
from sidecar.domain.writeback import Proposal, TagDelta

SPOKEN = Spoken(
    {("correspondents", 7): "Ambervale Energy", ("tags", 3): "Tax", ("tags", 2): "Invoice"}, trigger="auto-tag"
)


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("title", "scan", "Invoice", 'Title: "scan" -> "Invoice"'),
        ("title", "scan", "a\nDate: never", 'Title: "scan" -> "a Date: never"'),
        ("correspondent", None, 7, "Correspondent: none -> Ambervale Energy"),
        ("correspondent", 7, None, "Correspondent: Ambervale Energy -> none"),
        ("document_type", None, 99, "Document type: none -> number 99"),
        ("created", "2026-01-02", "2026-05-12", "Date: 2026-01-02 -> 2026-05-12"),
        ("custom_fields.7", None, True, "Custom field 7: none -> yes"),
        ("custom_fields.7", [1, 2], [1], "Custom field 7: 1, 2 -> 1"),
        ("content", "", "Dear\n\nall", 'Text: none -> "Dear all" (9 characters)'),
    ],
)
def test_a_field_is_told_as_it_is_and_as_it_would_be(name: str, old: Any, new: Any, line: str) -> None:
    assert lines(Proposal({name: old}, {name: new}, TagDelta()), SPOKEN) == [line]


def test_tags_are_told_by_name_and_a_long_text_by_its_beginning() -> None:
    long = "word " * 1000
    told = lines(Proposal({"content": "x"}, {"content": long}, TagDelta(frozenset({2, 3}))), SPOKEN)
    assert told[1] == "Tags: + Invoice, + Tax"
    assert len(told[0]) < EXCERPT + 100
    assert "(5000 characters)" in told[0]


def test_the_note_says_that_nothing_is_written_and_how_to_decide() -> None:
    note = tell(7, Kind.TAGGING, Proposal({}, {}, TagDelta()), SPOKEN)
    assert note.startswith("Paperless Sidecar proposes (job 7)")
    assert "nothing is written yet" in note
    for word in ("auto-approve", "auto-reject", "auto-tag"):
        assert f'"{word}"' in note


def test_a_note_that_comes_along_and_a_choice_are_told_in_words() -> None:
    words = Spoken(choices={("custom_fields.7", "a1b2"): "Paid"})
    proposal = Proposal({"custom_fields.7": None}, {"custom_fields.7": "a1b2"}, TagDelta(), "A bill\nof May.")
    assert lines(proposal, words) == ["Custom field 7: none -> Paid", 'Note: "A bill of May."']
