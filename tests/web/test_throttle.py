"""Who guesses passwords waits: longer each time, by account and by address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sidecar.web.throttle import FIRST_WAIT, FREE, LONGEST_WAIT, REMEMBERED, Throttle

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTHING = timedelta(0)


def failing(times: int, account: str = "anna", address: str = "192.0.2.1") -> Throttle:
    throttle = Throttle()
    for _ in range(times):
        throttle.failed(account, address, NOW)
    return throttle


@pytest.mark.parametrize(
    ("times", "wait"),
    [
        (0, NOTHING),
        (FREE - 1, NOTHING),
        (FREE, FIRST_WAIT),
        (FREE + 1, 2 * FIRST_WAIT),
        (FREE + 2, 4 * FIRST_WAIT),
        (FREE + 40, LONGEST_WAIT),
    ],
)
def test_the_wait_doubles_with_every_failure_up_to_the_longest(times: int, wait: timedelta) -> None:
    throttle = failing(times)
    assert throttle.wait("anna", "192.0.2.1", NOW) == wait
    assert throttle.wait("anna", "192.0.2.1", NOW + wait) == NOTHING


@pytest.mark.parametrize(
    ("account", "address", "waits"),
    [
        ("anna", "198.51.100.7", True),
        (" ANNA ", "198.51.100.7", True),
        ("mia", "192.0.2.1", True),
        ("mia", "192.0.2.2", False),
    ],
)
def test_an_account_waits_everywhere_and_an_address_for_all_accounts(account: str, address: str, waits: bool) -> None:
    assert (failing(FREE).wait(account, address, NOW) > NOTHING) is waits


def test_a_household_has_one_address_of_the_new_kind() -> None:
    throttle = failing(FREE, address="2001:db8:1:2::3")
    assert throttle.wait("mia", "2001:db8:1:2:ffff::9", NOW) > NOTHING
    assert throttle.wait("mia", "2001:db8:1:3::3", NOW) == NOTHING


def test_failures_are_forgotten_after_a_success_and_after_a_while() -> None:
    throttle = failing(FREE)
    throttle.succeeded("anna", "192.0.2.1")
    assert throttle.wait("anna", "192.0.2.1", NOW) == NOTHING
    throttle = failing(FREE + 40)
    later = NOW + LONGEST_WAIT + timedelta(seconds=1)
    assert throttle.wait("anna", "192.0.2.1", later) == NOTHING
    throttle.failed("anna", "192.0.2.1", later)
    assert throttle.wait("anna", "192.0.2.1", later) == NOTHING


def test_what_is_remembered_is_bounded() -> None:
    throttle = Throttle()
    for number in range(REMEMBERED):
        throttle.failed(f"account {number}", "192.0.2.1", NOW)
    assert len(throttle._failures) <= REMEMBERED
