"""Everything that can go wrong, as the runner tells it apart.

    SidecarError
    ├── SettingsError            the owner must change a setting (exit code 3)
    ├── StoreError               the database file or server cannot be used now
    │   └── InstanceError        another sidecar holds this store (exit code 4)
    └── WorkError                a job did not come to its end
        ├── TemporaryError       try this job again later; an attempt is counted
        ├── PermanentError       this document cannot be done as it is; the owner is told why
        │   ├── TooLongError         the question has no room in the model's context
        │   └── UnusableError        one model gave no answer that can be used
        ├── OutageError          a provider is away; park it, count nothing, keep the tags
        │   └── MisconfiguredError   the provider refuses everybody: token, address or model is wrong
        ├── BudgetError          the owner's budget is spent; wait for the next period, count nothing, keep the tags
        ├── CancelledError       the owner or the world withdrew the job
        ├── LeaseLostError       another runner owns the job now; stop and discard
        └── UncertainWriteError  a write was sent and its answer never came; look again before writing

Texts are whole sentences for the owner: what happened and what to do about it.
"""

from __future__ import annotations

from datetime import datetime


class SidecarError(Exception):
    """Root of all errors that carry a sentence for the owner."""


class SettingsError(SidecarError):
    """One or more settings are missing or wrong; `problems` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(SidecarError):
    """The store cannot be read or written now: disk full, locked, read-only, damaged or too new."""


class InstanceError(StoreError):
    """A second sidecar was started on the same store."""


class WorkError(SidecarError):
    """A job did not come to its end."""


class TemporaryError(WorkError):
    """Try the job again later.

    `suspect` names the provider ("paperless" or "model") that gave no proper answer, or is None. The runner asks
    a suspect for a sign of life: if there is none, the failure counts as an outage and costs the job nothing.
    `otherwise` is what else could do it later, once trying again was no use.
    """

    def __init__(self, message: str, *, suspect: str | None = None, otherwise: BudgetError | None = None) -> None:
        super().__init__(message)
        self.suspect = suspect
        self.otherwise = otherwise


class PermanentError(WorkError):
    """This document cannot be done as it is; trying again would end the same way."""


class ForbiddenError(PermanentError):
    """Paperless itself says that the sidecar's user may not do this; a proxy that says so says it in HTML."""


class TooSlowError(PermanentError):
    """A page took all the time that one may take."""


class TooLongError(PermanentError):
    """The question has no room in the model's context. `context_tokens` is that room, with the answer's,
    `asked_tokens` is what the question takes; each is None where the server did not say."""

    def __init__(self, message: str, *, context_tokens: int | None = None, asked_tokens: int | None = None) -> None:
        super().__init__(message)
        self.context_tokens = context_tokens
        self.asked_tokens = asked_tokens


class UnusableError(PermanentError):
    """One model was given its chances and gave no answer that can be used; another one may."""


class OutageError(WorkError):
    """`provider` is away for everybody. `retry_after_s` is its own wish in seconds, or None.

    `is_doubtful`: whatever it says, it may be this document alone that is refused. `aside_s` is for how many seconds
    the job then lets others go first, once the provider is back.
    """

    def __init__(
        self, provider: str, message: str, *, retry_after_s: float | None = None, is_doubtful: bool = False
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.retry_after_s = retry_after_s
        self.is_doubtful = is_doubtful
        self.aside_s = 0.0


class MisconfiguredError(OutageError):
    """The provider answers, but refuses everybody until the owner changes a setting."""


class BudgetError(WorkError):
    """What may be spent is spent; no call was made. It goes on at `until` (aware UTC)."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class CancelledError(WorkError):
    """Nothing is left to do: the trigger tag was taken off, or the document is gone."""


class LeaseLostError(WorkError):
    """The job belongs to another runner now. Whatever was computed is discarded."""


class UncertainWriteError(TemporaryError):
    """A write was sent to Paperless and no proper answer came back; it may have taken effect, or still may."""
