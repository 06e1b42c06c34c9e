"""Undo of custom fields of every data type in a hundred documents, with people at work between and since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sidecar.domain.job import Kind, Priority, State
from sidecar.store import listing, queue, undoing
from tests.worker.conftest import World
from tests.worker.test_custom_fields import VALUES, fields_of, fill, give, held

#: Of each data type: what a second filing writes, what a person writes, and what is easily taken for nothing.
MORE: dict[str, tuple[Any, Any, Any]] = {
    "string": ("second", "mine", ""),
    "longtext": ("Second\n", " mine\n\n", ""),
    "url": ("https://c.example/", "mailto:me@d.example", ""),
    "date": ("2026-06-06", "1999-12-31", "0001-01-01"),
    "boolean": (False, False, False),
    "integer": (43, -7, 0),
    "float": (2.5, -0.125, 0.0),
    "monetary": ("USD84.20", "EUR-3.5", "EUR0.00"),
    "select": ("b", "c", "a"),
    "documentlink": ([2], [1, 2], []),
}
GONE = object()
#: What a person does to one field: to another value, empty, or off the document.
EDITS: tuple[Callable[[str], Any], ...] = (lambda kind: MORE[kind][1], lambda _kind: None, lambda _kind: GONE)


async def test_undo_of_a_hundred_documents_restores_custom_fields_of_every_type_except_what_people_changed(
    world: World,
) -> None:
    partners = [world.letter(), world.letter()]
    fields = fields_of(world, theirs="string", **{f"a {kind}": kind for kind in VALUES})
    theirs, kinds = fields.pop("theirs"), {name: label.removeprefix("a ") for label, name in fields.items()}
    documents = [world.letter() for _ in range(100)]
    for n, one in enumerate(documents):
        fill(world, one, _at_first(n, kinds))
    before = {one: held(world, one) for one in documents}

    async with world.sidecar(tagging_concurrency=16, poll_interval_s=60) as sidecar:

        async def file(those: list[int], values: Mapping[str, Any]) -> None:
            for one in those:
                world.archive.edit(one, add_tags=["auto-tag"])
            give(sidecar, values)
            assert await sidecar.run(drain=True)
            assert all(held(world, one).items() >= values.items() for one in those)

        await file(documents, {name: VALUES[kind][1] for name, kind in kinds.items()})
        for n, one in enumerate(documents[:30]):
            _edit(world, one, n, kinds, before[one])
        await file(documents[:40], {name: MORE[kind][0] for name, kind in kinds.items()})
        for n, one in enumerate(documents[40:70]):
            _edit(world, one, n, kinds, before[one])
        for one in documents[70:80]:
            fill(world, one, held(world, one) | {theirs: "Mine alone"})
            before[one][theirs] = "Mine alone"
        found = await sidecar.parts.db.run(undoing.writers)
        for one, jobs in found.items():
            now = sidecar._clock.now()
            await sidecar.parts.db.run(queue.enqueue, one, Kind.UNDO, priority=Priority.NOW, now=now, ask=jobs)
        assert await sidecar.run(drain=True)
        ended = [job for job in await sidecar.parts.db.run(listing.jobs, limit=100) if job.kind is Kind.UNDO]
    assert {job.state for job in ended} == {State.SUCCEEDED}
    for one in documents:
        assert _exactly(held(world, one)) == _exactly(before[one])
    link = next(name for name, kind in kinds.items() if kind == "documentlink")
    for partner in partners:  # Paperless keeps both ends of a link
        left = [one for one in documents if partner in (held(world, one).get(link) or ())]
        assert (held(world, partner).get(link) or []) == left


def _at_first(n: int, kinds: Mapping[str, str]) -> dict[str, Any]:
    """What stands in a document before: of each type in turn nothing, an empty field, a value, nearly nothing."""
    found: dict[str, Any] = {}
    for at, (name, kind) in enumerate(kinds.items()):
        match (n + at) % 4:
            case 1:
                found[name] = None
            case 2:
                found[name] = VALUES[kind][0]
            case 3:
                found[name] = MORE[kind][2]
    return found


def _edit(world: World, document: int, n: int, kinds: Mapping[str, str], expected: dict[str, Any]) -> None:
    """Do to one field, each type in turn, what a person may do; it is expected to stay."""
    name, kind = list(kinds.items())[n % len(kinds)]
    value = EDITS[n // len(kinds)](kind)
    values = held(world, document) | {name: value}
    expected[name] = value
    if value is GONE:
        del values[name], expected[name]
    fill(world, document, values)


def _exactly(values: Mapping[str, Any]) -> dict[str, str]:
    """The values with their types: 0 is not False, and 1 is not 1.0."""
    return {name: repr(value) for name, value in values.items()}
