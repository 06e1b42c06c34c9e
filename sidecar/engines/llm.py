"""One call to a language model behind any OpenAI-compatible endpoint.

What servers refuse is learnt by `forms`, what they mean by a refusal is known to `complaints`, and what they answer
is read by `reply`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sidecar.domain.errors import TemporaryError
from sidecar.domain.privacy import Privacy
from sidecar.domain.thinking import Thinking
from sidecar.engines import complaints
from sidecar.engines.failures import Failures
from sidecar.engines.forms import Form, Manners, Message
from sidecar.engines.reply import Reply, counted, error_in, estimate, read_reply
from sidecar.engines.unanswered import Unanswered, may_be_charged, not_counted
from sidecar.observe import work

if TYPE_CHECKING:
    import openai

__all__ = ["PROVIDER", "Message", "Model", "Reply"]

PROVIDER = "model"
#: Parameters that the package does not know.
_EXTRA = ("chat_template_kwargs", "think")

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Ticket(Protocol):
    """One request that was let through."""

    def spent(self, tokens: int) -> None:
        """Say how many tokens it came to."""


class Turnstile(Protocol):
    """Lets as many requests through as an endpoint takes."""

    async def enter(self, tokens: int) -> Ticket:
        """Wait until a request of about so many tokens may be sent."""


class Model:
    """A model behind an endpoint. Calls have a deadline in all (`timeout_s`, seconds) and are never repeated here."""

    #: What every request passes before it is sent; None where nothing is counted.
    turnstile: Turnstile | None = None

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
        thinking: Thinking = Thinking.AUTO,
    ) -> None:
        """Name the endpoint. `provider` is what is parked when it is away; `settings` are named to the owner."""
        self.name = name
        self.provider = provider
        self.max_tokens = max_tokens
        self.manners = Manners(thinking)
        self._base_url = base_url
        self._api_key = api_key or "none"  # local servers want none, the package wants one
        self._failures = Failures(name, provider, self.address, settings, api_key, timeout_s)
        self._timeout_s = timeout_s
        self._client: openai.AsyncOpenAI | None = None

    @property
    def address(self) -> str:
        """The endpoint as the owner named it."""
        return self._base_url or "OpenAI"

    @property
    def url(self) -> str:
        """The endpoint's address, empty for OpenAI's own."""
        return self._base_url or ""

    @property
    def identity(self) -> tuple[str, str, int]:
        """What makes its answers its own: name, address, longest answer."""
        return self.name, self._base_url or "", self.max_tokens

    @property
    def models(self) -> tuple[Model, ...]:
        """Who may be asked: of a chain there are more."""
        return (self,)

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
            raise self._failures.no_api() from error
        except openai.APIStatusError as error:
            if error.status_code in (401, 403, 429) or error.status_code >= 500:
                raise self._failures.of(error) from None
        except openai.OpenAIError as error:
            raise self._failures.of(error) from None

    def prepare(self) -> None:
        """Load what the first question needs: it takes a second, which must not lie between a check and asking."""
        self._open()

    async def walk(
        self, attempt: Callable[[Model], Awaitable[T]], *, about: str, private: bool = False, document: int = 0
    ) -> T:
        """Do with this one model what a chain of them does: see `worker/chain.py`.

        Raises PermanentError where a `private` question would leave the house.
        """
        Privacy().require(private, self.name, self.url)
        return await attempt(self)

    async def ask(
        self,
        messages: Sequence[Message],
        schema: dict[str, Any] | None = None,
        *,
        below: Form | None = None,
        max_tokens: int | None = None,
        unanswered: Unanswered = not_counted,
    ) -> Reply:
        """Return the model's answer, asked to be JSON of this schema (it need not be), or plain text.

        `below` asks in a form simpler than that one, `max_tokens` for an answer of another length than usual.
        `unanswered` is called before an error is raised for a call that the provider may charge for all the same.

        Raises OutageError, MisconfiguredError, TemporaryError, TooLongError or PermanentError. None of them holds the
        key; neither do they show the server's own error, which may.
        """
        self._require_name()
        limit = max_tokens or self.max_tokens
        while True:
            form = None if schema is None else self.manners.form(below)
            options = self.manners.options(schema, form, limit)
            reply = await self._call(messages, options, form, unanswered)
            if reply is not None:
                return reply

    async def _call(
        self, messages: Sequence[Message], options: dict[str, Any], form: Form | None, unanswered: Unanswered
    ) -> Reply | None:
        """Send one request. Return None where the server refused one of the options and another try makes sense."""
        import openai  # noqa: PLC0415

        ticket = await self.turnstile.enter(estimate(messages) + self.max_tokens) if self.turnstile else None
        sent = self.manners.messages(messages)
        extra = {name: options[name] for name in _EXTRA if name in options}
        plain = {name: value for name, value in options.items() if name not in extra}
        started = time.monotonic()
        try:
            with work.model_call(self.name):
                answer = await self._open().chat.completions.create(
                    model=self.name, messages=sent, extra_body=extra or None, **plain  # type: ignore[arg-type]
                )  # fmt: skip
        except (openai.OpenAIError, ValueError) as error:  # a body that is no JSON comes through as a ValueError
            if isinstance(error, openai.APIStatusError) and self._learn(
                error, {**options, sent[0]["role"]: sent}, form
            ):
                return None
            failed = self._failures.of(error)
            if may_be_charged(error, failed):
                await unanswered(self._lost(messages), str(failed))
            raise failed from None
        except asyncio.CancelledError:  # we hung up; the provider may go on and charge for it
            await unanswered(self._lost(messages), "It was stopped before it answered.")
            raise
        if not hasattr(answer, "choices"):  # the package hands a web page on as a string
            raise self._failures.no_api()
        if (said := error_in(answer)) is not None:
            failed = self._failures.in_answer(said)
        elif (reply := read_reply(answer, messages, form=form, seconds=time.monotonic() - started)) is not None:
            return self._taken(reply, ticket)
        else:
            failed = self._failures.no_answer()
        if isinstance(failed, TemporaryError):
            await unanswered(self._lost(messages, counted(answer)), str(failed))
        raise failed

    def _taken(self, reply: Reply, ticket: Ticket | None) -> Reply:
        if ticket is not None:
            ticket.spent((reply.input_tokens or 0) + (reply.output_tokens or 0))
        if reply.thought and reply.cut_off and not reply.filtered and self.manners.thinking is Thinking.AUTO:
            _log.info("%s thought until its answer was cut off; asking it not to think from now on", self.name)
            self.manners.thinking = Thinking.OFF
        return replace(reply, model=self.name, provider=self.provider, url=self.url)

    def _lost(self, messages: Sequence[Message], tokens: tuple[int, int] | None = None) -> Reply:
        """Return what stands for an answer that never came: no words, no seconds, and the question's tokens."""
        asked, got = tokens or (estimate(messages), 0)
        return Reply(
            "", cut_off=False, input_tokens=asked, output_tokens=got, seconds=0.0, estimated=tokens is None,
            model=self.name, provider=self.provider, url=self.url,
        )  # fmt: skip

    def _learn(self, error: openai.APIStatusError, options: dict[str, Any], form: Form | None) -> bool:
        """Note what the server refused. Return whether asking again without it makes sense."""
        said = self._failures.said(error)
        no_probabilities = error.status_code == 403 and "logprobs" in options and "logprob" in said.lower()  # OpenAI
        if not (no_probabilities or error.status_code in (400, 404, 422, 500, 501)) or complaints.too_long(said):
            return False
        refused = self.manners.learn(said.lower(), options, form)
        if refused is not None:
            _log.info("the model server refuses %s; going on without it", refused)
        return refused is not None

    def _require_name(self) -> None:
        if not self.name:
            raise self._failures.no_name()

    def _open(self) -> openai.AsyncOpenAI:
        if self._client is None:
            import openai  # noqa: PLC0415 - 50 MB that an idle sidecar does not need

            self._client = openai.AsyncOpenAI(
                base_url=self._base_url, api_key=self._api_key, timeout=self._timeout_s, max_retries=0
            )
        return self._client
