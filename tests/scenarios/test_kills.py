"""kill -9 at any moment: everything finishes, no finished page is read again, no answer paid twice, no write doubled.

The moments are drawn from a seed. SCENARIO_FULL=1 kills thirty times instead of six.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from sidecar.practice.faults import Fault
from tests.scenarios.letters import book, headings, headings_in, letter
from tests.scenarios.program import Run
from tests.scenarios.waiting import until
from tests.scenarios.world import OCR, OCR_DONE, TAG, TAG_DONE, WatchedFault, World, assert_history, assert_reads

FULL = os.environ.get("SCENARIO_FULL") == "1"
KILLS = 30 if FULL else 6
#: Steps of work between two kills, drawn from 1 to this; there are about 120 steps in all.
STEPS = 6 if FULL else 16
SEEDS = [int(seed) for seed in os.environ.get("SCENARIO_SEEDS", "20261123").split(",")]
PAGES, TAGGINGS, CORES = 20, 10, 2

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(1800 if FULL else 300)]


#: What Paperless has as the text of a scan of letter 0 before the trigger is set.
CONTENT = {OCR: "", TAG: letter(0).text.removeprefix("# ")}


@dataclass
class Work:
    """A world with a long scan and ten letters, and what must not happen again after each kill."""

    world: World
    book: int
    letters: list[int]
    kills: int = 0
    #: Pages kept in the store at a kill, and started again after it.
    read_again: list[int] = field(default_factory=list)
    #: Documents whose answer was kept at a kill, and asked about again after it.
    asked_again: list[str] = field(default_factory=list)

    @property
    def documents(self) -> list[int]:
        """All documents."""
        return [self.book, *self.letters]

    def steps(self) -> int:
        """Count what was done so far: page readings begun and ended, model calls, requests for single documents."""
        requests = [one for one in self.world.archive.requests() if not one.path.endswith(("documents/", "tags/"))]
        return len(requests) + len(self.world.ledger.readings()) + len(self.world.model.calls())

    def run_into_kill(self, random: Random) -> None:
        """Start the sidecar, kill it after some steps, and hold what followed against what was kept before."""
        world = self.world
        kept, answered = world.store.pages(self.book), world.store.answered()
        starts, calls, steps = world.ledger.starts(), len(world.model.calls()), self.steps()
        run = world.sidecar.start()
        self._wait_for_step(run, steps + random.randint(1, STEPS), random.uniform(0.0, 0.3))
        run.kill(children=random.random() < 0.5)
        self.kills += 1
        begun = world.ledger.starts() - starts
        self.read_again += [page for _, page in begun if page in kept]
        titles = {letter(index).title for index, one in enumerate(self.letters) if one in answered}
        asked = [title_of(call.document) for call in world.model.calls()[calls:]]
        self.asked_again += [title for title in asked if title in titles]

    def _wait_for_step(self, run: Run, step: int, rest_s: float) -> None:
        until(lambda: self.steps() >= step or run.ended, f"step {step}")
        assert run.goes_on(rest_s), "the sidecar ended by itself"


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

    while work.kills < KILLS:
        assert not world.finished(*work.documents), f"all was done after {work.kills} kills: there must be more work"
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
    assert work.read_again == []
    assert work.asked_again == []
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
        # Paperless does what it was asked three seconds later: the next sidecar is there before that
        slow = WatchedFault(method=method, path=path, delay_s=3.0)
        world.archive.faults.replace([slow])
        run = world.sidecar.start()
        until(slow.arrived.is_set, f"{method} sent")
        run.kill()
    world.archive.faults.clear()
    with world.sidecar.running():
        world.until_finished(document_id)

    assert_history(world, document_id, ocr=kind == OCR, tagging=kind == TAG)
    assert [job.state for job in world.store.jobs()] == ["succeeded"]
    assert TAG_DONE in world.archive.tag_names(document_id) or kind == OCR
    assert_reads(world.archive.document(document_id)["content"], letter(0).text)
    assert world.filing(document_id) == letter(0).fields or kind == OCR
