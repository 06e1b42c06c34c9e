"""Names made in a real archive: when a proposal is delivered, once, and never one that is there spelt otherwise."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sidecar.app import Sidecar
from sidecar.domain.filing import Owner
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.vocabulary import Names
from sidecar.domain.writeback import NewName
from sidecar.practice.faults import Answer, Fault
from sidecar.store import journal, listing, made_names, queue
from sidecar.worker.gate import SharedDoor
from sidecar.worker.naming import NameMaker
from tests.domain.names import BASES, SAME, SPELLINGS
from tests.worker.conftest import World, until

SPELT = [(spell(base), base) for base, spell in itertools.product(BASES, SPELLINGS.values()) if spell(base) != base]
PAIRS = SAME + SPELT[:: 1 if os.environ.get("SCENARIO_FULL") else 4]
COUNT = "SELECT id FROM names WHERE kind = 'document_types'"
NEW = {"create_names": frozenset({"tags", "correspondents"})}


def says(world: World, **answer: Any) -> None:
    """Let the model answer this from now on."""
    empty = dict.fromkeys(("title", "correspondent", "document_type", "created"))
    message = {"role": "assistant", "content": json.dumps({**empty, "tags": [], **answer})}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": None}
    world.model.faults.replace([Fault(path="chat", answer=Answer(200, body=json.dumps(reply)))])


def named(world: World, kind: str) -> dict[str, dict[str, Any]]:
    headers = {"Authorization": "Token practice-token"}
    url = f"{world.archive.url}/api/{kind}/?page_size=1000&full_perms=true"
    return {row["name"]: row for row in httpx.get(url, headers=headers).json()["results"]}


async def claimed(sidecar: Sidecar, document_id: int) -> Job:
    """Give a job that this sidecar holds."""
    now = sidecar._clock.now()
    await sidecar.parts.db.run(queue.enqueue, document_id, Kind.TAGGING, priority=10, now=now)
    lease = sidecar.leases.length
    job = await sidecar.parts.db.run(queue.claim, Kind.TAGGING, owner=sidecar.leases.owner, now=now, lease=lease)
    assert job is not None
    task = asyncio.current_task()
    assert task is not None
    sidecar.leases.hold(job, task)
    return job


def maker_of(sidecar: Sidecar) -> NameMaker:
    maker = sidecar.runner._attempts._delivery._names
    assert maker is not None
    return maker


async def test_what_a_person_would_call_the_same_is_never_made_a_second_time(world: World) -> None:
    assert len(PAIRS) >= 200
    async with world.sidecar() as sidecar:
        maker, job = maker_of(sidecar), await claimed(sidecar, world.letter("auto-tag"))
        wrong = []
        for new, existing in PAIRS:
            world.archive.state.rows("DELETE FROM names WHERE kind = 'document_types'")
            number = world.archive.add_name("document_types", existing)
            name = NewName(Names.DOCUMENT_TYPES, " ".join(new.split()), "document_type")
            ids = await maker.make(job, [name], again=False)
            if ids != {name: number} or len(world.archive.state.rows(COUNT)) != 1:
                wrong.append((new, existing))
    assert not wrong


async def test_two_sidecars_at_once_make_one_name_for_one_thing(world: World) -> None:
    async with world.sidecar() as sidecar:
        parts, clock = sidecar.parts, sidecar._clock
        job = await claimed(sidecar, world.letter("auto-tag"))
        gate = sidecar.runner._attempts._delivery._gate

        def another(owner: str) -> NameMaker:
            door = SharedDoor(parts.db, owner, clock, hold=timedelta(seconds=30), name="names")
            return NameMaker(
                parts.paperless, parts.names, parts.db, gate, sidecar.leases, clock, door=door, owner=Owner.NONE
            )

        gate._door._own = asyncio.Semaphore(8)  # PAPERLESS_WRITES: the door for writes alone does not keep them apart
        one, other = another("one"), another("other")
        for new, existing in SAME[:12]:
            first, second = (NewName(Names.CORRESPONDENTS, text, "correspondent") for text in (new, existing))
            both = await asyncio.gather(one.make(job, [first], again=False), other.make(job, [second], again=False))
            assert both[0][first] == both[1][second], (new, existing)


async def test_a_new_name_is_made_with_the_write_and_its_making_is_remembered(world: World) -> None:
    document = world.letter("auto-tag")
    says(world, tags=["Electricity", "Electricity bills", "invoices"], correspondent="Nimbus Travel")
    async with world.sidecar(**NEW) as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        made = await sidecar.parts.db.run(made_names.made)
        kept = {(Names(one.kind), one.id): one.name for one in made if one.job_id == job.id}
        entry = await sidecar.parts.db.run(journal.find, job.id)
    after = world.archive.document(document)
    assert world.archive.tag_names(document) == {"Electricity", "Electricity bills", "Invoice", "auto-tagged"}
    assert after["correspondent"] == named(world, "correspondents")["Nimbus Travel"]["id"]
    assert sorted(kept.values()) == ["Electricity", "Electricity bills", "Nimbus Travel"]
    assert {row["owner"] for row in named(world, "correspondents").values()} == {None}
    assert entry is not None
    assert entry.proposal.names == ()
    assert entry.written["correspondent"] == after["correspondent"]


async def test_no_name_is_made_for_a_document_whose_trigger_was_taken_off(world: World) -> None:
    document = world.letter("auto-tag")
    says(world, tags=["Brand new"], correspondent="Nimbus Travel")
    async with world.sidecar(**NEW) as sidecar:
        deliver = sidecar.runner._attempts._delivery.deliver

        async def after_the_person(job: Job, proposal: Any, *more: Any) -> Any:
            assert [name.name for name in proposal.names] == ["Nimbus Travel", "Brand new"]
            assert "Nimbus Travel" not in named(world, "correspondents"), "it is made when it is delivered"
            world.archive.edit(document, remove_tags=["auto-tag"])
            return await deliver(job, proposal, *more)

        sidecar.runner._attempts._delivery.deliver = after_the_person  # type: ignore[method-assign]
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.state is State.CANCELLED
    assert "Nimbus Travel" not in named(world, "correspondents")
    assert "Brand new" not in named(world, "tags")


async def test_while_a_proposal_waits_for_a_person_nothing_is_made_and_the_new_names_are_shown(world: World) -> None:
    document = world.letter("auto-tag", "auto-review")
    says(world, tags=["Brand new"], correspondent="Nimbus Travel")
    (job,) = await world.drain(**NEW)
    (note,) = world.archive.notes(document)
    assert job.state is State.REVIEW
    assert "Correspondent: none -> Nimbus Travel (new)" in note
    assert "Tags: + Brand new (new)" in note
    assert "Nimbus Travel" not in named(world, "correspondents")
    assert "Brand new" not in named(world, "tags")
    world.archive.edit(document, add_tags=["auto-approve"])
    (job,) = await world.drain(**NEW)
    assert job.state is State.SUCCEEDED
    assert world.archive.tag_names(document) == {"Brand new", "auto-tagged"}
    assert world.archive.document(document)["correspondent"] == named(world, "correspondents")["Nimbus Travel"]["id"]


async def test_no_name_is_made_for_a_field_that_a_person_has_filled_meanwhile(world: World) -> None:
    document = world.letter("auto-tag")
    says(world, correspondent="Nimbus Travel")
    async with world.sidecar(**NEW) as sidecar:
        deliver = sidecar.runner._attempts._delivery.deliver

        async def after_the_person(job: Job, proposal: Any, *more: Any) -> Any:
            world.archive.edit(document, correspondent="Ambervale Energy")
            return await deliver(job, proposal, *more)

        sidecar.runner._attempts._delivery.deliver = after_the_person  # type: ignore[method-assign]
        await sidecar.run(drain=True)
    assert "Nimbus Travel" not in named(world, "correspondents")
    assert world.archive.document(document)["correspondent"] == named(world, "correspondents")["Ambervale Energy"]["id"]


async def test_names_that_were_made_do_not_make_the_same_answer_cost_twice(world: World) -> None:
    document = world.letter("auto-tag")
    says(world, tags=["Brand new"], correspondent="Nimbus Travel")
    gone = '{"non_field_errors": ["Some tags in add_tags don\'t exist."]}'
    world.archive.faults.add(Fault(path="bulk_edit", times=1, answer=Answer(400, body=gone)))
    async with world.sidecar(retry_base_s=0.01, **NEW) as sidecar:
        await sidecar.run(drain=True)
        await until(lambda: _is_done(sidecar), "done at the second attempt")
        (job,) = await sidecar.parts.db.run(listing.jobs)
        made = await sidecar.parts.db.run(made_names.made)
        kept = {(Names(one.kind), one.id): one.name for one in made if one.job_id == job.id}
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    assert len(_asked(world)) == 1, "the job's answer holds, though the lists it was asked with have changed"
    assert world.archive.document(document)["correspondent"] == named(world, "correspondents")["Nimbus Travel"]["id"]
    assert world.archive.tag_names(document) == {"Brand new", "auto-tagged"}
    assert sorted(kept.values()) == ["Brand new", "Nimbus Travel"]


async def _is_done(sidecar: Sidecar) -> bool:
    await sidecar.run(drain=True)
    return all(job.finished_at for job in await sidecar.parts.db.run(listing.jobs))


async def test_a_death_between_making_a_name_and_saying_so_leaves_one_name_that_is_known(world: World) -> None:
    document = world.letter("auto-tag")
    says(world, correspondent="Nimbus Travel")
    async with world.sidecar(retry_base_s=0.01, **NEW) as sidecar:
        make = sidecar.parts.names.make

        async def make_and_die(*given: Any) -> int:
            await make(*given)
            sidecar.parts.names.make = make  # type: ignore[method-assign]
            raise RuntimeError("killed")

        sidecar.parts.names.make = make_and_die  # type: ignore[method-assign]
        await until(lambda: _is_done(sidecar), "done at the second attempt")
        (job,) = await sidecar.parts.db.run(listing.jobs)
        made = await sidecar.parts.db.run(made_names.made)
        kept = {(Names(one.kind), one.id): one.name for one in made if one.job_id == job.id}
    number = named(world, "correspondents")["Nimbus Travel"]["id"]
    assert world.archive.document(document)["correspondent"] == number
    assert kept == {(Names.CORRESPONDENTS, number): "Nimbus Travel"}
    assert len(_asked(world)) == 1


def _asked(world: World) -> list[Mapping[str, Any]]:
    return [{"path": one.path} for one in world.model._server.log.all() if "chat" in one.path]


@pytest.mark.parametrize("owner", ["none", "me", "document"])
async def test_a_new_name_belongs_to_whom_the_owner_says(world: World, owner: str) -> None:
    theirs = world.archive.add_user("ann", "ann-token")
    world.letter("auto-tag", owner=theirs)
    says(world, correspondent="Nimbus Travel")
    await world.drain(names_owner=owner, **NEW)
    expected = {"none": None, "me": named(world, "correspondents")["Nimbus Travel"]["owner"], "document": theirs}
    assert named(world, "correspondents")["Nimbus Travel"]["owner"] == expected[owner]
    assert (expected["me"] is None) == (owner == "none")


async def test_a_refused_name_is_neither_made_nor_chosen(world: World) -> None:
    document = world.letter("auto-tag")
    says(world, tags=["Tax", "Secret plans"], correspondent="Ambervale Energy")
    await world.drain(refused_names=("tax", "secret*", "* energy"), **NEW)
    assert world.archive.tag_names(document) == {"auto-tagged"}
    assert world.archive.document(document)["correspondent"] is None
    assert "Secret plans" not in named(world, "tags")


async def test_no_other_spelling_leads_to_an_inbox_tag_one_of_ours_or_a_refused_name(world: World) -> None:
    world.archive.add_name("tags", "Post box", is_inbox_tag=True)
    world.archive.add_name("tags", "Secrets")
    document = world.letter("auto-tag")
    says(world, tags=["Post boxes", "Postbox", "auto-tags", "Autotag", "Secret", "The Secrets", "Fine"])
    await world.drain(refused_names=("secrets",), **NEW)
    assert world.archive.tag_names(document) == {"auto-tagged", "Fine"}
    assert not {"Post boxes", "Postbox", "auto-tags", "Autotag", "Secret", "The Secrets"} & set(named(world, "tags"))


async def test_a_storage_path_is_never_made(world: World) -> None:
    world.archive.add_name("storage_paths", "Bills")
    document = world.letter("auto-tag")
    says(world, storage_path="Somewhere else")
    await world.drain(storage_path_policy="fill-empty", **NEW)
    assert world.archive.document(document)["storage_path"] is None
    says(world, storage_path="bills")
    world.archive.edit(document, add_tags=["auto-tag"], content="Another text, so that the model is asked again.")
    await world.drain(storage_path_policy="fill-empty", **NEW)
    assert world.archive.document(document)["storage_path"] == named(world, "storage_paths")["Bills"]["id"]
