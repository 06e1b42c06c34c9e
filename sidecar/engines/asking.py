"""One question to a model until there is an answer that can be used, or there will be none.

What the answer has to be is not known here: `check` turns what was said into something better or says what is wrong
with it, and the model gets one chance to repair that.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from sidecar.domain.errors import PermanentError
from sidecar.domain.suggestion import AnswerError
from sidecar.engines.llm import Message, Model, Reply
from sidecar.engines.prompts import Prompts

T = TypeVar("T")

#: Turns the JSON that a model answered into what it means. Raises AnswerError with a sentence for the model.
Check = Callable[[object], T]
#: Called after each call to a model with its reply, what came of it in words, and what it means if it can be used.
Record = Callable[[Reply, str, T | None], Awaitable[None]]


class Posed(Protocol):
    """A question about a document, but for the random mark around its text."""

    @property
    def rules_text(self) -> str:
        """What is asked: the same for many documents, so that providers can cache it."""

    @property
    def text(self) -> str:
        """The document."""

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of an answer."""


class Asker:
    """Asks questions about documents in the words of the prompts."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    async def ask(self, model: Model, question: Posed, check: Check[T], record: Record[T]) -> T:
        """Return a checked answer after one call, or two if the first answer could not be used.

        Raises PermanentError if the second cannot be used either, and the errors of `Model.ask`.
        """
        messages = self._messages(question.rules_text, question.text)
        problem = ""
        for _ in range(2):
            reply = await model.ask(messages, question.schema)
            try:
                found = check(parse(reply))
            except AnswerError as error:
                problem = str(error)
                await record(reply, f"unusable: {problem}", None)
                repair = self._prompts.render("tagging-repair.md.j2", problem=problem)
                messages += [{"role": "assistant", "content": reply.text}, {"role": "user", "content": repair}]
                continue
            await record(reply, "answered", found)
            return found
        raise PermanentError(f"The model {model.name} gave no usable answer, twice: {problem}")

    def _messages(self, rules_text: str, text: str) -> list[Message]:
        mark = f"document-{secrets.token_hex(8)}"  # the document cannot know it, so it cannot end its own fence
        fenced = self._prompts.render("tagging-document.md.j2", mark=mark, text=text)
        return [{"role": "system", "content": rules_text}, {"role": "user", "content": fenced}]


def parse(reply: Reply) -> object:
    """Return the JSON in the model's answer, without thoughts before it and fences around it."""
    if reply.cut_off:
        raise AnswerError("It was cut off at the token limit.")
    text = re.sub(r"<think(ing)?>.*?</think(ing)?>", "", reply.text, flags=re.DOTALL).strip()
    fenced = re.fullmatch(r"```[a-zA-Z]*\s*(.*?)\s*```", text, flags=re.DOTALL)
    try:
        return json.loads(fenced.group(1) if fenced else text)
    except ValueError as error:
        raise AnswerError("It is not JSON." if text else "It is empty.") from error
