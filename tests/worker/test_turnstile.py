"""Requests and tokens a minute: nobody is refused, nobody overtakes, and no minute holds more than is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sidecar.domain.job import Job, Kind, State
from sidecar.engines.llm import Model
from sidecar.practice.model import PracticeModel
from sidecar.store import ledger, listing, queue
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.store.sqlite import SqliteDatabase
from sidecar.worker.turnstile import MINUTE, Rates, Turnstile, put_turnstiles
from tests.worker.conftest import World, running, until
from tests.worker.test_parts import LEASE, START, ManualClock

HERE = "https://one.example/v1"


class Shared(SqliteDatabase):
    """A store that others work on too."""

    is_shared = True


@pytest.fixture(params=[SqliteDatabase, Shared], ids=["alone", "shared"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    database = request.param(tmp_path / "sidecar.db")
    database.migrate()
    yield database
    database.close()


def turnstile(db: Database, time: ManualClock, owner: str = "one", **allowed: int) -> Turnstile:
    return Turnstile(HERE, Rates(**allowed), db, time.clock, owner=owner, providers=["one.example"])


def most_in_a_minute(times: Sequence[datetime]) -> int:
    return max(sum(1 for other in times if at <= other < at + MINUTE) for at in times)


async def test_no_minute_holds_more_requests_than_allowed_and_nobody_overtakes(db: Database) -> None:
    time = ManualClock()
    one = turnstile(db, time, requests=3)
    passed: list[int] = []

    async def go(number: int) -> datetime:
        ticket = await one.enter(100)
        passed.append(number)
        return ticket.at

    times = await asyncio.gather(*map(go, range(10)))
    assert passed == list(range(10))
    assert most_in_a_minute(times) == 3
    assert times[-1] - START < timedelta(minutes=3, seconds=5), "and no longer than has to be"


async def test_no_minute_holds_more_tokens_than_allowed(db: Database) -> None:
    time = ManualClock()
    one = turnstile(db, time, tokens=1000)
    times = [(await one.enter(400)).at for _ in range(6)]
    assert most_in_a_minute(times) == 2
    assert times[-1] - START < timedelta(minutes=2, seconds=5)


async def test_what_a_request_really_came_to_counts_in_place_of_the_guess(db: Database) -> None:
    time = ManualClock()
    one = turnstile(db, time, tokens=1000)
    (await one.enter(900)).spent(100)
    (await one.enter(900)).spent(100)
    await one.enter(800)
    assert time.time == START
    await one.enter(100)
    assert time.time > START


async def test_a_request_of_more_than_a_minutes_tokens_waits_for_an_empty_minute_and_goes(db: Database) -> None:
    time = ManualClock()
    one = turnstile(db, time, tokens=1000)
    await one.enter(10)
    ticket = await one.enter(5000)
    assert timedelta(minutes=1) <= ticket.at - START < timedelta(minutes=1, seconds=5)


async def test_programs_on_one_store_share_the_requests_of_a_minute(tmp_path: Path) -> None:
    database = Shared(tmp_path / "shared.db")
    database.migrate()
    time = ManualClock()
    programs = [turnstile(database, time, owner, requests=4) for owner in ("one", "two", "three")]
    tickets = await asyncio.gather(*(program.enter(1) for _ in range(4) for program in programs))
    assert most_in_a_minute([ticket.at for ticket in tickets]) == 4
    database.close()


async def test_tokens_that_the_ledger_knows_of_another_program_count(db: Database) -> None:
    time = ManualClock()
    db.run_now(queue.enqueue, 5, Kind.TAGGING, priority=10, now=START)
    job = db.run_now(queue.claim, Kind.TAGGING, owner="other", now=START, lease=LEASE)
    for provider in ("one.example", "another"):
        db.run_now(ledger.record, job, Call("tagging", "m", 800, 100, "answered", 1.0, provider), now=START)
    await turnstile(db, time, tokens=1000).enter(100)
    assert time.time == START, "there is room beside the 900"
    await turnstile(db, time, tokens=1000).enter(200)
    assert timedelta(minutes=1) <= time.time - START < timedelta(minutes=1, seconds=5)


async def test_one_who_gives_up_waiting_lets_the_next_one_through(db: Database) -> None:
    time = ManualClock()
    frozen = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await frozen.wait()

    clock = type(time.clock)(now=lambda: time.time, sleep=sleep, chance=lambda: 0.5)
    one = Turnstile(HERE, Rates(requests=1), db, clock, owner="one", providers=["one.example"])
    await one.enter(1)
    second, third = asyncio.create_task(one.enter(1)), asyncio.create_task(one.enter(1))
    for _ in range(5):  # the second comes to the front of the line, the third behind it
        await asyncio.sleep(0)
    second.cancel()
    time.time += MINUTE
    frozen.set()
    assert (await third).at == START + MINUTE
    assert second.cancelled()


async def test_a_clock_that_was_set_back_blocks_nobody(db: Database) -> None:
    time = ManualClock()
    one = turnstile(db, time, requests=1)
    await one.enter(1)
    time.time -= timedelta(hours=5)
    ticket = await one.enter(1)
    assert ticket.at - (START - timedelta(hours=5)) < timedelta(minutes=2)


def model(name: str, address: str | None, provider: str) -> Model:
    return Model(name, base_url=address, api_key=None, provider=provider)


def test_one_address_has_one_turnstile_whoever_is_asked_there(db: Database) -> None:
    text, seeing, elsewhere = (
        model("a", HERE, "model"), model("b", f"{HERE}/".upper(), "vision model"), model("c", None, "model 2"),
    )  # fmt: skip
    free = model("d", "http://ollama:11434/v1", "vision model 2")
    wanted = [([text, elsewhere], Rates(60, None)), ([seeing, free], Rates(20, 5000))]
    put_turnstiles(wanted, db, ManualClock().clock, "one")
    assert text.turnstile is seeing.turnstile
    assert isinstance(text.turnstile, Turnstile)
    assert isinstance(elsewhere.turnstile, Turnstile)
    assert text.turnstile._allowed == Rates(20, 5000), "the stricter limits count"
    assert text.turnstile._providers == ("one.example",)
    assert elsewhere.turnstile._allowed == Rates(60, None), "a fall-back has one of its own"
    assert free.turnstile is not None


def test_where_nothing_is_limited_nothing_is_counted(db: Database) -> None:
    one = model("a", HERE, "model")
    put_turnstiles([([one], Rates())], db, ManualClock().clock, "one")
    assert one.turnstile is None


async def test_every_request_of_a_question_is_counted_also_those_that_are_refused(db: Database, world: World) -> None:
    world.model.misbehave("reject_json_schema")
    time = ManualClock()
    one = model("practice", world.model.url, "model")
    put_turnstiles([([one], Rates(requests=2))], db, time.clock, "one")
    for _ in range(2):
        await one.ask([{"role": "user", "content": "Ambervale"}], {"type": "object", "properties": {}})
    assert len(world.model.calls()) == 3
    assert time.time - START >= MINUTE
    await one.close()


async def test_a_stop_does_not_wait_for_a_job_in_the_line(world: World) -> None:
    documents = [world.letter("auto-tag", content=f"Letter {n}. Ambervale Energy, 2026-05-12.") for n in range(3)]
    async with world.sidecar(llm_rpm=1, stop_grace_s=600.0) as sidecar:
        async with running(sidecar):
            await until(lambda: any("auto-tagged" in world.archive.tag_names(d) for d in documents), "one is filed")
        jobs: list[Job] = await sidecar.parts.db.run(listing.jobs)
    assert sorted((job.state, job.attempt) for job in jobs) == [
        (State.READY, 0), (State.READY, 0), (State.SUCCEEDED, 1),
    ]  # fmt: skip
    assert len(world.model.calls()) == 1


async def test_a_fall_back_is_kept_to_the_limits_too(world: World) -> None:
    with PracticeModel() as second:
        async with world.sidecar(llm_rpm=7, llm_fallbacks=f"other@{second.url}, third@{world.model.url}") as sidecar:
            first, other, third = sidecar.parts.models
            assert first.turnstile is third.turnstile
            assert other.turnstile not in (None, first.turnstile)


async def test_each_fall_back_may_have_rates_of_its_own(world: World) -> None:
    given = {
        "llm_rpm": 7, "llm_tpm": 900,
        "llm_fallbacks": "a@https://a.example/v1 rpm=20, b@http://b/v1 TPM=none rpm=none, c@https://c.example/v1 tpm=5,"
        f"d@https://d.example/v1, at first@{world.model.url} rpm=none tpm=100",
        "ocr_engine": "vision", "vision_model": "v", "vision_base_url": "https://v.example/v1", "vision_rpm": 3,
        "vision_fallbacks": "w@https://w.example/v1 rpm=4",
    }  # fmt: skip
    async with world.sidecar(**given) as sidecar:
        assert sidecar.parts.vision is not None
        asked = [*sidecar.parts.models, *sidecar.parts.vision.models]
        found = {model.name: model.turnstile for model in asked}
    allowed = {name: one._allowed if isinstance(one, Turnstile) else None for name, one in found.items()}
    assert allowed == {
        "practice": Rates(7, 100), "a": Rates(20, 900), "b": None, "c": Rates(7, 5), "d": Rates(7, 900),
        "at first": Rates(7, 100), "v": Rates(3, None), "w": Rates(4, None),
    }  # fmt: skip
