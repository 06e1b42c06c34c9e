"""How soon the engine has the first page of a long document."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure, long_scan
from tests.scenarios.world import OCR, World
from tests.waiting import until

PAGES = 30


def measure(folder: Path) -> Iterator[Figure]:
    """Take the time from the claim to the first start of tesseract."""
    data = long_scan(PAGES)
    with World(folder) as world:
        world.sidecar.settings["OCR_DPI"] = 300
        document_id = world.archive.add_document(data, title="long", tags=[OCR])
        with world.sidecar.running():
            until(world.ledger.starts, "the first page is with the engine")
            with_engine_at = time.time()
            (job,) = world.store.jobs(document_id)
    passed_s = with_engine_at - (job.started_at or 0)
    yield Figure(f"claim to first page of {PAGES} with the engine", f"{passed_s:.2f} s", "3 s")
