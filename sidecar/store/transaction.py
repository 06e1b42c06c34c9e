"""What a store function gets and how it declares itself: one transaction, on either database.

A store function is a plain function whose first argument is the open transaction. Its decorator says how its commit
is kept; `Database.run` does the rest. SQL is written once for SQLite and PostgreSQL, with values as `:name`.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Mode(Enum):
    """How a store function runs."""

    #: It only looks.
    READ = "read"
    #: Its commit may be lost in a power cut, never in a crash of the program.
    RELAXED = "relaxed"
    #: Its commit is on the disk once the call returned.
    DURABLE = "durable"


_MODES: dict[object, Mode] = {}


def reading(function: Callable[P, T]) -> Callable[P, T]:
    """Declare a store function that only looks."""
    _MODES[function] = Mode.READ
    return function


def relaxed(function: Callable[P, T]) -> Callable[P, T]:
    """Declare a store function whose commit may be lost in a power cut (never in a crash of the program).

    On PostgreSQL it is durable all the same: there a server can lose power while its runners live on, and a claim
    or a renewal that only they remember would give one lease token to two of them.
    """
    _MODES[function] = Mode.RELAXED
    return function


def durable(function: Callable[P, T]) -> Callable[P, T]:
    """Declare a store function whose commit survives a power cut once it returned."""
    _MODES[function] = Mode.DURABLE
    return function


def mode_of(function: object) -> Mode:
    """Return how a store function was declared; raises KeyError for one that was not."""
    return _MODES[function]


class Transaction(ABC):
    """One open transaction: what a store function gets as its first argument."""

    #: Appended to a SELECT whose rows this transaction is about to change: nobody else may meanwhile.
    locking: ClassVar[str] = ""
    #: The same, but rows that somebody else is about to change are passed over.
    skipping: ClassVar[str] = ""

    @abstractmethod
    def run(self, sql: str, **values: Any) -> int:
        """Execute and return the number of rows changed."""

    @abstractmethod
    def run_many(self, sql: str, values: Sequence[Mapping[str, Any]]) -> int:
        """Execute once for each of the values and return the number of rows changed in all."""

    @abstractmethod
    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Execute and return all rows, as named tuples."""

    @abstractmethod
    def only_row(self, sql: str, **values: Any) -> Any | None:
        """Execute and return the first row or None, for a function that asks nothing else: it may cost less."""

    @abstractmethod
    def take_turns(self, name: str) -> None:
        """Wait until no other transaction that asked for the same name is open."""

    @abstractmethod
    def announce(self) -> None:
        """Tell all programs on this store, at the commit, that a job has become ready."""

    @abstractmethod
    def hold_still(self) -> None:
        """See the store in this transaction as it is now, whatever is committed meanwhile."""

    @abstractmethod
    def number_on(self, table: str) -> None:
        """Number new rows of the table after those that are there."""

    def only_change(self, first: str, *then: str, **values: Any) -> bool:
        """Change one row, named by :id, and if it was there all that follows; say whether it was.

        For a function that asks nothing else. What follows is written with `first`, a table of that one id.
        """
        if not self.run(first, **values):
            return False
        for statement in then:
            self.run(f"WITH first AS (SELECT :id AS id) {statement}", **values)
        return True

    def row(self, sql: str, **values: Any) -> Any | None:
        """Execute and return the first row or None. All rows are fetched, so that RETURNING takes full effect."""
        found = self.rows(sql, **values)
        return found[0] if found else None


@functools.cache
def row_type(columns: tuple[str, ...]) -> Any:
    """Return the named tuple for rows with these columns."""
    return namedtuple("Row", columns, rename=True)
