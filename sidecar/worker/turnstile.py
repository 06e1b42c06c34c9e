"""Requests and tokens per minute: before each endpoint stands one turnstile, for all models that are asked there.

It lets requests through in the order in which they came, as many as the owner allows in any minute; the others wait.
On a store that several programs share, requests are counted by slots that are held for a minute, tokens by the ledger.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.privacy import host_or_openai
from sidecar.engines.llm import Model
from sidecar.store import rates, sharing
from sidecar.store.database import Database
from sidecar.worker.clock import Clock

_log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
#: Whether others have left room is looked at so often, in seconds.
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What an endpoint may be asked in any minute; None: as much as there is."""

    requests: int | None = None
    tokens: int | None = None

    def and_of(self, other: Rates) -> Rates:
        """Return the stricter of both, for an address that is named twice."""
        return Rates(_least(self.requests, other.requests), _least(self.tokens, other.tokens))


#: What the endpoints of some models may be asked, each by itself.
Allowed = tuple[Sequence[Model], Rates]


def rates_of(models: Sequence[Model], usual: Rates, own: Sequence[tuple[int | None, int | None]]) -> list[Allowed]:
    """Return what each model's endpoint may be asked: as usual, but for the last ones, the fall-backs, what is their
    `own`: requests and tokens, None as usual, 0 without a limit."""
    first = len(models) - len(own)

    def either(number: int | None, otherwise: int | None) -> int | None:
        return otherwise if number is None else number or None

    fallbacks = [
        ([model], Rates(either(rpm, usual.requests), either(tpm, usual.tokens)))
        for model, (rpm, tpm) in zip(models[first:], own, strict=True)
    ]
    return [(models[:first], usual), *fallbacks]


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


@dataclass(slots=True)
class Pass:
    """One request that was let through; its tokens are a guess until `spent` says better."""

    at: datetime
    tokens: int

    def spent(self, tokens: int) -> None:
        """Say how many tokens it came to."""
        self.tokens = tokens


class Turnstile:
    """Lets requests to one address through. Whoever waits here waits in line, and may be cancelled at any time."""

    def __init__(
        self, address: str, allowed: Rates, db: Database, clock: Clock, *, owner: str, providers: Sequence[str]
    ) -> None:
        """`providers` are the names by which the ledger knows who is asked here."""
        self.address = address
        self._allowed = allowed
        self._db = db
        self._clock = clock
        self._owner = owner
        self._providers = tuple(providers)
        self._line = asyncio.Lock()
        self._passed: deque[Pass] = deque()

    async def enter(self, tokens: int) -> Pass:
        """Wait until a request of about so many tokens may be sent, and count it.

        One that alone is more than a minute's tokens goes through when the minute is empty.
        """
        async with self._line:  # whose turn it is waits for room, and all others behind it
            waited = False
            while (wait_s := await self._wait_s(tokens)) > 0:
                if not waited:
                    _log.info("%s: as much was asked this minute as is allowed; waiting", self.address)
                waited = True
                await self._clock.sleep(wait_s)
            one = Pass(self._clock.now(), tokens)
            self._passed.append(one)
            return one

    async def _wait_s(self, tokens: int) -> float:
        """Return how long to wait before looking again, 0 if there is room: then its slot is taken already."""
        now = self._clock.now()
        while self._passed and not now - MINUTE < self._passed[0].at <= now:  # later: before the clock was set back
            self._passed.popleft()
        allowed = self._allowed
        first = self._passed[0].at + MINUTE - now if self._passed else timedelta(0)
        own_s = max(first.total_seconds(), 0.01)
        if allowed.requests is not None and len(self._passed) >= allowed.requests:
            return own_s
        if allowed.tokens is not None:
            own = sum(one.tokens for one in self._passed)
            noted = await self._db.run(rates.used, self._providers, since=now - MINUTE)
            used = max(own, noted.tokens)
            if used and used + tokens > allowed.tokens:
                return min(own_s, LOOK_EVERY_S) if self._passed else LOOK_EVERY_S
        return await self._slot_s(now)

    async def _slot_s(self, now: datetime) -> float:
        """Take a slot among all programs for a minute, where there are several; return how long to wait if none is."""
        if self._allowed.requests is None or not self._db.is_shared:
            return 0.0
        taken = await self._db.run(
            sharing.take_slot, f"asking {self.address}", width=self._allowed.requests, owner=self._owner, now=now,
            until=now + MINUTE,
        )  # fmt: skip
        return 0.0 if taken else LOOK_EVERY_S


def put_turnstiles(wanted: Iterable[Allowed], db: Database, clock: Clock, owner: str) -> None:
    """Put turnstiles before the endpoints of all models: one for each address, whoever is asked there.

    Where an address is named more than once the stricter limits count; where there is none, nothing is counted.
    """
    limits: dict[str, Rates] = {}
    asked: dict[str, list[Model]] = {}
    for models, allowed in wanted:
        for model in models:
            address = model.address.rstrip("/").lower()
            limits[address] = limits.get(address, Rates()).and_of(allowed)
            asked.setdefault(address, []).append(model)
    for address, allowed in limits.items():
        if allowed == Rates():
            continue
        names = sorted({host_or_openai(model.url) for model in asked[address]})
        turnstile = Turnstile(address, allowed, db, clock, owner=owner, providers=names)
        for model in asked[address]:
            model.turnstile = turnstile
