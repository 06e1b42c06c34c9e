"""No hot statement reads a table from end to end or sorts one, however large the store is.

Held for the statements as the store functions ask them, on a store with much behind it and little to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from sidecar.domain.budget import Budget, Limit, Period, Spent
from sidecar.domain.job import Kind, State
from sidecar.domain.page import PageText
from sidecar.store import (
    counters,
    journal,
    keeping,
    ledger,
    listing,
    pages,
    pauses,
    postgres,
    queue,
    rates,
    rescue,
    review,
    sharing,
    spending,
    statistics,
    undoing,
)
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable
from tests.postgres import drop_schema, new_schema, server_url
from tests.store.conftest import LEASE, NOW, opened
from tests.store.machine import PROPOSAL, SETTLE, plan
from tests.store.plans import Statement, asked, plan_of

#: How many jobs there are of each state.
JOBS = {"succeeded": 18_000, "failed": 1_000, "cancelled": 1_000, "scheduled": 2_000, "ready": 20, "running": 4}
#: All but the three oldest jobs, pages and answers are younger.
LONG_AGO = NOW - timedelta(seconds=17_997.5)
#: What each job leaves in the other tables.
REST = {
    "write (job_id, document_id, kind, state, lease_token, proposal, old, written, intended_at)":
        "id, document_id, kind, CASE state WHEN 'running' THEN 'intended' ELSE 'verified' END, 1, :proposal, "
        "'{}', '{}', 0",
    "event (job_id, at, text)": "id, created_at, 'Work began.'",
    "ledger (job_id, document_id, purpose, model, outcome, seconds, created_at)":
        "id, document_id, 'tagging', 'a-model', 'answered', 1, created_at",
    "page (key, document_id, page, text, engine, seconds, created_at)":
        "'k' || id, document_id, 1, 'text', 'tesseract', 1, created_at",
    "answer (key, document_id, model, suggestion, created_at)":
        "'k' || id, document_id, 'a-model', '{}', created_at",
    "rejection (key, document_id, page, model, reason, created_at)":
        "'k' || id, document_id, 1, 'a-model', 'It is a refusal.', created_at",
    "review (job_id, document_id, proposal, shown, created_at)": "id, document_id, :proposal, 'Title: ..', created_at",
    "taken_back (job_id, field, by_job, at)": "id, 'title', id, created_at",
}  # fmt: skip


@durable
def filled(tx: Transaction) -> None:
    """Put all of them in, in words that both databases understand."""
    before = 0
    for state, many in JOBS.items():
        tx.run(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :many) INSERT INTO job "
            "(document_id, kind, priority, lease_token, created_at, state, lease_until, run_after, finished_at) "
            "SELECT n + :before, CASE n % 2 WHEN 0 THEN 'ocr' ELSE 'tagging' END, 10, 1, :now - n, s, "
            "CASE s WHEN 'running' THEN :now + n END, CASE s WHEN 'scheduled' THEN :now + n END, "
            "CASE WHEN s IN ('succeeded', 'failed', 'cancelled') THEN :now - n END "
            "FROM n, (SELECT CAST(:state AS varchar(16)) AS s) AS states",
            state=state, many=many, before=before, now=NOW.timestamp(),
        )  # fmt: skip
        before += many
    for table, columns in REST.items():
        sql = f"INSERT INTO {table} SELECT {columns} FROM job WHERE state IN ('succeeded', 'running')"  # noqa: S608
        tx.run(sql, **({"proposal": json.dumps(journal.plain(PROPOSAL))} if ":proposal" in sql else {}))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def old_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store of each kind with tens of thousands of rows."""
    if request.param == "sqlite":
        for db in opened(SqliteDatabase(tmp_path_factory.mktemp("old") / "sidecar.db")):
            db.run_now(filled)
            yield db
        return
    schema = new_schema()
    for db in opened(PostgresDatabase(server_url(), schema=schema)):
        db.run_now(filled)
        with psycopg.connect(server_url(), autocommit=True, options=f"-c search_path={schema}") as raw:
            raw.execute("ANALYZE")
        yield db
    drop_schema(schema)


def complaints(db: Database, statement: Statement, allowed: set[str]) -> list[str]:
    """Say what is wrong with the way the database goes about a statement."""
    found = plan_of(db, statement)
    wrong = [f"reads all of {table}" for table in found.scanned if table not in SMALL]
    wrong += [f"looks into {index}" for index in found.indexes - allowed]
    if found.sorts and not set(found.scanned) & SMALL and "ORDER BY" in statement[0]:
        wrong.append("sorts")
    if not found.indexes and not set(found.scanned) & SMALL and "INSERT" not in statement[0]:
        wrong.append("looks into no index")
    return [f"{what}: {statement[0]}\n{found.words}" for what in wrong]


