"""A link to a document shows in that document too: Paperless sees to it. An undo leaves nothing of it behind there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.domain.document import custom_id
from sidecar.domain.job import State
from sidecar.practice.faults import Answer, Fault
from tests.worker.conftest import World
from tests.worker.test_custom_fields import fields_of, fill, held
from tests.worker.test_undo import filing, standing

NO = Answer(403, body='{"detail": "You do not have permission to perform this action."}')


async def test_an_undo_of_a_link_leaves_the_linked_document_as_it_was(world: World) -> None:
    other, document = world.letter("Keep"), world.letter()
    fields = fields_of(world, related="documentlink", remark="string")
    fill(world, other, {fields["remark"]: "mine"})
    before = standing(world, other), standing(world, document)
    async with filing(world) as file:
        await file.file(document, **{fields["related"]: [other]})
        assert held(world, other) == {fields["remark"]: "mine", fields["related"]: [document]}
        job = await file.undo(document)
    assert (standing(world, other), standing(world, document)) == before
    assert job.state is State.SUCCEEDED


async def test_a_field_that_the_linked_document_had_before_stays_there(world: World) -> None:
    other, document, third = world.letter(), world.letter(), world.letter()
    fields = fields_of(world, related="documentlink")
    fill(world, other, {fields["related"]: []})
    before = standing(world, other)
    async with filing(world) as file:
        await file.file(document, **{fields["related"]: [other, third]})
        await file.undo(document)
    assert standing(world, other) == before
    assert held(world, third) == {}


def _linked(world: World, other: int, name: str, third: int) -> None:
    fill(world, other, {name: [third]})


def _forbidden(world: World, other: int, name: str, _: int) -> None:
    assert custom_id(name) is not None
    world.archive.faults.add(Fault("PATCH", f"documents/{other}/", answer=NO))


def _gone(world: World, other: int, name: str, _: int) -> None:
    assert custom_id(name) is not None
    world.archive.delete(other)


@pytest.mark.parametrize("meanwhile", [_linked, _forbidden, _gone])
async def test_what_a_person_linked_there_stays_and_nothing_there_keeps_an_undo_from_its_end(
    world: World, meanwhile: Callable[[World, int, str, int], None]
) -> None:
    other, document, third = world.letter(), world.letter(), world.letter()
    fields = fields_of(world, related="documentlink")
    before = standing(world, document)
    async with filing(world) as file:
        await file.file(document, **{fields["related"]: [other]})
        meanwhile(world, other, fields["related"], third)
        job = await file.undo(document)
    assert job.state is State.SUCCEEDED
    if meanwhile is _linked:  # then Paperless had taken the link off the document, and that was a person's doing
        assert held(world, other) == {fields["related"]: [third]}
    else:
        assert standing(world, document) == before


@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_what_the_linked_document_had_is_known_from_before_the_first_write(world: World, method: str) -> None:
    """The filing is given up once its link is there."""
    other, document = world.letter(), world.letter()
    fields = fields_of(world, related="documentlink")
    before = standing(world, other)
    world.archive.faults.add(Fault(method, None if method == "PATCH" else "bulk_edit", times=1, answer_after=NO))
    async with filing(world) as file:
        await file.file(document, **{fields["related"]: [other]})
        await file.undo(document)
    assert standing(world, other) == before
