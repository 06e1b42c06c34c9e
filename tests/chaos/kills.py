"""kill -9 and freezes, at moments nobody chose."""

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from sidecar.practice.faults import Fault
from tests.chaos.trials import LEASE_S, Row, Stage, side_by_side, size, staged
from tests.waiting import until

#: What a program says that finds out that a job is not its own any more.
REJECTED = ("the lease was lost", "another runner holds it", "the lease is too short")


def kills(backend: str, folder: Path, seed: int) -> Row:
    """Kill -9 a program again and again, and start it again at once; on a server one of three."""
    row = side_by_side(
        lambda place, number, trials: _kills(place, backend, number, trials),
        folder, seed, trials=size("KILLS", 300), worlds=2 if backend == "sqlite" else 1,
    )  # fmt: skip
    quarantine(folder / "quarantine", backend, seed)
    return row


def _slow_writes(stage: Stage) -> None:
    """Let Paperless take its time over changes: some come true, and some are answered, when their sender is gone.

    A change of tags shows in the history whenever it is made again, so some of those come true after the next program
    is at work.
    """
    faults = stage.world.archive.faults
    faults.add(Fault(method="PATCH|POST", path="/api/documents/", late_s=(0.0, 0.4)))
    faults.add(Fault(method="PATCH|POST", path="/api/documents/", probability=0.1, delay_s=(0.0, 2.0)))
    faults.add(Fault(method="POST", path="/bulk_edit/", probability=0.2, delay_s=(1.0, 4.5)))


def _kills(folder: Path, backend: str, seed: int, trials: int) -> Row:
    with staged(folder, backend, seed) as stage:
        _slow_writes(stage)
        stage.start_all()
        for _ in range(trials):
            stage.company.keep_busy()
            name = stage.random.choice(stage.names)
            _wait_for_a_moment(stage, name)
            stage.runs[name].kill(children=stage.random.random() < 0.5)
            stage.look()
            stage.start(name)
        return stage.end("kill -9", trials)


def _wait_for_a_moment(stage: Stage, name: str) -> None:
    """Let the program come anywhere while it starts or works, or to where a change was just sent to Paperless."""
    draw = stage.random.random()
    if draw < 0.1:
        stage.rest(0.0, 0.8)
        return
    stage.until_begun(name)
    if draw < 0.5:
        long_s = 0.05 * 80 ** stage.random.random()  # up to four seconds, as often below half a second as above
        stage.rest(long_s, long_s)
        return
    changes, waited = stage.changes, 0
    while stage.changes == changes and waited < 100:
        stage.rest(0.05, 0.05)
        waited += 1
    stage.rest(0.0, 0.4)


def quarantine(folder: Path, backend: str, seed: int) -> None:
    """Check that a document over which the program dies again and again is given up, and the others are done."""
    with staged(folder, backend, seed, MAX_CRASHES=3, TAGGING_CONCURRENCY=1) as stage:
        model, store = stage.world.model, stage.world.store
        model.delay_s = 2.0
        (deadly,) = stage.company.add(letters=1)
        stage.company.papers[deadly].plan = ""
        stage.start_all()
        for deaths in range(1, 4):
            until(lambda deaths=deaths: model.begun() == deaths, "the model thinks about it")
            (job,) = store.jobs(deadly)
            assert job.crashes >= deaths - 1, f"{job.crashes} deaths were counted before number {deaths}"
            for run in stage.runs.values():
                run.kill()
            if deaths == 3:
                model.delay_s = 0.1
                stage.company.add(letters=2, scans=1)
            for name in stage.names:
                stage.start(name)
        assert stage.company.until_over()
        (job,) = store.jobs(deadly)
        assert job.state == "failed", job
        assert "died" in (job.reason or "")
        assert model.begun() <= 5, "what was given up was asked for again"
        assert [len(stage.world.archive.notes(one)) for one in (deadly,)] == [1]
        others = {one for one, paper in stage.company.papers.items() if one != deadly and not paper.is_withdrawn}
        ends = Counter(job.state for job in store.jobs() if job.document_id in others)
        assert set(ends) <= {"succeeded"}, ends


def freezes(backend: str, folder: Path, seed: int) -> Row:
    """Freeze programs for longer than their lease and let them go on; on a server others take over meanwhile."""
    return side_by_side(
        lambda place, number, trials: _freezes(place, backend, number, trials),
        folder, seed, trials=size("FREEZES", 100), worlds=4 if backend == "sqlite" else 2,
    )  # fmt: skip


def _freezes(folder: Path, backend: str, seed: int, trials: int) -> Row:
    with staged(folder, backend, seed) as stage:
        _slow_writes(stage)
        stage.start_all()
        begun, at_work, frozen = 0, 0, dict[str, float]()
        while begun < trials or frozen:
            stage.company.keep_busy(least=8)
            stage.rest(0.2, 0.8)
            awake = [name for name in stage.names if name not in frozen]
            for name in [name for name, until_s in frozen.items() if until_s < time.monotonic()]:
                stage.look()
                stage.verdict.thaws.append(time.monotonic())
                stage.runs[name].thaw()
                del frozen[name]
            if awake and begun < trials:  # whoever was thawed now has a while to go on
                name = stage.random.choice(awake)
                stage.runs[name].freeze()
                at_work += any(job.state == "running" for job in stage.world.store.jobs())
                frozen[name] = time.monotonic() + LEASE_S + stage.random.uniform(0.3, _longest_s(backend))
                begun += 1
        row = stage.end("freeze past the lease", trials)
        found_out = sum(stage.log.count(words) for words in REJECTED)
        more = (f"{at_work} while jobs ran", f"{found_out} times a program found that a job was not its own any more")
        return replace(row, notes=(*row.notes, *more))


def _longest_s(backend: str) -> float:
    """Give how much longer than a lease somebody is frozen: alone not long, among others long enough to be replaced."""
    return 1.5 if backend == "sqlite" else 10.0
