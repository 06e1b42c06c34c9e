"""Our queue beside hand-written SQL and the ready-made queues, round by round in turn, in one run."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.postgres import server_url

#: Rounds that count; one more goes before them. BENCH_ROUNDS sets it.
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
#: Jobs a round; the slow ones get fewer.
SQLITE = {
    "raw": 600,
    "ours": 600,
    "ours, 16 tasks": 600,
    "raw, all synced": 600,
    "ours, all synced": 600,
    "ours, all synced, 16 tasks": 600,
    "Huey": 300,
    "DBOS": 60,
}
POSTGRES = {
    "raw PostgreSQL": 600,
    "ours": 600,
    "ours, 16 tasks": 600,
    "Procrastinate": 200,
    "Procrastinate, 4 at a time": 200,
    "DBOS": 60,
}


def measure(_folder: Path) -> Iterator[Figure]:
    """Let all contestants on each database take turns, and compare medians."""
    sqlite = _rounds(SQLITE, None)
    yield from _rows("SQLite", sqlite)
    cpu = _ratio(sqlite, "ours", "raw", "cpu_s")
    yield Figure("CPU of ours / raw SQL on SQLite", f"{cpu:.2f}", "4 at most")
    synced = _ratio(sqlite, "ours, all synced", "raw, all synced", "cpu_s")
    yield Figure("the same, every commit synced", f"{synced:.2f}", "4 at most")
    for ready_made, ours in (("Huey", "ours, all synced, 16 tasks"), ("Huey", "ours, all synced"), ("DBOS", "ours")):
        rate = 1 / _ratio(sqlite, ours, ready_made, "wall_s")
        yield Figure(f"rate of {ours} / {ready_made} on SQLite", f"{rate:.1f}", "more than 1")
    postgres = _rounds(POSTGRES, server_url())
    yield from _rows("PostgreSQL", postgres)
    cpu = _ratio(postgres, "ours", "raw PostgreSQL", "cpu_s")
    yield Figure("CPU of ours / raw SQL on PostgreSQL", f"{cpu:.2f}", "2.5 at most")
    pairs = (("Procrastinate", "ours"), ("Procrastinate, 4 at a time", "ours, 16 tasks"), ("DBOS", "ours"))
    for ready_made, ours in pairs:
        rate = 1 / _ratio(postgres, ours, ready_made, "wall_s")
        yield Figure(f"rate of {ours} / {ready_made} on PostgreSQL", f"{rate:.1f}", "more than 1")


Rounds = dict[str, list[dict[str, float]]]


def _rounds(contestants: dict[str, int], server: str | None) -> Rounds:
    """Run all in turn; figures are per job, the first round is dropped."""
    found: Rounds = {name: [] for name in contestants}
    for _ in range(ROUNDS + 1):
        for name, jobs in contestants.items():
            with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
                done = subprocess.run(
                    [sys.executable, "-m", "tests.benchmarks.queue_runs", name, server or folder, str(jobs)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            if done.returncode:
                raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
            said = json.loads(done.stdout.splitlines()[-1])
            found[name].append({what: seconds / jobs for what, seconds in said.items()})
    return {name: rounds[1:] for name, rounds in found.items()}


def _rows(database: str, rounds: Rounds) -> Iterator[Figure]:
    for name, taken in rounds.items():
        wall = statistics.median(1 / one["wall_s"] for one in taken)
        cpu = statistics.median(1e6 * one["cpu_s"] for one in taken)
        yield Figure(f"{database}: {name}", f"{wall:.0f} jobs/s, {cpu:.0f} us CPU a job")


def _ratio(rounds: Rounds, one: str, other: str, what: str) -> float:
    """The median of the ratios, round by round."""
    return statistics.median(a[what] / b[what] for a, b in zip(rounds[one], rounds[other], strict=True))
