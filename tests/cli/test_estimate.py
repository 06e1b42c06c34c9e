"""`sidecar estimate`, `spending` and the cost of `suggest`, as a person meets them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli.batch import Batch, reading
from sidecar.cli.estimate import _estimate
from sidecar.desk.jobs import Wish
from sidecar.domain.estimate import MEASURED, Estimate, Share, as_before, drawn_out, duration, model_pages, side_by_side
from sidecar.domain.job import Kind
from sidecar.parts import Parts, budgets
from sidecar.practice.samples import text_pdf
from sidecar.settings import load
from sidecar.store import ledger as ledger_of
from sidecar.store.ledger import Call
from tests.cli.test_cli import LETTER, Stage, stage

__all__ = ["stage"]

PRICES = {"PRICES": "practice: 1/2", "CURRENCY": "EUR"}


def letters(stage: Stage, number: int, *tags: str, pages: int = 1) -> list[int]:
    return [
        stage.archive.add_document(text_pdf([LETTER] * pages), title="scan", content=f"{LETTER} {n}", tags=tags)
        for n in range(number)
    ]


def estimated(stage: Stage, *words: str, **environment: str) -> dict[str, Any]:
    said = stage.run("estimate", *words, "--json", **environment)
    assert said.returncode == 0, said.stderr
    return dict(json.loads(said.stdout))


def ledger(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "store" / "sidecar.db")) as store:
        return store.execute("SELECT job_id, document_id, purpose, provider, cost, estimated FROM ledger").fetchall()


def test_a_batch_is_reckoned_before_it_is_run_and_no_model_is_asked(stage: Stage) -> None:
    stage.archive.add_name("tags", "Inbox")
    letters(stage, 5, "Inbox", pages=2)
    letters(stage, 2)
    stage.archive.add_document(text_pdf([""]), title="blank", content="", tags=["Inbox"])
    found = estimated(stage, "--tag", "inbox", **PRICES)
    assert (found["documents"], found["pages"]) == (6, 11)
    filing = found["tagging"]
    assert (filing["calls"], filing["output_tokens"], filing["seconds"]) == (5, 750, None)
    assert filing["cost"] == pytest.approx(filing["input_tokens"] / 1e6 + 750 * 2e-6)
    assert "has filed nothing yet" in " ".join(filing["notes"])
    assert "1 document without text" in " ".join(filing["notes"])
    assert (found["ocr"]["calls"], found["ocr"]["cost"]) == (0, 0.0)
    assert stage.model.calls() == []
    assert not (stage.folder / "store").exists()
    assert set(stage.archive.state.column("SELECT name FROM names WHERE kind = 'tags'")) == {"Inbox"}, (
        "nothing was made, not even our own tags"
    )

    plain = stage.run("estimate", "--tag", "Inbox", "--kind", "tagging", **PRICES).stdout
    assert "6 documents, 11 pages" in plain
    assert "EUR" in plain
    assert "unknown" in plain


def test_what_was_done_before_tells_what_is_to_come(stage: Stage) -> None:
    done, other = letters(stage, 3, "auto-tag"), letters(stage, 2)
    assert stage.run("run", "--drain").returncode == 0
    with closing(sqlite3.connect(stage.folder / "store" / "sidecar.db")) as store, store:
        store.execute("UPDATE ledger SET output_tokens = 40, seconds = 7.0")
    extra = stage.archive.add_document(text_pdf([LETTER]), title="scan", content="Something else, 2026-01-02")
    words = [word for one in (*done, *other, extra) for word in ("--document", str(one))]
    found = estimated(stage, *words, "--kind", "tagging", TAGGING_CONCURRENCY="1")["tagging"]
    asked_now = found["calls"]
    assert (found["output_tokens"], found["seconds"]) == (40 * asked_now, 7.0 * asked_now)
    assert asked_now == 1, "the others have the same text as one that was answered"
    assert "5 documents would not be asked about" in " ".join(found["notes"])
    assert "What practice at 127.0.0.1 costs is not known: add it to PRICES." in found["notes"]


def filed_before(stage: Stage, *lines: tuple[str, str, str, int, int], number: int = 1) -> None:
    """Put calls into the ledger, so many of each: model, provider, outcome, tokens going in and out."""
    with closing(sqlite3.connect(stage.folder / "store" / "sidecar.db")) as store, store:
        for at in range(number):
            for line in lines:
                store.execute(
                    "INSERT INTO ledger (job_id, document_id, purpose, model, provider, outcome, input_tokens, "
                    "output_tokens, seconds, estimated, created_at) VALUES (1, 1, 'tagging', ?, ?, ?, ?, ?, 7.0, 0, ?)",
                    (*line, float(at)),
                )


def test_examples_are_reckoned_as_they_would_be_shown(stage: Stage) -> None:
    for kind in ("correspondents", "document_types"):
        stage.archive.add_name(kind, f"A name among {kind}")  # type: ignore[arg-type]
    for n in range(4):
        stage.archive.add_document(
            text_pdf([LETTER]), title=f"Invoice of a former month, number {n}", content=f"{LETTER} {n}",
            correspondent="A name among correspondents", document_type="A name among document_types",
        )  # fmt: skip
    words = [word for one in letters(stage, 3) for word in ("--document", str(one))]
    with_examples = estimated(stage, *words, "--kind", "tagging", SIMILAR_DOCUMENTS="4")["tagging"]
    without = estimated(stage, *words, "--kind", "tagging", SIMILAR_DOCUMENTS="0")["tagging"]
    more = (with_examples["input_tokens"] - without["input_tokens"]) / 3
    assert more > 4 * 40, "four examples, each of more than 120 letters"
    assert (
        f"Examples are reckoned with {more:.0f} tokens each time, as looked up for 3 documents."
        in (with_examples["notes"])
    )


def parts_of(stage: Stage, **given: Any) -> Parts:
    return Parts(
        load(
            paperless_url=stage.archive.url, paperless_token="practice-token", openai_base_url=stage.model.url,
            data_dir=stage.folder / "store", **{"llm_model": "practice", **given},
        )
    )  # fmt: skip


async def test_examples_are_looked_up_for_twenty_documents_at_most(stage: Stage) -> None:
    letters(stage, MEASURED + 2)
    batch = await _estimate(parts_of(stage, similar_documents=3), "", "", list(range(1, MEASURED + 3)), Wish.TAGGING)
    assert batch.work[Kind.TAGGING].calls == MEASURED + 2
    assert sum("more_like_id" in one.query for one in stage.archive.requests()) == MEASURED


async def test_pages_are_reckoned_by_what_pages_came_to_with_answers_that_were_not_taken(stage: Stage) -> None:
    given = {"ocr_engine": "vision", "vision_model": "first,second", "prices": "first: 1/1, second: 100/100"}
    async with parts_of(stage, **given) as parts:
        parts.db.migrate()
        now = await parts.db.time()
        for number in range(10):
            rejected = Call("page", "first", 1000, 100, "It was cut off.", 2.0, "127.0.0.1")
            taken = Call("page", "second" if number < 5 else "first", 1000, 300, "answered", 2.0, "127.0.0.1")
            await parts.db.run(ledger_of.record_alone, number, taken, now=now)
            if number < 5:
                await parts.db.run(ledger_of.record_alone, number, rejected, now=now)
        found = await reading(parts, Batch(documents=2, pages=4, shown_pages=4), has_store=True)
    assert (found.calls, found.input_tokens, found.output_tokens) == (6, 6000, 800 + 600)
    assert found.cost == pytest.approx((4000 + 800 + (2000 + 600) * 100) / 1e6)
    assert "Of these 5 pages by first at 127.0.0.1, 5 pages by second at 127.0.0.1." in " ".join(found.notes)


def test_what_calls_came_to_before_is_believed_more_than_the_texts_and_with_what_fell_back(stage: Stage) -> None:
    chain = {"LLM_FALLBACKS": "large@https://large.example/v1", "PRICES": "practice: 1/1, large: 10/10"}
    stage.run("run", "--drain")  # makes the store
    filed_before(
        stage,
        ("practice", "127.0.0.1", "answered", 1000, 10),
        ("practice", "127.0.0.1", "answered", 1000, 10),
        ("practice", "127.0.0.1", "unusable: no JSON", 1000, 0),
        ("large", "large.example", "answered", 500, 20),
        number=5,
    )  # fmt: skip
    words = [word for one in letters(stage, 6) for word in ("--document", str(one))]
    found = estimated(stage, *words, "--kind", "tagging", **chain)["tagging"]
    assert (found["calls"], found["input_tokens"], found["output_tokens"]) == (8, 6000 + 1000, 40 + 40)
    assert found["cost"] == pytest.approx((6040 * 1 + 1040 * 10) / 1e6)
    said = " ".join(found["notes"])
    assert "Reckoned by the last 15 documents that were filed: 1167 tokens going in" in said
    assert "Of these 10 documents by practice at 127.0.0.1, 5 documents by large at large.example." in said


def test_a_chain_that_has_not_filed_yet_is_said_to_be_one_and_keeps_private_documents_at_home(stage: Stage) -> None:
    stage.archive.add_name("tags", "Medical")
    found = [*letters(stage, 1), *letters(stage, 2, "Medical")]
    words = [word for one in found for word in ("--document", str(one))]
    chain = {
        "OPENAI_BASE_URL": "https://first.example/v1", "LLM_FALLBACKS": "near@http://ollama:11434/v1",
        "PRIVATE_TAGS": "Medical", "PRICES": "practice: 1000/1000, near: 0/0", "SIMILAR_DOCUMENTS": "0",
    }  # fmt: skip
    filing = estimated(stage, *words, "--kind", "tagging", **chain)["tagging"]
    assert filing["calls"] == 3
    assert 0 < filing["cost"] < (filing["input_tokens"] + filing["output_tokens"]) / 1000 / 2
    said = " ".join(filing["notes"])
    assert "Reckoned with practice alone." in said
    assert "costs what near at ollama takes for it" in said
    assert "2 documents private (PRIVATE_TAGS): near is asked." in said


def test_pages_for_a_vision_model_are_reckoned_without_those_that_may_not_leave(stage: Stage) -> None:
    stage.archive.add_name("tags", "Medical")
    public, private = letters(stage, 1, pages=3)[0], letters(stage, 1, "Medical", pages=4)[0]
    given = {
        "OCR_ENGINE": "vision", "VISION_MODEL": "seer", "VISION_BASE_URL": "https://vision.example.org/v1",
        "PRICES": "seer: 1/1", "PRIVATE_TAGS": "Medical", "OCR_BUDGET_DAY": "0.005",
    }  # fmt: skip
    found = estimated(stage, "--document", str(public), "--document", str(private), "--kind", "ocr", **given)
    reading = found["ocr"]
    assert (found["pages"], found["private"], reading["calls"]) == (7, 1, 3)
    assert reading["cost"] == pytest.approx((reading["input_tokens"] + reading["output_tokens"]) / 1e6)
    said = " ".join(reading["notes"])
    assert "4 pages of private documents go to no model" in said
    assert "With OCR_BUDGET_DAY (0.0050 USD) it takes about 3 days." in said


@pytest.mark.parametrize("words", ["run", "check", "suggest 1"])
def test_a_budget_in_money_without_prices_is_a_wrong_setting_in_words(stage: Stage, words: str) -> None:
    said = stage.run(*words.split(), TAGGING_BUDGET_DAY="1")
    assert (said.returncode, said.stderr.count("\n")) == (3, 1), said.stderr
    assert said.stderr.startswith("TAGGING_BUDGET_DAY is an amount of money, but what practice at 127.0.0.1 costs")


def test_a_run_that_leaves_work_for_the_next_day_ends_with_5(stage: Stage) -> None:
    letters(stage, 2, "auto-tag")
    said = stage.run("run", "--drain", TAGGING_BUDGET_DAY="1 token", TAGGING_CONCURRENCY="1")
    assert said.returncode == 5
    listed = json.loads(stage.run("jobs", "--state", "scheduled", "--json").stdout)
    assert len(listed) == 1
    assert listed[0]["reason"].startswith("Waits for its budget: what TAGGING_BUDGET_DAY allows")


def test_without_documents_named_it_is_a_wrong_use(stage: Stage) -> None:
    assert stage.run("estimate").returncode == 2
    said = stage.run("estimate", "--tag", "nowhere")
    assert (said.returncode, said.stderr.strip()) == (1, 'There is no tag "nowhere" in Paperless.')


def test_a_trial_is_paid_for_counted_and_held_to_the_budget_and_to_privacy(stage: Stage) -> None:
    stage.archive.add_name("tags", "Medical")
    letter, private = letters(stage, 1)[0], letters(stage, 1, "Medical")[0]
    first = stage.run("suggest", str(letter), **PRICES, TAGGING_BUDGET_DAY="0.0001")
    assert first.returncode == 0, first.stderr
    assert "EUR" in first.stderr
    ((job, document, purpose, provider, cost, is_estimated),) = ledger(stage.folder)
    assert (job, document, purpose, provider, is_estimated) == (0, letter, "suggest", "127.0.0.1", 0)
    assert cost > 0.0001

    second = stage.run("suggest", str(letter), **PRICES, TAGGING_BUDGET_DAY="0.0001")
    assert second.returncode == 1
    assert "TAGGING_BUDGET_DAY" in second.stderr
    elsewhere = stage.model.url.replace("127.0.0.1", "127.1")
    third = stage.run("suggest", str(private), OPENAI_BASE_URL=elsewhere, PRIVATE_TAGS="Medical")
    assert third.returncode == 1
    assert "PRIVATE_TAGS" in third.stderr
    assert len(stage.model.calls()) == 1


def test_a_trials_answer_is_not_repaired_once_the_budget_is_spent(stage: Stage) -> None:
    stage.model.misbehave("garbage")
    said = stage.run("suggest", str(letters(stage, 1)[0]), **PRICES, TAGGING_BUDGET_DAY="0.0001")
    assert (said.returncode, len(stage.model.calls())) == (1, 1)
    assert "TAGGING_BUDGET_DAY" in said.stderr


def test_what_was_spent_is_shown_by_day_and_month(stage: Stage) -> None:
    (letter,) = letters(stage, 1, "auto-tag")
    given = {**PRICES, "TAGGING_BUDGET_MONTH": "3, 9000000 tokens"}
    assert stage.run("run", "--drain", **given).returncode == 0
    assert stage.run("suggest", str(letter), **given).returncode == 0
    found = json.loads(stage.run("spending", "--by", "month", "--json", **given).stdout)
    assert found["currency"] == "EUR"
    assert [(row["purpose"], row["model"], row["calls"]) for row in found["spending"]] == [
        ("suggest", "practice", 1), ("tagging", "practice", 1),
    ]  # fmt: skip
    assert found["limits"][0]["setting"] == "TAGGING_BUDGET_MONTH"
    plain = stage.run("spending", **given).stdout
    assert "tagging" in plain
    assert "TAGGING_BUDGET_MONTH" in plain
    assert "of 3.00 EUR" in plain


# -- the rules behind it


def test_times_run_side_by_side() -> None:
    assert [side_by_side(*given) for given in ((0, None, 2), (5, 2.0, 2), (5, None, 2))] == [0.0, 6.0, None]
    assert [duration(seconds) for seconds in (None, 30.0, 300.0, 7200.0, 200_000.0)] == [
        "unknown", "about 30 seconds", "about 5 minutes", "about 2 hours", "about 2 days",
    ]  # fmt: skip


def test_pages_go_to_the_model_by_the_share_so_far() -> None:
    assert model_pages(100, so_far=5, by_model=0) == 100
    assert model_pages(100, so_far=40, by_model=10) == 25


def test_more_of_the_same_is_reckoned_in_the_same_shares_and_rounded_up() -> None:
    before = [Share("a", "h", 3, 5, 1000, 100), Share("b", None, 1, 1, 50, 5), Share("c", None, 0, 1, 7, 0)]
    assert as_before(6, before) == [
        Share("a", "h", 5, 8, 1500, 150), Share("b", None, 2, 2, 75, 8), Share("c", None, 0, 2, 11, 0),
    ]  # fmt: skip


def test_a_batch_larger_than_a_limit_says_how_long_it_takes() -> None:
    settings = load(
        paperless_url="http://p", paperless_token="t", llm_model="m", prices="m: 1/1",
        tagging_budget_day="2, 100 tokens", tagging_budget_month="100",
    )  # fmt: skip
    budget = budgets(settings, {Kind.TAGGING: []})[Kind.TAGGING]
    assert drawn_out(budget, Estimate(1, 20, 10, 1.0)) == []
    assert drawn_out(budget, Estimate(1, 300, 50, 3.0)) == [
        "With TAGGING_BUDGET_DAY (100 tokens) it takes about 4 days."
    ]
    assert drawn_out(budget, Estimate(1, 0, 0, 5.0)) == ["With TAGGING_BUDGET_DAY (2.00 USD) it takes about 3 days."]
