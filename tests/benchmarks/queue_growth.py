"""What a claim costs where much is not to be claimed: a million finished jobs, a hundred thousand scheduled ones."""

import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from sidecar.domain.job import Job, Kind
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable, reading
from tests.benchmarks.figures import Figure
from tests.postgres import new_schema, server_url

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
FINISHED = int(os.environ.get("BENCH_FINISHED", "1000000"))
SCHEDULED = int(os.environ.get("BENCH_SCHEDULED", "100000"))
FEW, CLAIMS = 1000, 300
LEASE = timedelta(seconds=180)

_COLUMNS = "document_id, kind, state, priority, created_at, attempt, run_after, finished_at, moved_at, reason"
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last) "
    "SELECT {} FROM n",
    "postgres": "SELECT {} FROM generate_series(CAST(:first AS integer), CAST(:last AS integer) - 1) AS n(i)",
}


@durable
def many(tx: Transaction, numbers: str, state: str, first: int, last: int) -> None:
    """Put jobs into a state by the thousand, as a long life of the program would."""
    run_after = "9e9" if state == "scheduled" else "NULL"
    finished_at = "i" if state == "succeeded" else "NULL"
    values = f"i, 'ocr', '{state}', 10, i, 1, {run_after}, {finished_at}, i, 'Wrote text.'"
    tx.run(f"INSERT INTO job ({_COLUMNS}) {numbers.format(values)}", first=first, last=last)


@durable
def tidy(tx: Transaction) -> None:
    """Tell the planner what there is, as the server does by itself before long."""
    tx.run("ANALYZE job")


@reading
def backend_pid(tx: Transaction) -> int:
    """The server's process for this connection."""
    return int(tx.rows("SELECT pg_backend_pid() AS pid")[0].pid)


def measure(folder: Path) -> Iterator[Figure]:
    """Compare CPU per claim and end on both databases, in turn."""
    for backend in ("sqlite", "postgres"):
        stores = {name: _store(folder, backend, name) for name in ("few", "finished", "scheduled")}
        for name, state, number in (
            ("few", "succeeded", FEW), ("finished", "succeeded", FINISHED), ("scheduled", "scheduled", SCHEDULED),
        ):  # fmt: skip
            stores[name].run_now(many, _NUMBERS[backend], state, 10_000_000, 10_000_000 + number)
            stores[name].run_now(tidy)
        taken: dict[str, list[float]] = {name: [] for name in stores}
        for round_ in range(ROUNDS + 1):
            for name, db in stores.items():
                used_s = _claims(db, first=round_ * CLAIMS)
                if round_:
                    taken[name].append(used_s)
        for name, number in (("finished", FINISHED), ("scheduled", SCHEDULED)):
            ratio = statistics.median(a / b for a, b in zip(taken[name], taken["few"], strict=True))
            what = f"{backend}: CPU per claim and end with {number:,} {name} / with {FEW:,} finished"
            yield Figure(what, f"{ratio:.2f}", "1.25 at most")
        for db in stores.values():
            db.close()


def _store(folder: Path, backend: str, name: str) -> Database:
    db: Database
    if backend == "sqlite":
        db = SqliteDatabase(folder / f"{name}.db")
    else:
        db = PostgresDatabase(server_url(), schema=new_schema())
    db.migrate()
    return db


def _claims(db: Database, *, first: int) -> float:
    """Enqueue, then give the CPU seconds of claiming and ending: this process's and, on PostgreSQL, the server's."""
    now = datetime.now(UTC)
    db.run_now(queue.enqueue_all, [(first + n, Kind.TAGGING, None) for n in range(CLAIMS)], priority=10, now=now)
    server = _server_s(db)
    began_s = time.process_time()
    for _ in range(CLAIMS):
        job = db.run_now(queue.claim, Kind.TAGGING, owner="me", now=now, lease=LEASE)
        assert isinstance(job, Job)
        db.run_now(queue.succeed, job, changed=True, summary="Done.", now=now)
    return time.process_time() - began_s + _server_s(db) - server


def _server_s(db: Database) -> float:
    if not isinstance(db, PostgresDatabase):
        return 0.0
    pids = [connection.info.backend_pid for connection in db._connections]
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(one.user + one.system for one in times))
