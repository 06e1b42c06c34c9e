"""Hand several calls to a store's writer so that all of them wait for it at the same moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from sidecar.store.database import Database
from sidecar.store.transaction import Transaction, relaxed

#: A store function and its arguments.
Asked = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


@relaxed
def _occupy(tx: Transaction, busy: threading.Event, free: threading.Event) -> None:
    busy.set()
    free.wait(30)


async def together(db: Database, calls: list[Asked]) -> list[Any]:
    """Return what each call returned or raised. With one writer they are all in one commit."""
    busy, free = threading.Event(), threading.Event()
    occupying = asyncio.ensure_future(db.run(_occupy, busy, free))
    await asyncio.sleep(0)  # no waiting: what was made ready runs, up to the store's line
    busy.wait(30)
    asked = [asyncio.ensure_future(db.run(function, *args, **values)) for function, args, values in calls]
    await asyncio.sleep(0)
    free.set()
    return (await asyncio.gather(occupying, *asked, return_exceptions=True))[1:]
