"""The one place where a scenario waits."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, *, within_s: float = 90.0, every_s: float = 0.01) -> T:
    """Ask again and again until the condition is true and give what it gave; the test fails after `within_s`.

    The deadline only ends a test that hangs; it is no claim about speed.
    """
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"waited {within_s:.0f} s in vain: {what}")
        time.sleep(every_s)  # between two looks; the condition ends the waiting, not the clock
    return found
