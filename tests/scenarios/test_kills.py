"""kill -9 at any moment: everything finishes, no finished page is read again, no answer paid twice, no write doubled.

The moments are drawn from a seed. SCENARIO_FULL=1 kills thirty times instead of six.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from sidecar.practice.faults import Fault
from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.world import OCR, OCR_DONE, TAG, TAG_DONE, WatchedFault, World, assert_history, assert_reads
from tests.waiting import until

FULL = os.environ.get("SCENARIO_FULL") == "1"
KILLS = 30 if FULL else 6
#: Steps of work between two kills, drawn from 1 to this; there are about 120 steps in all.
STEPS = 6 if FULL else 16
SEEDS = [int(seed) for seed in os.environ.get("SCENARIO_SEEDS", "20261123").split(",")]
PAGES, TAGGINGS, CORES = 20, 10, 2

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(1800 if FULL else 300)]


#: How long Paperless takes over a write whose sender is dead; the next sidecar is up long before.
LATE_S = 3.0
#: What Paperless has as the text of a scan of letter 0 before the trigger is set.
CONTENT = {OCR: "", TAG: letter(0).text.removeprefix("# ")}


@dataclass(frozen=True)
class Kept:
    """What had been paid for when the sidecar was killed."""

    killed_s: float
    pages: set[int]
    #: Titles of the letters whose answer was kept.
    answered: set[str]
    #: How often each page had been begun.
    starts: Counter[tuple[int, int]]


@dataclass
class Work:
    """A world with a long scan and ten letters, and what was kept at each kill."""

    world: World
    book: int
    letters: list[int]
    kills: list[Kept] = field(default_factory=list)

    @property
    def documents(self) -> list[int]:
        """All documents."""
        return [self.book, *self.letters]

    def steps(self) -> int:
        """Count what was done so far: page readings begun and ended, model calls, requests for single documents."""
        requests = [one for one in self.world.archive.requests() if not one.path.endswith(("documents/", "tags/"))]
        return len(requests) + len(self.world.ledger.readings()) + len(self.world.model.calls())

    def run_into_kill(self, random: Random) -> None:
        """Start the sidecar, kill it after some steps and note what it had kept."""
        step = self.steps() + random.randint(1, STEPS)
        run = self.world.sidecar.start()
        until(lambda: self.steps() >= step or run.ended, f"step {step}")
        assert run.goes_on(random.uniform(0.0, 0.3)), "the sidecar ended by itself"
        run.kill(children=random.random() < 0.5)
        store = self.world.store
        answered = {letter(self.letters.index(document_id)).title for document_id in store.answered()}
        kept = Kept(time.monotonic(), store.pages(self.book), answered, self.world.ledger.starts())
        self.kills.append(kept)

    def read_again(self) -> list[int]:
        """Give the pages that were kept at a kill and begun again later."""
        starts = self.world.ledger.starts()
        return [page for kept in self.kills for _, page in starts - kept.starts if page in kept.pages]

    def asked_again(self) -> list[str]:
        """Give the titles of letters whose answer was kept at a kill and that were asked about again later."""
        calls = [(call.started_s, title_of(call.document)) for call in self.world.model.calls()]
        return [title for kept in self.kills for at, title in calls if at > kept.killed_s and title in kept.answered]


def title_of(document: str) -> str:
    """Give the first line of a letter as the model saw it."""
    return document.strip().splitlines()[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_again_and_again_all_finish_and_nothing_is_read_asked_or_written_twice(world: World, seed: int) -> None:
    random = Random(seed)
    world.model.delay_s = 0.4
    world.archive.faults.add(Fault(method="PATCH|POST", path="/api/documents/", delay_s=(0.05, 0.25)))
    world.sidecar.settings |= {
        "MAX_CRASHES": 1000,
        "PAPERLESS_TIMEOUT_S": 2,
        "TAGGING_CONCURRENCY": 1,
        "OCR_CORES": CORES,
    }
    work = Work(
        world,
        world.add_scan(book(PAGES, paragraphs=2), tags=[OCR], title="book"),
        [world.add_letter(letter(number), title=f"letter {number}") for number in range(TAGGINGS)],
    )

    while len(work.kills) < KILLS:
        assert not world.finished(*work.documents), (
            f"all was done after {len(work.kills)} kills: there must be more work"
        )
        work.run_into_kill(random)
    with world.sidecar.running():
        world.until_finished(*work.documents, within_s=200)

    assert headings_in(world.archive.document(work.book)["content"]) == headings(PAGES)
    assert world.archive.tag_names(work.book) == {OCR_DONE}
    for number, document_id in enumerate(work.letters):
        assert world.filing(document_id) == letter(number).fields
        assert world.archive.tag_names(document_id) == {TAG_DONE, *letter(number).tags}
        assert_history(world, document_id, tagging=True)
    assert_history(world, work.book, ocr=True)
    assert work.read_again() == []
    assert work.asked_again() == []
    again = sum(starts - 1 for starts in world.ledger.starts().values())
    assert again <= CORES * KILLS
    assert len(world.ledger.starts()) == PAGES
    assert len(world.model.calls()) <= TAGGINGS + KILLS
    assert {job.state for job in world.store.jobs()} == {"succeeded"}
    assert Counter(job.document_id for job in world.store.jobs()) == dict.fromkeys(work.documents, 1)


@pytest.mark.parametrize("kind", [OCR, TAG] if FULL else [TAG])
def test_killed_while_paperless_is_still_at_work_on_a_write_the_write_is_not_doubled(world: World, kind: str) -> None:
    world.sidecar.settings["PAPERLESS_TIMEOUT_S"] = 1
    document_id = world.add_scan([letter(0).text], tags=[kind], content=CONTENT[kind])

    for method, path in [("PATCH", r"/documents/\d+/$"), ("POST", "/bulk_edit/")]:
        # Paperless does what it was asked seconds later: the next sidecar is there before that
        slow = WatchedFault(method=method, path=path, delay_s=LATE_S)
        world.archive.faults.replace([slow])
        run = world.sidecar.start()
        until(slow.arrived.is_set, f"{method} sent")
        run.kill()
    world.archive.faults.clear()
    with world.sidecar.running():
        world.until_finished(document_id)
        until(lambda: late(world) >= 2, "Paperless did what the killed ones had asked")

    assert_history(world, document_id, ocr=kind == OCR, tagging=kind == TAG)
    assert [job.state for job in world.store.jobs()] == ["succeeded"]
    assert TAG_DONE in world.archive.tag_names(document_id) or kind == OCR
    assert_reads(world.archive.document(document_id)["content"], letter(0).text)
    assert world.filing(document_id) == letter(0).fields or kind == OCR


def late(world: World) -> int:
    """Count the requests that took Paperless so long."""
    return sum(one.ended_s - one.started_s >= LATE_S for one in world.archive.requests())
