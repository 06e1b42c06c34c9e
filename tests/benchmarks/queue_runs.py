"""One contestant, one round: `python -m tests.benchmarks.queue_runs NAME PLACE JOBS` prints seconds and CPU seconds.

Every job does nothing: what is timed is its claim and its end, from the first to the last. Jobs are enqueued before,
except with DBOS, which begins to work on them at once. CPU is that of this process with all its threads; PostgreSQL's
own is not in it. PLACE is an empty folder or the address of a PostgreSQL server.
"""

import asyncio
import json
import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Mode, durable, mode_of
from tests.postgres import new_schema

LEASE = timedelta(seconds=180)
#: Jobs of ours and of raw SQL before the watch is started: connections are open then and statements prepared, in both.
WARM = 50

RAW_CLAIM = (
    "UPDATE job SET state = 'running', attempt = attempt + 1, lease_token = lease_token + 1, lease_owner = 'me', "
    "lease_until = {until}, started_at = {now} WHERE id = (SELECT id FROM job WHERE state = 'ready' AND kind = 'ocr' "
    "ORDER BY priority, id LIMIT 1 {skip}) RETURNING id, lease_token"
)
RAW_FINISH = (
    "UPDATE job SET state = 'succeeded', lease_until = NULL, lease_owner = NULL, changed = 1, finished_at = {now} "
    "WHERE id = {id} AND lease_token = {token} AND state = 'running'"
)


class Stopwatch:
    """Seconds of wall and of CPU."""

    def __init__(self) -> None:
        self.wall_s = self.cpu_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take the time of the block."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        yield
        self.wall_s, self.cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s


def store(place: str) -> Database:
    """Make a new store there."""
    db: Database = (
        PostgresDatabase(place, schema=new_schema()) if "://" in place else SqliteDatabase(Path(place) / "sidecar.db")
    )
    db.migrate()
    return db


def fill(db: Database, jobs: int) -> None:
    """Enqueue."""
    wishes = [(document, Kind.OCR, None) for document in range(jobs)]
    db.run_now(queue.enqueue_all, wishes, priority=10, now=datetime.now(UTC))


def ours(place: str, jobs: int, watch: Stopwatch, *, together: int = 1, synced: bool = False) -> None:
    """Claim and finish through the asynchronous interface, so many tasks at a time."""
    db, claim = store(place), queue.claim
    if synced and mode_of(claim) is not Mode.DURABLE:
        claim = durable(queue.claim)  # in this process, which runs nothing else
    fill(db, jobs + WARM)

    async def work(numbers: Iterator[int]) -> None:
        now = datetime.now(UTC)
        for _ in numbers:
            job = await db.run(claim, Kind.OCR, owner="me", now=now, lease=LEASE)
            assert job is not None
            await db.run(queue.succeed, job, changed=True, summary="Done.", now=now)

    async def all_of_them() -> None:
        for number in (WARM, jobs):
            numbers = iter(range(number))
            with watch.running():  # the last counts
                await asyncio.gather(*(work(numbers) for _ in range(together)))

    asyncio.run(all_of_them())
    db.close()


