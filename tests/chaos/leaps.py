"""A clock that somebody sets by an hour, forwards and back."""

from pathlib import Path

from tests.chaos.trials import Row, Stage, size, staged

HOUR_S = 3600.0


def clock(backend: str, folder: Path, seed: int) -> Row:
    """Set the clock while jobs run and while they wait for a retry, and then across restarts.

    Nothing may be taken from a living program because its lease seems to have run out, and nothing may wait an hour.
    """
    wanted = size("LEAPS", 20)
    shows = folder / "clock"
    with staged(folder, backend, seed, RETRY_BASE_S=4, RETRY_CAP_S=4) as stage:
        _set(shows, 0.0)
        stage.module, stage.given = "tests.chaos.stand_in", {"CHAOS_CLOCK": shows}
        stage.start_all()
        for _ in range(wanted * 3 // 4):
            _work(stage)
            _leap(shows, stage)
            stage.look()
        assert stage.company.until_over(120), "something waits that has nothing to wait for"
        taken = sum("died with this job" in words for words in stage.world.store.stories())
        for _ in range(taken):
            stage.verdict.find("doubled", "a job was taken back from a program that lives")
        for _ in range(wanted * 3 // 4, wanted):
            _work(stage)
            some = stage.random.sample(stage.names, stage.random.choice([1, len(stage.names)]))
            for name in some:
                stage.runs[name].kill()
            _leap(shows, stage)
            for name in some:
                stage.start(name)
            stage.look()
        return stage.end("clock set by an hour", wanted, within_s=120)


def _work(stage: Stage) -> None:
    """See to it that jobs run, and that some wait for a retry."""
    stage.company.add(letters=2)
    (scan,) = stage.company.add(scans=1)
    stage.world.ledger.crash_at(scan, page=2, times=1)
    stage.rest(0.5, 2.5)


def _leap(shows: Path, stage: Stage) -> None:
    _set(shows, float(shows.read_text()) + stage.random.choice([HOUR_S, -HOUR_S]))


def _set(shows: Path, seconds: float) -> None:
    """Set the clock; nobody sees it half written."""
    part = shows.with_suffix(".part")
    part.write_text(str(seconds))
    part.replace(shows)
