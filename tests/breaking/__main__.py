"""Chaos, and a table of what it did: `python -m tests.breaking [name ..]`; without a name, all of it (`make chaos`).

Every count must be 0; the exit code is 1 if one is not. CHAOS_SEED repeats a run, CHAOS_KILLS and its like set sizes.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.breaking import kills, machines, outages
from tests.breaking.company import SORTS
from tests.breaking.trials import Row, size

BACKENDS = ("sqlite", "postgres")
TRIALS: dict[str, Callable[[Path, str, int], Row]] = {
    "kills": kills.kills,
    "freezes": kills.freezes,
    "servers": outages.servers,
    "wire": outages.wire,
    "clock": outages.clock,
    "disk": outages.disk,
    "postgres": machines.postgres,
    "replicas": machines.replicas,
}
#: Trials of one backend alone.
ONLY = {"disk": "sqlite", "postgres": "postgres", "replicas": "postgres"}


def _power(_folder: Path, _seed: int) -> Row:
    """Cut the power of a disk that keeps only what was synced; the test says what was found."""
    cuts, began_s = size("POWER_CUTS", 200), time.monotonic()
    test = ["-m", "pytest", "-q", "tests/store/test_power_loss.py", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, *test],
        env={**os.environ, "POWER_CUTS": str(cuts)},
        capture_output=True,
        text=True,
        check=False,
    )
    counts = Counter({"lost": int(run.returncode != 0)})
    said = [run.stdout[-2000:]] if run.returncode else []
    return Row("power cut, clean and torn", "sqlite", 2 * cuts, counts, time.monotonic() - began_s, said)


def _named() -> dict[str, Callable[[Path, int], Row]]:
    found: dict[str, Callable[[Path, int], Row]] = {}
    for name, trial in TRIALS.items():
        for backend in BACKENDS if name not in ONLY else (ONLY[name],):
            key = name if name in ONLY else f"{name}-{backend}"
            found[key] = partial(_run, trial, backend)
    return {**found, "power": _power}


def _run(trial: Callable[[Path, str, int], Row], backend: str, folder: Path, seed: int) -> Row:
    return trial(folder, backend, seed)


def main(names: list[str]) -> int:
    """Run the named trials, print the table, and give the exit code."""
    trials = _named()
    wanted = names or list(trials)
    unknown = set(wanted) - set(trials)
    if unknown:
        sys.exit(f"no such trial: {', '.join(sorted(unknown))}. There are: {', '.join(trials)}")
    seed = size("SEED", random.randrange(1_000_000))
    table = Table("what", "store", "trials", *SORTS, "seconds", title=f"Chaos (CHAOS_SEED={seed})")
    notes, bad = [], False
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="sidecar-chaos-") as folder:
            row = trials[name](Path(folder) / "world", seed)
        counts = [row.counts[sort] for sort in SORTS]
        bad = bad or any(counts)
        table.add_row(row.what, row.backend, str(row.trials), *map(str, counts), f"{row.seconds:.0f}")
        print(f"{row.what} ({row.backend}): {row.trials} trials, {dict(row.counts)}", *row.said, sep="\n  ", flush=True)
        notes += [f"{row.what}: {row.note}"] if row.note else []
    Console(width=150).print(table, *notes, sep="\n")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
