"""What endpoints were asked lately, as the ledger has it, on both databases."""

from __future__ import annotations

from datetime import timedelta

from sidecar.domain.job import Job
from sidecar.store import ledger, rates
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.store.transaction import Transaction, reading
from tests.store.conftest import NOW

MINUTE = timedelta(minutes=1)


@reading
def lines(tx: Transaction) -> list[tuple[str | None, float | None, int]]:
    return [(row.provider, row.cost, row.estimated) for row in tx.rows("SELECT * FROM ledger ORDER BY id")]


def test_calls_and_tokens_of_the_named_ones_within_the_time_are_counted(db: Database, job: Job) -> None:
    for provider, ago_s, tokens in (
        ("model", 5, (100, 10)), ("model 2", 59, (200, 20)), ("model", 60, (400, 40)), ("vision model", 1, (800, 80)),
        ("model", 1, (None, None)),
    ):  # fmt: skip
        call = Call("tagging", "m", *tokens, f"answered by {provider}", 1.0, provider)
        db.run_now(ledger.record, job, call, now=NOW - timedelta(seconds=ago_s))
    assert db.run_now(rates.used, ["model", "model 2"], since=NOW - MINUTE) == rates.Used(3, 330)
    assert db.run_now(rates.used, ["nobody"], since=NOW - MINUTE) == rates.Used(0, 0)


def test_the_ledger_says_who_was_asked_and_what_is_only_an_estimate(db: Database, job: Job) -> None:
    db.run_now(ledger.record, job, Call("tagging", "m", 1, 1, "answered", 1.0), now=NOW)
    call = Call("tagging", "m", 1, 1, "answered", 1.0, "model 2", cost=0.25, estimated=True)
    db.run_now(ledger.record, job, call, now=NOW + MINUTE)
    assert db.run_now(lines) == [(None, None, 0), ("model 2", 0.25, 1)]
