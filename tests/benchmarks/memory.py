"""The most memory the sidecar and everything it starts take together."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure, long_scan, mib
from tests.scenarios.letters import letter
from tests.scenarios.memory import Peak, peak_of
from tests.scenarios.world import OCR, World

LONG, SHORT, TAGGINGS = 200, 5, 40


def measure(folder: Path) -> Iterator[Figure]:
    """Read a short and a long scan at 300 dpi and file forty letters, each with a sidecar of its own."""
    filing = _peak(folder / "filing", lambda world: [world.add_letter(letter(n)) for n in range(TAGGINGS)])
    yield _figure(f"filing {TAGGINGS} documents", filing, "120 MB")
    short = _peak(folder / "short", lambda world: [_scan(world, SHORT)])
    yield _figure(f"reading {SHORT} pages at 300 dpi", short, "200 MB")
    long = _peak(folder / "long", lambda world: [_scan(world, LONG)])
    yield _figure(f"reading {LONG} pages at 300 dpi", long, "200 MB")
    more = f"{mib(long.pss_bytes - short.pss_bytes)} PSS, {mib(long.rss_bytes - short.rss_bytes)} RSS"
    yield Figure(f"{LONG} pages more than {SHORT}", more, "60 MB at most")


def _scan(world: World, pages: int) -> int:
    return world.archive.add_document(long_scan(pages, paragraphs=2), title="scan", tags=[OCR])


def _figure(what: str, peak: Peak, promised: str) -> Figure:
    return Figure(f"peak memory: {what}", f"{mib(peak.pss_bytes)} PSS, {mib(peak.rss_bytes)} RSS", promised)


def _peak(folder: Path, add: Callable[[World], list[int]]) -> Peak:
    folder.mkdir()
    with World(folder) as world:
        world.sidecar.settings |= {"OCR_DPI": 300, "POLL_INTERVAL_S": 10}
        documents = add(world)
        with world.sidecar.running() as run, peak_of(run.pid) as peak:
            world.until_finished(*documents, within_s=1800)
        states = {job.state for job in world.store.jobs()}
    if states != {"succeeded"}:
        raise RuntimeError(f"the work did not end well: {states}")
    return peak
