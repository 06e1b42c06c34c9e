"""What the ledger says was spent, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from sidecar.domain.budget import WAITS, Budget, Limit, Period, Refusal, Spent
from sidecar.domain.estimate import Share
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.prices import parse
from sidecar.store import keeping, ledger, listing, queue, rescue, spending
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from tests.store.conftest import NOW, another, claimed

DAY = timedelta(days=1)
PRICES = parse("a-model: 1000/2000, free@box: 0/0")


def call(purpose: str = "tagging", model: str = "a-model", given: int | None = 100, got: int | None = 10) -> Call:
    return Call(purpose, model, given, got, "answered", 2.0, "box").priced(PRICES, guess=(60, 6))


def spend(db: Database, *calls: Call, at: datetime = NOW) -> None:
    for number, one in enumerate(calls):
        db.run_now(ledger.record_alone, number, one, now=at)


def test_a_call_costs_what_its_tokens_cost() -> None:
    assert call().cost == pytest.approx(0.12)
    assert call(model="free").cost == 0.0
    assert call(model="another").cost is None
    assert not call().estimated


@pytest.mark.parametrize(
    ("given", "got", "tokens"), [(None, None, (60, 6)), (100, None, (100, 6)), (None, 10, (60, 10))]
)
def test_what_a_provider_did_not_count_is_estimated_and_marked(
    given: int | None, got: int | None, tokens: tuple[int, int]
) -> None:
    found = call(given=given, got=got)
    assert ((found.input_tokens, found.output_tokens), found.estimated) == (tokens, True)
    assert found.cost == pytest.approx(tokens[0] / 1000 + tokens[1] / 500)


def test_a_call_without_a_job_is_written_down_once(db: Database) -> None:
    for _ in range(2):
        db.run_now(ledger.record_alone, 5, call("suggest"), now=NOW)
    db.run_now(ledger.record_alone, 6, call("eval"), now=NOW)
    spent = db.run_now(spending.spent, ("suggest", "eval"), {Period.DAY: NOW})
    assert spent == {Period.DAY: Spent(pytest.approx(0.24), 220)}  # type: ignore[arg-type]


def test_what_is_spent_is_that_of_the_period_and_the_purposes(db: Database, job: Job) -> None:
    db.run_now(ledger.record, job, call("page"), now=NOW)
    spend(db, call(), call(model="another"), call(given=None))
    spend(db, call(), at=NOW - DAY)
    spend(db, call(), at=NOW - 2 * DAY)
    since = {Period.DAY: NOW, Period.MONTH: NOW - DAY}
    spent = db.run_now(spending.spent, ("tagging", "suggest", "eval"), since)
    assert spent[Period.DAY].tokens == 110 + 110 + 70
    assert spent[Period.DAY].money == pytest.approx(0.12 + 0.08), "what has no price counts in tokens only"
    assert spent[Period.MONTH].tokens == spent[Period.DAY].tokens + 110
    assert db.run_now(spending.spent, ("page",), since)[Period.DAY] == Spent(pytest.approx(0.12), 110)  # type: ignore[arg-type]
    assert db.run_now(spending.spent, ("nothing",), since)[Period.DAY] == Spent()


def test_spending_is_summed_up_by_period_purpose_and_model(db: Database) -> None:
    spend(db, call(), call(), call("page"), call(model="another", given=None))
    spend(db, call(), at=NOW - DAY)
    spend(db, call(), at=NOW + DAY)
    found = db.run_now(spending.by_period, [NOW - DAY, NOW], NOW + DAY)
    assert [(one.start, one.purpose, one.model, one.calls, one.estimated, one.unpriced) for one in found] == [
        (NOW - DAY, "tagging", "a-model", 1, 0, 0),
        (NOW, "page", "a-model", 1, 0, 0),
        (NOW, "tagging", "a-model", 2, 0, 0),
        (NOW, "tagging", "another", 1, 1, 1),
    ]
    assert (found[2].input_tokens, found[2].output_tokens, found[2].seconds) == (200, 20, 4.0)
    assert found[2].cost == pytest.approx(0.24)
    assert found[2].provider == "box"


def test_a_typical_call_is_the_median_of_those_answered(db: Database) -> None:
    assert db.run_now(spending.typical, ("tagging",), ["a-model"]) is None
    spend(db, *(call(given=given) for given in (100, 200, 9000)), call("page", given=7), call(model="another", given=8))
    db.run_now(ledger.record_alone, 9, Call("tagging", "a-model", None, None, "Refused.", 0.0), now=NOW)
    lost = Call("tagging", "a-model", 500, 0, "It hung up.", 0.0, estimated=True)
    db.run_now(ledger.record_alone, 10, lost, now=NOW)
    found = db.run_now(spending.typical, ("tagging",), ["a-model", "b"])
    assert found == spending.Typical(3, 200, 10, 2.0)


def test_shares_tell_who_did_how_much_of_the_newest_calls(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Call("tagging", "a-model", 500, 0, "It hung up.", 0.0, "box", estimated=True)
    refused = Call("tagging", "a-model", None, None, "Refused.", 0.0, "box")
    spend(db, call(model="b"), call(model="b"), at=NOW - DAY)
    spend(db, call(), call(), lost, refused, call(model="b"), call(model="other"), call("eval"))
    assert db.run_now(spending.shares, "tagging", ["a-model", "b"]) == [
        Share("b", "box", 3, 3, 300, 30), Share("a-model", "box", 2, 4, 700, 20),
    ]  # fmt: skip
    monkeypatch.setattr(spending, "NEWEST", 5)
    assert db.run_now(spending.shares, "tagging", ["a-model", "b"]) == [
        Share("a-model", "box", 2, 4, 700, 20), Share("b", "box", 1, 1, 100, 10),
    ]  # fmt: skip
    assert db.run_now(spending.shares, "page", ["a-model"]) == []


def test_old_calls_are_forgotten_by_age_whatever_became_of_their_jobs(db: Database, job: Job) -> None:
    db.run_now(ledger.record, job, call(), now=NOW)
    spend(db, call(), call(), at=NOW - DAY)
    assert not db.run_now(spending.old, before=NOW - DAY)
    assert db.run_now(spending.old, before=NOW)
    assert db.run_now(spending.forget, before=NOW, limit=1) == 1
    assert db.run_now(spending.forget, before=NOW) == 1
    assert db.run_now(spending.forget, before=NOW) == 0
    db.run_now(queue.fail, job, now=NOW)
    db.run_now(queue.enqueue, 6, Kind.OCR, priority=10, now=NOW)
    db.run_now(keeping.prune, before=NOW + DAY, now=NOW + DAY)
    assert db.run_now(listing.job, job.id) is None
    assert db.run_now(spending.spent, ("tagging",), {Period.DAY: NOW})[Period.DAY].tokens == 110


def test_jobs_that_wait_for_their_budget_are_woken_and_others_are_not(db: Database) -> None:
    later = NOW + DAY
    for document, kind, reason in (
        (1, Kind.OCR, f"{WAITS}all gone."), (2, Kind.OCR, "It hung up."), (3, Kind.TAGGING, f"{WAITS}all gone.")
    ):  # fmt: skip
        db.run_now(queue.enqueue, document, kind, priority=10, now=NOW)
        job = claimed(db, kind)
        db.run_now(queue.retry, job, run_after=later, reason=reason, now=NOW, blame=False)
    assert db.run_now(rescue.promote_waiting, [Kind.OCR], now=NOW) == 1
    states = {job.document_id: (job.state, job.attempt) for job in db.run_now(listing.jobs)}
    assert states == {1: (State.READY, 0), 2: (State.SCHEDULED, 0), 3: (State.SCHEDULED, 0)}
    assert db.run_now(rescue.promote_waiting, [Kind.OCR], now=NOW) == 0
    assert db.run_now(rescue.promote_waiting, [], now=NOW) == 0


BUDGET = Budget(Kind.TAGGING, (Limit("TAGGING_BUDGET_DAY", Period.DAY, tokens=250),))
UNTIL = NOW + timedelta(minutes=10)


def set_aside(db: Database, holder: str, *, minute: int = 0) -> Refusal | bool:
    at = timedelta(minutes=minute)
    return db.run_now(spending.set_aside, BUDGET, Spent(0.0, 110), holder=holder, now=NOW + at, until=UNTIL + at)


def test_calls_under_way_of_all_programs_leave_no_room_for_more_than_one_too_many(db: Database) -> None:
    other = another(db)
    assert [set_aside(store, holder) for store, holder in ((db, "a-1"), (other, "b-1"), (db, "a-2"))] == [True] * 3
    assert set_aside(other, "b-2") is False, "it waits: 330 of 250 are under way"
    other.run_now(spending.give_back, Kind.TAGGING, holder="b-1")
    assert set_aside(other, "b-2") is True
    spend(db, call(), call(), call())
    refused = set_aside(other, "b-3")
    assert isinstance(refused, Refusal)
    assert "330 of 250 tokens" in refused.reason
    other.close()


def test_what_a_dead_program_set_aside_is_free_when_its_time_is_over(db: Database) -> None:
    assert [set_aside(db, f"dead-{number}") for number in range(3)] == [True] * 3
    assert set_aside(db, "me", minute=9) is False
    assert set_aside(db, "me", minute=11) is True


def test_what_was_set_aside_before_the_clock_was_set_back_is_free(db: Database) -> None:
    assert [set_aside(db, f"before-{number}", minute=60) for number in range(3)] == [True] * 3
    assert set_aside(db, "me") is True


def test_of_programs_that_ask_at_once_no_more_find_room_than_there_is(db: Database) -> None:
    programs = [db, *(another(db) for _ in range(3))]
    with ThreadPoolExecutor(12) as asking:
        found = list(asking.map(lambda number: set_aside(programs[number % 4], f"h-{number}"), range(24)))
    assert found.count(True) == 3
    for other in programs[1:]:
        other.close()
