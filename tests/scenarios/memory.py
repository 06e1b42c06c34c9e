"""How much memory a process and all that it started take, from /proc."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil


@dataclass
class Peak:
    """The most that was seen at one look, in bytes."""

    #: Shared pages divided among those who share them: what the tree costs the machine.
    pss_bytes: int = 0
    #: Shared pages counted at each process: what most tools show.
    rss_bytes: int = 0

    def look(self, pid: int) -> None:
        """Take the figures of a process tree as it is now; nothing if it is gone."""
        trees = [_sizes(one) for one in _tree(pid)]
        self.pss_bytes = max(self.pss_bytes, sum(pss for pss, _ in trees))
        self.rss_bytes = max(self.rss_bytes, sum(rss for _, rss in trees))


def _tree(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _sizes(pid: int) -> tuple[int, int]:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0, 0
    figures = {line.split()[0]: int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.endswith(" kB")}
    return figures.get("Pss:", 0), figures.get("Rss:", 0)


@contextmanager
def peak_of(pid: int, *, every_s: float = 0.03) -> Iterator[Peak]:
    """Watch a process tree beside the block; the figures grow while it runs."""
    peak, stopping = Peak(), Event()

    def watch() -> None:
        while not stopping.wait(every_s):
            peak.look(pid)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stopping.set()
        watcher.join()
