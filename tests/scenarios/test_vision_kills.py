"""kill -9 while a vision model reads: an accepted page is never asked for again, nor is an answer that was refused."""

import os
import re
from collections import Counter
from random import Random

import pytest

from tests.scenarios.world import OCR, OCR_DONE, World, assert_history, assert_reads
from tests.waiting import until

FULL = os.environ.get("SCENARIO_FULL") == "1"
KILLS = 20 if FULL else 4
PAGES = 8
#: The model refuses to read this one, so Tesseract's text is taken.
REFUSED = 3

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(1200 if FULL else 300)]


def page(number: int) -> str:
    """Write a page of the book."""
    return f"Sheet number {number} of the book.\n\nThe keeper wound the clockwork and lit the lamp, {number} times."


def asked(world: World) -> Counter[int]:
    """Count the questions about each page, answered or not."""
    return Counter(int(found[1]) for text in world.model.documents() if (found := re.search(r"number (\d+)", text)))


@pytest.mark.parametrize("engine", ["vision", "auto"] if FULL else ["vision"])
def test_no_page_is_paid_for_twice_however_often_the_program_dies(world: World, engine: str) -> None:
    random = Random(f"{engine} 20261124")
    world.sidecar.settings |= {
        "OCR_ENGINE": engine, "VISION_MODEL": "practice", "OCR_AUTO_CONFIDENCE": 100, "TESSERACT": "library",
        "MAX_CRASHES": 100,
    }  # fmt: skip
    world.model.delay_s = 0.4
    world.model.misbehave("refuse", matching=f"number {REFUSED} of")
    book = world.add_scan([page(number) for number in range(1, PAGES + 1)], tags=[OCR])
    paid: dict[int, int] = {}
    for _ in range(KILLS):
        begun = world.model.begun()
        run = world.sidecar.start()
        until(lambda run=run, begun=begun: world.model.begun() > begun or run.ended, "the model is asked")
        if not run.goes_on(random.uniform(0.0, 1.2)):
            break
        run.kill(children=random.random() < 0.5)
        kept, times = world.store.pages(book), asked(world)  # what is kept first, then what was asked
        for number in kept - paid.keys():
            paid[number] = times[number]

    assert world.sidecar.drain() == 0

    times = asked(world)
    assert {number: times[number] for number in paid} == paid
    assert len(paid) > 1, "it died before anything was kept"
    assert max(times.values()) <= KILLS + 1
    assert_reads(world.archive.document(book)["content"], " ".join(page(number) for number in range(1, PAGES + 1)))
    assert world.archive.tag_names(book) == {OCR_DONE}
    assert_history(world, book, ocr=True)

    before = world.model.begun()
    world.archive.edit(book, add_tags=[OCR])
    assert world.sidecar.drain() == 0
    assert world.model.begun() == before, "tagging again pays for nothing, not for what was refused either"
