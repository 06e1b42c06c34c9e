"""An endpoint that refuses single documents in the words for everybody: they fail alone, and all others get through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from sidecar.domain.errors import MisconfiguredError, OutageError, TemporaryError
from sidecar.domain.job import Job, State
from sidecar.practice.faults import Answer
from sidecar.practice.model import PracticeModel
from sidecar.practice.model_prompt import ImageReader, understand
from sidecar.practice.samples import scan_pdf
from sidecar.practice.serving import Request
from sidecar.store import listing
from sidecar.worker.providers import BUSY_REFUSALS, Providers
from tests.worker.conftest import World, fast_clock, running, until
from tests.worker.test_parts import ManualClock

FIREWALL = Answer(403, content_type="text/html", body="<title>Attention</title>Sorry, you have been blocked")
POISON = "UNION SELECT"


@pytest.fixture
def second() -> Iterator[PracticeModel]:
    with PracticeModel() as model:
        yield model


def walled(model: PracticeModel, monkeypatch: pytest.MonkeyPatch, is_blocked: Callable[[Request], bool]) -> None:
    """Put a firewall before the model."""
    complete = model._complete
    monkeypatch.setattr(model, "_complete", lambda request: FIREWALL if is_blocked(request) else complete(request))


def letters(world: World, poison: int, good: int) -> tuple[list[int], list[int]]:
    bad = [world.letter("auto-tag", content=f"Letter {n}. <script> ' {POISON} password --") for n in range(poison)]
    return bad, [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(good)]


async def _jobs(sidecar: object) -> dict[int, Job]:
    from sidecar.app import Sidecar  # noqa: PLC0415

    assert isinstance(sidecar, Sidecar)
    return {job.document_id: job for job in await sidecar.parts.db.run(listing.jobs, limit=100)}


@pytest.mark.parametrize("with_fallback", [False, True])
async def test_documents_that_a_firewall_refuses_fail_alone_and_stop_nobody(
    world: World, second: PracticeModel, monkeypatch: pytest.MonkeyPatch, with_fallback: bool
) -> None:
    """They are the oldest, so they are claimed first each time that the model is back."""
    for model in (world.model, second):
        walled(model, monkeypatch, lambda request: POISON.encode() in request.body)
    bad, good = letters(world, 4, 8)
    given = {"llm_fallbacks": f"practice@{second.url}"} if with_fallback else {}
    async with world.sidecar(fast_clock(600.0), **given) as sidecar, running(sidecar):

        async def all_over() -> bool:
            jobs = await _jobs(sidecar)
            return len(jobs) == 12 and all(job.finished_at for job in jobs.values())

        await until(all_over, "all have ended")
        jobs = await _jobs(sidecar)
        assert not sidecar.providers.parked
    assert {jobs[document].state for document in good} == {State.SUCCEEDED}
    assert {jobs[document].attempt for document in good} == {1}
    for document in bad:
        (note,) = world.archive.notes(document)
        assert world.archive.tag_names(document) == {"auto-failed"}
        assert "you have been blocked" in note
        assert "it is this one that it refuses" in note


@pytest.mark.parametrize("with_fallback", [False, True])
async def test_a_page_that_a_firewall_refuses_fails_its_document_alone(
    world: World, second: PracticeModel, monkeypatch: pytest.MonkeyPatch, with_fallback: bool
) -> None:
    pages = [f"Dear customer,\nwe thank you for order {n} of May and deliver it soon.\nKind regards" for n in range(3)]
    bad, *good = (world.letter("auto-ocr", content="", data=scan_pdf([text], dpi=100)) for text in pages)
    ocr = {"ocr_engine": "vision", "vision_model": "practice", "tesseract": "library", "ocr_concurrency": 1}
    if with_fallback:
        ocr["vision_fallbacks"] = f"practice@{second.url}"
    reader = ImageReader()
    for model in (world.model, second):
        walled(model, monkeypatch, lambda request: "order 0" in understand(json.loads(request.body), reader).document)
    async with world.sidecar(fast_clock(600.0), **ocr) as sidecar, running(sidecar):

        async def all_over() -> bool:
            jobs = await _jobs(sidecar)
            return len(jobs) == 3 and all(job.finished_at for job in jobs.values())

        await until(all_over, "all have ended")
        jobs = await _jobs(sidecar)
    assert {jobs[document].state for document in good} == {State.SUCCEEDED}
    (note,) = world.archive.notes(bad)
    assert "Page 1" in note
    assert "it is this one that it refuses" in note


def providers(time: ManualClock, *, alive: bool = True) -> Providers:
    async def probe() -> None:
        if not alive:
            raise OutageError("model", "It is away.")

    return Providers({"model": probe}, clock=time.clock, on_return=lambda: None)


def refusal() -> MisconfiguredError:
    return MisconfiguredError("model", "It refused the key.", is_doubtful=True)


def busy() -> OutageError:
    return OutageError("model", "It is busy.", is_doubtful=True)


async def test_a_provider_that_refuses_everybody_is_to_blame_however_often_it_does() -> None:
    them = providers(ManualClock())
    for _ in range(30):
        for document in range(3):
            assert isinstance(await them.refused(refusal(), document), OutageError)
    assert "model" in them.parked


async def test_a_provider_without_a_sign_of_life_is_to_blame_whomever_it_answered_before() -> None:
    them = providers(ManualClock(), alive=False)
    for _ in range(30):
        assert isinstance(await them.refused(refusal(), 1), OutageError)
        them.answered("model", 2)


async def test_who_is_refused_again_lets_others_go_first_and_the_first_time_not() -> None:
    them = providers(ManualClock())
    waits = []
    for _ in range(3):
        error = await them.refused(refusal(), 1)
        assert isinstance(error, OutageError)
        waits.append(error.aside_s)
    assert waits[0] == 0 < waits[1] <= waits[2]


async def test_a_busy_provider_is_believed_for_long_and_each_time_that_nobody_else_was_answered() -> None:
    them = providers(ManualClock())
    for _ in range(2 * BUSY_REFUSALS):
        assert isinstance(await them.refused(busy(), 1), OutageError)
    for _ in range(BUSY_REFUSALS - 2):
        them.answered("model", 2)
        assert isinstance(await them.refused(busy(), 1), OutageError)
    them.answered("model", 2)
    assert isinstance(await them.refused(busy(), 1), TemporaryError)


async def test_an_answer_about_the_document_itself_lets_its_refusals_be_forgotten() -> None:
    them = providers(ManualClock())
    for _ in range(9):
        for _ in range(2):
            assert isinstance(await them.refused(refusal(), 1), OutageError)
        them.answered("model", 2)
        them.answered("model", 1)
