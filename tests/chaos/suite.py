"""All trials by name. The environment sets how much of each there is:

CHAOS_KILLS        kill -9, on each store
CHAOS_FREEZES      freezes for longer than a lease, on each store
CHAOS_RESTARTS     of the archive and the model, on each store
CHAOS_WIRE         changes that are hung up on or late, on each store
CHAOS_LEAPS        of the clock, on each store
CHAOS_DISKS        rounds of full, read-only and locked
CHAOS_SERVERS      times the PostgreSQL server is killed, its connections are ended, the line is cut or stalls
CHAOS_DOCUMENTS    for three replicas, with and without kills; CHAOS_KILL_EVERY_S apart
CHAOS_POWER_CUTS   clean ones, and as many torn ones
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.chaos import disks, kills, leaps, machines, outages
from tests.chaos.trials import Row, size
from tests.scenarios.program import REPOSITORY

BACKENDS = ("sqlite", "postgres")


def power(_folder: Path, _seed: int) -> Row:
    """Cut the power of a disk that keeps only what was synced; the store's own test says what was found."""
    cuts, began_s = size("POWER_CUTS", 200), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/store/test_power_loss.py"],
        env={**os.environ, "POWER_CUTS": str(cuts)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    counts = Counter({"lost": int(done.returncode != 0)})
    said = (done.stdout[-3000:],) if done.returncode else ()
    notes = tuple(re.findall(r"\d+ cuts, .*", done.stdout))
    return Row("power cut, clean and torn", "sqlite", 2 * cuts, counts, time.monotonic() - began_s, said, notes)


TRIALS: dict[str, Callable[[Path, int], Row]] = {
    **{
        f"{trial.__name__}-{backend}": partial(trial, backend)
        for trial in (kills.kills, kills.freezes, outages.servers, outages.wire, leaps.clock)
        for backend in BACKENDS
    },
    "disk": disks.disk,
    "postgres": machines.postgres,
    "replicas": machines.replicas,
    "power": power,
}
