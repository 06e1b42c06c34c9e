"""The queue as a whole: figures, pausing, and what otherwise happens in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sidecar.desk import queue as desk
from sidecar.domain.job import Kind, State
from sidecar.store import pauses, statistics
from sidecar.store.pauses import Pause
from sidecar.store.statistics import Counts
from sidecar.web.api.shapes import ERRORS, STEERING, Asked
from sidecar.web.site import Here
from sidecar.web.who import Admin, Reader, Worker

router = APIRouter(prefix="/api/queue", tags=["queue"])

#: How many hours of throughput are told.
HOURS = 24


class CountOut(BaseModel):
    """How many jobs there are of a state and kind."""

    state: State
    kind: Kind
    jobs: int


class HourOut(BaseModel):
    """What ended in an hour."""

    begins_at: datetime
    succeeded: int
    failed: int


class HolderOut(BaseModel):
    """A program that runs jobs."""

    owner: str
    jobs: int
    lease_until: datetime | None = Field(description="When the first of its leases runs out if it is not renewed.")


class PauseOut(BaseModel):
    """A kind of which no job is begun."""

    kind: Kind
    since: datetime
    by_whom: str

    @classmethod
    def of(cls, found: Pause) -> PauseOut:
        """Return what is shown of a pause."""
        return cls(kind=found.kind, since=found.since, by_whom=found.by_whom)


class AwayOut(BaseModel):
    """A service that is left alone for a while, since it does not answer."""

    provider: str
    since: datetime
    until: datetime
    reason: str


class QueueOut(BaseModel):
    """How the queue stands."""

    unfinished: list[CountOut] = Field(description="Jobs that are not over; what is not listed is zero.")
    ended: list[CountOut] = Field(description="Jobs that ended in the last 24 hours.")
    open_failures: int = Field(description="Jobs that failed and were not asked for again since.")
    oldest_waiting_at: datetime | None
    hours: list[HourOut]
    holders: list[HolderOut]
    paused: list[PauseOut]
    away: list[AwayOut]
    working: bool = Field(description="False while the worker starts, for instance because Paperless is away.")


class Kinds(Asked):
    """Kinds of jobs; none for all."""

    kinds: list[Kind] = Field(default_factory=list, max_length=10)

    @property
    def meant(self) -> list[Kind]:
        """The kinds that are meant."""
        return self.kinds or list(Kind)


class Age(Asked):
    """How old is old."""

    older_than_days: int = Field(ge=1, le=36500, strict=True)


class Said(BaseModel):
    """What was done."""

    said: str


class ReleasedOut(BaseModel):
    """How many jobs were taken back, and how many were left to runners that may live."""

    jobs: int
    left: int = Field(description="Jobs whose lease ran out too, but while nobody could renew one.")
    until: datetime | None = Field(description="When those that were left are taken back if they were not renewed.")
    said: str


class ClearedOut(BaseModel):
    """What was forgotten."""

    rows: int
    more: bool = Field(description="Whether there is more that is as old: ask again.")


@router.get("", responses=ERRORS)
async def stand(here: Here, _: Reader) -> QueueOut:
    """Tell how the queue stands."""
    now = here.now()
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    unfinished = await here.db.run(statistics.unfinished)
    ended = await here.db.run(statistics.ended, since=now - timedelta(hours=HOURS))
    hours = await here.db.run(statistics.hours, since=since, number=HOURS)
    holders = await here.db.run(statistics.holders)
    sidecar = here.present.sidecar
    parked = sidecar.providers.parked if sidecar else {}
    return QueueOut(
        unfinished=_counted(unfinished),
        ended=_counted(ended),
        open_failures=await here.db.run(statistics.open_failures),
        oldest_waiting_at=await here.db.run(statistics.oldest_waiting),
        hours=[HourOut(begins_at=hour.begins_at, succeeded=hour.succeeded, failed=hour.failed) for hour in hours],
        holders=[HolderOut(owner=one.owner, jobs=one.jobs, lease_until=one.lease_until) for one in holders],
        paused=await _paused(here),
        away=[
            AwayOut(provider=name, since=one.since, until=one.until, reason=one.reason) for name, one in parked.items()
        ],
        working=sidecar is not None,
    )


@router.post("/pause", responses={**ERRORS, 413: STEERING[413]})
async def pause(here: Here, who: Admin, wish: Kinds | None = None) -> list[PauseOut]:
    """Begin no more jobs of these kinds, on any machine. What runs comes to its end."""
    await desk.pause(here.parts, (wish or Kinds()).meant, by_whom=who.name, now=here.now())
    return await _paused(here)


@router.post("/resume", responses={**ERRORS, 413: STEERING[413]})
async def resume(here: Here, _: Admin, wish: Kinds | None = None) -> list[PauseOut]:
    """Begin jobs of these kinds again."""
    await desk.resume(here.parts, (wish or Kinds()).meant)
    here.wake()
    return await _paused(here)


@router.post("/poll", status_code=202, responses={**ERRORS, 503: STEERING[503]})
async def poll(here: Here, _: Worker) -> Said:
    """Look for tagged documents and begin what is due now, instead of at the next poll. For cron."""
    here.worker().poller.ring()
    here.wake()
    return Said(said="Paperless is asked for tagged documents now.")


@router.post("/release-stalled", responses={**ERRORS, 503: STEERING[503]})
async def release_stalled(here: Here, _: Admin) -> ReleasedOut:
    """Take back jobs whose runner died and whose lease ran out. It happens by itself, too, a little later.

    While machines that live may not have had the time to renew their leases, as after an outage of the store, jobs
    are left to them and nothing is taken back: it would be work done twice.
    """
    found = await here.worker().upkeep.release_stalled()
    return ReleasedOut(jobs=found.jobs, left=found.left, until=found.until, said=desk.told(found))


@router.post("/clear", responses={**ERRORS, 413: STEERING[413]})
async def clear(age: Age, here: Here, _: Admin) -> ClearedOut:
    """Forget jobs that ended so long ago, with their story, journal and texts: those cannot be taken back any more."""
    cleared = await desk.clear(here.parts, older_than=timedelta(days=age.older_than_days), now=here.now())
    return ClearedOut(rows=cleared.rows, more=cleared.more)


def _counted(counts: Counts) -> list[CountOut]:
    return [CountOut(state=state, kind=kind, jobs=number) for (state, kind), number in sorted(counts.items())]


async def _paused(here: Here) -> list[PauseOut]:
    return [PauseOut.of(one) for one in (await here.db.run(pauses.paused)).values()]
