"""Letting short, costly steps come to their end when the program is asked to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


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
