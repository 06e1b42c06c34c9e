"""The store as the rest of the program sees it: one class, two kinds of it (`sqlite.py`, `postgres.py`).

Store functions run on threads of the store's own, one transaction each. Waiting for them never blocks the event
loop, and what was asked for runs to its end even if whoever waited is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sidecar.domain.errors import StoreError
from sidecar.store.transaction import Mode, Transaction, mode_of

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Call:
    """A store function that waits for its transaction, and then how that ended."""

    function: Callable[[Transaction], Any]
    mode: Mode
    #: Where the result goes: to a thread that blocks, or to a task of an event loop.
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None
    result: Any = field(default=None)
    error: BaseException | None = field(default=None)

    def settle(self) -> None:
        """Hand result or error to whoever waits, if somebody still does. In the waiting loop's or thread's place."""
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
            if isinstance(self.future, asyncio.Future):
                self.future.exception()  # whoever waited may be gone; then asyncio would complain of an error unseen
        else:
            self.future.set_result(self.result)


def settle_all(calls: Sequence[Call]) -> None:
    """Hand all results over, waking each event loop once."""
    if len(calls) == 1 and calls[0].loop is not None:
        with contextlib.suppress(RuntimeError):
            calls[0].loop.call_soon_threadsafe(calls[0].settle)
        return
    by_loop: dict[asyncio.AbstractEventLoop, list[Call]] = {}
    for call in calls:
        if call.loop is None:
            call.settle()
        else:
            by_loop.setdefault(call.loop, []).append(call)
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_each, theirs)


def _settle_each(calls: Sequence[Call]) -> None:
    for call in calls:
        call.settle()


class Threads:
    """Up to `number` threads that give calls to `work`, each up to `at_once` that wait together.

    The thread that was idle last gets the next call: what it needs is still in the processor's cache, and no more
    threads (and their connections) are made than are needed at a time.
    """

    def __init__(self, name: str, number: int, work: Callable[[Sequence[Call]], None], *, at_once: int = 1) -> None:
        self._name = name
        self._number = number
        self._work = work
        self._at_once = at_once
        self._lock = threading.Lock()
        #: Calls for which nobody is idle.
        self._line: deque[Call] = deque()
        #: Where each idle thread waits for a call, or for None to end.
        self._idle: list[queue.SimpleQueue[Call | None]] = []
        self._threads: list[threading.Thread] = []
        self._closing = False

    def put(self, call: Call) -> None:
        """Give a call to an idle thread, or line it up."""
        with self._lock:
            if self._idle:
                idle = self._idle.pop()
            else:
                self._line.append(call)
                if len(self._threads) < self._number:
                    self._start()
                return
        idle.put(call)

    def close(self) -> None:
        """Let the threads end once all that was lined up is done."""
        with self._lock:
            self._closing = True
            for idle in self._idle:
                idle.put(None)
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _live(self) -> None:
        mine: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        while calls := self._next(mine):
            self._work(calls)
            settle_all(calls)

    def _next(self, mine: queue.SimpleQueue[Call | None]) -> list[Call]:
        """Wait for calls; none means that it is over."""
        with self._lock:
            calls = self._lined_up(self._at_once)
            if calls or self._closing:
                return calls
            self._idle.append(mine)
        call = mine.get()
        if call is None:
            return []
        if self._at_once == 1:
            return [call]
        with self._lock:
            return [call, *self._lined_up(self._at_once - 1)]

    def _lined_up(self, most: int) -> list[Call]:
        return [self._line.popleft() for _ in range(min(most, len(self._line)))]


class Database(ABC):
    """The store, opened. Functions declared in this room run through `run` or `run_now`."""

    #: Whether programs on several machines may work on it together.
    is_shared: bool = False

    def __init__(self, writers: Threads, readers: Threads) -> None:
        self._writers = writers
        self._readers = readers

    # -- running store functions

    async def run(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store function in one transaction on its thread, and wait without blocking the loop.

        Once asked for it runs to its end, even if the waiting task is cancelled. Raises StoreError: nothing was
        committed, or (PostgreSQL, when the connection broke at the commit) nobody knows.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        self._put(Call(_bound(function, args, kwargs), mode_of(function), waiting, loop))
        return await waiting

    def run_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store function in one transaction and block until it is done. Raises StoreError."""
        waiting: Future[T] = Future()
        self._put(Call(_bound(function, args, kwargs), mode_of(function), waiting, None))
        return waiting.result()

    def _put(self, call: Call) -> None:
        (self._readers if call.mode is Mode.READ else self._writers).put(call)

    # -- opening and closing

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the store is, for people; never with a password."""

    @abstractmethod
    def exists(self) -> bool:
        """Say whether there is a store yet. Raises StoreError if that cannot be found out."""

    @abstractmethod
    def migrate(self) -> None:
        """Bring the tables to this program's schema. Raises StoreError for a store of a newer or another program."""

    @abstractmethod
    def hold_instance(self) -> None:
        """Claim the store for this program until it ends, where only one may work on it. Raises InstanceError."""

    @abstractmethod
    def check(self) -> list[str]:
        """Return what is wrong with the store, a sentence each; nothing is changed. Raises StoreError."""

    @abstractmethod
    def backup(self, file: Path) -> None:
        """Write a copy of the store as it is at one moment, as a SQLite file, while work goes on."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was handed over, and let go of the store."""

    # -- several programs on one store

    async def listen(self, on_ready: Callable[[], None], on_lead: Callable[[], None]) -> None:
        """Call `on_ready` whenever a program says that a job became ready, `on_lead` when this one leads; for ever."""
        await asyncio.Event().wait()

    def leads(self) -> bool:
        """Say whether this program is the one that polls and keeps up the store."""
        return True

    @abstractmethod
    async def stirred(self) -> bool:
        """Say whether another program may have made a job ready since this was asked last; the net below `listen`."""

    async def time(self) -> datetime:
        """Return the time that all programs on this store go by."""
        return datetime.now(UTC)


def _bound(function: Callable[..., T], args: Any, kwargs: Any) -> Callable[[Transaction], T]:
    def call(tx: Transaction) -> T:
        return function(tx, *args, **kwargs)

    return call


def in_words(place: str, said: str) -> StoreError:
    """Return the error for what a database said, with advice for the owner."""
    advice = {
        "disk is full": "Free some space on the volume; the sidecar goes on by itself.",
        "No space left": "Free some space on the volume; the sidecar goes on by itself.",
        "readonly": "Make the volume writable for the user the sidecar runs as.",
        "locked": "Another program holds the file; is a backup or a database browser open?",
        "malformed": "It is damaged: restore a copy, or move it away; Paperless's tags are enough to start again.",
        "not a database": "DATA_DIR holds a file that is not ours; name another folder.",
        "password authentication": "Check user and password in DATABASE_URL.",
        "does not exist": "Check DATABASE_URL, and that the database and the role were made.",
        "permission denied": "The role needs a schema of its own: CREATE SCHEMA sidecar AUTHORIZATION its_role.",
        "connection": "Is the PostgreSQL server there? The sidecar goes on by itself when it is back.",
    }
    hint = next((text for word, text in advice.items() if word in said), "Look at the store and its volume.")
    return StoreError(f"The store {place} cannot be used: {said.strip().rstrip('.')}. {hint}")
