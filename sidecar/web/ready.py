"""Whether the sidecar can do its work now: Paperless, the store, the models and the poll, each with why and since."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.app import Present, Sidecar
from sidecar.domain.errors import StoreError
from sidecar.parts import Parts
from sidecar.store import counters

#: A store that takes longer for nothing at all is not there, in seconds.
STORE_S = 3.0
#: The poll may be late by so many of its pauses (longer than POLL_INTERVAL_S after a long list), and by this at least.
LATE = 3
LATE_AT_LEAST = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be well."""

    name: str
    ok: bool
    #: In a sentence for the owner; empty where all is well.
    why: str
    #: When it came to be so, as far as this program knows (aware UTC).
    since: datetime


class Readiness:
    """Looks at everything, and remembers since when it is so."""

    def __init__(self, parts: Parts, present: Present) -> None:
        self._parts = parts
        self._present = present
        self._seen: dict[str, Check] = {}

    async def look(self, now: datetime) -> list[Check]:
        """Return how everything is. Nobody outside is asked: what the worker knows is told."""
        sidecar = self._present.sidecar
        found = {
            "paperless": _paperless(sidecar),
            "database": await self._database(),
            "models": self._models(sidecar),
            "poll": self._poll(sidecar, now),
        }
        return [self._since(name, why, now) for name, why in found.items()]

    def _since(self, name: str, why: str, now: datetime) -> Check:
        before = self._seen.get(name)
        since = before.since if before is not None and before.ok is not bool(why) else now
        check = self._seen[name] = Check(name, not why, why, since)
        return check

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(STORE_S):
                await self._parts.db.run(counters.answers)
        except StoreError as error:
            return str(error)
        except TimeoutError:
            return f"The store did not answer within {STORE_S:.0f} s."
        return ""

    def _models(self, sidecar: Sidecar | None) -> str:
        """Say what is wrong: of a chain of models one that is there will do."""
        if sidecar is None:
            return ""
        needed = [self._parts.model.provider] if self._parts.settings.llm_model else []
        if self._parts.vision is not None:
            needed.append(self._parts.vision.provider)
        away = [name for name in needed if not sidecar.providers.available([name])]
        return " ".join((sidecar.providers.why_parked(name) or (f"{name} is away.", 0))[0] for name in away)

    def _poll(self, sidecar: Sidecar | None, now: datetime) -> str:
        if sidecar is None:
            return "Paperless was not asked for tagged documents yet."
        age = poll_age(sidecar, now)
        late = max(LATE * timedelta(seconds=sidecar.poller.pause_s), LATE_AT_LEAST)
        if age <= late or not self._parts.db.leads():
            return ""
        return f"Paperless was last asked for tagged documents {age.total_seconds():.0f} s ago."


def _paperless(sidecar: Sidecar | None) -> str:
    if sidecar is None:
        return "The sidecar is starting; it waits for Paperless."
    parked = sidecar.providers.why_parked("paperless")
    return "" if parked is None else parked[0]


def poll_age(sidecar: Sidecar, now: datetime) -> timedelta:
    """Return how long ago Paperless was asked for tagged documents, or the worker started."""
    return max(now - sidecar.poller.polled_at, timedelta())
