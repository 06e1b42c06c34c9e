"""A document with a private tag never leaves for an endpoint outside the owner's network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sidecar.domain.errors import MisconfiguredError
from sidecar.domain.job import Job, State
from sidecar.practice.samples import scan_pdf
from sidecar.store import listing
from sidecar.store.transaction import Transaction, reading
from tests.worker.conftest import World

PAGE = "Dear customer,\nwe thank you for your order of May and deliver it soon.\nThe total is 84.20 EUR.\nKind regards"
VISION = {"ocr_engine": "vision", "vision_model": "practice", "ocr_dpi": 150, "tesseract": "library"}


@pytest.fixture
def medical(world: World) -> int:
    """A private tag, with one below it and one below that."""
    parent = world.archive.add_name("tags", "Medical")
    child = world.archive.add_name("tags", "Dentist", parent=parent)
    world.archive.add_name("tags", "X-ray", parent=child)
    return parent


def elsewhere(world: World) -> str:
    """The practice model's address in a form that does not show that it is this machine."""
    return world.model.url.replace("127.0.0.1", "127.1")


async def work(world: World, **given: Any) -> dict[int, Job]:
    jobs = await world.drain(private_tags="medical", **given)
    return {job.document_id: job for job in jobs}


@pytest.mark.parametrize("tag", ["Medical", "Dentist", "X-ray"])
async def test_a_private_document_is_not_filed_by_a_model_elsewhere_and_the_owner_is_told(
    world: World, medical: int, tag: str
) -> None:
    private, public = world.letter("auto-tag", tag, content="A secret. 2026-05-12"), world.letter("auto-tag", "Tax")
    jobs = await work(world, openai_base_url=elsewhere(world))
    assert jobs[private].state is State.FAILED
    assert world.archive.tag_names(private) >= {"auto-failed", tag}
    for words in ("PRIVATE_TAGS", "LOCAL_HOSTS", "127.1", "practice"):
        assert words in world.archive.notes(private)[0]
    assert jobs[public].state is State.SUCCEEDED
    assert not any("secret" in text for text in world.model.documents())


async def test_a_private_document_is_filed_by_a_model_at_home(world: World, medical: int) -> None:
    at_home = world.letter("auto-tag", "Dentist")
    assert (await work(world))[at_home].state is State.SUCCEEDED
    named = world.letter("auto-tag", "Dentist", content="Another letter. Ambervale Energy, 2026-05-12.")
    jobs = await work(world, openai_base_url=elsewhere(world), local_hosts="127.1")
    assert jobs[named].state is State.SUCCEEDED


async def test_pages_of_a_private_document_are_read_at_home(world: World, medical: int) -> None:
    private = world.letter("auto-ocr", "Dentist", content="", data=scan_pdf([PAGE], dpi=150))
    jobs = await work(world, **VISION, vision_base_url=elsewhere(world))
    assert jobs[private].state is State.SUCCEEDED
    assert str(world.archive.document(private)["content"]).split() == PAGE.split()
    assert world.model.calls() == []

    other = world.letter("auto-ocr", "Dentist", content="", data=scan_pdf([f"{PAGE} once more"], dpi=150))
    await work(world, **VISION)
    assert str(world.archive.document(other)["content"]).split() == f"{PAGE} once more".split()
    assert [call.has_image for call in world.model.calls()] == [True], "a vision model at home may see it"


async def test_once_the_private_tag_is_off_the_page_is_read_as_others_are(world: World, medical: int) -> None:
    document = world.letter("auto-ocr", "Medical", content="", data=scan_pdf([PAGE], dpi=150))
    await work(world, **VISION, vision_base_url=elsewhere(world))
    world.archive.edit(document, remove_tags=["Medical"], add_tags=["auto-ocr"])
    await work(world, **VISION, vision_base_url=elsewhere(world))
    assert len(world.model.calls()) == 1


async def test_a_private_tag_that_does_not_exist_keeps_everything_shut_until_it_does(world: World) -> None:
    letter = world.letter("auto-tag")
    with pytest.raises(MisconfiguredError, match='PRIVATE_TAGS: there is no tag "medical" in Paperless'):
        async with asyncio.timeout(20):
            await _start(world)
    assert world.model.calls() == []
    world.archive.add_name("tags", "Medical")
    assert (await work(world))[letter].state is State.SUCCEEDED


async def _start(world: World) -> None:
    from sidecar import settings  # noqa: PLC0415
    from sidecar.app import Sidecar  # noqa: PLC0415
    from sidecar.parts import Parts  # noqa: PLC0415

    given = settings.load(
        paperless_url=world.archive.url, paperless_token="practice-token", llm_model="practice",
        openai_base_url=world.model.url, data_dir=world.folder / "store", private_tags="medical",
    )  # fmt: skip
    async with Parts(given) as parts:
        await Sidecar.start(parts, patient=False)


@reading
def hosts(tx: Transaction) -> set[str]:
    return {row.provider for row in tx.rows("SELECT provider FROM ledger")}


async def test_a_tag_that_was_made_private_meanwhile_is_asked_for(world: World, medical: int) -> None:
    """A tag below the private one that nobody had seen before."""
    async with world.sidecar(private_tags="Medical", openai_base_url=elsewhere(world)) as sidecar:
        world.archive.add_name("tags", "Surgery", parent=medical)
        private = world.letter("auto-tag", "Surgery")
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        assert (job.document_id, job.state) == (private, State.FAILED)
        assert await sidecar.parts.db.run(hosts) == set()
