"""A lane: how one kind of job is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sidecar.domain.job import Job
from sidecar.domain.writeback import Proposal
from sidecar.worker.delivery import Delivered

Step = Callable[[Job], Awaitable[Proposal]]


@dataclass(frozen=True, slots=True)
class Lane:
    """How one kind of job is run."""

    step: Step
    #: Jobs of this kind at a time.
    width: int
    #: Providers that must be there before a job is claimed.
    needs: tuple[str, ...]
    #: Whether the width is that of all machines together.
    together: bool = False
    #: What is left to be done once it is delivered; returns what the delivery came to, in words.
    after: Callable[[Job, Delivered], Awaitable[str]] | None = None
    #: What could not be made before a person approved the proposal; returns it as it is to be delivered.
    approved: Callable[[Job, Proposal], Awaitable[Proposal]] | None = None