def raw_sqlite(place: str, jobs: int, watch: Stopwatch, *, synced: bool = False) -> None:
    """The same two statements by hand, the claim relaxed and the end synced as ours are."""
    db = store(place)
    fill(db, jobs + WARM)
    db.close()
    with closing(sqlite3.connect(Path(place) / "sidecar.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        claim = RAW_CLAIM.format(until="?", now="?", skip="")
        finish = RAW_FINISH.format(now="?", id="?", token="?")
        for number in (WARM, jobs):
            with watch.running():
                for _ in range(number):
                    connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
                    connection.execute("BEGIN IMMEDIATE")
                    ((job, token),) = connection.execute(claim, (time.time() + 180, time.time())).fetchall()
                    connection.execute("COMMIT")
                    connection.execute("PRAGMA synchronous=FULL")
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute(finish, (time.time(), job, token))
                    connection.execute("COMMIT")


def raw_postgres(place: str, jobs: int, watch: Stopwatch) -> None:
    """The same two statements by hand, each a transaction of its own."""
    db = store(place)
    assert isinstance(db, PostgresDatabase)
    fill(db, jobs + WARM)
    with psycopg.connect(place, autocommit=True, options=f"-c search_path={db.schema}") as connection:
        claim = RAW_CLAIM.format(until="%s", now="%s", skip="FOR UPDATE SKIP LOCKED")
        finish = RAW_FINISH.format(now="%s", id="%s", token="%s")
        for number in (WARM, jobs):
            with watch.running():
                for _ in range(number):
                    row = connection.execute(claim, (time.time() + 180, time.time())).fetchone()
                    assert row is not None
                    connection.execute(finish, (time.time(), *row))
    db.close()


def huey(place: str, jobs: int, watch: Stopwatch) -> None:
    """Huey on SQLite as it comes, with four threads."""
    from huey import SqliteHuey  # noqa: PLC0415 - installed for `make bench` alone

    app = SqliteHuey(filename=str(Path(place) / "huey.db"))
    done: list[int] = []
    over = threading.Event()

    @app.task()  # type: ignore[untyped-decorator]
    def nothing(number: int) -> None:
        done.append(number)
        if len(done) == jobs:
            over.set()

    for number in range(jobs):
        nothing(number)
    logging.disable(logging.CRITICAL)
    consumer = app.create_consumer(workers=4, periodic=False, initial_delay=0.001, max_delay=0.01)
    with watch.running():
        consumer.start()
        over.wait()
    consumer.stop(graceful=True)


def procrastinate(place: str, jobs: int, watch: Stopwatch, *, together: int) -> None:
    """Procrastinate on PostgreSQL, so many jobs at a time."""
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    schema = new_schema()
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    app = App(connector=PsycopgConnector(conninfo=place, kwargs={"options": f"-c search_path={schema}"}))

    @app.task
    async def nothing(number: int) -> None:
        """Do nothing."""

    async def work() -> None:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await nothing.batch_defer_async(*({"number": number} for number in range(jobs)))
            with watch.running():
                await app.run_worker_async(wait=False, concurrency=together, install_signal_handlers=False)

    asyncio.run(work())


def dbos(place: str, jobs: int, watch: Stopwatch) -> None:
    """DBOS with a hundred workers that look every 50 ms; its enqueueing is in the time."""
    from dbos import DBOS  # noqa: PLC0415

    if "://" in place:
        name = new_schema()
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        address = place.replace("/postgres?", f"/{name}?")
    else:
        address = f"sqlite:///{place}/dbos.db"
    DBOS(config={"name": "bench", "system_database_url": address, "log_level": "CRITICAL"})

    @DBOS.workflow()
    def nothing(number: int) -> None:
        """Do nothing."""

    DBOS.launch()
    DBOS.register_queue("line", worker_concurrency=100, polling_interval_sec=0.05)
    with watch.running():
        for one in [DBOS.enqueue_workflow("line", nothing, number) for number in range(jobs)]:
            one.get_result()
    DBOS.destroy()


CONTESTANTS: dict[str, Callable[[str, int, Stopwatch], None]] = {
    "raw": raw_sqlite,
    "raw, all synced": lambda *given: raw_sqlite(*given, synced=True),
    "ours": ours,
    "ours, 16 tasks": lambda *given: ours(*given, together=16),
    "ours, all synced": lambda *given: ours(*given, synced=True),
    "ours, all synced, 16 tasks": lambda *given: ours(*given, together=16, synced=True),
    "Huey": huey,
    "DBOS": dbos,
    "raw PostgreSQL": raw_postgres,
    "Procrastinate": lambda *given: procrastinate(*given, together=1),
    "Procrastinate, 4 at a time": lambda *given: procrastinate(*given, together=4),
}


def main(name: str, place: str, jobs: str) -> None:
    """Run one contestant and print how long it took."""
    watch = Stopwatch()
    CONTESTANTS[name](place, int(jobs), watch)
    said: dict[str, Any] = {"wall_s": watch.wall_s, "cpu_s": watch.cpu_s}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
