"""A document's text to a suggestion: the question, the answer's form, and one chance to repair it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sidecar.domain.errors import PermanentError
from sidecar.domain.suggestion import AnswerError, FilingRules, Suggestion, answer_schema, check_answer
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.engines.llm import Message, Model, Reply
from sidecar.engines.prompts import Prompts

#: A cautious average over languages; providers count differently anyway.
CHARACTERS_PER_TOKEN = 3
ELLIPSIS = "\n[...]\n"

#: Called after each call to the model with the reply, what came of it in words, and the suggestion if there is one.
Recorder = Callable[[Reply, str, Suggestion | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that goes into one call, but for the random mark around the document."""

    rules_text: str
    text: str
    schema: dict[str, Any]
    key: str


class Tagger:
    """Asks one model how to file documents, under the owner's rules."""

    def __init__(self, model: Model, prompts: Prompts, rules: FilingRules, *, document_tokens: int = 6000) -> None:
        self.model = model
        self.rules = rules
        self._prompts = prompts
        self._characters = document_tokens * CHARACTERS_PER_TOKEN

    def question(self, content: str, vocabulary: Vocabulary) -> Question:
        """Prepare the question about a document with this content. Raises PermanentError if there is no text.

        Two questions with the same key would be answered alike, so an answer is kept under it.
        """
        text = excerpt(content, self._characters)
        if not any(character.isalnum() for character in text):
            raise PermanentError(
                "The document has no text to judge by. Tag it for OCR first, or look whether its pages are blank."
            )
        offered = {kind: vocabulary.candidates(kind, text, self.rules.names_limit) for kind in Names}
        schema = answer_schema(self.rules, offered)
        rules_text = self._prompts.render(
            "tagging-rules.md.j2",
            fields=list(schema["properties"]),
            create=[kind.value for kind in self.rules.create],
            language=self.rules.language,
            lists={kind.value: names for kind, names in offered.items()},
        )
        shape = self._prompts.render("tagging-document.md.j2", mark="", text=text)
        parts = json.dumps([self.model.name, rules_text, shape, schema], sort_keys=True)
        return Question(rules_text, text, schema, hashlib.sha256(parts.encode()).hexdigest())

    async def ask(self, question: Question, vocabulary: Vocabulary, *, today: date, record: Recorder) -> Suggestion:
        """Return a checked suggestion after one call, or two if the first answer could not be used.

        Raises PermanentError if the second cannot be used either, and the errors of `Model.ask`.
        """
        mark = f"document-{secrets.token_hex(8)}"  # the document cannot know it, so it cannot end its own fence
        fenced = self._prompts.render("tagging-document.md.j2", mark=mark, text=question.text)
        messages: list[Message] = [
            {"role": "system", "content": question.rules_text},
            {"role": "user", "content": fenced},
        ]
        problem = ""
        for _ in range(2):
            reply = await self.model.ask(messages, question.schema)
            try:
                suggestion = check_answer(parse(reply), self.rules, vocabulary, today)
            except AnswerError as error:
                problem = str(error)
                await record(reply, f"unusable: {problem}", None)
                repair = self._prompts.render("tagging-repair.md.j2", problem=problem)
                messages += [{"role": "assistant", "content": reply.text}, {"role": "user", "content": repair}]
                continue
            await record(reply, "answered", suggestion)
            return suggestion
        raise PermanentError(f"The model {self.model.name} gave no usable answer, twice: {problem}")


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


def excerpt(content: str, limit: int) -> str:
    """Return the content, or its first three quarters and last quarter of `limit` characters, cut at white space."""
    text = content.strip()
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 3 // 4], text[-(limit // 4) :]
    return head.rsplit(None, 1)[0] + ELLIPSIS + tail.split(None, 1)[-1]
