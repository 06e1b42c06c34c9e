"""One question to a model until there is an answer that can be used, or there will be none.

What the answer has to be is not known here: `check` turns what was said into something better or says what is wrong
with it, and the model gets one chance to repair that.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from sidecar.domain.errors import BudgetError, OutageError, TooLongError, UnusableError
from sidecar.domain.suggestion import AnswerError
from sidecar.engines.excerpt import CHARACTERS_PER_TOKEN, excerpt
from sidecar.engines.forms import Form
from sidecar.engines.found_json import found_json
from sidecar.engines.llm import Message, Model, Reply
from sidecar.engines.prompts import Prompts
from sidecar.engines.unanswered import Unanswered

#: Calls for one question to one model at most, and how that is said.
MOST_CALLS = 3
TIMES = {1: "once", 2: "twice", 3: "three times"}
#: An answer that was cut off is not given more room than this.
MOST_TOKENS = 16_000
#: So many stopped talks are remembered.
REMEMBERED = 100
#: Refusals for length cost nothing; after so many the document is given up.
SHORTENINGS = ("shorter", "shorter again", "shortest")
#: With less of a document nothing can be said about it.
LEAST_CHARACTERS = 200
#: No server is run with a smaller context; smaller counts are of servers that count otherwise.
LEAST_CONTEXT = 512
MOST_CHARACTERS_PER_TOKEN = 8.0
_RUNS = re.compile(r"(.)\1{2,}")

T = TypeVar("T")

#: Turns the JSON that a model answered into what it means. Raises AnswerError with a sentence for the model.
Check = Callable[[object], T]
#: Called after each call to a model with its reply, what came of it in words, and what it means if it can be used; and
#: with an empty reply for a call without an answer that may have to be paid for, before its error is raised.
Record = Callable[[Reply, str, T | None], Awaitable[None]]


#: Awaited before a model is asked once more about the same.
Again = Callable[[], Awaitable[None]]
#: Entered for as long as one model is asked: what is to hold meanwhile. Gives what is to be awaited in between.
Around = Callable[[Model], AbstractAsyncContextManager[Again]]


async def at_once() -> None:
    """Wait for nothing."""


@asynccontextmanager
async def free(_model: Model) -> AsyncIterator[Again]:
    """Let a model be asked without any condition."""
    yield at_once


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

    @property
    def examples(self) -> Sequence[str]:
        """Documents of its like, each in the form of an answer; left out where there is no room."""

    @property
    def found(self) -> str:
        """What code found in the document, in the form of an answer; "" for nothing."""


class Asked(Protocol):
    """Who is asked: one model, or a chain of them."""

    @property
    def name(self) -> str:
        """The name of the model that is meant."""

    @property
    def models(self) -> Sequence[Model]:
        """Who may be asked, in their order."""

    def prepare(self) -> None:
        """Load what the first question needs."""

    async def walk(
        self, attempt: Callable[[Model], Awaitable[T]], *, about: str, private: bool = False, document: int = 0
    ) -> T:
        """Try with one model after another."""


class Asker:
    """Asks questions about documents in the words of the prompts.

    A talk that was stopped after a bad answer, by a busy server or a budget, is remembered: asked the same again, it
    goes on with the repair, and the first question is not paid once more.
    """

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts
        self._stopped: OrderedDict[tuple[object, ...], Talk] = OrderedDict()

    async def ask(self, model: Model, question: Posed, check: Check[T], record: Record[T], again: Again = at_once) -> T:
        """Return a checked answer after one call, where that can be used.

        If not, there is one more chance of each kind, three calls at most: an answer that was cut off gets twice the
        room, any other is to be repaired, and in a simpler form if it was no JSON at all. A document for which there
        is no room in the model's context is shortened; a note of the reply says so.

        Raises UnusableError if no answer can be used, and the errors of `Model.ask` and of `again`.
        """

        async def unanswered(lost: Reply, why: str) -> None:
            await record(lost, why, None)

        of = (model.provider, *model.identity, question.rules_text, question.text)
        talk = self._stopped.pop(of, None) or Talk(self._prompts, question, model.max_tokens)
        try:
            return await self._go_on(talk, model, question, check, record, again, unanswered)
        except (OutageError, BudgetError):
            if talk.calls:
                self._stopped[of] = talk
                while len(self._stopped) > REMEMBERED:
                    self._stopped.popitem(last=False)
            raise

    async def _go_on(
        self,
        talk: Talk,
        model: Model,
        question: Posed,
        check: Check[T],
        record: Record[T],
        again: Again,
        unanswered: Unanswered,
    ) -> T:
        """Ask what is to be asked next in this talk, and so on to its end."""
        while True:
            try:
                reply = await model.ask(
                    talk.messages, question.schema, below=talk.below, max_tokens=talk.max_tokens, unanswered=unanswered
                )
            except TooLongError as error:
                talk.shorten(error, model.name)
                continue
            talk.calls += 1
            reply = replace(reply, notes=talk.notes)
            found, problem = talk.judge(reply, check)
            if found is not None:
                if talk.below is not None and reply.form is not None:
                    model.manners.settle_on(reply.form)  # the more exact form was taken and not kept to
                await record(reply, "answered", found)
                return found
            await record(reply, f"unusable: {problem}", None)
            if talk.calls == MOST_CALLS or not talk.has_another_chance(reply, problem, model.name):
                raise UnusableError(f"The model {model.name} gave no usable answer, {TIMES[talk.calls]}: {problem}")
            await again()


class Talk:
    """How one question stands: what is sent next, and which chances were used up."""

    def __init__(self, prompts: Prompts, question: Posed, max_tokens: int) -> None:
        self._prompts = prompts
        self._question = question
        self._text = question.text
        self._used: set[str] = set()
        self._was_json = True
        self.max_tokens = max_tokens
        #: Calls so far that brought an answer.
        self.calls = 0
        #: The form that did no good, if the next one is to be simpler.
        self.below: Form | None = None
        self.notes: tuple[str, ...] = ()
        self.messages = self._begin()

    def _begin(self) -> list[Message]:
        mark = f"document-{secrets.token_hex(4)}"  # the document cannot know it, so it cannot end its own fence
        is_whole = self._text == self._question.text
        examples = self._question.examples if is_whole else ()  # where there is no room, they go first
        fenced = self._prompts.render(
            "tagging-document.md.j2", mark=mark, text=self._text, examples=examples, found=self._question.found
        )
        return [{"role": "system", "content": self._question.rules_text}, {"role": "user", "content": fenced}]

    def judge(self, reply: Reply, check: Check[T]) -> tuple[T | None, str]:
        """Return what the reply means, or None and what is wrong with it."""
        self._was_json = False
        if lacks_the_start(reply, self.messages) and "shorter" not in self._used:
            return None, "The server cut off the question."
        try:
            answer = parse(reply)
            self._was_json = True
            return check(answer), ""
        except AnswerError as error:
            return None, str(error)

    def has_another_chance(self, reply: Reply, problem: str, model: str) -> bool:
        """Prepare what is sent next, if anything can still help."""
        if lacks_the_start(reply, self.messages) and "shorter" not in self._used:
            asked = sum(len(message["content"]) for message in self.messages) // CHARACTERS_PER_TOKEN
            self.shorten(TooLongError("", context_tokens=reply.input_tokens, asked_tokens=asked), model)
            return True
        if reply.filtered:
            return False
        if reply.cut_off:
            return self._is_new("longer") and self._lengthen()
        if not self._is_new("repair"):
            return False
        repair = self._prompts.render("tagging-repair.md.j2", problem=problem)
        said = reply.text or "(nothing)"  # several servers refuse a turn without a word
        self.messages = [*self.messages, {"role": "assistant", "content": said}, {"role": "user", "content": repair}]
        self.below = None if self._was_json else reply.form
        return True

    def shorten(self, error: TooLongError, model: str) -> None:
        """Begin anew with less of the document. Raises the error where less would not help."""
        rules = len(self._question.rules_text)
        room = room_for(len(self._text), rules, error, self.max_tokens)
        if room < LEAST_CHARACTERS or len(self._used & set(SHORTENINGS)) == len(SHORTENINGS):
            raise error
        self._used.add(next(name for name in SHORTENINGS if name not in self._used))
        if error.context_tokens is not None:
            self.max_tokens = min(self.max_tokens, answer_room(error.context_tokens))
        self._text = excerpt(self._text, room)
        self.messages = self._begin()
        whole, context = len(self._question.text), error.context_tokens
        has = f"has room for {context} tokens" if context else "has too little room"
        self.notes = (
            f"{model} {has}: it was shown {len(self._text)} of the text's {whole} characters. A larger context at its "
            f"server shows it more; a lower DOCUMENT_TOKENS spares the attempt.",
        )

    def _is_new(self, chance: str) -> bool:
        is_new = chance not in self._used
        self._used.add(chance)
        return is_new

    def _lengthen(self) -> bool:
        self.max_tokens, before = min(self.max_tokens * 2, max(MOST_TOKENS, self.max_tokens)), self.max_tokens
        return self.max_tokens > before


def room_for(text: int, rules: int, error: TooLongError, answer_tokens: int) -> int:
    """Return how many characters of a document to show a model that had no room for `text` of them and its rules."""
    context, asked = error.context_tokens, error.asked_tokens
    most = text * 3 // 4
    if not context:
        return min(text // 2, most)
    per_token = (text + rules) / asked if asked else CHARACTERS_PER_TOKEN
    question_tokens = context - min(answer_tokens, answer_room(context))
    return min(int(question_tokens * per_token * 0.9) - rules, most)


def answer_room(context_tokens: int) -> int:
    """Return how much of a context that is short may be the answer's."""
    return context_tokens // 3


def lacks_the_start(reply: Reply, messages: list[Message]) -> bool:
    """Say whether the server left out a part of the question, as Ollama does without a word: its count is too low.

    No language has so many letters in a token; lines of one character may, and are not counted.
    """
    if reply.estimated or not reply.input_tokens or reply.input_tokens < LEAST_CONTEXT:
        return False
    text = "\n".join(message["content"] for message in messages)
    letters = len(_RUNS.sub(r"\1\1", " ".join(text.split())))
    return letters / reply.input_tokens > MOST_CHARACTERS_PER_TOKEN


def parse(reply: Reply) -> object:
    """Return the JSON in the model's answer. Raises AnswerError with what is wrong with it."""
    if reply.filtered:
        raise AnswerError("It was stopped by the provider's content filter.")
    if reply.cut_off:
        raise AnswerError("It was cut off at the token limit.")
    return found_json(reply.text)
