"""What programs on one store share beside the jobs: who is parked, and what only so many may do at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from sidecar.store import sharing
from sidecar.store.database import Database
from sidecar.store.sharing import Parked
from tests.store.conftest import NOW, another

MINUTE = timedelta(minutes=1)


@pytest.fixture
def programs(db: Database) -> Iterator[list[Database]]:
    """The store as four programs have it open."""
    others = [another(db) for _ in range(3)]
    yield [db, *others]
    for other in others:
        other.close()


def parked_for(minutes: int, reason: str) -> Parked:
    return Parked(NOW + minutes * MINUTE, NOW, reason)


def take(db: Database, owner: str, *, width: int = 1, minute: int = 0) -> bool:
    now = NOW + minute * MINUTE
    return db.run_now(sharing.take_slot, "door", width=width, owner=owner, now=now, until=now + MINUTE)


# -- parking


def test_what_one_program_parks_all_leave_alone_until_one_says_otherwise(programs: list[Database]) -> None:
    one, other, *_ = programs
    away = {"model": parked_for(5, "It does not answer."), "paperless": parked_for(1, "It is being upgraded.")}
    one.run_now(sharing.park, away)
    assert other.run_now(sharing.parked) == away
    assert other.run_now(sharing.unpark, "model")
    assert not one.run_now(sharing.unpark, "model")
    assert one.run_now(sharing.parked) == {"paperless": away["paperless"]}


def test_of_two_times_to_leave_a_provider_alone_the_later_one_counts(db: Database) -> None:
    db.run_now(sharing.park, {"model": parked_for(5, "It is busy.")})
    db.run_now(sharing.park, {"model": parked_for(2, "It does not answer.")})
    assert db.run_now(sharing.parked) == {"model": parked_for(5, "It is busy.")}
    db.run_now(sharing.park, {"model": parked_for(9, "It hung up.")})
    assert db.run_now(sharing.parked) == {"model": parked_for(9, "It hung up.")}


def test_a_provider_that_is_parked_for_longer_is_away_since_it_was_parked_first(db: Database) -> None:
    db.run_now(sharing.park, {"model": parked_for(1, "It does not answer.")})
    db.run_now(sharing.park, {"model": Parked(NOW + 9 * MINUTE, NOW + MINUTE, "It does not answer.")})
    assert db.run_now(sharing.parked)["model"].since == NOW


# -- slots


@pytest.mark.parametrize("width", [1, 2, 3])
def test_so_many_hold_a_slot_and_no_more(db: Database, width: int) -> None:
    taken = [take(db, f"program {number}", width=width) for number in range(5)]
    assert taken == [number < width for number in range(5)]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_so_many_hold_a_slot_and_no_more_when_all_ask_at_once(programs: list[Database], width: int) -> None:
    with ThreadPoolExecutor(4) as threads:
        for minute in range(0, 40, 2):  # each time all slots are free again
            taken = threads.map(
                lambda number, minute=minute: take(programs[number], f"program {number}", width=width, minute=minute),
                range(4),
            )
            assert sum(taken) == width


def test_a_slot_that_was_left_is_free_for_another(db: Database) -> None:
    assert take(db, "one")
    db.run_now(sharing.leave_slot, "door", owner="one")
    assert take(db, "other")


def test_a_slot_is_free_when_its_time_is_over_and_not_before(db: Database) -> None:
    assert take(db, "frozen")
    now = NOW + MINUTE - timedelta(seconds=1)
    assert not db.run_now(sharing.take_slot, "door", width=1, owner="other", now=now, until=now + MINUTE)
    assert take(db, "other", minute=1)


def test_who_comes_back_after_its_time_leaves_nobody_elses_slot(db: Database) -> None:
    assert take(db, "frozen")
    assert take(db, "other", minute=1)
    db.run_now(sharing.leave_slot, "door", owner="frozen")
    assert not take(db, "third", minute=1)


def test_slots_of_another_name_are_others(db: Database) -> None:
    assert take(db, "one")
    assert db.run_now(sharing.take_slot, "lane", width=1, owner="two", now=NOW, until=NOW + MINUTE)
    db.run_now(sharing.leave_slot, "lane", owner="one")
    assert not take(db, "three")


def test_a_program_with_a_narrower_door_counts_what_those_with_a_wider_one_hold(db: Database) -> None:
    assert take(db, "wide 1", width=3)
    assert take(db, "wide 2", width=3)
    assert not take(db, "narrow", width=1)
    assert take(db, "wide 3", width=3)
    assert not take(db, "wide 4", width=3)
