"""How soon a job is claimed: after a ring at the door, after another program enqueued it, and after lost news."""

import asyncio
import os
import statistics
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sidecar import settings
from sidecar.app import Sidecar
from sidecar.domain.job import Job, Kind, State
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.samples import text_pdf
from sidecar.store import listing, queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable, reading
from tests.benchmarks.figures import Figure
from tests.postgres import new_schema, server_url

SAMPLES = int(os.environ.get("BENCH_SAMPLES", "100"))
LOST = 10


@durable
def quietly(tx: Transaction, document_id: int, now: datetime) -> None:
    """Enqueue and say nothing, as if the news were lost on the way."""
    tx.run(
        "INSERT INTO job (document_id, kind, state, priority, created_at) VALUES (:document, 'ocr', 'ready', 10, :now)",
        document=document_id,
        now=now.timestamp(),
    )


def measure(folder: Path) -> Iterator[Figure]:
    """Measure on both databases, with a round of an hour: only rings and news make the program look."""
    for backend in ("sqlite", "postgres"):
        with PracticeArchive(folder / f"archive-{backend}") as archive:
            rung, told, lost = asyncio.run(_samples(folder / backend, backend, archive))
        yield Figure(f"{backend}: ring to claim, with the list from Paperless", _spread(rung), "20 ms, 95th 100 ms")
        wanted = "20 ms, 95th 100 ms" if backend == "postgres" else "1 s: the file is looked at every second"
        yield Figure(f"{backend}: enqueued by another program to claim", _spread(told), wanted)
        yield Figure(f"{backend}: the same with the news lost", _spread(lost), "1 s at most")


def _spread(seconds: list[float]) -> str:
    in_order = sorted(1000 * one for one in seconds)
    late = in_order[min(len(in_order) - 1, int(len(in_order) * 0.95))]
    return f"median {statistics.median(in_order):.0f} ms, 95th percentile {late:.0f} ms, most {in_order[-1]:.0f} ms"


async def _samples(folder: Path, backend: str, archive: PracticeArchive) -> tuple[list[float], ...]:
    given: dict[str, Any] = {}
    schema = new_schema()
    if backend == "postgres":
        given = {"database_url": server_url(), "database_schema": schema}
    async with _running(folder, archive, given) as sidecar:
        db = sidecar.parts.db
        other: Database = SqliteDatabase(folder / "sidecar.db")
        if backend == "postgres":
            other = PostgresDatabase(server_url(), schema=schema)
        rung = [await _rung(sidecar, archive) for _ in range(SAMPLES)]
        times = SAMPLES if backend == "postgres" else LOST
        told = [await _told(db, other, archive, queue.enqueue) for _ in range(times)]
        lost = [await _told(db, other, archive, None) for _ in range(LOST)]
        await asyncio.to_thread(other.close)
    return rung, told, lost


@asynccontextmanager
async def _running(folder: Path, archive: PracticeArchive, given: dict[str, Any]) -> AsyncIterator[Sidecar]:
    values = {
        "paperless_url": archive.url, "paperless_token": archive.token, "data_dir": folder,
        "poll_interval_s": 3600.0, "ocr_dpi": 70, **given,
    }  # fmt: skip
    async with Parts(settings.load(**values)) as parts:
        sidecar = await Sidecar.start(parts)
        stop = asyncio.Event()
        running = asyncio.create_task(sidecar.run(stop=stop))
        await asyncio.sleep(2.5)  # the first round is over, and on a server it is known who leads
        yield sidecar
        stop.set()
        await running


def _document(archive: PracticeArchive, *tags: str) -> int:
    return archive.add_document(text_pdf(["A letter."]), title="letter", content="A letter.", tags=tags)


async def _rung(sidecar: Sidecar, archive: PracticeArchive) -> float:
    document_id = _document(archive, "auto-ocr")
    at = datetime.now(UTC)
    sidecar.poller.ring()
    return await _claimed(sidecar.parts.db, document_id) - at.timestamp()


async def _told(db: Database, other: Database, archive: PracticeArchive, enqueue: Any) -> float:
    document_id = _document(archive)
    at = datetime.now(UTC)
    if enqueue is None:
        await other.run(quietly, document_id, now=at)
    else:
        await other.run(enqueue, document_id, Kind.OCR, priority=10, now=at)
    return await _claimed(db, document_id) - at.timestamp()


async def _claimed(db: Database, document_id: int) -> float:
    """Wait until the document's job has ended, and give when it was claimed."""
    while True:
        jobs: list[Job] = await db.run(listing.jobs, document_id=document_id)
        if jobs and jobs[0].state in (State.SUCCEEDED, State.CANCELLED, State.FAILED):
            return await db.run(_started_at, jobs[0].id)
        await asyncio.sleep(0.02)


@reading
def _started_at(tx: Transaction, job_id: int) -> float:
    return float(tx.rows("SELECT started_at FROM job WHERE id = :id", id=job_id)[0].started_at)
