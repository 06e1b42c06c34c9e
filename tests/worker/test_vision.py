"""Pages that go to a vision model: judged, paid for once, and never worse than what Tesseract read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sidecar.domain.errors import SettingsError
from sidecar.domain.job import Job, State
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.store import listing, pages
from sidecar.store.transaction import Transaction, reading
from tests.worker.conftest import World, fast_clock, running, until

PAGES = [
    f"Dear customer,\nwe thank you for your order of May {number} and deliver the following items.\n"
    f"The total of {number},234.50 EUR is due within thirty days.\nKind regards, the Shipping Department"
    for number in range(1, 4)
]
VISION = {"ocr_engine": "vision", "vision_model": "practice", "ocr_dpi": 150, "tesseract": "library"}


@dataclass(frozen=True)
class Kept:
    """A page in the store."""

    page: int
    engine: str
    reason: str


@reading
def kept(tx: Transaction) -> list[Kept]:
    rows = tx.rows("SELECT page, engine, reason FROM page ORDER BY page")
    return [Kept(row.page, row.engine, row.reason) for row in rows]


@reading
def outcomes(tx: Transaction) -> list[str]:
    return [row.outcome for row in tx.rows("SELECT outcome FROM ledger WHERE purpose = 'page' ORDER BY id")]


async def read(world: World, **given: Any) -> tuple[list[Job], list[Kept], list[str]]:
    async with world.sidecar(**{**VISION, **given}) as sidecar:
        await sidecar.run(drain=True)
        db = sidecar.parts.db
        jobs = (await db.run(listing.jobs, limit=100))[::-1]
        return jobs, await db.run(kept), await db.run(outcomes)


def scan(world: World, pages: list[str] = PAGES, content: str = "") -> int:
    return world.letter("auto-ocr", content=content, data=scan_pdf(pages, dpi=150))


def content(world: World, document: int) -> list[str]:
    return str(world.archive.document(document)["content"]).split()


WORDS = " ".join(PAGES).split()


async def test_every_page_is_read_by_the_model_and_each_is_paid_for_once(world: World) -> None:
    document = scan(world)
    (job,), pages, said = await read(world)
    assert (job.state, content(world, document)) == (State.SUCCEEDED, WORDS)
    assert [page.engine for page in pages] == ["practice"] * 3
    assert said == ["answered"] * 3
    assert all(call.has_image for call in world.model.calls())

    world.archive.edit(document, add_tags=["auto-ocr"])
    await read(world)
    assert len(world.model.calls()) == 3


@pytest.mark.parametrize(
    ("mode", "words"), [("refuse", "refusal"), ("cut_off", "cut off"), ("empty", "empty"), ("garbage", "talks about")]
)
async def test_a_bad_answer_is_not_taken_and_not_paid_for_again(world: World, mode: Any, words: str) -> None:
    document = scan(world, PAGES[:1])
    world.model.misbehave(mode)
    (job,), (page,), (said,) = await read(world)
    assert (job.state, content(world, document)) == (State.SUCCEEDED, PAGES[0].split())
    assert page.engine.startswith("tesserocr")
    assert words in said
    assert f"not taken from practice: {said}" in page.reason

    world.archive.edit(document, add_tags=["auto-ocr"])
    await read(world)
    assert len(world.model.calls()) == 1


async def test_what_one_model_cannot_do_the_next_one_is_asked(world: World) -> None:
    document = scan(world, PAGES[:1])
    world.model.misbehave("refuse", times=1)
    _, (page,), said = await read(world, vision_model="first,second")
    assert content(world, document) == PAGES[0].split()
    assert page.engine == "second"
    assert "not taken from first" in page.reason
    assert said == ["It is a refusal.", "answered"]


async def test_a_thinking_model_in_a_code_fence_is_understood(world: World) -> None:
    document = scan(world, PAGES[:2])
    world.model.misbehave("thinking", times=1)
    world.model.misbehave("fenced", times=1)
    _, pages, _ = await read(world, vision_concurrency=1)
    assert content(world, document) == " ".join(PAGES[:2]).split()
    assert [page.engine for page in pages] == ["practice"] * 2


async def test_with_auto_only_pages_that_tesseract_reads_badly_go_to_the_model(world: World) -> None:
    scan(world)
    _, pages, said = await read(world, ocr_engine="auto", ocr_auto_confidence=50)
    assert (said, {page.engine[:9] for page in pages}) == ([], {"tesserocr"})
    other = scan(world, [f"{page} More." for page in PAGES])
    _, _, said = await read(world, ocr_engine="auto", ocr_auto_confidence=100)
    assert said == ["answered"] * 3
    assert "More." in content(world, other)


async def test_text_and_blank_pages_go_to_no_model(world: World) -> None:
    document = world.letter("auto-ocr", content="", data=text_pdf([*PAGES, ""]))
    _, pages, said = await read(world)
    assert content(world, document) == WORDS
    assert [page.engine for page in pages] == ["text layer"] * 3 + ["blank"]
    assert said == []


async def test_a_model_that_is_away_costs_no_attempt_and_no_page_twice(world: World) -> None:
    document = scan(world)
    world.model.faults.add(Fault(path="chat/completions", times=2, answer=Answer(503, body='{"error": {}}')))
    async with world.sidecar(fast_clock(120.0), **VISION) as sidecar, running(sidecar):
        await until(lambda: "auto-ocr-done" in world.archive.tag_names(document), "read")
        await until(lambda: _over(sidecar), "over")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.attempt, content(world, document)) == (1, WORDS)
    texts = world.model.documents()
    assert len(texts) == 3 + 0, "each page was asked about once beside those that were refused at the door"


async def _over(sidecar: Any) -> bool:
    return all(job.finished_at for job in await sidecar.parts.db.run(listing.jobs))


async def test_text_is_not_replaced_by_worse(world: World) -> None:
    lost = "And a page that is missing in the file, with reading number {} that nobody wants to lose. "
    good = " ".join(PAGES) + " " + "".join(lost.format(number) for number in range(9))
    document = scan(world, PAGES[:1], content=good)
    (job,), pages, _ = await read(world)
    assert job.state is State.FAILED
    assert "so the old text was kept" in str(job.reason)
    assert world.archive.document(document)["content"].strip() == good.strip()
    assert len(pages) == 1, "what was read is kept for comparing"


async def test_another_model_or_prompt_is_another_reading(world: World, tmp_path: Any) -> None:
    document = scan(world, PAGES[:1])
    await read(world)
    world.archive.edit(document, add_tags=["auto-ocr"])
    await read(world, vision_model="another")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "vision-page.md.j2").write_text("Read it.")
    world.archive.edit(document, add_tags=["auto-ocr"])
    _, _, said = await read(world, prompts_dir=tmp_path / "prompts")
    assert said == ["answered"] * 3


async def test_a_vision_engine_without_a_model_is_a_wrong_setting(world: World) -> None:
    with pytest.raises(SettingsError, match="VISION_MODEL is missing"):
        await read(world, vision_model="")


async def test_a_model_that_fails_is_passed_over_and_the_failure_is_written_down(world: World) -> None:
    document = scan(world, PAGES[:1])
    world.model.faults.add(Fault(path="chat/completions", times=1, answer=Answer(500, body='{"error": {}}')))
    (job,), (page,), said = await read(world, vision_model="first,second")
    assert (job.state, page.engine, content(world, document)) == (State.SUCCEEDED, "second", PAGES[0].split())
    assert "answered 500" in said[0]
    assert said[1] == "answered"


@pytest.mark.parametrize("change", [{"vision_max_tokens": 9000}, {"vision_pixels": 1500}])
async def test_what_was_rejected_is_asked_again_under_other_settings(world: World, change: dict[str, Any]) -> None:
    document = scan(world, PAGES[:1])
    world.model.misbehave("cut_off", times=1)
    await read(world)
    world.archive.edit(document, add_tags=["auto-ocr"])
    _, _, said = await read(world, **change)
    assert said == ["It was cut off at the token limit.", "answered"]


async def test_stopping_while_a_model_thinks_hands_the_job_back_with_no_death_counted(world: World) -> None:
    scan(world)
    world.model.delay_s = 30.0
    async with world.sidecar(**{**VISION, "stop_grace_s": 1.0}) as sidecar:
        async with running(sidecar):
            await until(lambda: world.model.begun() >= 1, "the model thinks")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert (job.state, job.attempt, job.crashes) == (State.READY, 0, 0)


async def test_a_page_that_is_to_be_read_anew_is_the_only_one_that_is(world: World) -> None:
    document = scan(world)
    await read(world)
    world.archive.edit(document, add_tags=["auto-ocr"])
    async with world.sidecar(**VISION) as sidecar:
        assert await sidecar.parts.db.run(pages.forget, document, [2]) == 1
        await sidecar.run(drain=True)
        assert [page.page for page in await sidecar.parts.db.run(kept)] == [1, 2, 3]
    assert len(world.model.calls()) == 4
