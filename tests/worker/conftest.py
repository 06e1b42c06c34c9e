"""A sidecar in this process, around a practice archive and a practice model, with a clock that can run fast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sidecar import settings
from sidecar.app import Sidecar
from sidecar.domain.job import Job
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import text_pdf
from sidecar.store import listing
from sidecar.worker.clock import Clock
from tests.waiting import eventually as until  # noqa: F401 - tests of the worker take it from here

LETTER = "Ambervale Energy\nInvoice\nInvoice date 2026-05-12\nPlease pay 84.20 EUR for electricity."
NAMES = {
    "tags": ("Invoice", "Tax"),
    "correspondents": ("Ambervale Energy",),
    "document_types": ("Invoice", "Letter"),
}


def fast_clock(speed: float) -> Clock:
    """A clock on which `speed` seconds pass in one."""
    began, start = datetime.now(UTC), time.monotonic()
    return Clock(
        now=lambda: began + timedelta(seconds=(time.monotonic() - start) * speed),
        sleep=lambda seconds: asyncio.sleep(seconds / speed),
        chance=lambda: 0.5,
    )


@dataclass
class World:
    """Everything a test of the worker needs."""

    archive: PracticeArchive
    model: PracticeModel
    folder: Path

    def letter(self, *tags: str, content: str = LETTER, data: bytes | None = None, **values: Any) -> int:
        """Put a document into the archive."""
        return self.archive.add_document(
            data or text_pdf([content]), title="scan", content=content, tags=tags, original_file_name="scan.pdf",
            **values,
        )  # fmt: skip

    @asynccontextmanager
    async def sidecar(self, clock: Clock | None = None, **given: Any) -> AsyncIterator[Sidecar]:
        """A started sidecar on this world's store; nothing runs yet."""
        values = {
            "paperless_url": self.archive.url,
            "paperless_token": "practice-token",
            "llm_model": "practice",
            "data_dir": self.folder / "store",
            "poll_interval_s": 1.0,
            # Leases are made of it: on a fast clock they must outlast a busy machine's pauses.
            "paperless_timeout_s": 300.0 if clock else 5.0,
            "lease_s": 7200.0 if clock else 180.0,
            "ocr_dpi": 100,
            "stop_grace_s": 5.0,
            **given,
        }
        if "openai_base_url" not in values:  # a stopped model has no address any more
            values["openai_base_url"] = self.model.url
        async with Parts(settings.load(**values)) as parts:
            yield await Sidecar.start(parts, clock)

    async def drain(self, **given: Any) -> list[Job]:
        """Run a sidecar until nothing is due, and return all jobs, the oldest first."""
        async with self.sidecar(**given) as sidecar:
            await sidecar.run(drain=True)
            return (await sidecar.parts.db.run(listing.jobs, limit=1000))[::-1]

    def writes(self, document_id: int) -> list[str]:
        """What the archive's history says was written, oldest first: the changed fields of each entry."""
        entries = reversed(self.archive.history(document_id))
        return ["+".join(sorted(entry["changes"])) for entry in entries if entry["action"] == "update"]


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """A world of its own in this folder, with the names that letters are filed by."""
    with PracticeArchive(folder / "archive") as archive, PracticeModel() as model:
        for kind, names in NAMES.items():
            for name in names:
                archive.add_name(kind, name)  # type: ignore[arg-type]
        yield World(archive, model, folder)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as found:
        yield found


@asynccontextmanager
async def running(sidecar: Sidecar) -> AsyncIterator[None]:
    """Let the sidecar work while the block runs."""
    stop = asyncio.Event()
    task = asyncio.create_task(sidecar.run(stop=stop))
    try:
        yield
    finally:
        stop.set()
        await task


def once_a_write_waits(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], None]) -> None:
    """Have the deed done when the first write has its turn, and what was read before it count as old."""
    monkeypatch.setattr("sidecar.worker.delivery.FRESH", timedelta(0))
    gate = sidecar.runner._attempts._delivery._gate
    write = gate.write

    async def crowded(*steps: Any) -> Any:
        monkeypatch.setattr(gate, "write", write)
        deed()
        return await write(*steps)

    monkeypatch.setattr(gate, "write", crowded)
