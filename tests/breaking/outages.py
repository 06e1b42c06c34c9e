"""Servers that go away, connections that break, a clock that is set, a store that cannot be used."""

import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

from sidecar.practice.faults import Fault
from tests.breaking.trials import Row, Stage, size, staged
from tests.scenarios.waiting import until

CHANGES = "PATCH|POST"


def servers(folder: Path, backend: str, seed: int) -> Row:
    """Stop the archive and the model in turn, all connections hung up, and start them again."""
    wanted = size("RESTARTS", 30)
    with staged(folder, backend, seed) as stage:
        program, *_others = [stage.start(name) for name in stage.names()]
        for number in range(wanted):
            stage.company.keep_busy()
            assert program.goes_on(stage.random.uniform(0.3, 1.5))
            server = stage.random.choice([stage.world.archive, stage.world.model])
            port = int(server.url.split(":")[2].partition("/")[0])
            server.stop()
            assert program.goes_on(stage.random.uniform(0.1, 1.5))
            server.start(port)
            stage.company.remember()
            if number % 5 == 0:
                stage.company.people_edit()
        return stage.end("archive or model restarted", wanted, within_s=600)


def wire(folder: Path, backend: str, seed: int) -> Row:
    """Hang up on every fifth change before or after its effect, and answer everything up to two seconds late."""
    wanted = size("WIRE", 60)
    with staged(folder, backend, seed, PAPERLESS_TIMEOUT_S=2) as stage:
        faults = stage.world.archive.faults
        faults.add(Fault(probability=0.3, delay_s=(0.0, 2.5)))
        faults.add(Fault(method=CHANGES, path="/documents/", probability=0.1, drop="before"))
        faults.add(Fault(method=CHANGES, path="/documents/", probability=0.1, drop="after"))
        stage.world.model.faults.add(Fault(path="/chat/", probability=0.1, drop="before"))
        programs = [stage.start(name) for name in stage.names()]
        while _met(stage) < wanted:
            stage.company.keep_busy()
            assert programs[0].goes_on(1.0)
            stage.company.people_edit()
        faults.clear()
        stage.world.model.faults.clear()
        return stage.end("connection dropped or late", _met(stage), within_s=600)


def _met(stage: Stage) -> int:
    """Count the changes that were hung up on or late."""
    changes = [one for one in stage.world.archive.requests() if one.method != "GET"]
    return sum(one.status is None or one.ended_s - one.started_s > 0.5 for one in changes)


def clock(folder: Path, backend: str, seed: int) -> Row:
    """Set the clock by an hour, forwards and back, while jobs run, wait for a retry, and across a restart."""
    wanted = size("LEAPS", 20)
    shows = folder / "clock"
    with staged(folder, backend, seed, RETRY_BASE_S=3, RETRY_CAP_S=3) as stage:
        _set(shows, 0.0)
        given = {"module": "tests.breaking.launcher", "CHAOS_CLOCK": shows, "CHAOS_FOLDER": folder}
        programs = {name: stage.start(name, **given) for name in stage.names()}
        for number in range(wanted):
            stage.company.add(letters=2, scans=1)
            stage.world.ledger.crash_at(max(stage.company.scans), page=2, times=1)  # so that it waits for a retry
            name = stage.random.choice(stage.names())
            assert programs[name].goes_on(stage.random.uniform(1.0, 2.0))
            if number % 4 == 3:
                programs[name].kill()
            _set(shows, float(shows.read_text()) + stage.random.choice([3600.0, -3600.0]))
            if number % 4 == 3:
                programs[name] = stage.start(name, **given)
            stage.company.remember()
        return stage.end("clock set by an hour", wanted, within_s=120)


def _set(shows: Path, seconds: float) -> None:
    """Set the clock; nobody sees it half written."""
    part = shows.with_suffix(".part")
    part.write_text(str(seconds))
    part.replace(shows)


def disk(folder: Path, backend: str, seed: int) -> Row:
    """Let the store's disk be full, then the store read-only, then locked by another program; again and again."""
    rounds = size("DISKS", 4)
    data = folder / "data"
    data.mkdir(parents=True)
    mounted = _mount(data)
    with staged(folder, backend, seed) as stage:
        try:
            program = stage.start(module="tests.breaking.launcher", CHAOS_FOLDER=folder, CHAOS_READONLY=folder / "ro")
            until(lambda: stage.world.polls() > 0, "it works")
            for _ in range(rounds):
                for trouble in (_fill, _forbid, _lock):
                    stage.company.add(letters=4, scans=1)
                    assert program.goes_on(1.0)
                    said = len(stage.world.sidecar.log)
                    trouble(stage, folder)
                    stage.company.remember()
                    assert not program.ended
                    assert "cannot be used" in stage.world.sidecar.log[said:], "it did not say so"
                    stage.company.until_over()
            row = stage.end("disk full, read-only, locked", 3 * rounds)
            assert program.stop() == 0
        finally:
            if mounted:
                stage.world.sidecar.kill_all()
                subprocess.run(["umount", "--lazy", data], check=False)
    row.note = "on a small disk of its own" if mounted else "full disk by a limit on the file"
    return row


def _mount(data: Path) -> bool:
    """Give the store a small disk of its own, where that is allowed."""
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", data]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _fill(stage: Stage, folder: Path) -> None:
    if not (folder / "data").is_mount():
        _forbid(stage, folder)  # no small disk is to be had: refused by SQLite itself then
        return
    filler = folder / "data" / "filler"
    said = len(stage.world.sidecar.log)
    with filler.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"\0" * 512)
    stage.company.add(letters=3)
    until(lambda: "cannot be used" in stage.world.sidecar.log[said:], "it says that the disk is full")
    filler.unlink()


def _forbid(stage: Stage, folder: Path) -> None:
    said = len(stage.world.sidecar.log)
    (folder / "ro").touch()
    stage.company.add(letters=3)
    until(lambda: "cannot be used" in stage.world.sidecar.log[said:], "it says that it may not write")
    (folder / "ro").unlink()


def _lock(stage: Stage, folder: Path) -> None:
    said = len(stage.world.sidecar.log)
    with closing(sqlite3.connect(folder / "data" / "sidecar.db", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        stage.company.add(letters=3)
        until(lambda: "cannot be used" in stage.world.sidecar.log[said:], "it says that the file is locked")
        other.execute("ROLLBACK")
