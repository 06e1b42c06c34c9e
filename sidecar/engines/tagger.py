"""A document's text to a suggestion: the question, and what of the answer is taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any

from sidecar.domain.errors import PermanentError
from sidecar.domain.suggestion import FilingRules, Suggestion, answer_schema, check_answer
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.engines.asking import Around, Asked, Asker, free
from sidecar.engines.excerpt import CHARACTERS_PER_TOKEN, excerpt
from sidecar.engines.llm import Model, Reply
from sidecar.engines.prompts import Prompts

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

    def __init__(self, model: Asked, prompts: Prompts, rules: FilingRules, *, document_tokens: int = 6000) -> None:
        self.model = model
        self.rules = rules
        self._prompts = prompts
        self._asker = Asker(prompts)
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

    def asking(self, asked: Asked) -> Tagger:
        """Return the same tagger, asking somebody else."""
        other = copy(self)
        other.model = asked
        return other

    async def ask(
        self,
        question: Question,
        vocabulary: Vocabulary,
        *,
        today: date,
        record: Recorder,
        private: bool = False,
        around: Around = free,
    ) -> Suggestion:
        """Return a checked suggestion. A `private` question is sent to nobody outside the house; `around` is entered
        for each model that is asked.

        Raises UnusableError if no answer can be used, and the errors of `Model.ask` or of the chain.
        """

        async def attempt(model: Model) -> Suggestion:
            def check(answer: object) -> Suggestion:
                return check_answer(answer, self.rules, vocabulary, today)

            async with around(model) as again:
                return await self._asker.ask(model, question, check, record, again)

        return await self.model.walk(attempt, about=question.key, private=private)
