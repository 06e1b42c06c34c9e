"""The one place where tests wait for what happens elsewhere: the condition ends the waiting, not the clock.

The deadline only ends a test that hangs; it is no claim about speed.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def until(
    condition: Callable[[], T], what: str = "it to come to that", *, within_s: float = 90.0, every_s: float = 0.01
) -> T:
    """Ask again and again until the condition is true and give what it gave; the test fails after `within_s`."""
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"waited {within_s:.0f} s in vain: {what}")
        time.sleep(every_s)  # between two looks: what is waited for is another program's, and nothing rings
    return found


async def eventually(condition: Callable[[], bool | Awaitable[bool]], what: str, within_s: float = 90.0) -> None:
    """Wait as `until` does, and let others on this loop go on meanwhile."""
    deadline_s = time.monotonic() + within_s
    while True:
        holds = condition()
        if await holds if inspect.isawaitable(holds) else holds:
            return
        if time.monotonic() > deadline_s:
            pytest.fail(f"waited {within_s:.0f} s in vain: {what}")
        await asyncio.sleep(0.02)
