"""A backlog of ten thousand documents put into the queue, and a million old jobs forgotten while work goes on."""

import os
import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.domain.job import Job, Kind
from sidecar.domain.trigger import LOOP_WINDOW
from sidecar.store import keeping, queue
from sidecar.store.database import Database
from sidecar.store.transaction import Transaction, durable
from sidecar.worker.poller import AT_ONCE
from tests.benchmarks.figures import Figure
from tests.benchmarks.queue_growth import _NUMBERS, LEASE, _store, many, tidy

DOCUMENTS = 10_000
OLD = int(os.environ.get("BENCH_FINISHED", "1000000"))


@durable
def stories(tx: Transaction, numbers: str) -> None:
    """Give every old job the sentence it ended with."""
    tx.run(
        "INSERT INTO event (job_id, at, text) SELECT id, finished_at, 'Wrote text.' FROM job WHERE state = 'succeeded'"
    )
    pages = numbers.format("'key ' || i, i, 1, 'some text', 'tesseract', 90, 1, i")
    columns = "key, document_id, page, text, engine, confidence, seconds, created_at"
    tx.run(f"INSERT INTO page ({columns}) {pages}", first=0, last=OLD // 10)


def measure(folder: Path) -> Iterator[Figure]:
    """Enqueue and forget, on both databases."""
    for backend in ("sqlite", "postgres"):
        db = _store(folder, backend, f"bulk-{backend}")
        first_s, made = _enqueue(db)
        again_s, again = _enqueue(db)
        yield Figure(f"{backend}: {DOCUMENTS:,} documents enqueued", f"{first_s:.2f} s, {made:,} new", "2 s")
        yield Figure(f"{backend}: the same once more", f"{again_s:.2f} s, {again} new", "0 new")
        db.run_now(many, _NUMBERS[backend], "succeeded", 10_000_000, 10_000_000 + OLD)
        db.run_now(stories, _NUMBERS[backend])
        db.run_now(tidy)
        yield from _forget(db, backend)
        db.close()


def _enqueue(db: Database) -> tuple[float, int]:
    """Do what a poll does with what it found."""
    now, began_s, made = datetime.now(UTC), time.perf_counter(), 0
    busy = db.run_now(queue.unfinished)
    new = [number for number in range(DOCUMENTS) if (number, Kind.OCR) not in busy]
    db.run_now(queue.endings, since=now - LOOP_WINDOW)
    for first in range(0, len(new), AT_ONCE):
        wishes = [(number, Kind.OCR, None) for number in new[first : first + AT_ONCE]]
        made += db.run_now(queue.enqueue_all, wishes, priority=20, now=now)
    if not new:  # the index says the same as the look before it
        made += db.run_now(
            queue.enqueue_all, [(number, Kind.OCR, None) for number in range(DOCUMENTS)], priority=20, now=now
        )
    return time.perf_counter() - began_s, made


def _forget(db: Database, backend: str) -> Iterator[Figure]:
    """Prune as upkeep does, with another thread claiming and ending jobs all the while."""
    held_s: list[float] = []
    waited_s: list[float] = []
    over = threading.Event()

    def work() -> None:
        now = datetime.now(UTC)
        while not over.is_set():
            began_s = time.perf_counter()
            job = db.run_now(queue.claim, Kind.OCR, owner="me", now=now, lease=LEASE)
            waited_s.append(time.perf_counter() - began_s)
            if isinstance(job, Job):
                db.run_now(queue.retry, job, run_after=now + timedelta(days=9), reason="x", now=now, blame=False)
            over.wait(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    before, began_s, forgotten = datetime.fromtimestamp(20_000_000, UTC), time.perf_counter(), 0
    while db.run_now(keeping.old, before=before):
        call_s = time.perf_counter()
        forgotten += db.run_now(keeping.prune, before=before, now=datetime.now(UTC))
        held_s.append(time.perf_counter() - call_s)
        over.wait(0.01)
    all_s = time.perf_counter() - began_s
    over.set()
    worker.join()
    yield Figure(f"{backend}: {forgotten:,} old jobs and pages forgotten", f"{all_s:.0f} s in {len(held_s)} steps")
    yield Figure(f"{backend}: a step, with its commit", _spread(held_s), "50 ms (99th percentile)")
    yield Figure(f"{backend}: a claim meanwhile", _spread(waited_s))


def _spread(seconds: list[float]) -> str:
    median, last = (1000 * statistics.quantiles(seconds, n=100)[part] for part in (49, 98))
    return f"median {median:.0f} ms, 99th percentile {last:.0f} ms, most {1000 * max(seconds):.0f} ms"