PAGE = PageText(1, "text", "tesseract", 93.0, 1.0)
CALL = ledger.Call("tagging", "a-model", 100, 10, "answered", 1.0)
BUDGET = Budget(Kind.OCR, (Limit("OCR_BUDGET_DAY", Period.DAY, tokens=10**9),))
BY_KEY = {"pk_job", "pk_write", "pk_page", "ix_write_intended", "pk_review"}
#: A row or two in any store.
SMALL = {"provider", "slot", "pause"}
FORGETTING = {
    "ix_rejection_created_at",
    "pk_rejection",
    "uq_job_unfinished",
    "ix_job_document",
    "ix_job_finished",
    "ix_page_created_at",
    "ix_answer_created_at",
    "pk_job",
}
#: Whether an undo of the document has begun and not ended.
UNDOING = {"ix_write_document", "ix_write_intended"}

#: What is asked all the time, or of a large store, and where the answer may be looked for.
QUEUE: list[tuple[Any, tuple[Any, ...], dict[str, Any], set[str]]] = [
    (queue.enqueue, (7, Kind.OCR), {"priority": 10, "now": NOW}, {"uq_job_unfinished"}),
    (queue.enqueue_all, ([(7, Kind.OCR, None)],), {"priority": 10, "now": NOW}, {"uq_job_unfinished"}),
    (queue.claim, (Kind.OCR,), {"owner": "me", "now": NOW, "lease": LEASE, "most": 9},
     {"ix_job_ready", "ix_job_running", "pk_job", "pk_pause", *UNDOING}),
    (queue.hasten, (5, Kind.OCR), {"priority": 0}, {"uq_job_unfinished", "ix_job_document"}),
    (undoing.ask, (5, [1]), {"priority": 0, "now": NOW},
     {"uq_job_unfinished", "ix_job_document", "pk_write", "pk_job", "ix_write_intended"}),
    (queue.unfinished, (), {}, {"uq_job_unfinished"}),
    (queue.endings, (), {"since": NOW - timedelta(seconds=90)}, {"ix_job_finished"}),
    (queue.last_states, (5,), {}, {"ix_job_document"}),
    (rescue.promote, (), {"now": NOW + timedelta(seconds=50)}, {"ix_job_scheduled"}),
    (rescue.due_at, (), {}, {"ix_job_scheduled"}),
    (rescue.expired, (), {"now": NOW}, {"ix_job_running"}),
    (rescue.rescue, (), {"now": NOW + LEASE, "everything": False, "settle": SETTLE, "max_crashes": 5},
     {"ix_job_running", *BY_KEY}),
    (rescue.rescue, (), {"now": NOW, "everything": True, "settle": SETTLE, "max_crashes": 1},
     {"ix_job_running", *BY_KEY}),
    (rescue.shift, (timedelta(seconds=1),), {}, {"ix_job_running", "ix_job_scheduled", "ix_job_scheduled_moved_at"}),
    (rescue.is_crooked, (), {"now": NOW, "lease": LEASE}, {"ix_job_running", "ix_job_scheduled_moved_at"}),
    (rescue.straighten, (), {"now": NOW, "lease": LEASE},
     {"ix_job_running", "ix_job_scheduled", "ix_job_scheduled_moved_at"}),
    (listing.ready, (), {}, {"ix_job_ready", "pk_pause", *UNDOING}),
    (statistics.unfinished, (), {},
     {"ix_job_ready", "ix_job_running", "ix_job_scheduled", "ix_job_scheduled_moved_at", "ix_job_review"}),
    (statistics.ended, (), {"since": NOW - timedelta(seconds=90)}, {"ix_job_finished"}),
    (statistics.open_failures, (), {}, {"ix_job_failed", "ix_job_document", "pk_job"}),
    (statistics.oldest_waiting, (), {}, {"ix_job_ready", "pk_job"}),
    (statistics.holders, (), {}, {"ix_job_running"}),
    (counters.since, (), {"after": NOW - timedelta(seconds=90), "until": NOW, "call": 23_000},
     {"ix_job_finished", "pk_ledger"}),
    (listing.running, (), {"limit": 20}, {"ix_job_running"}),
    (listing.ended_last, (), {"limit": 8}, {"ix_job_finished"}),
    (pauses.paused, (), {}, {"pk_pause"}),
    (sharing.parked, (), {}, set()),
    (sharing.take_slot, ("door",), {"width": 1, "owner": "me", "now": NOW, "until": NOW + LEASE}, {"pk_slot"}),
    (rates.used, (["model", "model 2"],), {"since": NOW - timedelta(seconds=60)}, {"ix_ledger_created_at"}),
    (listing.waiting, (), {}, {"uq_job_unfinished"}),
    (review.waiting, (), {}, {"uq_job_unfinished", "ix_job_review"}),
    (review.waiting_on, (5,), {}, {"ix_job_document", "uq_job_unfinished", "ix_job_review", "pk_review"}),
    (review.others_undecided, (5,), {"but": 7}, {"ix_job_document", "uq_job_unfinished", "ix_job_review", "pk_review"}),
    (review.is_ready, (), {}, {"ix_job_ready", "pk_review", *UNDOING}),
    (review.find, (18_001,), {}, BY_KEY),
    (rescue.promote_waiting, (list(Kind),), {"now": NOW}, {"ix_job_scheduled", "ix_job_scheduled_moved_at"}),
    (spending.spent, (("tagging", "eval"), {Period.DAY: NOW, Period.MONTH: NOW - timedelta(days=1)}), {},
     {"ix_ledger_created_at"}),
    (spending.by_period, ([NOW - timedelta(seconds=9)], NOW), {}, {"ix_ledger_created_at"}),
    (spending.set_aside, (BUDGET, Spent(0.1, 10)), {"holder": "me", "now": NOW, "until": NOW + LEASE},
     {"ix_ledger_created_at", "pk_slot"}),
    (spending.give_back, (Kind.OCR,), {"holder": "me"}, {"pk_slot"}),
    (spending.old, (), {"before": LONG_AGO}, {"ix_ledger_created_at"}),
    (spending.forget, (), {"before": LONG_AGO}, {"ix_ledger_created_at", "pk_ledger"}),
    (spending.pages_so_far, (["a-model"],), {}, {"ix_page_created_at"}),
    (keeping.old, (), {"before": LONG_AGO}, FORGETTING),
    (keeping.prune, (), {"before": LONG_AGO, "now": NOW},
     {*FORGETTING, "ix_event_job", "pk_write", "pk_page", "pk_answer", "pk_review", "pk_taken_back"}),
]  # fmt: skip
RUNNER: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (queue.begin, ({},), {"now": NOW}),
    (queue.open_pages, (), {"done": 0, "total": 1}),
    (pages.checkpoint, ("key", PAGE), {"total": 2, "now": NOW, "lease": LEASE}),
    (journal.intend, (PROPOSAL, plan(1)), {"now": NOW}),
    (journal.fields_sent, ({"title": "too long"},), {}),
    (journal.tags_sent, (), {}),
    (journal.drop, (), {}),
    (ledger.record, (CALL,), {"now": NOW}),
    (queue.doom, (), {"reason": "", "now": NOW}),
    (queue.retry, (), {"run_after": NOW, "reason": "", "now": NOW, "blame": True}),
    (queue.release, (), {"reason": "", "now": NOW, "settle": SETTLE}),
    (queue.succeed, (), {"changed": True, "summary": "", "now": NOW}),
    (queue.fail, (), {"now": NOW}),
    (queue.cancel, (), {"reason": "", "now": NOW}),
]


