"""Counters that go on where they stood before the last start: sums that are kept in a file, and what came since.

The store forgets old jobs, and a counter that goes down looks to Prometheus like a start from zero, with all that is
left counted once more. So sums are carried on from look to look, and written down beside the store. After a kill
the file may be some looks old: what came since then is in the store, and counted again from there.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.observe.meter import Figure, model_label
from sidecar.store import counters
from sidecar.store.database import Database

_log = logging.getLogger(__name__)

FILE = "metrics.json"
#: Ends of jobs and calls younger than this are counted at the next look: their commits may come in another order.
SETTLED = timedelta(seconds=10)

_OUTCOMES = ("answered", "unusable", "failed")
_DIRECTIONS = ("input", "output")
Sums = dict[tuple[str, ...], float]


class Counters:
    """The sums of one store as this program knows them."""

    def __init__(self, db: Database, file: Path) -> None:
        self._db = db
        self._file = file
        self._jobs: Sums = defaultdict(float)
        self._calls: Sums = defaultdict(float)
        self._tokens: Sums = defaultdict(float)
        self._cost: Sums = defaultdict(float)
        self._until = datetime.fromtimestamp(0, UTC)
        self._last_call = 0
        #: Two that look at once would both add what came since the look before them.
        self._looking = asyncio.Lock()
        self._load()

    async def look(self, now: datetime) -> list[Figure]:
        """Add what came since the last look and return the sums. Raises StoreError."""
        async with self._looking:
            return await self._look(now)

    async def _look(self, now: datetime) -> list[Figure]:
        until = max(self._until, now - SETTLED)
        came = await self._db.run(counters.since, after=self._until, until=until, call=self._last_call)
        for labels, number in came.jobs.items():
            self._jobs[labels] += number
        for (model, purpose), paid in came.calls.items():
            names = (model_label(model), purpose)
            answered, unusable, failed, given, got, cost = astuple(paid)
            for outcome, number in zip(_OUTCOMES, (answered, unusable, failed), strict=True):
                self._calls[(*names, outcome)] += number
            for direction, number in zip(_DIRECTIONS, (given, got), strict=True):
                self._tokens[(*names, direction)] += number
            self._cost[names] += cost
        self._until, self._last_call = until, came.last_call
        if came.jobs or came.calls:
            self._keep()
        return self._figures()

    def _figures(self) -> list[Figure]:
        return [
            Figure("sidecar_jobs_finished_total", "counter", "Jobs that ended.", ("kind", "state"), self._jobs),
            Figure(
                "sidecar_model_calls_total", "counter", "Calls to models that may cost money.",
                ("model", "purpose", "outcome"), self._calls,
            ),
            Figure(
                "sidecar_model_tokens_total", "counter", "Tokens of these calls.", ("model", "purpose", "direction"),
                self._tokens,
            ),
            Figure(
                "sidecar_model_cost_total", "counter", "What they cost, in CURRENCY; unknown prices count nothing.",
                ("model", "purpose"), self._cost,
            ),
        ]  # fmt: skip

    def _parts(self) -> Mapping[str, Sums]:
        return {"jobs": self._jobs, "calls": self._calls, "tokens": self._tokens, "cost": self._cost}

    def _load(self) -> None:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["store"] != self._db.place:
                return
            for name, sums in self._parts().items():
                sums.update({tuple(labels): float(value) for labels, value in kept[name]})
            self._until = datetime.fromtimestamp(kept["until"], UTC)
            self._last_call = int(kept["last_call"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s cannot be used, so counters begin anew: %s", self._file, error)

    def _keep(self) -> None:
        kept = {
            "store": self._db.place,
            "until": self._until.timestamp(),
            "last_call": self._last_call,
            **{name: [[list(labels), value] for labels, value in sums.items()] for name, sums in self._parts().items()},
        }
        try:
            half = self._file.with_suffix(".half")
            half.write_text(json.dumps(kept), encoding="utf-8")
            half.replace(self._file)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error.strerror or error)
