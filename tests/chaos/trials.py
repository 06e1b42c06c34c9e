"""The trials: each does its worst to running programs for a while and gives a row of the table.

Sizes come from the environment, so that `make test` takes a slice and `make chaos` all of it.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.company import Company
from tests.postgres import drop_schema, new_schema
from tests.scenarios.program import Run
from tests.scenarios.world import World

#: Seconds; short ones, so that much happens in a minute.
LEASE_S, TIMEOUT_S = 3, 1
REPLICAS = 3


def size(name: str, default: int) -> int:
    """Read how much of a trial is wanted."""
    return int(os.environ.get(f"CHAOS_{name}", default))


@dataclass
class Row:
    """A line of the table."""

    what: str
    backend: str
    trials: int
    counts: Counter[str]
    seconds: float
    said: list[str] = field(default_factory=list)
    #: More figures, in words.
    note: str = ""


@dataclass
class Stage:
    """A world, its company, and one or several programs."""

    world: World
    company: Company
    random: Random
    backend: str
    began_s: float = field(default_factory=time.monotonic)

    def start(self, name: str = "", *, module: str = "sidecar", **environment: Any) -> Run:
        """Start a program; `name` tells replicas apart."""
        folder = self.world.folder / "data" / name
        return self.world.sidecar.start(module=module, DATA_DIR=folder, **environment)

    def names(self) -> list[str]:
        """The programs of this stage: one on a file, three on a server."""
        return [""] if self.backend == "sqlite" else [f"replica-{number}" for number in range(1, REPLICAS + 1)]

    def end(self, what: str, trials: int, *, within_s: float = 300.0, note: str = "") -> Row:
        """Wait until all is over, judge, and give the row."""
        self.company.until_over(within_s)
        counts = self.company.judge()
        return Row(what, self.backend, trials, counts, time.monotonic() - self.began_s, self.company.said, note)


@contextmanager
def staged(folder: Path, backend: str, seed: int, **settings: Any) -> Iterator[Stage]:
    """Set a stage up; its log is printed if something is wrong."""
    schema = new_schema() if backend == "postgres" else None
    random = Random(seed)
    with World(folder, schema=schema) as world:
        world.sidecar.settings |= {
            "LEASE_S": LEASE_S,
            "PAPERLESS_TIMEOUT_S": TIMEOUT_S,
            "MAX_CRASHES": 1000,
            "TAGGING_CONCURRENCY": 3,
            "OCR_DPI": 100,
            **settings,
        }
        world.model.delay_s = 0.2
        stage = Stage(world, Company(world, random), random, backend)
        ended_well = False
        try:
            yield stage
            ended_well = not stage.company.said
        finally:
            if not ended_well:
                print(world.sidecar.log[-20_000:], *world.store.stories(), sep="\n")
    if schema:
        drop_schema(schema)


Trial = Callable[[Path, str, int], Row]
