"""News for people: who works says what happened, and who is to tell it on listens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum


class Cause(StrEnum):
    """What people may be told of."""

    FAILED = "failed"
    BUDGET = "budget"
    PARKED = "parked"
    REVIEW = "review"


Listener = Callable[[Cause, str], None]

_listeners: list[Listener] = []


def tell(cause: Cause, text: str) -> None:
    """Say what happened, in a sentence without titles or texts of documents. Never waits."""
    for listener in _listeners:
        listener(cause, text)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hand all news of the block to a listener, which must neither wait nor raise."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
