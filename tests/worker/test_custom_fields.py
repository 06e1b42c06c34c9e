"""Custom fields brought into a real archive: each by itself, over nobody's edit, and none of the others lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sidecar.app import Sidecar
from sidecar.domain.document import custom_name
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.writeback import Proposal, TagDelta
from sidecar.practice.faults import Answer, Fault
from sidecar.store import journal, listing
from tests.worker.conftest import World, until

BROKE_DOWN = Answer(500, "text/html", "<h1>Server Error (500)</h1>")
OPTIONS = {"select_options": [{"id": "a", "label": "paid"}, {"id": "b", "label": "open"}, {"id": "c", "label": "late"}]}
#: A value of each data type, one before and one after.
VALUES: dict[str, tuple[Any, Any]] = {
    "string": ("old", "R-2026/17"),
    "longtext": ("old", "Two\nlines"),
    "url": ("https://a.example/", "https://b.example/x?y=1"),
    "date": ("2026-01-01", "2026-05-12"),
    "boolean": (False, True),
    "integer": (1, 42),
    "float": (1.5, 2.25),
    "monetary": ("EUR1.00", "EUR84.20"),
    "select": ("b", "a"),
    "documentlink": ([], [1]),
}


def fields_of(world: World, **types: str) -> dict[str, str]:
    """Make custom fields and return the names by which a proposal knows them."""
    extra = {"select": OPTIONS, "monetary": {"default_currency": "EUR"}}
    return {
        name: custom_name(world.archive.add_name("custom_fields", name, data_type=kind, extra_data=extra.get(kind)))
        for name, kind in types.items()
    }


def fill(world: World, document_id: int, values: Mapping[str, Any]) -> None:
    """Fill custom fields as a person does: the whole list."""
    rows = [{"field": int(name.split(".")[1]), "value": value} for name, value in values.items()]
    world.archive.edit(document_id, custom_fields=rows)


def held(world: World, document_id: int) -> dict[str, Any]:
    """Return what the document's custom fields hold."""
    return {custom_name(one["field"]): one["value"] for one in world.archive.document(document_id)["custom_fields"]}


def give(sidecar: Sidecar, wanted: Mapping[str, Any], then: Callable[[], None] = lambda: None, **more: Any) -> None:
    """Let the filing step want these values; `then` runs when they are decided, before they are delivered."""
    runner = sidecar.runner
    tags = runner._attempts._tags

    async def step(job: Job) -> Proposal:
        document = await sidecar.parts.paperless.document(job.document_id)
        then()
        delta = TagDelta(frozenset({tags.tagging_done}), frozenset({tags.tagging}))
        return Proposal({name: document.value(name) for name in wanted}, dict(wanted), delta, **more)

    runner._lanes[Kind.TAGGING] = replace(runner._lanes[Kind.TAGGING], step=step)


async def deliver(
    world: World, wanted: Mapping[str, Any], then: Callable[[], None] = lambda: None, **more: Any
) -> tuple[Job, journal.Entry]:
    """Run the one tagged document through a sidecar that wants this of it."""
    async with world.sidecar() as sidecar:
        give(sidecar, wanted, then, **more)
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        entry = await sidecar.parts.db.run(journal.find, job.id)
    assert entry is not None
    return job, entry


async def test_values_of_all_data_types_arrive_and_can_be_taken_off(world: World) -> None:
    world.letter()
    document = world.letter("auto-tag")
    fields = fields_of(world, theirs="string", **{f"a {kind}": kind for kind in VALUES})
    kinds = {fields[f"a {kind}"]: kind for kind in VALUES}
    old = {name: VALUES[kind][0] for name, kind in kinds.items()}
    new = {name: VALUES[kind][1] for name, kind in kinds.items()}
    fill(world, document, {fields["theirs"]: "stays", **old})
    job, entry = await deliver(world, new)
    assert held(world, document) == {fields["theirs"]: "stays", **new}
    assert (job.state, entry.old) == (State.SUCCEEDED, old)
    world.archive.edit(document, add_tags=["auto-tag"])
    async with world.sidecar() as sidecar:
        give(sidecar, dict.fromkeys(new))
        await sidecar.run(drain=True)
    assert held(world, document) == {fields["theirs"]: "stays"}


async def test_a_persons_edit_of_one_custom_field_stays_and_the_others_are_written(world: World) -> None:
    document = world.letter("auto-tag")
    fields = fields_of(world, amount="monetary", number="string", remark="string")
    fill(world, document, {fields["number"]: "old"})

    def person() -> None:
        fill(world, document, {fields["number"]: "mine", fields["remark"]: "mine too"})

    job, entry = await deliver(world, {fields["amount"]: "EUR84.20", fields["number"]: "ours"}, person)
    assert held(world, document) == {
        fields["number"]: "mine", fields["remark"]: "mine too", fields["amount"]: "EUR84.20",
    }  # fmt: skip
    assert [conflict["field"] for conflict in entry.conflicts] == [fields["number"]]
    assert job.state is State.SUCCEEDED


