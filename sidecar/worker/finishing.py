"""Letting short, costly steps come to their end: when the program is asked to stop, and when the store is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from sidecar.domain.errors import StoreError
from sidecar.worker.clock import Clock

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: How soon a store that could not be used is tried again, in seconds: sooner than others may take over a job whose
#: lease could not be renewed, which is half a lease after the store is back, and a lease is three seconds or more.
STORE_S = 0.7
#: How often that is said, in seconds.
SAID_EVERY_S = 30.0


async def to_the_end(step: Coroutine[Any, Any, T]) -> T:
    """Run `step` to its end even if the caller is cancelled; the cancellation is raised afterwards.

    A second cancellation is not withstood.
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            try:
                await task
            except asyncio.CancelledError:
                task.cancel()
                raise
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not warn of it; the step's own records tell the rest
        raise


async def once_the_store_is_back(step: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Do a step in the store, waiting for a store that cannot be used now for as long as it takes.

    For what would have to be paid for again if it were lost, and for ends of jobs. The step must bear being done
    twice: a store that hung up may have done it.
    """
    silent_s = SAID_EVERY_S
    while True:
        try:
            return await step()
        except StoreError as error:
            if silent_s >= SAID_EVERY_S:
                _log.error("%s", error)
                silent_s = 0.0
        await clock.sleep(STORE_S)
        silent_s += STORE_S


async def together(*steps: Coroutine[Any, Any, None]) -> None:
    """Run steps side by side. The first error cancels the others, and is raised once all have ended.

    Cancelling this cancels the steps, each time anew: what withstands once (`to_the_end`) gives way the second time,
    which a TaskGroup does not pass on.
    """
    tasks = [asyncio.ensure_future(step) for step in steps]
    is_cancelled = False
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    except asyncio.CancelledError:
        is_cancelled = True
    for task in tasks:
        task.cancel()
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError:
            is_cancelled = True
            for task in pending:
                task.cancel()
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    if is_cancelled:
        raise asyncio.CancelledError
    if errors:
        raise errors[0]
