"""When a failed job is tried again, and how long a provider stays parked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sidecar.domain.errors import BudgetError, OutageError, TemporaryError, WorkError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of a job's own retries."""

    #: Attempts in all, the first included.
    max_attempts: int = 5
    #: Deaths of the program with this job running and no progress in between, after which it is given up.
    max_crashes: int = 5
    #: Upper bound of the first wait, in seconds; doubles with every attempt.
    base_s: float = 30.0
    #: No wait is longer than this, in seconds.
    cap_s: float = 3600.0

    def delay(self, attempt: int, chance: float) -> timedelta:
        """Return how long to wait after `attempt` (from 1) failed; `chance` is uniform in [0, 1).

        Full jitter: uniform in [0, min(cap, base * 2**(attempt-1))], and at least one second, so that jobs that
        failed together do not come back together.
        """
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 32))
        return timedelta(seconds=max(1.0, chance * ceiling))

    def exhausted(self, attempt: int) -> bool:
        """Say whether no attempt is left after this one."""
        return attempt >= self.max_attempts


PARK_BASE_S = 5.0
PARK_CAP_S = 300.0
RETRY_AFTER_CAP_S = 6 * 3600.0


def parking_s(failures: int, chance: float, retry_after_s: float | None = None) -> float:
    """Return for how many seconds a provider that failed `failures` times in a row (from 1) is left alone.

    Its own wish (Retry-After) counts where it gave one, up to six hours; else 5 s doubling to 5 minutes, of which
    the upper half is random.
    """
    if retry_after_s is not None:
        return min(max(retry_after_s, 1.0), RETRY_AFTER_CAP_S)
    ceiling = min(PARK_CAP_S, PARK_BASE_S * 2.0 ** min(failures - 1, 16))
    return ceiling * (0.5 + 0.5 * chance)


def soonest(errors: Sequence[WorkError]) -> WorkError:
    """Return, of the errors of several models that were tried for one thing, the one to go by: that after which another
    try may help soonest. Who is away may be back any moment, who failed may do it in a minute, and a budget waits for
    its next period; what the others mean for the job stands in the error."""
    first = min(errors, key=_patience)
    if isinstance(first, OutageError):
        first.aside_s = max(error.aside_s for error in errors if isinstance(error, OutageError))
    if isinstance(first, TemporaryError):
        first.otherwise = next((error for error in errors if isinstance(error, BudgetError)), None)
    return first


def _patience(error: WorkError) -> int:
    if isinstance(error, OutageError):
        return 0
    return 1 if isinstance(error, TemporaryError) else 2
