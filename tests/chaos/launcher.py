"""The program with one thing that happens to it: `python -m tests.chaos.launcher run`, told by its environment.

CHAOS_POINT names a point (see points.py), CHAOS_AT its how-manieth passing (from 1), CHAOS_ACTION what happens there:

    kill    kill -9 itself
    raise   an error nobody expects; where an answer is lost, the error of a connection that broke
    hang    never go on
    pause   go on once the file `go` lies in CHAOS_FOLDER

When it happens the file `hit` is made in CHAOS_FOLDER; the file `passed` there names every point that was passed.
CHAOS_WITHOUT names a mechanism that is switched off (mechanisms.py). CHAOS_CLOCK_S lets the clock be off by so many
seconds, CHAOS_LEAP_S sets it by so many two seconds after the start. Nothing of this is known to the program: the
places are wrapped from outside.
"""

import asyncio
import functools
import json
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2

from sidecar.__main__ import main
from sidecar.engines.llm import Model
from sidecar.engines.readers import Readers
from sidecar.paperless.client import Paperless
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.transaction import Mode, durable, mode_of, relaxed
from sidecar.worker import delivery
from sidecar.worker.searchable import Searchable
from tests.chaos import mechanisms

POINT, ACTION = os.environ.get("CHAOS_POINT", ""), os.environ.get("CHAOS_ACTION", "")
FOLDER = Path(os.environ["CHAOS_FOLDER"])

_countdown = int(os.environ.get("CHAOS_AT", "1"))
_counting = threading.Lock()
_passed: set[str] = set()


class ChaosError(Exception):
    """An error nobody expects."""


def is_time(point: str) -> bool:
    """Say whether it is to happen here and now, and leave word of it."""
    global _countdown  # noqa: PLW0603 - one program, one thing that happens to it
    with _counting:
        if point not in _passed:
            _passed.add(point)
            with (FOLDER / "passed").open("a") as passed:
                passed.write(f"{point}\n")
        if point != POINT:
            return False
        _countdown -= 1
        if _countdown:
            return False
        (FOLDER / "hit").touch()
    if ACTION == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return True


def pass_by(point: str, error: Exception | None = None) -> None:
    """Come to a point on a thread."""
    if is_time(point):
        if ACTION == "raise":
            raise error or ChaosError(point)
        while ACTION == "hang" or not (FOLDER / "go").exists():
            time.sleep(0.02)  # held here to be killed or let go from outside; the file ends the waiting


async def pass_by_async(point: str, error: Exception | None = None) -> None:
    """Come to a point on the event loop; hanging and pausing stop one task, as a lost answer would."""
    if is_time(point):
        if ACTION == "raise":
            raise error or ChaosError(point)
        while ACTION == "hang" or not (FOLDER / "go").exists():  # noqa: ASYNC110 - the file lies in another's hands
            await asyncio.sleep(0.02)


