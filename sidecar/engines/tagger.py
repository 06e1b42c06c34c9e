"""A document's text to a suggestion: the question, and what of the answer is taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any

from sidecar.domain.answer_form import answer_schema, held_to
from sidecar.domain.candidates import choose
from sidecar.domain.custom_fields import CustomField, DataType, labels
from sidecar.domain.errors import PermanentError
from sidecar.domain.examples import Example, ids_of
from sidecar.domain.filing import FilingRules
from sidecar.domain.found import found_in
from sidecar.domain.prices import tokens_of
from sidecar.domain.suggestion import SINGLE_NAMES, Suggestion, check_answer, wants
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
    #: Of everything that goes into the question: equal keys, equal answers.
    key: str
    #: Of the document's text and the rules alone, without lists and examples, which change while a job waits.
    about: str = ""
    #: Documents of its like as a person filed them, each in the form of an answer.
    examples: tuple[str, ...] = ()
    #: What code found in the text, in the form of an answer; "" for nothing.
    found: str = ""
    document_id: int = 0
    #: Documents that the answer may link.
    linkable: frozenset[int] = frozenset()

    @property
    def tokens(self) -> int:
        """About how many tokens it comes to."""
        return tokens_of(self.rules_text, self.text, self.found, *self.examples, json.dumps(self.schema))


class Tagger:
    """Asks one model how to file documents, under the owner's rules."""

    def __init__(self, model: Asked, prompts: Prompts, rules: FilingRules, *, document_tokens: int = 6000) -> None:
        self.model = model
        self.rules = rules
        self._prompts = prompts
        self._asker = Asker(prompts)
        self._characters = document_tokens * CHARACTERS_PER_TOKEN

    def require_text(self, content: str) -> str:
        """Return what the model is to see of the content. Raises PermanentError if there is no text."""
        text = excerpt(content, self._characters)
        if not any(character.isalnum() for character in text):
            raise PermanentError(
                "The document has no text to judge by. Tag it for OCR first, or look whether its pages are blank."
            )
        return text

    def question(
        self,
        content: str,
        vocabulary: Vocabulary,
        *,
        today: date,
        document_id: int = 0,
        examples: Sequence[Example] = (),
    ) -> Question:
        """Prepare the question about a document with this content. Raises PermanentError if there is no text.

        Two questions with the same key would be answered alike, so an answer is kept under it. `examples` are documents
        of its like that a person filed: their names are among the candidates, and the model sees how it was done.
        A date more than a year after `today` is not offered as the document's.
        """
        text = self.require_text(content)
        vocabulary = vocabulary.refusing(self.rules.refuses)
        kinds = [kind for kind in Names if self._asks_for(kind)]
        alike = ids_of(examples)
        offered = choose(
            vocabulary,
            kinds,
            text,
            limit=self.rules.names_limit,
            characters=self.rules.names_tokens * CHARACTERS_PER_TOKEN,
            like=alike,
        )
        fields = [field for field in vocabulary.fields if self.rules.may_be_asked(field.name)]
        schema = answer_schema(self.rules, offered, fields, text=text, today=today)
        rules_text = self._rules_text(schema, self._whole_first(offered, vocabulary), fields)
        shown = tuple(example.as_answer(vocabulary, list(schema["properties"]), fields) for example in examples)
        keys = list(schema["properties"])
        guess = found_in(text, vocabulary, keys, fields, today=today, like=alike[Names.CORRESPONDENTS])
        found = json.dumps(guess, ensure_ascii=False) if guess else ""
        shape = self._prompts.render("tagging-document.md.j2", mark="", text=text, examples=shown, found=found)
        bare = self._prompts.render("tagging-document.md.j2", mark="", text=text, examples=(), found="")
        plain_rules = self._rules_text(schema, {}, fields)
        return Question(
            rules_text,
            text,
            schema,
            key=_digest(self.model.name, rules_text, shape, schema),
            about=_digest(self.model.name, plain_rules, bare, keys),
            examples=shown,
            found=found,
            document_id=document_id,
            linkable=frozenset(example.id for example in examples),
        )

    def _asks_for(self, kind: Names) -> bool:
        keys = [key for key, its_kind in SINGLE_NAMES.items() if its_kind is kind] or ["tags"]
        return any(wants(self.rules, key) for key in keys)

    @staticmethod
    def _whole_first(offered: Mapping[Names, list[str]], vocabulary: Vocabulary) -> dict[str, list[str]]:
        """Order the lists: whole ones first, since they are the same for every document, and providers cache them."""
        whole = {kind: len(names) >= len(vocabulary.of(kind)) for kind, names in offered.items()}
        return {kind.value: offered[kind] for kind in sorted(offered, key=lambda kind: not whole[kind])}

    def _rules_text(
        self, schema: Mapping[str, Any], lists: Mapping[str, list[str]], fields: Sequence[CustomField]
    ) -> str:
        return self._prompts.render(
            "tagging-rules.md.j2",
            fields=list(schema["properties"]),
            create=sorted(kind.value for kind in self.rules.create),
            language=self.rules.language,
            lists=lists,
            custom_fields=[
                {"name": field.name, "about": _about(field), "types": list(self.rules.types_of_field(field.name))}
                for field in fields
            ],
        )

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
                checked = check_answer(
                    answer, self.rules, vocabulary, today, document_id=question.document_id, linkable=question.linkable
                )
                return held_to(checked, question.schema, vocabulary.fields)

            async with around(model) as again:
                return await self._asker.ask(model, question, check, record, again)

        return await self.model.walk(attempt, about=question.key, private=private, document=question.document_id)


#: What each data type asks for, in the words of the prompt.
_ASKED: Mapping[DataType, str] = {
    DataType.STRING: "a short text, as the document writes it",
    DataType.LONGTEXT: "a text",
    DataType.URL: "an address that begins with http:// or https://",
    DataType.DATE: "a date as YYYY-MM-DD",
    DataType.BOOLEAN: "true or false",
    DataType.INTEGER: "a whole number",
    DataType.FLOAT: "a number",
    DataType.MONETARY: "an amount of money as the document writes it, with its currency",
    DataType.SELECT: "one of",
    DataType.DOCUMENTLINK: "a list of the ids of documents it belongs to, only of those shown as examples",
}


def _about(field: CustomField) -> str:
    """Say in words what the field holds."""
    words = _ASKED[field.data_type]
    if field.data_type is DataType.SELECT:
        return f"{words}: {'; '.join(labels(field))}"
    if field.currency:
        return f"{words}; without one it is {field.currency}"
    return words


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
