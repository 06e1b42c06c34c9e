"""Forty taggings with a slow model and a slow Paperless: calls, requests, and the time against the writes alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sidecar.practice.faults import Fault
from sidecar.practice.serving import Exchange
from tests.benchmarks.figures import Figure
from tests.scenarios.letters import letter
from tests.scenarios.world import World

DOCUMENTS = 40


def measure(folder: Path) -> Iterator[Figure]:
    """File forty letters at once."""
    with World(folder) as world:
        world.model.delay_s = 0.3
        world.archive.faults.add(Fault(delay_s=(0.1, 0.3)))
        world.sidecar.settings["POLL_INTERVAL_S"] = 10
        documents = [world.add_letter(letter(number)) for number in range(DOCUMENTS)]
        with world.sidecar.running():
            world.until_finished(*documents)
        jobs = world.store.jobs()
        requests = [one for one in world.archive.requests() if one.path != "/api/documents/"]
        calls = len(world.model.calls())
    writes = [one for one in requests if one.method != "GET" and one.path.startswith("/api/documents/")]
    names = [one for one in requests if not one.path.startswith("/api/documents/")]
    wall_s = max(job.finished_at or 0 for job in jobs) - min(job.started_at or 0 for job in jobs)
    writing_s = sum(one.ended_s - one.started_s for one in writes)
    yield Figure("documents done", f"{sum(job.state == 'succeeded' for job in jobs)} of {DOCUMENTS}", str(DOCUMENTS))
    yield Figure("model calls per document", f"{calls / DOCUMENTS:.2f}", "1")
    per_document = (len(requests) - len(names)) / DOCUMENTS
    yield Figure("requests per document", f"{per_document:.2f} and {len(names)} look-ups of names in all", "5 at most")
    yield Figure("writes under way together", str(_overlaps(writes)), "0")
    yield Figure(
        "wall time", f"{wall_s:.1f} s for {writing_s:.1f} s of writes: {wall_s / writing_s:.2f} times", "1.3 times"
    )


def _overlaps(writes: Sequence[Exchange]) -> int:
    """Count the writes that began before an earlier one had ended."""
    count, ended_s = 0, 0.0
    for one in sorted(writes, key=lambda write: write.started_s):
        count += one.started_s < ended_s
        ended_s = max(ended_s, one.ended_s)
    return count
