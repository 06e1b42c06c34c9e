"""The program's clock: it goes by the one on the wall and is not thrown when somebody sets that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.domain.errors import OutageError
from sidecar.domain.job import Kind, State
from sidecar.store import listing, queue, rescue
from sidecar.store.sqlite import SqliteDatabase
from sidecar.worker.clock import Clock, SteadyTime
from sidecar.worker.providers import Providers
from sidecar.worker.upkeep import Upkeep
from tests.worker.test_parts import BOUNDS, LEASE, ManualClock, claimed, db, nothing

__all__ = ["db"]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Ticks:
    """Ticks that a test gives."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_time_goes_on_by_ticks_while_nobody_looks_at_the_wall() -> None:
    ticks = Ticks()
    time = SteadyTime(NOON, ticks)
    ticks.seconds = 90
    assert time.now() == NOON + timedelta(seconds=90)


@pytest.mark.parametrize("leap", [HOUR, -HOUR, timedelta(days=20_000)])
def test_a_clock_that_is_set_is_followed_and_the_leap_is_told_once(leap: timedelta) -> None:
    ticks = Ticks()
    time = SteadyTime(NOON, ticks)
    ticks.seconds = 10
    now = NOON + timedelta(seconds=10)
    assert time.follow(now + leap) == leap
    assert time.now() == now + leap
    assert time.follow(now + leap) == timedelta(0)


def test_a_drift_is_followed_and_is_no_leap() -> None:
    ticks = Ticks()
    time = SteadyTime(NOON, ticks)
    for second in range(1, 1000):  # a clock that runs a tenth too fast
        ticks.seconds = second
        assert time.follow(NOON + timedelta(seconds=second * 1.1)) == timedelta(0)
    assert time.now() == NOON + timedelta(seconds=999 * 1.1)


class Wall:
    """A store's clock that a person sets, with a steady one that follows it."""

    def __init__(self) -> None:
        self.ticks = Ticks()
        self.set_by = timedelta(0)
        self.steady = SteadyTime(NOON, self.ticks)
        self.clock = Clock(now=self.steady.now, follow=self.steady.follow, chance=lambda: 0.5)

    async def time(self) -> datetime:
        return NOON + timedelta(seconds=self.ticks.seconds) + self.set_by


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
async def test_a_job_that_waits_a_minute_waits_a_minute_whatever_the_clock_is_set_to(
    db: SqliteDatabase, tmp_path: Path, leap: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, wall = claimed(db), Wall()
    monkeypatch.setattr(db, "time", wall.time)
    db.run_now(queue.retry, job, run_after=NOON + timedelta(minutes=1), reason="x", now=NOON, blame=True)
    providers = Providers({}, clock=wall.clock, on_return=lambda: None)
    providers.park(OutageError("model", "busy", retry_after_s=60))
    alive = tmp_path / "alive"
    upkeep = Upkeep(
        db, wall.clock, BOUNDS, alive_file=alive, on_ready=lambda: None, renew=nothing, on_leap=providers.shift
    )
    await upkeep.tick()
    wall.set_by = leap
    wall.ticks.seconds = 30
    await upkeep.tick()
    assert [job.state for job in db.run_now(listing.jobs)] == [State.SCHEDULED]
    assert (providers.parked["model"].until - wall.clock.now()).total_seconds() == pytest.approx(30)
    alive.unlink()
    wall.ticks.seconds = 61
    await upkeep.tick()
    assert [job.state for job in db.run_now(listing.jobs)] == [State.READY]
    assert alive.exists(), "the health check would think that it hangs"


async def test_a_time_that_was_told_long_ago_is_not_taken_for_the_time(
    db: SqliteDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall()

    async def time() -> datetime:
        told = await wall.time()
        wall.ticks.seconds += 20  # the line stalls, or the machine sleeps
        return told

    monkeypatch.setattr(db, "time", time)
    await Upkeep(db, wall.clock, BOUNDS, alive_file=tmp_path / "a", on_ready=lambda: None, renew=nothing).tick()

    assert wall.clock.now() == NOON + timedelta(seconds=20)


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
async def test_a_running_job_is_neither_taken_back_early_nor_late_when_the_clock_is_set(
    db: SqliteDatabase, tmp_path: Path, leap: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall()
    db.run_now(queue.enqueue, 7, Kind.OCR, priority=10, now=NOON)
    db.run_now(queue.claim, Kind.OCR, owner="me", now=NOON, lease=LEASE)
    monkeypatch.setattr(db, "time", wall.time)
    upkeep = Upkeep(db, wall.clock, BOUNDS, alive_file=tmp_path / "a", on_ready=lambda: None, renew=nothing)
    wall.set_by = leap
    wall.ticks.seconds = LEASE.total_seconds() - 5
    await upkeep.tick()
    assert db.run_now(queue.claim, Kind.OCR, owner="other", now=wall.clock.now(), lease=LEASE) is None
    wall.ticks.seconds = 1.5 * LEASE.total_seconds() + 60  # all had half a lease to notice and to renew
    await upkeep.tick()
    assert db.run_now(queue.claim, Kind.OCR, owner="other", now=wall.clock.now(), lease=LEASE) is not None


def test_a_clock_set_back_while_nothing_ran_delays_nothing(db: SqliteDatabase) -> None:
    job = claimed(db)
    db.run_now(queue.retry, job, run_after=NOON + timedelta(minutes=1), reason="x", now=NOON, blame=True)
    assert not db.run_now(rescue.is_crooked, now=NOON, lease=LEASE)
    before = NOON - HOUR
    assert db.run_now(rescue.is_crooked, now=before, lease=LEASE)
    assert db.run_now(rescue.straighten, now=before, lease=LEASE) == 1
    assert db.run_now(rescue.due_at) == before + timedelta(minutes=1)
    assert not db.run_now(rescue.is_crooked, now=before, lease=LEASE)
    assert db.run_now(rescue.straighten, now=before, lease=LEASE) == 0


def test_a_lease_from_the_future_ends_as_soon_as_any_other(db: SqliteDatabase) -> None:
    claimed(db)
    db.run_now(queue.enqueue, 9, Kind.OCR, priority=10, now=NOON)
    db.run_now(queue.claim, Kind.OCR, owner="dead", now=NOON, lease=LEASE)
    before = NOON - HOUR
    assert db.run_now(rescue.is_crooked, now=before, lease=LEASE)
    assert db.run_now(rescue.straighten, now=before, lease=LEASE) == 2
    assert not db.run_now(rescue.expired, now=before + LEASE)
    assert db.run_now(rescue.expired, now=before + LEASE + timedelta(seconds=1))


def test_the_manual_clock_of_the_tests_never_leaps() -> None:
    assert ManualClock().clock.follow(NOON) == timedelta(0)
