"""PostgreSQL as a place where things break: connections that are cut, locks that cross, programs that freeze."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from sidecar.domain.errors import StoreError
from sidecar.domain.job import Kind
from sidecar.store import job_row, listing, postgres, queue
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.transaction import Transaction, durable, reading
from tests.postgres import drop_schema, new_schema, server_url
from tests.store.conftest import LEASE, NOW, opened


@pytest.fixture
def server() -> Iterator[PostgresDatabase]:
    """A store on the server, for what is PostgreSQL's alone."""
    schema = new_schema()
    yield from opened(PostgresDatabase(server_url(), schema=schema))
    drop_schema(schema)


@reading
def own_pid(tx: Transaction) -> int:
    row = tx.row("SELECT pg_backend_pid() AS pid")
    assert row is not None
    return int(row.pid)


def cut(pid: int) -> None:
    """End a connection from the server's side, and see that it has ended."""
    with psycopg.connect(server_url(), autocommit=True) as raw:
        raw.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


def documents(db: PostgresDatabase) -> list[int]:
    return sorted(job.document_id for job in db.run_now(listing.jobs, limit=1000))


def enqueue(db: PostgresDatabase, document: int) -> int | None:
    return db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)


def hang_up(connection: psycopg.Connection[Any]) -> None:
    """Cut the line, so that no word of the server's comes through any more."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("by", ["the server", "the line"])
def test_connections_that_were_cut_while_they_lay_idle_are_made_anew_unnoticed(
    server: PostgresDatabase, by: str
) -> None:
    for document in range(20):
        enqueue(server, document)
    assert len(documents(server)) == 20
    idle = list(server._connections)
    for connection in idle:
        if by == "the line":
            hang_up(connection)
        else:
            cut(connection.info.backend_pid)
    for document in range(20, 60):
        assert enqueue(server, document) is not None
        assert len(documents(server)) == document + 1
    assert not set(idle) & set(server._connections)


def test_a_connection_that_is_cut_in_a_transaction_costs_that_transaction_and_no_other(
    server: PostgresDatabase,
) -> None:
    @durable
    def cut_off(tx: Transaction) -> None:
        queue.enqueue(tx, 1, Kind.OCR, priority=10, now=NOW)
        cut(own_pid(tx))
        queue.enqueue(tx, 2, Kind.OCR, priority=10, now=NOW)

    for _ in range(2 * postgres.WRITERS):
        with pytest.raises(StoreError, match="goes on by itself when it is back"):
            server.run_now(cut_off)
    assert documents(server) == []
    assert enqueue(server, 3) is not None
    assert documents(server) == [3]


def test_a_connection_that_is_cut_before_the_commit_leaves_nothing_behind(server: PostgresDatabase) -> None:
    @durable
    def cut_at_the_end(tx: Transaction) -> None:
        queue.enqueue(tx, 1, Kind.OCR, priority=10, now=NOW)
        cut(own_pid(tx))

    with pytest.raises(StoreError):
        server.run_now(cut_at_the_end)
    assert documents(server) == []
    assert enqueue(server, 1) is not None


def test_two_that_wait_for_each_other_both_come_to_their_end(server: PostgresDatabase) -> None:
    for document in (1, 2):
        enqueue(server, document)
    both = threading.Barrier(2, timeout=30)
    tries: list[int] = []

    @durable
    def hasten(tx: Transaction, first: int, second: int) -> None:
        tries.append(first)
        queue.hasten(tx, first, Kind.OCR, priority=9)
        if len(tries) <= 2:
            both.wait()
        queue.hasten(tx, second, Kind.OCR, priority=8)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(server.run_now, hasten, 1, 2), threads.submit(server.run_now, hasten, 2, 1)]:
            done.result()
    assert len(tries) >= 3  # one of them was ended by the server, and begun again
    assert {job.priority for job in server.run_now(listing.jobs)} == {8}


def test_a_transaction_that_is_ended_again_and_again_is_given_up_with_nothing_done(server: PostgresDatabase) -> None:
    tries = []

    @durable
    def unlucky(tx: Transaction) -> None:
        tries.append(queue.enqueue(tx, 1, Kind.OCR, priority=10, now=NOW))
        raise psycopg.errors.DeadlockDetected("deadlock detected")

    with pytest.raises(StoreError, match="deadlock detected"):
        server.run_now(unlucky)
    assert len(tries) == postgres.DEADLOCKS
    assert documents(server) == []


def test_nobody_waits_for_ever_for_a_program_that_is_frozen_in_a_transaction(
    server: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_S", 0.2)
    enqueue(server, 1)

    @durable
    def frozen(tx: Transaction) -> None:
        queue.hasten(tx, 1, Kind.OCR, priority=0)
        with pytest.raises(StoreError, match="lock timeout"):
            server.run_now(queue.hasten, 1, Kind.OCR, priority=5)

    server.run_now(frozen)
    assert [job.priority for job in server.run_now(listing.jobs)] == [0]


def test_a_fault_of_ours_is_not_called_a_trouble_of_the_store(server: PostgresDatabase) -> None:
    @durable
    def wrong(tx: Transaction) -> None:
        tx.run("INSERT INTO event (job_id, at, text) VALUES (1, 0, NULL)")

    with pytest.raises(psycopg.IntegrityError):
        server.run_now(wrong)
    assert enqueue(server, 1) is not None


def test_a_text_with_a_nul_is_kept_without_it(server: PostgresDatabase) -> None:
    @durable
    def noted(tx: Transaction) -> None:
        job_row.note_event(tx, 1, "a\0b", NOW)

    server.run_now(noted)
    assert [event.text for event in server.run_now(listing.story, 1)] == ["ab"]


@pytest.mark.parametrize("most", [None, 99])
def test_statements_that_were_prepared_for_older_tables_go_on(server: PostgresDatabase, most: int | None) -> None:
    def claim() -> Any:
        return server.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE, most=most)

    for document in range(1, 13):
        enqueue(server, document)
    taken = [claim().document_id for _ in range(10)]  # after a few the driver prepares them too
    with psycopg.connect(server_url(), autocommit=True) as newer:
        newer.execute(f"ALTER TABLE {server.schema}.job ADD COLUMN something INTEGER")
    taken += [claim().document_id for _ in range(2)]
    assert taken == list(range(1, 13))


def test_texts_come_and_go_as_they_are_through_a_prepared_statement(server: PostgresDatabase) -> None:
    enqueue(server, 1)
    owner = "O'Brien; -- :now $1 %s \\ Größe 🙂"
    job = server.run_now(queue.claim, Kind.OCR, owner=owner, now=NOW, lease=LEASE)
    assert job is not None
    server.run_now(queue.succeed, job, changed=True, summary=f"{owner}\0.", now=NOW)
    (told,) = server.run_now(listing.story, job.id)
    assert told.text == f"{owner}."
    with psycopg.connect(server_url(), options=f"-c search_path={server.schema}") as raw:
        row = raw.execute("SELECT reason, lease_owner, finished_at FROM job").fetchone()
    assert row == (f"{owner}.", None, NOW.timestamp())
