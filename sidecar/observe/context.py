"""Which job is being worked on, for every log line that is written meanwhile, in whatever part of the program."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

_NOTHING: Mapping[str, object] = {}
_here: ContextVar[Mapping[str, object]] = ContextVar("sidecar_here", default=_NOTHING)


def here() -> Mapping[str, object]:
    """Return what is being worked on: `job`, `document` and `kind`, and `page` where it is one; empty outside."""
    return _here.get()


@contextlib.contextmanager
def working_on(**what: object) -> Iterator[None]:
    """Say what the block, and the tasks and threads that begin in it, work on; added to what was said around it."""
    before = _here.set({**_here.get(), **what})
    try:
        yield
    finally:
        _here.reset(before)
