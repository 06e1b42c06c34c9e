"""The tagging step: one question to the model, its checked answer kept, names turned into ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from sidecar.domain.document import Document, Fields, custom_name
from sidecar.domain.errors import UnusableError
from sidecar.domain.job import Job, Kind
from sidecar.domain.prices import tokens_of
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.suggestion import Suggestion
from sidecar.domain.trigger import Tags
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.wishes import FIELDS, wishes
from sidecar.domain.writeback import Proposal, TagDelta, tag_key
from sidecar.engines.asking import MOST_CALLS, TIMES, Again
from sidecar.engines.llm import Model, Reply
from sidecar.engines.tagger import Question, Tagger
from sidecar.paperless.client import Paperless
from sidecar.paperless.names import NameList
from sidecar.paperless.similar import like
from sidecar.store import ledger, pages, queue
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.worker.budget import Purse
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back, to_the_end
from sidecar.worker.intake import Intake
from sidecar.worker.lease import Leases


class Tagging:
    """Files documents as a model suggests."""

    def __init__(  # noqa: PLR0913 - the step joins everything that filing touches
        self,
        paperless: Paperless,
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
        all_at_home: bool = False,
    ) -> None:
        """`all_at_home`: no model that may be asked is outside the owner's network."""
        self._paperless = paperless
        self._purse = purse
        self._private_tags = private_tags
        self._all_at_home = all_at_home
        self._leases = leases
        self._names = names
        self._db = db
        self._intake = intake
        self._tagger = tagger
        self._tags = tags
        self._clock = clock

    async def propose(self, job: Job) -> Proposal:
        """Return the fields and tags the document should have. The model is asked at most once for one text.

        Names that do not exist yet are made when the proposal is delivered, never here.
        """
        rules = self._tagger.rules
        document, base = await self._intake.open(job, FIELDS, with_custom=rules.asks_custom_fields)
        self._tagger.require_text(document.content)  # a blank page's like says nothing of it
        vocabulary = await self._names.vocabulary(hidden=self._tags.all)
        is_private = await self._names.is_among(self._private_tags, document.tags)
        # A private document's question stays in the house, so private ones of its like may stand in it.
        may_show = self._names.showing(self._private_tags, anything=is_private or self._all_at_home)
        shown = await like(self._paperless, document.id, self._tags, rules.examples, may_show)
        today = self._clock.now().date()
        question = self._tagger.question(
            document.content, vocabulary, document_id=document.id, examples=shown, today=today
        )
        suggestion = await self._db.run(pages.load_answer, question.key, job_id=job.id, about=question.about)
        if suggestion is None:
            suggestion = await self._ask(job, question, vocabulary, is_private=is_private)
        return self._proposal(suggestion, document, base, vocabulary)

    def _proposal(self, suggestion: Suggestion, document: Document, base: Fields, vocabulary: Vocabulary) -> Proposal:
        found = wishes(suggestion, self._tagger.rules, document, vocabulary)
        words = {custom_name(field.id): field.name for field in vocabulary.fields}
        tags = {tag_key(tag.id): tag.shown for tag in vocabulary.of(Names.TAGS) if tag.id in found.tags}
        told = {*found.values, *suggestion.left_out}
        return Proposal(
            base={**dict.fromkeys((*FIELDS, *found.values)), **base},
            wanted=found.values,
            delta=TagDelta(
                add=frozenset({self._tags.tagging_done, *found.tags}),
                remove=frozenset({self._tags.tagging}),
            ),
            note=suggestion.summary,
            names=found.new,
            words={name: word for name, word in words.items() if name in told} | tags,
            remarks=tuple(f"Left out: {said}" for said in suggestion.left_out.values()),
        )

    async def _ask(self, job: Job, question: Question, vocabulary: Vocabulary, *, is_private: bool) -> Suggestion:
        asked = question.tokens

        async def record(reply: Reply, outcome: str, suggestion: Suggestion | None) -> None:
            call = Call(
                "tagging", reply.model, reply.input_tokens, reply.output_tokens, outcome, reply.seconds,
                host_or_openai(reply.url), estimated=reply.estimated,
            )  # fmt: skip
            call = call.priced(self._purse.prices, guess=(asked, tokens_of(reply.text)))
            answer = None if suggestion is None else (question.key, suggestion)
            now = self._clock.now()
            await once_the_store_is_back(
                lambda: self._db.run(ledger.record, job, call, answer=answer, about=question.about, now=now),
                self._clock,
            )
            if suggestion is not None:
                for note in reply.notes:
                    await self._db.run(queue.tell, job, note, now=now)

        async def to_the_end_of_it(reply: Reply, outcome: str, suggestion: Suggestion | None) -> None:
            await to_the_end(record(reply, outcome, suggestion))  # what was paid for is kept, whoever stops us

        @asynccontextmanager
        async def paying(model: Model) -> AsyncIterator[Again]:
            host = host_or_openai(model.url)

            async def again() -> None:
                await self._require_a_chance(job, model.name, host)
                await self._purse.take(place)

            await self._require_a_chance(job, model.name, host)
            async with self._purse.call(Kind.TAGGING, model.name, host, (asked, model.max_tokens)) as place:
                model.prepare()
                await self._leases.assure(job, 0)  # after a long sleep somebody else may have asked already
                yield again

        return await self._tagger.ask(
            question, vocabulary, today=self._clock.now().date(), record=to_the_end_of_it, private=is_private,
            around=paying,
        )  # fmt: skip

    async def _require_a_chance(self, job: Job, model: str, host: str) -> None:
        """Raise UnusableError if the job was paid as many bad answers of this model as one may give in all.

        They are counted over all attempts, since one that was stopped between a bad answer and its repair (by a busy
        server, by a budget) may begin anew, and that as often as it is stopped. Of a model that stands in the list
        more than once on one host, the ledger does not tell which one it was.
        """
        wrong = await self._db.run(ledger.unusable, job.id, model, host)
        alike = sum((one.name, host_or_openai(one.url)) == (model, host) for one in self._tagger.model.models)
        if len(wrong) >= MOST_CALLS * max(alike, 1):
            raise UnusableError(f"The model {model} gave no usable answer, {TIMES[MOST_CALLS]}: {wrong[-1]}")
