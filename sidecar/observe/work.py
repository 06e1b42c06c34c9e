"""What is being worked on, said once around it: log lines say it, its time is measured, and traces show it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sidecar.observe.context import working_on


def about(number: int, document: int, kind: str) -> contextlib.AbstractContextManager[None]:
    """Say that the block is about this job, though it is not the work on it."""
    return working_on(job=number, document=document, kind=str(kind))


@contextlib.contextmanager
def job(number: int, document: int, kind: str) -> Iterator[None]:
    """Say that the block works on this job."""
    with about(number, document, kind):
        yield