async def test_a_field_filled_between_the_look_and_the_write_is_not_taken_off(world: World) -> None:
    document = world.letter("auto-tag")
    fields = fields_of(world, amount="monetary", remark="string")
    async with world.sidecar() as sidecar:
        give(sidecar, {fields["amount"]: "EUR84.20"})
        async with sidecar.runner._attempts._delivery._gate._door.passing():
            running = asyncio.create_task(sidecar.run(drain=True))
            await until(lambda: is_intended(sidecar), "the write waits")
            fill(world, document, {fields["remark"]: "mine"})
        await running
    assert held(world, document) == {fields["remark"]: "mine", fields["amount"]: "EUR84.20"}


async def is_intended(sidecar: Sidecar) -> bool:
    return await sidecar.parts.db.run(journal.find, 1) is not None


async def test_a_note_does_not_make_an_old_look_good_enough_for_custom_fields(world: World) -> None:
    document = world.letter("auto-tag")
    fields = fields_of(world, amount="monetary", remark="string")
    world.archive.faults.add(Fault(method="POST", path="/notes/", delay_s=0.3))
    await deliver(world, {fields["amount"]: "EUR84.20"}, note="A short summary.")
    about = [e.method for e in world.archive.requests() if f"/{document}/" in e.path and e.method != "GET"]
    assert about == ["PATCH", "POST"], "the note comes after the fields"
    assert world.archive.notes(document) == ["A short summary."]
    assert held(world, document) == {fields["amount"]: "EUR84.20"}


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("monetary", "96,72 EUR"),
        ("select", "paid"),
        ("documentlink", [9999]),
        ("boolean", "maybe"),
        ("float", "x"),
    ],
)
async def test_a_field_that_paperless_refuses_drops_alone(world: World, kind: str, bad: Any) -> None:
    document = world.letter("auto-tag")
    fields = fields_of(world, theirs="string", bad=kind, good="integer", late="string")
    fill(world, document, {fields["theirs"]: "stays"})
    wanted = {"title": "Ours", fields["good"]: 7, fields["bad"]: bad, fields["late"]: "too"}
    job, entry = await deliver(world, wanted)
    assert held(world, document) == {fields["theirs"]: "stays", fields["good"]: 7, fields["late"]: "too"}
    assert (world.archive.document(document)["title"], job.state) == ("Ours", State.SUCCEEDED)
    assert list(entry.refused) == [fields["bad"]]
    assert fields["bad"] not in entry.written


async def test_after_a_refusal_the_document_is_looked_at_again(world: World) -> None:
    document = world.letter("auto-tag")
    fields = fields_of(world, bad="monetary", number="string", remark="string")
    fill(world, document, {fields["number"]: "old"})
    async with world.sidecar() as sidecar:
        give(sidecar, {fields["bad"]: "96,72 EUR", fields["number"]: "ours"})
        patch = sidecar.parts.paperless.patch

        async def patch_and_edit(*args: Any, **given: Any) -> Any:
            try:
                return await patch(*args, **given)
            except Exception:
                fill(world, document, {fields["number"]: "mine", fields["remark"]: "mine too"})
                raise

        sidecar.parts.paperless.patch = patch_and_edit  # type: ignore[method-assign]
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert held(world, document) == {fields["number"]: "mine", fields["remark"]: "mine too"}
    assert job.state is State.SUCCEEDED


async def test_a_paperless_that_takes_no_change_at_all_costs_no_field(world: World) -> None:
    document = world.letter("auto-tag")
    fields = fields_of(world, amount="monetary")
    world.archive.faults.add(Fault(method="PATCH", times=4, answer=BROKE_DOWN))
    wanted = {fields["amount"]: "EUR84.20"}
    async with world.sidecar(retry_base_s=0.01, paperless_timeout_s=1.0) as sidecar:
        give(sidecar, wanted)
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is not State.FAILED
    assert held(world, document) == {}
    assert "broke down" not in str(job.reason)


async def test_a_value_the_document_held_before_and_paperless_refuses_now_spares_the_rest(world: World) -> None:
    document = world.letter("auto-tag")
    linked = world.letter()
    fields = fields_of(world, links="documentlink", amount="monetary")
    fill(world, document, {fields["links"]: [linked]})
    world.archive.delete(linked)
    job, entry = await deliver(world, {"title": "Ours", fields["amount"]: "EUR84.20"})
    assert world.archive.document(document)["title"] == "Ours"
    assert list(entry.refused) == [fields["amount"]]
    assert held(world, document) == {fields["links"]: [linked]}
    assert job.state is State.SUCCEEDED
