"""What all trials have in common: a stage with programs to be maltreated, and the row of the table it ends in.

Sizes come from the environment, so that `make test` takes a slice and `make chaos` all of it.
"""

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from tests.chaos.company import DPI, Company, Overheard
from tests.chaos.verdict import Verdict
from tests.postgres import drop_schema, new_schema
from tests.scenarios.program import Program, Run
from tests.scenarios.world import World
from tests.waiting import until

#: Seconds; short ones, so that much happens in a minute.
LEASE_S, TIMEOUT_S = 3, 1
REPLICAS = 3
BEGUN = "works for"
_setting_up = threading.Lock()


def size(name: str, default: int) -> int:
    """Read how much of a trial is wanted."""
    return int(os.environ.get(f"CHAOS_{name}", default))


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    backend: str
    trials: int
    counts: Counter[str]
    seconds: float
    #: What was wrong, in words.
    said: tuple[str, ...] = ()
    #: More figures.
    notes: tuple[str, ...] = ()


@dataclass
class Stage:
    """A world, its company, and one or several programs, each with a folder and a log of its own."""

    world: World
    random: Random
    backend: str
    #: What stands in for the program, and its environment.
    module: str = "sidecar"
    given: dict[str, Any] = field(default_factory=dict)
    began_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.company = Company(self.world, self.random)
        self.verdict = Verdict(self.company)
        self.programs: dict[str, Program] = {}
        self.runs: dict[str, Run] = {}
        self._marks: dict[str, int] = {}
        #: How many changes were sent to Paperless.
        self.changes = 0
        self.world.archive.faults.add(Overheard("PATCH|POST", "/api/documents/", tell=self._sent))

    def _sent(self, _path: str) -> None:
        self.changes += 1

    @property
    def names(self) -> list[str]:
        """The programs of this stage: one on a file, three on a server."""
        return ["one"] if self.backend == "sqlite" else [f"replica-{number}" for number in range(1, REPLICAS + 1)]

    @property
    def log(self) -> str:
        """What all programs said."""
        return "".join(program.log for program in self.programs.values())

    def start(self, name: str) -> Run:
        """Start a program, for the first time or again."""
        if name not in self.programs:
            folder = self.world.folder / name
            folder.mkdir(exist_ok=True)
            data = self.world.folder / "data" if self.backend == "sqlite" else folder / "data"
            settings = {**self.world.sidecar.settings, "DATA_DIR": data}
            self.programs[name] = Program(folder, settings, path=self.world.ledger.bin)
        self._marks[name] = self.programs[name].log_mark
        self.runs[name] = self.programs[name].start(module=self.module, **self.given)
        return self.runs[name]

    def start_all(self) -> None:
        """Start all programs, and wait until they work."""
        for name in self.names:
            self.start(name)
        for name in self.names:
            self.until_begun(name)

    def until_begun(self, name: str) -> None:
        """Wait until a program has begun to work."""
        program, run = self.programs[name], self.runs[name]
        until(lambda: run.ended or BEGUN in program.log_after(self._marks[name]), f"{name} works")

    def rest(self, lowest_s: float, highest_s: float) -> None:
        """Let everybody go on for a random time; nobody may end by themselves."""
        some = next(iter(self.runs.values()))
        assert some.goes_on(self.random.uniform(lowest_s, highest_s)), "a program ended by itself"
        assert not [name for name, run in self.runs.items() if run.ended], "a program ended by itself"

    def look(self, *, people: float = 0.2) -> None:
        """Note what is kept by now; at times people edit something."""
        self.verdict.remember()
        if self.random.random() < people:
            self.company.people_edit()

    def end(self, what: str, trials: int, *, within_s: float = 300.0, notes: tuple[str, ...] = ()) -> Row:
        """Wait until all is over, stop the programs, judge, and give the row."""
        self.company.until_over(within_s)
        self.verdict.remember()
        for run in self.runs.values():
            run.terminate()
        stopped = [run.wait() for run in self.runs.values()]
        counts = self.verdict.judge()
        # One that was started this moment has not heard of the signal yet, and is ended by it.
        assert set(stopped) <= {0, -signal.SIGTERM}, f"programs ended with {stopped} when they were asked to stop"
        assert "Traceback" not in self.log, "a log holds a traceback"
        seconds = time.monotonic() - self.began_s
        notes = (*notes, f"{len(self.company.papers)} documents", *self.verdict.again)
        return Row(what, self.backend, trials, counts, seconds, tuple(self.verdict.said), notes)


@contextmanager
def staged(folder: Path, backend: str, seed: int, **settings: Any) -> Iterator[Stage]:
    """Set a stage up; its logs are printed if something is wrong."""
    with _setting_up:  # the server is started once, whoever comes first
        schema = new_schema() if backend == "postgres" else None
        world = World(folder, schema=schema)
    stage = Stage(world, Random(seed), backend)
    with world:
        world.model.delay_s = 0.2
        world.sidecar.settings |= {
            "LEASE_S": LEASE_S,
            "PAPERLESS_TIMEOUT_S": TIMEOUT_S,
            "MAX_CRASHES": 1000,
            "MAX_ATTEMPTS": 100,
            "TAGGING_CONCURRENCY": 3,
            "OCR_DPI": DPI,
            **settings,
        }
        ended_well = False
        try:
            yield stage
            ended_well = not stage.verdict.said
        finally:
            if not ended_well:
                print(*(f"{name}:\n{program.log}" for name, program in stage.programs.items()), sep="\n")
                with contextlib.suppress(psycopg.Error):  # the server may be the one that was killed
                    print(*world.store.stories(), sep="\n")
            for program in stage.programs.values():
                program.kill_all()
    if schema:
        drop_schema(schema)


Trial = Callable[[Path, str, int], Row]


def side_by_side(trial: Callable[[Path, int, int], Row], folder: Path, seed: int, *, trials: int, worlds: int) -> Row:
    """Do so many trials in several worlds at a time, told (folder, seed, trials), and add their rows up."""
    worlds = min(worlds, trials)
    shares = [trials // worlds + (number < trials % worlds) for number in range(worlds)]
    began_s = time.monotonic()
    with ThreadPoolExecutor(worlds) as pool:
        rows = list(pool.map(lambda n: trial(folder / f"world-{n}", seed + n, shares[n]), range(worlds)))
    counts: Counter[str] = Counter()
    for row in rows:
        counts += row.counts
    return replace(
        rows[0],
        trials=sum(row.trials for row in rows),
        counts=counts,
        seconds=time.monotonic() - began_s,
        said=tuple(words for row in rows for words in row.said),
        notes=tuple(words for row in rows for words in row.notes),
    )
