"""One contestant, one round: `python -m tests.benchmarks.queue_runs NAME PLACE JOBS` prints what it took, as JSON.

Every job does nothing: what is timed is its claim and its end, enqueueing apart. PLACE is an empty folder or the
address of a PostgreSQL server.
"""

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import durable
from tests.benchmarks.queue_peers import dbos, huey, procrastinate
from tests.benchmarks.queue_stores import claim, enqueue, finish
from tests.benchmarks.queue_watch import Watch
from tests.postgres import new_schema

#: Jobs before the clock starts, so that connections are open and statements prepared.
WARM_UP = 64

RAW_CLAIM = (
    "UPDATE job SET state = 'running', moved_at = {now}, attempt = attempt + 1, lease_token = lease_token + 1, "
    "lease_owner = 'me', lease_until = {until}, started_at = {now} WHERE id = (SELECT id FROM job "
    "WHERE state = 'ready' AND kind = {kind} ORDER BY priority, id LIMIT 1 {skip}) RETURNING id, lease_token"
)
RAW_FINISH = (
    "UPDATE job SET state = 'succeeded', moved_at = {now}, lease_until = NULL, lease_owner = NULL, changed = 1, "
    "reason = 'Done.', finished_at = {now} WHERE id = {id} AND lease_token = {token} AND state = 'running'"
)


def ours(place: str, jobs: int, watch: Watch, *, together: int = 1, synced: bool = False) -> None:
    """Claim and finish through the asynchronous interface, so many tasks at a time."""
    if synced:
        durable(queue.claim)  # in this process, which runs nothing else
    db = _store(place)
    enqueue(db, Kind.TAGGING, WARM_UP, first=0)
    enqueue(db, Kind.OCR, jobs, first=0)

    async def work(kind: Kind) -> None:
        while job := await claim(db, kind):
            await finish(db, job)

    async def all_of_them() -> None:
        await asyncio.gather(*(work(Kind.TAGGING) for _ in range(16)))
        with watch.running():
            await asyncio.gather(*(work(Kind.OCR) for _ in range(together)))

    asyncio.run(all_of_them())
    db.close()


def raw_sqlite(place: str, jobs: int, watch: Watch, *, synced: bool = False) -> None:
    """Two statements by hand in a loop, each a transaction of its own on our tables, synced as ours are.

    The write-ahead log is folded back whenever it has a thousand pages, SQLite's own default and our bound too.
    """
    db = _store(place)
    enqueue(db, Kind.TAGGING, WARM_UP, first=0)
    enqueue(db, Kind.OCR, jobs, first=0)
    db.close()
    with closing(sqlite3.connect(Path(place) / "sidecar.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        claiming = RAW_CLAIM.format(until=":until", now=":now", kind=":kind", skip="")
        finishing = RAW_FINISH.format(now=":now", id=":id", token=":token")

        def work(kind: str, number: int) -> None:
            for _ in range(number):
                if not synced:
                    connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute("BEGIN IMMEDIATE")
                now = time.time()
                ((job, token),) = connection.execute(
                    claiming, {"until": now + 180, "now": now, "kind": kind}
                ).fetchall()
                connection.execute("COMMIT")
                if not synced:
                    connection.execute("PRAGMA synchronous=FULL")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(finishing, {"now": time.time(), "id": job, "token": token})
                connection.execute("COMMIT")

        work("tagging", WARM_UP)
        with watch.running():
            work("ocr", jobs)


def raw_postgres(place: str, jobs: int, watch: Watch) -> None:
    """The same by hand on PostgreSQL: one statement, one commit, one round trip."""
    db = _store(place)
    assert isinstance(db, PostgresDatabase)
    enqueue(db, Kind.TAGGING, WARM_UP, first=0)
    enqueue(db, Kind.OCR, jobs, first=0)
    with psycopg.connect(place, autocommit=True, options=f"-c search_path={db.schema}") as connection:
        claiming = RAW_CLAIM.format(until="%(until)s", now="%(now)s", kind="%(kind)s", skip="FOR UPDATE SKIP LOCKED")
        finishing = RAW_FINISH.format(now="%(now)s", id="%(id)s", token="%(token)s")

        def work(kind: str, number: int) -> None:
            for _ in range(number):
                now = time.time()
                row = connection.execute(claiming, {"until": now + 180, "now": now, "kind": kind}).fetchone()
                assert row is not None
                job, token = row
                connection.execute(finishing, {"now": time.time(), "id": job, "token": token})

        work("tagging", WARM_UP)
        with watch.running():
            work("ocr", jobs)
    db.close()


def _store(place: str) -> Database:
    db: Database = (
        PostgresDatabase(place, schema=new_schema()) if "://" in place else SqliteDatabase(Path(place) / "sidecar.db")
    )
    db.migrate()
    return db


CONTESTANTS: dict[str, Callable[[str, int, Watch], None]] = {
    "raw sqlite3": raw_sqlite,
    "raw sqlite3, all synced": lambda *given: raw_sqlite(*given, synced=True),
    "raw psycopg": raw_postgres,
    "ours": ours,
    "ours, 16 tasks": lambda *given: ours(*given, together=16),
    "ours, all synced": lambda *given: ours(*given, synced=True),
    "ours, all synced, 16 tasks": lambda *given: ours(*given, together=16, synced=True),
    "Huey": lambda *given: huey(*given, workers=1),
    "Huey, 4 workers": lambda *given: huey(*given, workers=4),
    "Procrastinate": lambda *given: procrastinate(*given, together=1),
    "Procrastinate, 4 at a time": lambda *given: procrastinate(*given, together=4),
    "DBOS": dbos,
}


def main(name: str, place: str, jobs: str) -> None:
    """Run one contestant and print how long it took."""
    watch = Watch(place if "://" in place else None)
    CONTESTANTS[name](place, int(jobs), watch)
    print(json.dumps({"wall_s": watch.wall_s, "cpu_s": watch.cpu_s, "server_s": watch.server_s}), flush=True)
    os._exit(0)  # what the others have still running on threads is of no interest


if __name__ == "__main__":
    main(*sys.argv[1:])