@pytest.mark.parametrize(
    ("function", "args", "values", "allowed"), QUEUE, ids=[function.__name__ for function, *_ in QUEUE]
)
def test_what_is_asked_of_the_queue_is_looked_up_in_its_own_index(
    old_store: Database, function: Any, args: tuple[Any, ...], values: dict[str, Any], allowed: set[str]
) -> None:
    for statement in asked(old_store, function, *args, **values):
        assert complaints(old_store, statement, allowed) == []


@pytest.mark.parametrize(("function", "args", "values"), RUNNER, ids=[function.__name__ for function, *_ in RUNNER])
def test_what_a_runner_writes_is_looked_up_by_number(
    old_store: Database, function: Any, args: tuple[Any, ...], values: dict[str, Any]
) -> None:
    job = old_store.run_now(listing.jobs, states=[State.RUNNING])[0]
    renewal = asked(old_store, queue.renew, {job.id: job.lease_token}, until=NOW)
    for statement in [*asked(old_store, function, job, *args, **values), *renewal]:
        assert complaints(old_store, statement, {*BY_KEY, "ix_ledger_job", "ix_ledger_created_at"}) == []


def test_whether_anything_is_ready_is_looked_up_in_its_own_index(old_store: Database) -> None:
    for statement in asked(old_store, postgres._any_ready):
        assert complaints(old_store, statement, {"ix_job_ready"}) == []


# -- a guard that never complains guards nothing


def claim_of(db: Database) -> tuple[str, dict[str, Any]]:
    ((sql, values),) = asked(db, queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE)
    return sql, dict(values)


def test_a_claim_for_which_no_index_is_made_is_complained_of(old_store: Database) -> None:
    sql, values = claim_of(old_store)
    assert complaints(
        old_store, (sql.replace("state = 'ready'", "state || '' = 'ready'"), values), {"ix_job_ready", "pk_job"}
    )


@pytest.mark.parametrize("old_store", ["postgres"], indirect=True)
def test_a_state_given_as_a_value_is_complained_of(old_store: Database) -> None:
    sql, values = claim_of(old_store)
    as_value = (sql.replace("state = 'ready'", "state = :ready"), {**values, "ready": "ready"})
    assert any("reads all of job" in words for words in complaints(old_store, as_value, {"ix_job_ready", "pk_job"}))
