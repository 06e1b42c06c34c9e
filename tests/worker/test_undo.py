"""Undo on a real archive over real HTTP: what the sidecar wrote goes, what a person wrote stays."""

from __future__ import annotations

from sidecar.domain.job import Kind, State
from tests.worker.conftest import World

KEPT = ("title", "content", "correspondent", "document_type", "created", "custom_fields", "tags")


def standing(world: World, document: int) -> dict[str, object]:
    """What a person would miss."""
    found = world.archive.document(document)
    return {name: found[name] for name in KEPT} | {"tags": sorted(found["tags"])}


async def test_the_undo_tag_takes_back_all_that_was_read_and_filed(world: World) -> None:
    document = world.letter("Keep", content="~~ c0uld n0t be re@d")
    before = standing(world, document)
    world.archive.edit(document, add_tags=["auto-ocr", "auto-tag"])
    await world.drain()
    assert standing(world, document) != before
    world.archive.edit(document, add_tags=["auto-undo"])
    *_, job = await world.drain()
    assert standing(world, document) == before
    assert (job.kind, job.state) == (Kind.UNDO, State.SUCCEEDED)
    assert str(job.reason).startswith("Took back: ")
