"""The tagging step: one question to the model, its checked answer kept, names turned into ids."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from sidecar.domain.job import Job, Kind
from sidecar.domain.prices import tokens_of
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.suggestion import SINGLE_NAMES, Suggestion, wanted_fields
from sidecar.domain.trigger import Tags
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.writeback import Proposal, TagDelta
from sidecar.engines.asking import Again
from sidecar.engines.llm import Model, Reply
from sidecar.engines.tagger import Question, Tagger
from sidecar.paperless.names import NameList
from sidecar.store import ledger, pages, queue
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.worker.budget import Purse
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back, to_the_end
from sidecar.worker.intake import Intake
from sidecar.worker.lease import Leases

FIELDS = ("title", "correspondent", "document_type", "created")


class Tagging:
    """Files documents as a model suggests."""

    def __init__(  # noqa: PLR0913 - the step joins everything that filing touches
        self,
        names: NameList,
        db: Database,
        intake: Intake,
        leases: Leases,
        tagger: Tagger,
        tags: Tags,
        clock: Clock,
        *,
        purse: Purse,
        private_tags: Collection[str] = (),
    ) -> None:
        self._purse = purse
        self._private_tags = private_tags
        self._leases = leases
        self._names = names
        self._db = db
        self._intake = intake
        self._tagger = tagger
        self._tags = tags
        self._clock = clock

    async def propose(self, job: Job) -> Proposal:
        """Return the fields and tags the document should have. The model is asked at most once for one text."""
        document, base = await self._intake.open(job, FIELDS)
        vocabulary = await self._names.vocabulary(hidden=self._tags.all)
        question = self._tagger.question(document.content, vocabulary)
        suggestion = await self._db.run(pages.load_answer, question.key)
        if suggestion is None:
            is_private = await self._names.is_among(self._private_tags, document.tags)
            suggestion = await self._ask(job, question, vocabulary, is_private=is_private)
        ids = await self._ids(suggestion, vocabulary)
        chosen = {ids[Names.TAGS, tag] for tag in suggestion.tags}
        return Proposal(
            base=base,
            wanted=wanted_fields(suggestion, self._tagger.rules, document, ids),
            delta=TagDelta(
                add=frozenset({self._tags.tagging_done, *chosen}),
                remove=frozenset({self._tags.tagging}),
            ),
        )

    async def _ask(self, job: Job, question: Question, vocabulary: Vocabulary, *, is_private: bool) -> Suggestion:
        asked = tokens_of(question.rules_text, question.text, json.dumps(question.schema))

        async def record(reply: Reply, outcome: str, suggestion: Suggestion | None) -> None:
            call = Call(
                "tagging", reply.model, reply.input_tokens, reply.output_tokens, outcome, reply.seconds,
                host_or_openai(reply.url), estimated=reply.estimated,
            )  # fmt: skip
            call = call.priced(self._purse.prices, guess=(asked, tokens_of(reply.text)))
            answer = None if suggestion is None else (question.key, suggestion)
            now = self._clock.now()
            await once_the_store_is_back(
                lambda: self._db.run(ledger.record, job, call, answer=answer, now=now), self._clock
            )
            if suggestion is not None:
                for note in reply.notes:
                    await self._db.run(queue.tell, job, note, now=now)

        async def to_the_end_of_it(reply: Reply, outcome: str, suggestion: Suggestion | None) -> None:
            await to_the_end(record(reply, outcome, suggestion))  # what was paid for is kept, whoever stops us

        @asynccontextmanager
        async def paying(model: Model) -> AsyncIterator[Again]:
            host = host_or_openai(model.url)
            async with self._purse.call(Kind.TAGGING, model.name, host, (asked, model.max_tokens)) as place:
                model.prepare()
                await self._leases.assure(job, 0)  # after a long sleep somebody else may have asked already
                yield lambda: self._purse.take(place)

        return await self._tagger.ask(
            question, vocabulary, today=self._clock.now().date(), record=to_the_end_of_it, private=is_private,
            around=paying,
        )  # fmt: skip

    async def _ids(self, suggestion: Suggestion, vocabulary: Vocabulary) -> dict[tuple[Names, str], int]:
        """Resolve every name of the suggestion; those that do not exist were allowed to be made, and are made."""
        named = [(Names.TAGS, tag) for tag in suggestion.tags]
        named += [(kind, name) for field, kind in SINGLE_NAMES.items() if (name := getattr(suggestion, field))]
        ids: dict[tuple[Names, str], int] = {}
        for kind, name in named:
            known = vocabulary.find(kind, name)
            ids[kind, name] = known.id if known else await self._names.ensure(kind, name)
        return ids
