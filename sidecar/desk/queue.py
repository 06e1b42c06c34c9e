"""Steering the queue as a whole: pausing kinds, and forgetting what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.job import Kind
from sidecar.parts import Parts
from sidecar.store import keeping, pauses
from sidecar.worker.upkeep import Released

#: Clearing stops after so long, in seconds, and says that there is more.
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was forgotten."""

    rows: int
    #: Whether there is more that is as old.
    more: bool


async def pause(parts: Parts, kinds: Collection[Kind], *, by_whom: str, now: datetime) -> None:
    """Let no more jobs of these kinds be claimed, on any machine. What runs comes to its end."""
    await parts.db.run(pauses.pause, kinds, by_whom=by_whom, now=now)


async def resume(parts: Parts, kinds: Collection[Kind]) -> None:
    """Let jobs of these kinds be claimed again."""
    await parts.db.run(pauses.resume, kinds)


def told(released: Released) -> str:
    """Say what looking for stalled jobs came to."""
    if released.until is None:
        return f"Taken back: {_jobs(released.jobs)}."
    return (
        f"Nothing is taken back yet: {released.why}, so leases may have run out of runners that live. "
        f"{_jobs(released.left)} may still be worked on; "
        f"what is not renewed by {released.until:%H:%M:%S} UTC is taken back then by itself."
    )


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"


async def clear(parts: Parts, *, older_than: timedelta, now: datetime) -> Cleared:
    """Forget jobs that ended so long ago, with their story, journal and texts. What was forgotten cannot be undone."""
    loop = asyncio.get_running_loop()
    until, rows = loop.time() + PATIENCE_S, 0
    while gone := await parts.db.run(keeping.prune, before=now - older_than, now=now):
        rows += gone
        if loop.time() > until:
            return Cleared(rows, more=True)
        await asyncio.sleep(0)  # claims come through in between
    return Cleared(rows, more=False)
