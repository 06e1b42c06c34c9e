"""One call to a language model behind any OpenAI-compatible endpoint.

Servers differ in what they refuse. What a server refused once is left out (or replaced by the next simpler form)
from then on: JSON schema, then JSON object, then plain text; temperature; the name of the token limit.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.domain.errors import MisconfiguredError, OutageError, PermanentError, TemporaryError, WorkError

if TYPE_CHECKING:
    import openai

PROVIDER = "model"
CONNECT_S = 10.0

#: Words by which a refusal (403) is about a document's text and not about the key.
MODERATED = ("moderation", "flagged", "content policy", "content_policy", "content filter")
NO_SUCH = re.compile(r"not (a )?valid|invalid|not found|unknown|does not exist|no such", re.IGNORECASE)

_log = logging.getLogger(__name__)

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from the model."""

    text: str
    #: True when the answer stopped at the token limit.
    cut_off: bool
    #: As the provider counted; None where it did not say.
    input_tokens: int | None
    output_tokens: int | None
    seconds: float


class Model:
    """A model behind an endpoint. Calls have a deadline in all (`timeout_s`, seconds) and are never repeated here."""

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None,
        api_key: str | None,
        timeout_s: float = 300.0,
        max_tokens: int = 1000,
        provider: str = PROVIDER,
        settings: tuple[str, str, str] = ("LLM_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
    ) -> None:
        """Name the endpoint. `provider` is what is parked when it is away; `settings` are named to the owner."""
        self.name = name
        self.provider = provider
        self._setting, self._url_setting, self._key_setting = settings
        self._base_url = base_url
        self._api_key = api_key or "none"  # local servers want none, the package wants one
        self._timeout_s = timeout_s
        self._max_tokens = max_tokens
        self._refused: set[str] = set()
        self._client: openai.AsyncOpenAI | None = None

    @property
    def identity(self) -> tuple[str, str, int]:
        """What makes its answers its own: name, address, longest answer."""
        return self.name, self._base_url or "", self._max_tokens

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()

    async def probe(self) -> None:
        """Ask for a sign of life: any answer to the list of models will do, but for a refusal or a fault."""
        import openai  # noqa: PLC0415

        self._require_name()
        try:
            await self._open().models.list()
        except (AttributeError, TypeError, ValueError) as error:  # an answer, but none of this API
            raise self._no_api() from error
        except openai.APIStatusError as error:
            if error.status_code in (401, 403, 429) or error.status_code >= 500:
                raise self._in_words(error) from error
        except openai.OpenAIError as error:
            raise self._in_words(error) from error

    def prepare(self) -> None:
        """Load what the first question needs: it takes a second, which must not lie between a check and asking."""
        self._open()

    async def ask(self, messages: Sequence[Message], schema: dict[str, Any] | None = None) -> Reply:
        """Return the model's answer, asked to be JSON of this schema (it need not be), or plain text.

        Raises OutageError, MisconfiguredError, TemporaryError or PermanentError.
        """
        import openai  # noqa: PLC0415

        self._require_name()
        while True:
            options = self._options(schema)
            started = time.monotonic()
            try:
                answer = await self._open().chat.completions.create(
                    model=self.name, messages=list(messages), **options  # type: ignore[arg-type]
                )  # fmt: skip
            except openai.OpenAIError as error:
                if self._learn(error, options):
                    continue
                raise self._in_words(error) from error
            except ValueError as error:  # a body that is no JSON comes through as it is
                raise TemporaryError(f"{self._where} gave no proper answer: {error}.", suspect=self.provider) from error
            if not hasattr(answer, "choices"):  # the package hands a web page on as a string
                raise self._no_api()
            return self._reply(answer, time.monotonic() - started)

    def _no_api(self) -> MisconfiguredError:
        return MisconfiguredError(
            self.provider,
            f"{self._where} answers, but not as an OpenAI-compatible API. "
            f"Check {self._url_setting}; it usually ends in /v1.",
        )

    @property
    def _where(self) -> str:
        return self._base_url or "OpenAI"

    def _require_name(self) -> None:
        if not self.name:
            raise MisconfiguredError(
                self.provider, f"No model is set up for this: set {self._setting} and {self._url_setting}."
            )

    def _open(self) -> openai.AsyncOpenAI:
        if self._client is None:
            import openai  # noqa: PLC0415 - 50 MB that an idle sidecar does not need

            self._client = openai.AsyncOpenAI(
                base_url=self._base_url, api_key=self._api_key, timeout=self._timeout_s, max_retries=0
            )
        return self._client

    def _options(self, schema: dict[str, Any] | None) -> dict[str, Any]:
        limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        options: dict[str, Any] = {limit: self._max_tokens}
        if "temperature" not in self._refused:
            options["temperature"] = 0
        if schema is None:
            pass
        elif "json_schema" not in self._refused:
            wrapped = {"name": "filing", "strict": True, "schema": schema}
            options["response_format"] = {"type": "json_schema", "json_schema": wrapped}
        elif "response_format" not in self._refused:
            options["response_format"] = {"type": "json_object"}
        return {name: value for name, value in options.items() if name not in self._refused}

    def _learn(self, error: openai.OpenAIError, options: dict[str, Any]) -> bool:
        """Note which parameter the server refused. Return whether asking again without it makes sense."""
        import openai  # noqa: PLC0415

        if not isinstance(error, openai.APIStatusError) or error.status_code not in (400, 404, 422, 500, 501):
            return False
        said = str(error).lower()
        signs = {
            "response_format": ("response_format", "json_schema", "json_object", "'text' or", "grammar"),
            "temperature": ("temperature",),
            "max_tokens": ("max_tokens",),
            "max_completion_tokens": ("max_completion_tokens",),
        }
        too_much = "too large" in said or "context length" in said  # of one document, not of the server
        for option, words in signs.items():
            if too_much and option.endswith("_tokens"):
                continue
            if option in options and any(word in said for word in words):
                name = option
                if option == "response_format" and options[option]["type"] == "json_schema":
                    name = "json_schema"
                _log.info("the model server refuses %s; going on without it", name)
                self._refused.add(name)
                return True
        return False

    def _in_words(self, error: openai.OpenAIError) -> WorkError:
        import openai  # noqa: PLC0415

        where = self._where
        if isinstance(error, openai.APITimeoutError):
            return TemporaryError(
                f"The model at {where} gave no answer within {self._timeout_s:.0f} s.", suspect=self.provider
            )
        if isinstance(error, openai.APIStatusError):
            return self._status_in_words(error, where)
        if isinstance(error, openai.APIConnectionError):
            cause = type(error.__cause__).__name__
            if cause.startswith("Connect"):
                return OutageError(self.provider, f"The model at {where} cannot be reached.")
            return TemporaryError(f"The model at {where} hung up.", suspect=self.provider)
        return TemporaryError(f"The model at {where} gave no proper answer: {error}", suspect=self.provider)

    def _status_in_words(  # noqa: PLR0911 - one line for each thing an error can mean
        self, error: openai.APIStatusError, where: str
    ) -> WorkError:
        status, said = error.status_code, " ".join(str(error).split())[:300]
        if status == 403 and any(word in said.lower() for word in MODERATED):
            return PermanentError(f"{where} does not take this document: {said}")
        if status in (401, 403):
            return MisconfiguredError(self.provider, f"{where} refused the key: check {self._key_setting} ({said}).")
        if status == 404 or (status in (400, 422) and "model" in said.lower() and NO_SUCH.search(said)):
            return MisconfiguredError(
                self.provider,
                f"{where} does not know the model {self.name}: check {self._setting} and {self._url_setting} ({said}).",
            )
        if status == 402 or (status == 429 and error.code == "insufficient_quota"):
            return MisconfiguredError(self.provider, f"The account at {where} has no credit left ({said}).")
        if status in (429, 503, 529):
            return OutageError(self.provider, f"{where} is busy or away ({status}).", retry_after_s=_retry_after(error))
        if status >= 500 or status == 408:
            return TemporaryError(f"{where} answered {status}: {said}", suspect=self.provider)
        return PermanentError(f"{where} does not take this document: {said}")

    def _reply(self, answer: Any, seconds: float) -> Reply:
        """Read the answer; a server may leave out anything but the choices."""
        if not answer.choices:
            raise TemporaryError("The model's server answered without an answer.", suspect=self.provider)
        choice, usage = answer.choices[0], answer.usage
        return Reply(
            text=choice.message.content or "",
            cut_off=choice.finish_reason in ("length", "content_filter"),
            input_tokens=usage.prompt_tokens if usage else None,
            output_tokens=usage.completion_tokens if usage else None,
            seconds=seconds,
        )


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        wait_s = float(error.response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return wait_s if math.isfinite(wait_s) else None
