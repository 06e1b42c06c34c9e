"""kill -9 and freezes, at moments nobody chose."""

from pathlib import Path

from tests.chaos.trials import LEASE_S, Row, Stage, size, staged
from tests.scenarios.program import Run
from tests.scenarios.waiting import until


def kills(folder: Path, backend: str, seed: int) -> Row:
    """Kill -9 a program again and again; on a server one of three, which starts again at once."""
    wanted = size("KILLS", 300)
    with staged(folder, backend, seed) as stage:
        programs = {name: stage.start(name) for name in stage.names()}
        for number in range(wanted):
            stage.company.keep_busy()
            name = stage.random.choice(stage.names())
            _work_a_while(stage, programs[name])
            programs[name].kill(children=stage.random.random() < 0.5)
            stage.company.remember()
            if number % 5 == 0:
                stage.company.people_edit()
            programs[name] = stage.start(name)
        return stage.end("kill -9", wanted)


def _work_a_while(stage: Stage, program: Run) -> None:
    """Let a program go on for a random while, counted from when it has said a word to Paperless."""
    if stage.backend == "sqlite":
        seen = len(stage.world.archive.requests())
        until(lambda: len(stage.world.archive.requests()) > seen or program.ended, "it works")
    assert program.goes_on(stage.random.uniform(0.0, 0.7)), "a program ended by itself"


def freezes(folder: Path, backend: str, seed: int) -> Row:
    """Freeze a program for longer than its lease and let it go on; on a server two of three at a time."""
    wanted = size("FREEZES", 100)
    with staged(folder, backend, seed) as stage:
        programs = {name: stage.start(name) for name in stage.names()}
        at_once = 1 if backend == "sqlite" else 2
        for number in range(0, wanted, at_once):
            stage.company.keep_busy(least=8)
            some = stage.random.sample(stage.names(), at_once)
            awake = next((name for name in stage.names() if name not in some), some[0])
            assert programs[awake].goes_on(stage.random.uniform(0.2, 1.0))
            for name in some:
                programs[name].freeze()
            assert programs[awake].goes_on(LEASE_S + stage.random.uniform(0.5, 2.0))
            stage.company.remember()
            if number % 4 == 0:
                stage.company.people_edit()
            for name in some:
                programs[name].thaw()
        return stage.end("freeze past the lease", wanted)
