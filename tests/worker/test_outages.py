"""Somebody is away: no attempt is burnt, no fail tag is set, and everything is done afterwards."""

from __future__ import annotations

from datetime import timedelta

from sidecar.domain.job import State
from sidecar.practice.faults import Answer, Fault
from sidecar.store import listing
from tests.worker.conftest import World, fast_clock, running, until

TEN_MINUTES = timedelta(minutes=10)
SPEED = 120.0


async def test_a_model_that_is_away_for_ten_minutes_costs_no_attempt_and_no_tag(world: World) -> None:
    documents = [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(10)]
    url = world.model.url
    port = int(url.split(":")[2].split("/")[0])
    world.model.stop()
    clock = fast_clock(SPEED)
    async with world.sidecar(clock, openai_base_url=url) as sidecar, running(sidecar):
        gone_until = clock.now() + TEN_MINUTES
        await until(lambda: clock.now() > gone_until, "ten minutes")
        for document in documents:
            assert "auto-tag" in world.archive.tag_names(document)
            assert "auto-failed" not in world.archive.tag_names(document)
        assert "model" in sidecar.providers.parked
        world.model.start(port)
        await until(
            lambda: all("auto-tagged" in world.archive.tag_names(document) for document in documents), "all done"
        )
        await until(lambda: _succeeded(sidecar), "all succeeded")
        jobs = await sidecar.parts.db.run(listing.jobs)
    assert {job.attempt for job in jobs} == {1}
    assert len(world.model.calls()) == len(documents)


async def test_a_model_that_answers_503_or_429_is_parked_and_asked_again(world: World) -> None:
    document = world.letter("auto-tag")
    for status, headers in ((503, {}), (429, {"Retry-After": "3"})):
        world.model.faults.add(
            Fault(path="chat/completions", times=2, answer=Answer(status, body='{"error": {}}', headers=headers))
        )
    async with world.sidecar(fast_clock(SPEED)) as sidecar, running(sidecar):
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "filed")
        await until(lambda: _succeeded(sidecar), "succeeded")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.attempt == 1


async def test_a_model_that_refuses_the_key_keeps_the_tags(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.faults.add(Fault(answer=Answer(401, body='{"error": {"message": "bad key"}}')))
    async with world.sidecar(fast_clock(SPEED)) as sidecar, running(sidecar):
        await until(lambda: "model" in sidecar.providers.parked, "parked")
        assert "OPENAI_API_KEY" in sidecar.providers.parked["model"].reason
        assert world.archive.tag_names(document) == {"auto-tag"}
        world.model.faults.clear()
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "filed")


async def test_paperless_away_in_the_middle_of_a_write_costs_no_attempt_and_doubles_nothing(world: World) -> None:
    document = world.letter("auto-tag")
    world.archive.faults.add(Fault(method="PATCH", times=1, drop="after"))
    no_sign_of_life = Answer(502, "text/html", "<html>bad gateway</html>")
    world.archive.faults.add(Fault(path=r"documents/\?page_size=1&", times=6, answer=no_sign_of_life))
    async with world.sidecar(fast_clock(SPEED)) as sidecar, running(sidecar):
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "filed")
        await until(lambda: _succeeded(sidecar), "succeeded")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.attempt == 1
    assert world.writes(document) == ["correspondent+created+document_type+title", "tags"]
    assert len(world.model.calls()) == 1


async def _succeeded(sidecar: object) -> bool:
    from sidecar.app import Sidecar  # noqa: PLC0415

    assert isinstance(sidecar, Sidecar)
    return all(job.state is State.SUCCEEDED for job in await sidecar.parts.db.run(listing.jobs))


async def test_an_outage_of_the_model_does_not_keep_pages_from_being_read(world: World) -> None:
    url = world.model.url
    world.model.stop()
    filed, read = world.letter("auto-tag"), world.letter("auto-ocr")
    async with world.sidecar(fast_clock(10), openai_base_url=url) as sidecar, running(sidecar):
        await until(lambda: "auto-ocr-done" in world.archive.tag_names(read), "read")
    assert world.archive.tag_names(filed) == {"auto-tag"}


async def test_a_drop_while_the_provider_is_alive_is_the_jobs_own_failure(world: World) -> None:
    document = world.letter("auto-tag")
    world.model.faults.add(Fault(path="chat/completions", drop="before", times=2))
    async with world.sidecar(fast_clock(SPEED)) as sidecar, running(sidecar):
        await until(lambda: "auto-tagged" in world.archive.tag_names(document), "filed")
        await until(lambda: _succeeded(sidecar), "succeeded")
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert job.attempt == 3


async def test_a_document_that_always_makes_the_model_hang_up_is_given_up_and_slows_nobody(world: World) -> None:
    good = [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(5)]
    poison = world.letter("auto-tag", content="POISON for the model")
    world.model.misbehave("garbage", matching="POISON")
    jobs = await world.drain()
    assert world.archive.tag_names(poison) == {"auto-failed"}
    assert "no usable answer" in world.archive.notes(poison)[0]
    assert all("auto-tagged" in world.archive.tag_names(document) for document in good)
    assert {job.attempt for job in jobs} == {1}
    assert len(world.model.calls()) == len(good) + 2, "one question and one repair for the poison"
