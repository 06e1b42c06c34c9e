"""Servers that go away, and connections that break or are slow."""

from pathlib import Path

from sidecar.practice.faults import Fault
from tests.chaos.trials import Row, Stage, size, staged
from tests.scenarios.paperless import ArchiveProcess

CHANGES = "PATCH|POST"
LATE_S = 0.5


def servers(backend: str, folder: Path, seed: int) -> Row:
    """Stop the archive or the model with all connections hung up, or kill -9 an archive, and start them again."""
    wanted = size("RESTARTS", 30)
    with staged(folder, backend, seed) as stage:
        stage.start_all()
        elsewhere = ArchiveProcess(folder / "archive", url=stage.world.archive.url)
        for number in range(wanted):
            stage.company.keep_busy()
            stage.rest(0.3, 1.5)
            if number % 3 == 0:
                _kill_archive(stage, elsewhere)
            else:
                server = stage.world.archive if number % 3 == 1 else stage.world.model
                port = int(server.url.split(":")[2].partition("/")[0])
                server.stop()
                stage.rest(0.1, 1.5)
                server.start(port)
            stage.look()
        return stage.end("archive or model restarted", wanted, within_s=600)


def _kill_archive(stage: Stage, elsewhere: ArchiveProcess) -> None:
    """Let the archive be a process of its own for a while, and kill -9 that."""
    archive = stage.world.archive
    port = int(archive.url.rpartition(":")[2])
    archive.stop()
    elsewhere.start()
    try:
        stage.rest(0.5, 6.0)  # it takes the programs some seconds to ask again
    finally:
        elsewhere.kill()
    stage.rest(0.1, 1.5)
    archive.start(port)


def wire(backend: str, folder: Path, seed: int) -> Row:
    """Hang up on every fifth change before or after its effect, and answer everything up to two seconds late."""
    wanted = size("WIRE", 100)
    with staged(folder, backend, seed) as stage:
        faults, model = stage.world.archive.faults, stage.world.model.faults
        for server in (faults, model):
            server.add(Fault(probability=0.1, delay_s=(0.0, 2.0)))
            server.add(Fault(probability=0.1, late_s=(0.0, 2.0)))
        for drop in ("before", "after"):
            faults.add(Fault(method=CHANGES, path="/documents/", probability=0.1, drop=drop))
            faults.add(Fault(method="GET", path="/documents/", probability=0.02, drop=drop))
            model.add(Fault(path="/chat/", probability=0.1, drop=drop))
        stage.start_all()
        while (met := _met(stage)) < wanted:
            stage.company.keep_busy()
            stage.rest(0.5, 1.5)
            stage.look()
        faults.clear()
        model.clear()
        return stage.end("connection dropped or late", met, within_s=600)


def _met(stage: Stage) -> int:
    """Count the changes that were hung up on or late."""
    changes = [one for one in stage.world.archive.requests() if one.method != "GET"]
    return sum(one.status is None or one.ended_s - one.started_s > LATE_S for one in changes)
