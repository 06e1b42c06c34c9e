"""The errors of one model at one endpoint, in the owner's words and as the runner tells them apart.

A key that a server repeats in what it says stays out of all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sidecar.domain.errors import (
    MisconfiguredError,
    OutageError,
    PermanentError,
    TemporaryError,
    TooLongError,
    WorkError,
)
from sidecar.engines import complaints

if TYPE_CHECKING:
    import openai

#: Of what a server says, so many characters are shown.
SHOWN = 300


@dataclass(frozen=True, slots=True)
class Failures:
    """What is named when a model fails."""

    model: str
    #: Who is parked.
    provider: str
    #: The endpoint's address.
    where: str
    #: The settings for model, address and key.
    settings: tuple[str, str, str]
    api_key: str | None
    timeout_s: float

    def of(self, error: openai.OpenAIError | ValueError) -> WorkError:
        """Return our error for one of the package's."""
        import openai  # noqa: PLC0415 - 50 MB that an idle sidecar does not need

        if isinstance(error, openai.APITimeoutError):
            return self._suspicious(f"The model at {self.where} gave no answer within {self.timeout_s:.0f} s.")
        if isinstance(error, openai.APIStatusError):
            headers = error.response.headers
            page = complaints.page_text(headers.get("content-type", ""), error.response.text)
            return self.status(error.status_code, self.said(f"{error} {page}"), error.code, headers)
        if isinstance(error, openai.APIConnectionError):
            if type(error.__cause__).__name__.startswith("Connect"):
                return OutageError(self.provider, f"The model at {self.where} cannot be reached.")
            return self._suspicious(f"The model at {self.where} hung up.")
        return self._suspicious(f"{self.where} gave no proper answer: {self.said(error)}.")

    def said(self, error: Exception | str) -> str:
        """Return what the server said, in one line and without the key."""
        return complaints.masked(" ".join(str(error).split()), self.api_key)

    def in_answer(self, error: Mapping[str, Any]) -> WorkError:
        """Return our error for one that came as an answer, with the status of an answer."""
        code = str(error.get("code") or error.get("status") or "")
        status = int(code) if code.isdigit() else 500
        return self.status(status, self.said(str(error.get("message") or error)), code, {})

    def status(  # noqa: PLR0911 - one line for each thing a status can mean
        self, status: int, said: str, code: object, headers: Mapping[str, str]
    ) -> WorkError:
        """Return what a status means together with what was said."""
        model, address, key = self.settings
        shown, where = said[:SHOWN], self.where
        if room := self._room(status, said):
            return TooLongError(
                f"{where} has no room for a question of this length: {shown}",
                context_tokens=room.context_tokens,
                asked_tokens=room.asked_tokens,
            )
        if status == 403 and complaints.MODERATED.search(said):
            return PermanentError(f"{where} does not take this document: {shown}")
        if complaints.has_no_credit(status, said, code):
            return MisconfiguredError(self.provider, f"The account at {where} has no credit left ({shown}).")
        if status in (401, 403):
            # A firewall before the endpoint says so too, to a document with a script or a query of a database in it.
            what = "refused the key" if status == 401 else "refused the key, or this document"
            said_so = f"{where} {what}: check {key} ({shown})."
            return MisconfiguredError(self.provider, said_so, is_doubtful=status == 403)
        if complaints.names_no_model(status, said):
            return MisconfiguredError(
                self.provider, f"{where} does not know the model {self.model}: check {model} and {address} ({shown})."
            )
        if status in (429, 503, 529):
            wait_s = complaints.retry_after_s(headers, said, datetime.now(UTC))
            busy = f"{where} is busy or away ({status})."
            return OutageError(self.provider, busy, retry_after_s=wait_s, is_doubtful=True)
        if status >= 500 or status == 408:
            return self._suspicious(f"{where} answered {status}: {shown}")
        return PermanentError(f"{where} does not take this document: {shown}")

    def _room(self, status: int, said: str) -> complaints.Room | None:
        """Return what is known of the room where the question is too long."""
        if status == 429:
            return complaints.never_fits(said)
        return complaints.too_long(said) if status in (400, 413, 422, 500) else None

    def no_api(self) -> MisconfiguredError:
        """Return the error for an address at which something else answers."""
        return MisconfiguredError(
            self.provider,
            f"{self.where} answers, but not as an OpenAI-compatible API. "
            f"Check {self.settings[1]}; it usually ends in /v1.",
        )

    def no_name(self) -> MisconfiguredError:
        """Return the error for a model that nobody set up."""
        return MisconfiguredError(
            self.provider, f"No model is set up for this: set {self.settings[0]} and {self.settings[1]}."
        )

    def no_answer(self) -> TemporaryError:
        """Return the error for an answer with nothing in it."""
        return self._suspicious("The model's server answered without an answer.")

    def _suspicious(self, sentence: str) -> TemporaryError:
        return TemporaryError(sentence, suspect=self.provider)
