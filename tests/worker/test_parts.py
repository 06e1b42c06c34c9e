"""The worker's smaller parts by themselves: gate, leases, providers, finishing, upkeep."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.domain.errors import LeaseLostError, OutageError, PermanentError, StoreError, TemporaryError
from sidecar.domain.job import Job, Kind
from sidecar.domain.writeback import TagDelta
from sidecar.store import queue, rescue
from sidecar.store.database import Database
from sidecar.store.sqlite import SqliteDatabase
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import to_the_end
from sidecar.worker.gate import Gate
from sidecar.worker.lease import Leases
from sidecar.worker.providers import Providers
from sidecar.worker.upkeep import Bounds, Upkeep

DELTA = TagDelta(frozenset({3}), frozenset({1}))
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=180)
BOUNDS = Bounds(settle=timedelta(0), lease=LEASE, keep=timedelta(days=1), max_crashes=5)


async def allowed() -> None:
    """A check that lets everything through."""


class ManualClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = START
        self.clock = Clock(now=lambda: self.time, sleep=self._sleep, chance=lambda: 0.5)

    async def _sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


# -- gate


class Archive:
    """Records tag deltas; documents in `bad` make a call fail as a whole."""

    def __init__(self, bad: frozenset[int] = frozenset()) -> None:
        self.calls: list[list[int]] = []
        self.bad = bad
        self.open = asyncio.Event()

    async def send(self, documents: list[int], delta: TagDelta) -> None:
        await self.open.wait()
        self.calls.append(documents)
        if self.bad & set(documents):
            raise PermanentError("Some documents don't exist or were specified twice.")


async def test_documents_that_wait_with_the_same_delta_share_one_call() -> None:
    archive = Archive()
    archive.open.set()
    gate = Gate(archive.send)
    door = asyncio.Event()

    async def hold() -> None:
        await door.wait()

    holding = asyncio.create_task(gate.write(allowed, hold))
    await asyncio.sleep(0)
    different = TagDelta(frozenset({9}))
    waiting = [
        asyncio.create_task(gate.change_tags(number, different if number == 3 else DELTA, allowed))
        for number in (1, 2, 3, 4)
    ]
    await asyncio.sleep(0)
    door.set()
    await asyncio.gather(holding, *waiting)
    assert archive.calls == [[1, 2, 4], [3]]


async def test_a_document_that_comes_while_a_call_is_under_way_gets_the_next_one() -> None:
    archive = Archive()
    gate = Gate(archive.send)
    first = asyncio.create_task(gate.change_tags(1, DELTA, allowed))
    for _ in range(5):
        await asyncio.sleep(0)
    second = asyncio.create_task(gate.change_tags(2, DELTA, allowed))
    await asyncio.sleep(0)
    archive.open.set()
    await asyncio.gather(first, second)
    assert archive.calls == [[1], [2]]


async def test_one_bad_document_does_not_spoil_a_shared_call_for_the_others() -> None:
    archive = Archive(bad=frozenset({2}))
    archive.open.set()
    gate = Gate(archive.send)
    results = await asyncio.gather(
        *(gate.change_tags(number, DELTA, allowed) for number in (1, 2, 3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), PermanentError, type(None)]
    assert archive.calls == [[1, 2, 3], [1], [2], [3]]


async def test_a_delivery_that_lost_its_lease_while_it_waited_is_not_sent() -> None:
    archive = Archive()
    archive.open.set()
    gate = Gate(archive.send)

    async def lost() -> None:
        raise LeaseLostError("lost")

    results = await asyncio.gather(
        gate.change_tags(1, DELTA, allowed), gate.change_tags(2, DELTA, lost), return_exceptions=True
    )
    assert isinstance(results[1], LeaseLostError)
    assert archive.calls == [[1]]


async def test_a_store_that_fails_at_the_gate_ends_the_delivery_and_does_not_hang_it() -> None:
    archive = Archive()
    archive.open.set()

    async def broken() -> None:
        raise StoreError("disk full")

    with pytest.raises(StoreError):
        await Gate(archive.send).change_tags(1, DELTA, broken)
    assert archive.calls == []


async def test_writes_pass_the_gate_one_at_a_time() -> None:
    gate = Gate(Archive().send)
    inside, most = 0, 0

    async def send() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1

    await asyncio.gather(*(gate.write(allowed, send) for _ in range(5)))
    assert most == 1


# -- leases


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = SqliteDatabase(tmp_path / "sidecar.db")
    database.migrate()
    yield database
    database.close()


def claimed(db: Database) -> Job:
    db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=START)
    job = db.run_now(queue.claim, Kind.OCR, owner="me", now=START, lease=LEASE)
    assert job is not None
    return job


async def test_a_lease_that_is_too_short_for_a_request_is_renewed_before_it_is_sent(db: Database) -> None:
    time, job = ManualClock(), claimed(db)
    leases = Leases(db, "me", length=LEASE, clock=time.clock)
    task = asyncio.create_task(asyncio.Event().wait())
    leases.hold(job, task)  # type: ignore[arg-type]
    time.time += timedelta(seconds=150)
    await leases.assure(job, 60)
    assert not db.run_now(rescue.expired, now=START + timedelta(seconds=300))
    task.cancel()


async def test_nothing_is_written_under_a_lease_that_was_taken_over_and_its_work_is_stopped(db: Database) -> None:
    time, job = ManualClock(), claimed(db)
    leases = Leases(db, "me", length=LEASE, clock=time.clock)
    task = asyncio.create_task(asyncio.Event().wait())
    leases.hold(job, task)  # type: ignore[arg-type]
    db.run_now(rescue.rescue, now=START, everything=True, settle=timedelta(0), max_crashes=5)
    db.run_now(queue.claim, Kind.OCR, owner="another", now=START, lease=LEASE)
    time.time += timedelta(seconds=150)
    with pytest.raises(LeaseLostError):
        await leases.assure(job, 60)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_leap_of_the_clock_does_not_cost_a_living_job_its_lease(db: Database, tmp_path: Path) -> None:
    time, job = ManualClock(), claimed(db)
    leases = Leases(db, "me", length=LEASE, clock=time.clock)
    task = asyncio.create_task(asyncio.Event().wait())
    leases.hold(job, task)  # type: ignore[arg-type]
    upkeep = Upkeep(
        db, time.clock, BOUNDS, alive_file=tmp_path / "alive",
        on_ready=lambda: None, renew=leases.renew,
    )  # fmt: skip
    time.time += timedelta(hours=1)
    await upkeep.tick()
    await leases.assure(job, 60)
    assert db.run_now(queue.claim, Kind.OCR, owner="another", now=time.time, lease=LEASE) is None
    task.cancel()


async def test_the_end_of_an_old_claim_does_not_drop_the_lease_of_a_new_one(db: Database) -> None:
    time, job = ManualClock(), claimed(db)
    leases = Leases(db, "me", length=LEASE, clock=time.clock)
    task = asyncio.create_task(asyncio.Event().wait())
    leases.hold(job, task)  # type: ignore[arg-type]
    leases.drop(replace(job, lease_token=0))
    await leases.assure(job, 60)
    task.cancel()


async def test_what_was_asked_of_the_store_is_done_though_the_asker_is_gone(db: Database) -> None:
    asking = asyncio.create_task(db.run(queue.enqueue, 7, Kind.OCR, priority=10, now=START))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await db.run(rescue.promote, now=START)  # comes after it on the writer's thread
    assert await db.run(queue.unfinished) == {(7, Kind.OCR)}


# -- providers


async def test_a_parked_provider_is_asked_less_and_less_often_until_it_answers() -> None:
    time, probes, answers = ManualClock(), [], 6

    async def probe() -> None:
        probes.append(time.time)
        if len(probes) < answers:
            raise OutageError("model", "still away")

    returned = asyncio.Event()
    providers = Providers({"model": probe}, clock=time.clock, on_return=returned.set)
    providers.park(OutageError("model", "away"))
    assert not providers.available(["paperless", "model"])
    assert providers.available(["paperless"])
    watching = asyncio.create_task(providers.watch())
    await returned.wait()
    watching.cancel()
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(probes)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > 2 * gaps[0]
    assert providers.available(["model"])


async def test_many_failures_at_once_count_as_one() -> None:
    time = ManualClock()
    providers = Providers({}, clock=time.clock, on_return=lambda: None)
    for _ in range(20):
        providers.park(OutageError("model", "away"))
    assert providers.parked["model"].until - time.time < timedelta(seconds=6)


async def fine() -> None:
    """A sign of life."""


async def test_a_provider_that_fails_several_documents_in_a_row_is_to_blame_though_it_gives_signs_of_life() -> None:
    providers = Providers({"model": fine}, clock=ManualClock().clock, on_return=lambda: None)
    blamed = [not await providers.excuses("model", document, "500") for document in (1, 1, 1, 2, 3)]
    assert blamed == [True, True, True, True, False]
    assert not providers.available(["model"])


async def test_a_success_in_between_puts_the_blame_back_on_the_documents() -> None:
    providers = Providers({"model": fine}, clock=ManualClock().clock, on_return=lambda: None)
    for document in (1, 2):
        assert not await providers.excuses("model", document, "500")
    providers.proved(["model"])
    assert not await providers.excuses("model", 3, "500")


async def test_signs_of_life_without_success_make_the_next_parking_longer() -> None:
    time = ManualClock()
    providers = Providers({"model": fine}, clock=time.clock, on_return=lambda: None)
    waits = []
    for _ in range(3):
        providers.park(OutageError("model", "429"))
        waits.append((providers.parked.pop("model").until - time.time).total_seconds())
    assert waits == [3.75, 7.5, 15.0]


async def test_retry_after_is_honoured() -> None:
    time = ManualClock()
    providers = Providers({}, clock=time.clock, on_return=lambda: None)
    providers.park(OutageError("model", "busy", retry_after_s=90))
    assert providers.parked["model"].until == START + timedelta(seconds=90)


async def test_a_provider_that_gives_any_error_to_a_sign_of_life_is_parked() -> None:
    async def probe() -> None:
        raise TemporaryError("hung up")

    providers = Providers({"model": probe}, clock=ManualClock().clock, on_return=lambda: None)
    assert not await providers.is_alive("model")
    assert not providers.available(["model"])


# -- finishing


async def test_a_step_that_must_not_be_torn_ends_before_its_task_is_cancelled() -> None:
    began, go, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def step() -> None:
        began.set()
        await go.wait()
        ended.set()

    task = asyncio.create_task(to_the_end(step()))
    await began.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_second_cancellation_is_not_withstood() -> None:
    began = asyncio.Event()

    async def step() -> None:
        began.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(to_the_end(step()))
    await began.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_step_reaches_the_caller() -> None:
    async def step() -> None:
        raise TemporaryError("no")

    with pytest.raises(TemporaryError):
        await to_the_end(step())


# -- upkeep


async def nothing() -> None:
    """Renewing where nothing is held."""


async def test_a_tick_with_nothing_due_commits_nothing_and_shows_that_the_program_lives(
    db: Database, tmp_path: Path
) -> None:
    time = ManualClock()
    upkeep = Upkeep(
        db, time.clock, BOUNDS, alive_file=tmp_path / "alive",
        on_ready=lambda: None, renew=nothing,
    )  # fmt: skip
    await upkeep.tick()
    await db.stirred()
    for _ in range(100):
        time.time += timedelta(seconds=1)
        await upkeep.tick()
    assert not await db.stirred()
    assert (tmp_path / "alive").exists()


async def test_upkeep_wakes_scheduled_jobs_and_rescues_those_of_the_dead(db: Database, tmp_path: Path) -> None:
    time, job = ManualClock(), claimed(db)
    woken: list[datetime] = []
    upkeep = Upkeep(
        db, time.clock, BOUNDS, alive_file=tmp_path / "alive",
        on_ready=lambda: woken.append(time.time), renew=nothing,
    )  # fmt: skip
    later = START + timedelta(seconds=30)
    db.run_now(queue.retry, job, run_after=later, reason="x", now=START, blame=True)
    await upkeep.tick()
    woken.clear()
    time.time = later
    await upkeep.tick()
    assert woken
    again = db.run_now(queue.claim, Kind.OCR, owner="me", now=later, lease=LEASE)
    assert again is not None
    time.time = later + LEASE + timedelta(seconds=20)
    await upkeep.tick()
    rescued = db.run_now(queue.claim, Kind.OCR, owner="me", now=time.time, lease=LEASE)
    assert rescued is not None
    assert rescued.crashes == 1
