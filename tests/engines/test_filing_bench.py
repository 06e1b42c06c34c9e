"""The papers and the rivals of the filing benchmark: what is measured is what it is said to be."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sidecar.practice.model import PracticeModel
from tests.benchmarks.filing_accuracy import Tally
from tests.benchmarks.filing_rivals import Answered, Rivals
from tests.benchmarks.filing_set import SEEN, Paper, made, papers

PAPER = Paper("text", "Ambervale Energy", date(2026, 5, 12), Decimal("84.20"))


def test_made_papers_are_the_same_each_time_and_of_many_kinds() -> None:
    both = [[made(number) for number in range(120)] for _ in range(2)]
    assert both[0] == both[1]
    assert len({paper.text for paper in both[0]}) == 120
    assert len({paper.company for paper in both[0]}) > 30
    for paper in both[0]:
        assert paper.company.upper() in paper.text.upper()


def test_the_public_set_is_read_without_what_may_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("box", "key"):
        (tmp_path / kind).mkdir()
    for number in (SEEN - 1, SEEN, SEEN + 1):
        truth = {"company": f"ACME {number} SDN  BHD", "date": "25/12/2018", "total": "RM1,009.00", "address": ""}
        (tmp_path / "key" / f"{number:03}.json").write_text(json.dumps(truth), encoding="utf-8")
        box = '10,5,90,5,90,20,10,20,TOTAL:\n100,7,150,7,150,20,100,20,1,009.00\n10,50,90,50,90,70,10,70,"BYE"\n'
        (tmp_path / "box" / f"{number:03}.csv").write_text(box, encoding="utf-8")
    monkeypatch.setenv("BENCH_SROIE", str(tmp_path))
    found = papers(5)
    assert found.companies == [f"ACME {SEEN} SDN BHD", f"ACME {SEEN + 1} SDN BHD"]
    first = found.papers[0]
    assert (first.day, first.amount) == (date(2018, 12, 25), Decimal("1009.00"))
    assert first.text == 'TOTAL: 1,009.00\n"BYE"'


def test_a_tally_counts_what_is_known_only() -> None:
    tally = Tally()
    tally.add(PAPER, Answered("ambervale energy", date(2026, 5, 12), Decimal("84.2"), 1, 100, 10))
    tally.add(Paper("text", "Other", None, None), Answered(None, None, None, 1, 100, 10))
    assert tally.right == {"correspondent": 1, "date": 1, "amount": 1}
    assert tally.asked == {"correspondent": 2, "date": 1, "amount": 1}
    assert tally.tokens == 110


def test_the_rivals_ask_in_their_ways() -> None:
    text = "Ambervale Energy\n2026-05-12\n" + "x" * 5000 + "\nThe end."
    with PracticeModel() as model:
        rivals = Rivals(model.url, "practice", "none", ["Ambervale Energy", "Other"])
        done = rivals.suggestions(text)
        (call,) = model.calls()
        assert "The end." not in call.body["messages"][0]["content"]
        assert "Other" not in call.body["messages"][0]["content"]
        assert (done.calls, done.input_tokens > 1000) == (1, True)
        model.clear_calls()
        done = rivals.field_by_field(text)
        rivals.close()
        calls = model.calls()
    assert len(calls) == done.calls == 4
    assert all("The end." in call.body["messages"][0]["content"] for call in calls)
    assert sum("Other" in call.body["messages"][0]["content"] for call in calls) == 1
