"""Whether a call that brought no answer may have been paid for: not where it surely never got to the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from sidecar.domain.errors import TemporaryError, WorkError
from sidecar.engines.reply import Reply

if TYPE_CHECKING:
    import openai

#: Called with what a call that brought no answer may be charged for, and what was wrong, before the error is raised.
Unanswered = Callable[[Reply, str], Awaitable[None]]

#: Faults of a request that was never sent as a whole, by the beginnings of their names.
_NOT_SENT = ("Connect", "Pool", "Write", "LocalProtocol", "UnsupportedProtocol", "Proxy")
#: The server, or a proxy before it, did nothing: not made for it, down, not reached, no trust.
_NOT_TAKEN = (501, 505, 521, 522, 523, 525, 526)


async def not_counted(_reply: Reply, _why: str) -> None:
    """Note nothing."""


def may_be_charged(error: openai.OpenAIError | ValueError, meant: WorkError) -> bool:
    """Say whether a provider may send a bill for a call that ended in this error; `meant` is what it means to us.

    A refusal (of the key, the model, the question, or for now) is not charged. What timed out, was cut off or broke
    down behind a proxy may have been worked on, and so may what gave no proper answer.
    """
    import openai  # noqa: PLC0415 - 50 MB that an idle sidecar does not need

    if not isinstance(meant, TemporaryError):
        return False
    if isinstance(error, openai.APIStatusError):
        return error.status_code not in _NOT_TAKEN
    if isinstance(error, openai.APIConnectionError):
        return not type(error.__cause__).__name__.startswith(_NOT_SENT)
    return not isinstance(error, UnicodeEncodeError)  # letters that cannot be sent