# -- the store


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def _before_commit(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        pass_by(f"{_name(function)}: before the commit")
        return result

    return {Mode.RELAXED: relaxed, Mode.DURABLE: durable}[mode_of(function)](wrapped)


def wrap_store() -> None:
    """Put points before and after the commit of every store function that writes."""
    run, run_now = Database.run, Database.run_now

    async def run_with_points(self: Database, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if mode_of(function) is Mode.READ:
            return await run(self, function, *args, **kwargs)
        result = await run(self, _before_commit(function), *args, **kwargs)
        await pass_by_async(f"{_name(function)}: after the commit")
        return result

    def run_now_with_points(self: Database, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if mode_of(function) is Mode.READ:
            return run_now(self, function, *args, **kwargs)
        result = run_now(self, _before_commit(function), *args, **kwargs)
        pass_by(f"{_name(function)}: after the commit")
        return result

    Database.run = run_with_points  # type: ignore[assignment, method-assign]
    Database.run_now = run_now_with_points  # type: ignore[assignment, method-assign]


# -- requests


def _sort(request: Any) -> str | None:
    path = request.url.path
    if request.method == "PATCH":
        return "text" if "content" in json.loads(request.content) else "fields"
    if request.method == "DELETE":
        return "unnote" if path.endswith("/notes/") else "unname"
    if request.method != "POST":
        return None
    ends = {"/update_version/": "version", "/bulk_edit/": "tags", "/notes/": "note", "/chat/completions": "question"}
    return next((sort for end, sort in ends.items() if path.endswith(end)), "name")


def wrap_requests(library: Any) -> None:
    """Put points around every request that changes Paperless or is paid for, as sent by `library`."""
    send = library.AsyncClient.send

    async def send_with_points(self: Any, request: Any, **options: Any) -> Any:
        sort = _sort(request)
        if sort is None:
            return await send(self, request, **options)
        await pass_by_async(f"{sort}: before it is sent")

        async def trace(event: str, _info: object) -> None:
            if event == "http11.send_request_body.complete":
                await pass_by_async(f"{sort}: sent", library.ReadError("broken off"))

        request.extensions = {**request.extensions, "trace": trace}
        response = await send(self, request, **options)
        await pass_by_async(f"{sort}: answer lost", library.ReadError("broken off"))
        return response

    library.AsyncClient.send = send_with_points


# -- the steps between


def _before(owner: Any, name: str, point: str) -> None:
    """Put a point before an asynchronous method."""
    original = getattr(owner, name)

    @functools.wraps(original)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        await pass_by_async(point)
        return await original(*args, **kwargs)

    setattr(owner, name, wrapped)


def _after(owner: Any, name: str, point: str) -> None:
    """Put a point after an asynchronous method."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @functools.wraps(original)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        await pass_by_async(point)
        return result

    setattr(owner, name, wrapped)


def _around_plain(owner: Any, name: str, before: str | None, after: str) -> None:
    """Put a point after an ordinary function, and one before it."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before is not None:
            pass_by(before)
        result = original(*args, **kwargs)
        pass_by(after)
        return result

    setattr(owner, name, wrapped)


def wrap_steps() -> None:
    """Put a point at each step of the journey that is neither a commit nor a request."""
    _after(Paperless, "tagged", "poll: list read")
    _around_plain(Readers, "read", "page: asked for", "page: read")
    _after(Model, "ask", "model: answered")
    _before(delivery.Delivery, "deliver", "delivery: before the first look")
    _after(delivery.Delivery, "deliver", "delivery: looked at again")
    _after(Searchable, "make", "version: taken")
    _around_plain(delivery, "decide", None, "delivery: decided")
    _before(delivery.Delivery, "_change_tags", "delivery: between fields and tags")
    _after(delivery.Delivery, "_change_tags", "delivery: before the read-back")


# -- the clock


def wrap_clock(shown_s: Callable[[timedelta], float]) -> None:
    """Let the store's clock show another time: `shown_s` gives by how much, told how long it was looked at."""
    began: list[datetime] = []

    def wrap(owner: type[Database]) -> None:
        told = owner.time

        async def time_as_set(self: Any) -> datetime:
            now = await told(self)
            began.append(now)
            return now + timedelta(seconds=shown_s(now - began[0]))

        owner.time = time_as_set  # type: ignore[method-assign]

    wrap(Database)
    wrap(PostgresDatabase)


if __name__ == "__main__":
    wrap_store()
    wrap_requests(httpx)
    wrap_requests(httpx2)  # which asks the model
    wrap_steps()
    if "CHAOS_LEAP_S" in os.environ:
        leap_s = float(os.environ["CHAOS_LEAP_S"])
        wrap_clock(lambda after: leap_s if after > timedelta(seconds=2) else 0.0)
    if "CHAOS_CLOCK_S" in os.environ:
        wrap_clock(lambda _after: float(os.environ["CHAOS_CLOCK_S"]))
    mechanisms.switch_off(os.environ.get("CHAOS_WITHOUT", ""))
    main()
