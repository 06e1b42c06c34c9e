"""Several programs on one store: who polls, who may write, who is away, and what a following one leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sidecar.desk.queue import told
from sidecar.domain.errors import LeaseLostError, OutageError, StoreError
from sidecar.domain.job import Job, Kind
from sidecar.store import listing, queue, rescue, sharing
from sidecar.store.sqlite import SqliteDatabase
from sidecar.worker.gate import SharedDoor
from sidecar.worker.lane import Lane
from sidecar.worker.lease import Leases
from sidecar.worker.providers import Providers
from sidecar.worker.upkeep import NOT_LEADING, Upkeep
from tests.worker.conftest import World
from tests.worker.test_parts import BOUNDS, LEASE, START, ManualClock, nothing

HOLD = timedelta(seconds=65)


class Following(SqliteDatabase):
    """A store that others work on too, and that another one leads."""

    is_shared = True

    def leads(self) -> bool:
        return False


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Following]:
    database = Following(tmp_path / "shared.db")
    database.migrate()
    yield database
    database.close()


# -- the door


def doors(shared: Following, time: ManualClock, *, width: int = 1) -> list[SharedDoor]:
    return [SharedDoor(shared, owner, time.clock, hold=HOLD, width=width) for owner in ("one", "two", "three")]


@pytest.mark.parametrize("width", [1, 2])
async def test_only_so_many_writes_of_all_programs_pass_at_a_time(shared: Following, width: int) -> None:
    inside, most = 0, 0

    async def write(door: SharedDoor) -> None:
        nonlocal inside, most
        async with door.passing():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    time = ManualClock()
    await asyncio.gather(*(write(door) for door in doors(shared, time, width=width) for _ in range(5)))
    assert most <= width
    assert inside == 0


async def test_a_program_that_is_frozen_in_the_door_keeps_others_waiting_no_longer_than_a_write_takes(
    shared: Following,
) -> None:
    time = ManualClock()
    frozen, other, _ = doors(shared, time)
    async with frozen.passing():
        async with other.passing():  # the manual clock runs on while it knocks
            assert time.time - START >= HOLD
        assert time.time - START < HOLD + timedelta(seconds=1)


async def test_a_write_that_fails_leaves_the_door(shared: Following) -> None:
    time = ManualClock()
    one, other, _ = doors(shared, time)
    with pytest.raises(ZeroDivisionError):
        async with one.passing():
            raise ZeroDivisionError
    async with other.passing():
        assert time.time == START


async def test_a_writer_that_is_cancelled_while_it_knocks_takes_no_place(shared: Following) -> None:
    time = ManualClock()
    one, other, third = doors(shared, time)

    async def knock() -> None:
        async with other.passing():
            pytest.fail("the door was shut")

    async with one.passing():
        knocking = asyncio.create_task(knock())
        await asyncio.sleep(0)
        knocking.cancel()
        await asyncio.gather(knocking, return_exceptions=True)
    began = time.time
    async with third.passing():
        assert time.time == began


# -- providers


async def alive() -> None:
    """A sign of life."""


async def dead() -> None:
    raise OutageError("model", "still away")


async def exchange(*programs: Providers) -> None:
    for providers in programs:
        await providers._exchange()


async def test_what_one_program_found_out_about_a_provider_all_know(shared: Following) -> None:
    time = ManualClock()
    back: list[str] = []
    one = Providers({"model": dead}, clock=time.clock, on_return=lambda: back.append("one"), shared=shared)
    two = Providers({"model": dead}, clock=time.clock, on_return=lambda: back.append("two"), shared=shared)
    one.park(OutageError("model", "The model is away."))
    await exchange(one, two)
    assert not two.available(["model"])
    assert two.parked["model"].until == one.parked["model"].until
    one._untold.add("model")
    one._is_back("model")
    await exchange(one, two)
    assert two.available(["model"])
    assert back == ["one", "two"]


async def test_the_store_being_away_loses_nothing_that_was_to_be_told(shared: Following) -> None:
    time = ManualClock()
    one = Providers({}, clock=time.clock, on_return=lambda: None, shared=shared)
    two = Providers({}, clock=time.clock, on_return=lambda: None, shared=shared)
    one.park(OutageError("model", "The model is away."))
    file, away = shared.file, shared.file.with_name("away")
    shared.close()
    file.rename(away)
    file.write_bytes(b"this is no database" * 1000)
    broken = Following(file)
    one._shared = broken
    with pytest.raises(StoreError):
        await exchange(one)
    broken.close()
    away.rename(file)
    mended = Following(file)
    one._shared = two._shared = mended
    await exchange(one, two)
    assert not two.available(["model"])
    mended.close()


# -- upkeep and polls


def claimed(db: SqliteDatabase) -> Job:
    db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=START)
    job = db.run_now(queue.claim, Kind.OCR, owner="dead", now=START, lease=LEASE)
    assert job is not None
    return job


async def test_a_program_that_does_not_lead_leaves_due_jobs_to_the_one_that_does_but_not_for_ever(
    shared: Following, tmp_path: Path
) -> None:
    time, job = ManualClock(), claimed(shared)
    shared.run_now(queue.retry, job, run_after=START, reason="x", now=START, blame=True)
    upkeep = Upkeep(
        shared, time.clock, BOUNDS, alive_file=tmp_path / "alive", on_ready=lambda: None, renew=nothing
    )  # fmt: skip
    ticks = 0
    while shared.run_now(rescue.due_at) is not None:
        await upkeep.tick()
        ticks += 1
    assert ticks == NOT_LEADING


async def test_at_the_start_on_a_shared_store_the_living_are_given_time_to_renew(
    shared: Following, tmp_path: Path
) -> None:
    time, job = ManualClock(), claimed(shared)
    time.time = START + LEASE + timedelta(seconds=1)
    upkeep = Upkeep(
        shared, time.clock, BOUNDS, alive_file=tmp_path / "alive", on_ready=lambda: None, renew=nothing
    )  # fmt: skip
    await upkeep.begin()
    await upkeep.tick(leading=True)
    assert shared.run_now(queue.renew, {job.id: job.lease_token}, until=time.time + LEASE) == {job.id}
    time.time += LEASE
    await upkeep.tick(leading=True)
    assert shared.run_now(queue.unfinished) == {(5, Kind.OCR)}
    assert not shared.run_now(rescue.expired, now=time.time)


class Cut(Following):
    """The same, with a line that can be cut."""

    is_cut = False

    async def time(self) -> datetime | None:
        if self.is_cut:
            raise StoreError("The database cannot be reached.")
        return await super().time()


@pytest.mark.parametrize("seen", ["by the tick before", "by nobody yet", "as an error"])
async def test_right_after_an_outage_of_the_store_living_machines_keep_their_jobs_though_somebody_asks_for_stalled_ones(
    tmp_path: Path, seen: str
) -> None:
    shared, time = Cut(tmp_path / "shared.db"), ManualClock()
    shared.migrate()
    upkeep = Upkeep(
        shared, time.clock, BOUNDS, alive_file=tmp_path / "alive", on_ready=lambda: None, renew=nothing
    )  # fmt: skip
    time.time += LEASE
    await upkeep.tick()
    time.time += LEASE
    await upkeep.tick()
    lively, dead = (
        shared.run_now(queue.claim, Kind.OCR, owner=owner, now=time.clock.now(), lease=LEASE)
        for owner in ("living", "dead")
        if shared.run_now(queue.enqueue, len(owner), Kind.OCR, priority=10, now=START)
    )
    assert lively is not None
    assert dead is not None
    if seen == "as an error":
        shared.is_cut = True
        ticking = asyncio.create_task(upkeep.watch())
        await time.clock.sleep((LEASE + timedelta(seconds=10)).total_seconds())
        await asyncio.sleep(0)
        ticking.cancel()
        shared.is_cut = False
    else:
        time.time += LEASE + timedelta(seconds=10)
    if seen == "by the tick before":
        await upkeep.tick()
    found = await upkeep.release_stalled()
    assert (found.jobs, found.left) == (0, 2)
    assert found.until is not None
    assert f"what is not renewed by {found.until:%H:%M:%S} UTC is taken back then by itself" in told(found)
    assert shared.run_now(queue.renew, {lively.id: lively.lease_token}, until=time.time + LEASE) == {lively.id}
    while time.time < found.until + timedelta(seconds=2):  # the next tick may have noticed it once more
        time.time += timedelta(seconds=1)
        await upkeep.tick()
    assert (await upkeep.release_stalled()).jobs == 1
    assert {job.id: job.state for job in shared.run_now(listing.jobs)} == {lively.id: "running", dead.id: "ready"}
    shared.close()


# -- filing


async def test_documents_with_the_model_are_counted_over_all_programs(shared: Following) -> None:
    for document in range(5):
        shared.run_now(queue.enqueue, document, Kind.TAGGING, priority=10, now=START)
    claims = await asyncio.gather(
        *(
            shared.run(queue.claim, Kind.TAGGING, owner="me", now=START, lease=LEASE, most=2)
            for _ in range(5)
        )
    )  # fmt: skip
    assert sum(job is not None for job in claims) == 2


async def test_one_program_counts_its_own_lanes(world: World) -> None:
    async with world.sidecar() as sidecar:
        lanes: dict[Kind, Lane] = dict(sidecar.runner._lanes)
    assert not any(lane.together for lane in lanes.values())


# -- what a set clock does to what is shared


async def test_a_place_in_the_door_is_held_no_longer_because_the_clock_was_set_back(shared: Following) -> None:
    now = ManualClock().clock.now()
    later = now - timedelta(hours=1) + 2 * HOLD
    for is_noticed in (True, False):
        assert await shared.run(sharing.take_slot, "d", width=1, owner="dead", now=now, until=now + HOLD)
        if is_noticed:
            await shared.run(rescue.shift, by=-timedelta(hours=1))
        assert await shared.run(sharing.take_slot, "d", width=1, owner="other", now=later, until=later + HOLD)
        await shared.run(sharing.leave_slot, "d", owner="other")


async def test_a_provider_is_left_alone_no_longer_because_the_clock_was_set_back(shared: Following) -> None:
    time, hour = ManualClock(), timedelta(hours=1)
    providers = Providers({"model": dead}, clock=time.clock, on_return=nothing, shared=shared)
    providers.park(OutageError("model", "away"))
    await exchange(providers)
    before = providers.parked["model"].until
    providers.shift(-hour)
    await shared.run(rescue.shift, by=-hour)
    await exchange(providers)
    assert providers.parked["model"].until == before - hour

    nobody_looked = time.clock.now() - 2 * hour
    assert await shared.run(rescue.is_crooked, now=nobody_looked, lease=LEASE)
    await shared.run(rescue.straighten, now=nobody_looked, lease=LEASE)
    assert (await shared.run(sharing.parked))["model"].until < nobody_looked + hour


# -- leases


async def test_a_lease_counts_only_for_the_claim_it_was_given_with(shared: Following) -> None:
    time = ManualClock()
    now, leases = time.clock.now(), Leases(shared, "me", length=LEASE, clock=time.clock)
    await shared.run(queue.enqueue, 5, Kind.OCR, priority=10, now=now)
    claims, tasks = [], []
    for _ in range(2):
        job = await shared.run(queue.claim, Kind.OCR, owner="me", now=now, lease=LEASE)
        assert job is not None
        claims.append(job)
        tasks.append(asyncio.create_task(asyncio.Event().wait()))
        leases.hold(job, tasks[-1])  # type: ignore[arg-type]
        if len(claims) == 1:  # it sleeps, loses the job, and claims it again as a new one
            await shared.run(rescue.rescue, now=now + 2 * LEASE, everything=True, settle=timedelta(0), max_crashes=5)
    with pytest.raises(LeaseLostError):
        await leases.assure(claims[0], 5)
    await leases.assure(claims[1], 5)
    for task in tasks:
        task.cancel()


async def test_what_a_program_believes_of_its_lease_is_looked_up_before_it_writes(shared: Following) -> None:
    time = ManualClock()
    leases = Leases(shared, "me", length=LEASE, clock=time.clock)
    await shared.run(queue.enqueue, 5, Kind.OCR, priority=10, now=time.clock.now())
    job = await shared.run(queue.claim, Kind.OCR, owner="me", now=time.clock.now(), lease=LEASE)
    assert job is not None
    task = asyncio.create_task(asyncio.Event().wait())
    leases.hold(job, task)  # type: ignore[arg-type]
    await shared.run(rescue.rescue, now=time.clock.now(), everything=True, settle=timedelta(0), max_crashes=5)
    time.time += timedelta(seconds=30)  # the lease, as the program knows it, lasts for two minutes more
    with pytest.raises(LeaseLostError):
        await leases.assure(job, 5)
    task.cancel()


async def test_after_a_stall_all_have_time_to_renew_before_anything_is_taken_back(
    shared: Following, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = ManualClock()
    monkeypatch.setattr(shared, "leads", lambda: True)
    upkeep = Upkeep(
        shared, time.clock, BOUNDS, alive_file=tmp_path / "a", on_ready=lambda: None, renew=nothing
    )  # fmt: skip
    await shared.run(queue.enqueue, 5, Kind.OCR, priority=10, now=time.clock.now())
    await shared.run(queue.claim, Kind.OCR, owner="other", now=time.clock.now(), lease=LEASE)
    for _ in range(2):
        time.time += LEASE  # the whole machine sleeps
        await upkeep.tick()
        assert [job.state for job in await shared.run(listing.jobs)] == ["running"]
    for _ in range(int(LEASE.total_seconds())):
        time.time += timedelta(seconds=1)
        await upkeep.tick()
    assert [job.state for job in await shared.run(listing.jobs)] == ["ready"]
