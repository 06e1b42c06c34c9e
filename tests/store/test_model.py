"""The store against a model of it: thousands of steps in no particular order, with zombies and deaths among them.

`make test` takes a slice that is the same every time; MODEL_STEPS=10000 takes that many, others at every run.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from sidecar.store import job_row, keeping, queue, rescue
from sidecar.store.database import Database
from sidecar.store.sqlite import SqliteDatabase
from tests.store.machine import Counter, StoreMachine

STEPS = int(os.environ.get("MODEL_STEPS", "0"))
SLICE = 1000
SETTINGS = settings(
    max_examples=10, stateful_step_count=50, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def play(db: Database, *, steps: int, anew: bool, **values: Any) -> Counter:
    """Play examples until so many steps were made: new ones at every run, or the same as always."""
    counter = Counter()
    rounds = 0

    def machine() -> StoreMachine:
        return StoreMachine(db, counter)

    while counter.steps < steps:
        rounds += 1
        run_state_machine_as_test(machine if anew else seed(rounds)(machine), settings=settings(SETTINGS, **values))
    return counter


@pytest.mark.timeout(3600 if STEPS else 300)
def test_the_store_does_and_holds_what_its_model_does(db: Database) -> None:
    counter = play(db, steps=STEPS or SLICE, anew=bool(STEPS))
    print(f"{counter.steps} steps, {counter.late} of them by runners that had lost their lease")
    assert counter.late > counter.steps / 100


ONE_FORGETS = "FROM job WHERE state IN ('succeeded', 'failed', 'cancelled')"
CLAIM = queue._claim
TAKE_BACK = rescue._take_back


@pytest.mark.parametrize(
    ("room", "name", "broken"),
    [
        pytest.param(job_row, "MINE", "WHERE id = :id AND :token > 0 AND state = 'running'", id="leases do not matter"),
        pytest.param(queue, "_REASON", "reason = COALESCE(:reason, reason)", id="the reason of a doom is lost"),
        pytest.param(
            queue, "_claim", lambda *how: CLAIM(*how).replace("priority, ", ""), id="none goes first"
        ),
        pytest.param(queue, "_settle_write", lambda *args: None, id="an ending forgets its write-back"),
        pytest.param(keeping, "_FORGETTABLE", ONE_FORGETS, id="the newest job is forgotten too"),
        pytest.param(
            rescue, "_take_back", lambda tx, job, crashes, free_at, *rest: TAKE_BACK(tx, job, crashes, None, *rest),
            id="a request in flight is not waited for",
        ),
    ],
)  # fmt: skip
def test_the_model_notices_when(
    file: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, room: Any, name: str, broken: Any
) -> None:
    monkeypatch.setattr(room, name, broken)
    with pytest.raises(AssertionError):
        play(file, steps=10 * SLICE, anew=False, phases=[Phase.generate], report_multiple_bugs=False)
