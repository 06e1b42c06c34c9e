"""A disk that is full, a store that may not be written, a file that another program holds."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from tests.chaos.trials import Row, Stage, size, staged
from tests.waiting import until

SAID = "cannot be used"
#: How long each lasts, in seconds, once the program has said that it noticed. A locked file is waited for for ten.
LASTS_S = 2.0
LOCKED_S = 12.0
RUN = "one"


def disk(folder: Path, seed: int) -> Row:
    """Let the store's disk be full, then the store read-only, then locked; the program says so and goes on unaided.

    On a small disk of its own where one may be mounted; there it is also started on a disk that may not be written.
    """
    rounds = size("DISKS", 5)
    data = folder / "data"
    data.mkdir(parents=True)
    with _small_disk(data) as mounted, staged(folder, "sqlite", seed) as stage:
        stage.module, stage.given = "tests.chaos.stand_in", {"CHAOS_READONLY": folder / "read-only"}
        stage.start_all()
        troubles = [_full if mounted else _limited, _read_only, _locked, *([_mounted_read_only] if mounted else [])]
        for _ in range(rounds):
            for trouble in troubles:
                stage.company.add(letters=4, scans=2)
                stage.rest(0.1, 0.8)
                trouble(stage, folder)
                stage.look()
                assert stage.company.until_over(), f"it does not go on after {trouble.__name__}"
        how = "on a small disk of its own" if mounted else "with a limit on the size of its files"
        row = stage.end("disk full, read-only, locked", len(troubles) * rounds, notes=(how,))
        if mounted:
            stage.programs[RUN].kill_all()
        return row


@contextmanager
def _small_disk(data: Path) -> Iterator[bool]:
    """Give the store a small disk of its own for the block, and say whether that was allowed.

    It holds the write-ahead log at its largest and little more."""
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "none", data]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", data], check=True)


def _while(stage: Stage, noticed: str, lasts_s: float) -> None:
    """Bring more work, wait until the program has said that it noticed, and let it be so for a while longer."""
    mark = stage.programs[RUN].log_mark
    stage.company.add(letters=2, scans=1)
    until(lambda: SAID in stage.programs[RUN].log_after(mark), f"it says that {noticed}")
    stage.rest(lasts_s, lasts_s)


def _full(stage: Stage, folder: Path) -> None:
    """The log of the store may have room left in its file; then pages find out, or all is done all the same."""
    filler = folder / "data" / "filler"
    mark = stage.programs[RUN].log_mark

    def noticed() -> bool:
        _fill(filler)
        said = stage.programs[RUN].log_after(mark)
        return SAID in said or "disk full" in said or not stage.company.waiting()

    _fill(filler)
    stage.company.add(letters=2, scans=1)
    until(noticed, "it says that the disk is full")
    for _ in range(int(LASTS_S / 0.1)):
        _fill(filler)
        stage.rest(0.1, 0.1)
    filler.unlink()


def _fill(filler: Path) -> None:
    """Take what room there is; some comes free again whenever a page was read."""
    with filler.open("ab", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"\0" * 512)


def _limited(stage: Stage, _folder: Path) -> None:
    """The next best thing: the program's files may not grow any more."""
    log = stage.programs[RUN].log_mark
    process = psutil.Process(stage.runs[RUN].pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (max(log + 2**16, 2**16), psutil.RLIM_INFINITY))
    _while(stage, "its files may not grow", LASTS_S)
    process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))


def _read_only(stage: Stage, folder: Path) -> None:
    (folder / "read-only").touch()
    _while(stage, "it may not write", LASTS_S)
    (folder / "read-only").unlink()


def _locked(stage: Stage, folder: Path) -> None:
    file = folder / "data" / "sidecar.db"
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN EXCLUSIVE")
        stage.company.add(letters=2)
        mark = stage.programs[RUN].log_mark
        stage.rest(LOCKED_S, LOCKED_S)
        other.execute("ROLLBACK")
        assert "locked" in stage.programs[RUN].log_after(mark), "it did not say that the file is locked"


def _mounted_read_only(stage: Stage, folder: Path) -> None:
    """A disk can only be made read-only while nobody writes: the program is killed, and started until it works."""
    stage.runs[RUN].kill()
    stage.look(people=0.0)
    data = folder / "data"
    subprocess.run(["mount", "-o", "remount,ro", data], check=True)
    mark = stage.programs[RUN].log_mark
    for _ in range(2):
        assert stage.start(RUN).wait() == 4, "it did not refuse a store that it may not write"
    assert SAID in stage.programs[RUN].log_after(mark), "it did not say that it may not write"
    subprocess.run(["mount", "-o", "remount,rw", data], check=True)
    stage.start(RUN)
