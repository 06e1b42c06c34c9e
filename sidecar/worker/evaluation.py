"""Measure ways of filing on documents that a person filed: ask about each, compare, write nothing into Paperless.

Every answer is kept in the store in the commit that writes its call down, so that a second run, or the next one after a
crash, pays only for what was not answered yet.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace

from sidecar.domain.budget import Limit, Spent
from sidecar.domain.confidence import field_confidence
from sidecar.domain.errors import (
    BudgetError,
    MisconfiguredError,
    OutageError,
    PermanentError,
    TemporaryError,
    UnusableError,
)
from sidecar.domain.examples import examples
from sidecar.domain.filed import asked_fields, filing_of, filing_suggested
from sidecar.domain.job import Kind
from sidecar.domain.prices import tokens_of
from sidecar.domain.privacy import Privacy, host_or_openai
from sidecar.domain.scoring import Filing, Score
from sidecar.domain.suggestion import Suggestion
from sidecar.domain.vocabulary import Vocabulary
from sidecar.engines.asking import Again
from sidecar.engines.llm import Model, Reply
from sidecar.engines.tagger import Question, Tagger
from sidecar.paperless.names import NameList
from sidecar.store import ledger, trials
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.store.trials import Trial
from sidecar.worker.budget import Purse
from sidecar.worker.choosing import Case
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back, to_the_end, together

PURPOSE = "eval"
#: A model that is away, or busy, is asked so often in all, with so many seconds between, or as many as it asks for.
TRIES, WAIT_S, LONGEST_WAIT_S = 4, 2.0, 120.0
#: How often a call looks again that waits for others to show what they cost, in seconds.
LOOK_S = 0.1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of asking that is measured: a model, prompts and settings."""

    label: str
    #: Asked alone: what stands in for it otherwise is not measured.
    model: Model
    tagger: Tagger
    #: The names and fields that it is offered.
    vocabulary: Vocabulary
    #: The settings in which it differs from what is set up, as JSON: they may change the answer to the same question.
    differs: str = "{}"


@dataclass(slots=True)
class Result:
    """How one contestant did."""

    contestant: Contestant
    trials: dict[int, Trial] = field(default_factory=dict)
    score: Score = field(default_factory=Score)
    #: What this run paid for, and how many answers were there from earlier runs.
    paid: Spent = field(default_factory=Spent)
    calls: int = 0
    kept: int = 0
    #: Documents that no answer could be had for, with the reason; they are asked about again next time.
    failed: dict[int, str] = field(default_factory=dict)
    #: Why it was not asked any more; None if it went through.
    stopped: str | None = None


@dataclass(slots=True)
class Allowance:
    """What one run may spend in all, apart from the budgets of the daily work."""

    limit: Limit | None = None
    spent: Spent = field(default_factory=Spent)
    aside: dict[str, Spent] = field(default_factory=dict)

    def is_spent(self, price: Spent) -> bool:
        """Say whether a call of this price may not be made any more."""
        return self.limit is not None and self.limit.is_spent(self.spent, price)

    def is_full(self, price: Spent) -> bool:
        """Say whether what is under way may still use it up."""
        under_way = sum(self.aside.values(), Spent())
        return self.limit is not None and self.limit.is_spent(self.spent + under_way, price)


class Evaluation:
    """Asks contestants about documents, several at a time."""

    def __init__(
        self,
        db: Database,
        names: NameList,
        purse: Purse,
        privacy: Privacy,
        clock: Clock,
        *,
        allowance: Allowance,
        at_once: int,
        own: frozenset[int],
    ) -> None:
        """`own` are the ids of our tags: what carries one is no example."""
        self._own = own
        self._db = db
        self._names = names
        self._purse = purse
        self._privacy = privacy
        self._clock = clock
        self._allowance = allowance
        self._at_once = at_once

    async def run(
        self,
        contestants: Sequence[Contestant],
        cases: Sequence[Case],
        *,
        on_done: Callable[[], None] = lambda: None,
    ) -> list[Result]:
        """Ask each contestant about each document and score the answers; contestants take turns.

        Ends early for a contestant whose model is away or wrongly set up, and for all when the money is spent: what
        was answered until then is scored, and `stopped` says why.
        """
        results = [Result(contestant) for contestant in contestants]
        places = asyncio.Semaphore(self._at_once)

        async def one(result: Result, case: Case) -> None:
            async with places:
                if result.stopped is None:
                    await self._try(result, case)
            on_done()

        await together(*(one(result, case) for case in cases for result in results))
        for result in results:
            self._score(result, cases)
        return results

    def _score(self, result: Result, cases: Sequence[Case]) -> None:
        vocabulary = result.contestant.vocabulary
        fields = asked_fields(result.contestant.tagger.rules, vocabulary)
        for case in cases:
            trial = result.trials.get(case.document.id)
            if trial is not None:
                truth = filing_of(case.document, vocabulary)
                result.score.add(case.document.id, truth, _filing(trial), fields, trial.confidence)

    async def _try(self, result: Result, case: Case) -> None:
        number = case.document.id
        try:
            question = question_of(result.contestant, case, self._privacy, self._own)
            key = _key(result.contestant, question)
            trial = await self._db.run(trials.find, key)
            result.kept += trial is not None
            result.trials[number] = trial or await self._ask(result, case, question, key)
        except (OutageError, MisconfiguredError, BudgetError) as error:
            result.stopped = str(error)
        except (PermanentError, TemporaryError) as error:
            result.failed[number] = str(error)

    async def _ask(self, result: Result, case: Case, question: Question, key: str) -> Trial:
        name, url, longest = result.contestant.model.identity
        host = host_or_openai(url)
        private = await self._names.is_among(self._privacy.tags, case.document.tags)
        self._privacy.require(private, name, url)
        asked = tokens_of(question.rules_text, question.text, json.dumps(question.schema))
        price = Spent(self._purse.prices.cost(name, asked, longest, host) or 0.0, asked + longest)
        asking = _Asking(self, result, case, key, name, host, asked)
        await self._take(key, price)
        try:
            async with self._purse.call(Kind.TAGGING, name, host, (asked, longest)) as place:

                async def again() -> None:
                    self._require(price)
                    await self._purse.take(place)

                return await self._answer(asking, question, again)
        finally:
            self._allowance.aside.pop(key, None)

    async def _take(self, key: str, price: Spent) -> None:
        """Set a call's price aside; wait while others may still use the rest up. Raises BudgetError."""
        while True:
            self._require(price)
            if not self._allowance.is_full(price):
                self._allowance.aside[key] = price
                return
            await self._clock.sleep(LOOK_S)

    def _require(self, price: Spent) -> None:
        if self._allowance.is_spent(price):
            raise BudgetError("The --budget of this run is spent.", until=self._clock.now())

    async def _answer(self, asking: _Asking, question: Question, again: Again) -> Trial:
        """Ask, a few times where the model is busy. Raises the last error, and what another time would not help."""
        contestant, today = asking.result.contestant, self._clock.now().date()
        tagger, vocabulary = contestant.tagger, contestant.vocabulary
        contestant.model.prepare()

        @asynccontextmanager
        async def paying(_model: Model) -> AsyncIterator[Again]:
            yield again

        for attempt in itertools.count(1):
            try:
                await tagger.ask(question, vocabulary, today=today, record=asking.record, around=paying)
            except (OutageError, TemporaryError) as error:
                if attempt == TRIES or isinstance(error, MisconfiguredError):
                    raise
                wait_s = getattr(error, "retry_after_s", None) or WAIT_S * attempt
                _log.info("%s: %s Again in %.0f s.", asking.result.contestant.label, error, wait_s)
                await self._clock.sleep(min(wait_s, LONGEST_WAIT_S))
            except UnusableError as error:  # it was paid for, and another time would not be better
                return await self._give_up(asking, str(error))
            else:
                return asking.so_far
        raise AssertionError("unreachable")

    async def _give_up(self, asking: _Asking, reason: str) -> Trial:
        trial, now = replace(asking.so_far, outcome=reason), self._clock.now()
        number = asking.case.document.id
        await to_the_end(
            once_the_store_is_back(
                lambda: self._db.run(trials.record, asking.key, number, trial, asking.model, now=now), self._clock
            )
        )
        return trial

    async def keep(self, asking: _Asking, call: Call, trial: Trial | None) -> None:
        """Write a call down, and keep the trial that it completed."""
        spent = Spent(call.cost or 0.0, (call.input_tokens or 0) + (call.output_tokens or 0))
        self._allowance.spent += spent
        asking.result.paid += spent
        asking.result.calls += 1
        number, now = asking.case.document.id, self._clock.now()

        async def write() -> None:
            if trial is None:
                await self._db.run(ledger.record_alone, number, call, now=now)
            else:
                await self._db.run(trials.record, asking.key, number, trial, asking.model, now=now, call=call)

        await to_the_end(once_the_store_is_back(write, self._clock))

    def priced(self, call: Call, guess: tuple[int, int]) -> Call:
        """Return the call with its cost."""
        return call.priced(self._purse.prices, guess=guess)


@dataclass(slots=True)
class _Asking:
    """One document being asked about."""

    evaluation: Evaluation
    result: Result
    case: Case
    key: str
    model: str
    host: str
    #: About how many tokens the question has.
    asked: int
    #: What all calls so far came to.
    so_far: Trial = field(default_factory=lambda: Trial(None, "", 0.0, 0, 0))

    async def record(self, reply: Reply, outcome: str, suggestion: Suggestion | None) -> None:
        """Count a call; an answer that can be used completes the trial."""
        call = Call(PURPOSE, self.model, reply.input_tokens, reply.output_tokens, outcome, reply.seconds, self.host,
            estimated=reply.estimated,
        )  # fmt: skip
        call = self.evaluation.priced(call, (self.asked, tokens_of(reply.text)))
        before = self.so_far
        costs = [cost for cost in (before.cost, call.cost) if cost is not None]
        self.so_far = replace(
            before,
            outcome=outcome,
            seconds=before.seconds + call.seconds,
            input_tokens=before.input_tokens + (call.input_tokens or 0),
            output_tokens=before.output_tokens + (call.output_tokens or 0),
            estimated=before.estimated or call.estimated,
            cost=sum(costs) if costs else None,
        )
        if suggestion is not None:
            one = self.result.contestant
            filing = filing_suggested(suggestion, one.tagger.rules, self.case.document, one.vocabulary)
            confidence = field_confidence(reply.text, reply.tokens)
            self.so_far = replace(self.so_far, filing=_plain(filing), confidence=confidence)
        await self.evaluation.keep(self, call, None if suggestion is None else self.so_far)


def question_of(contestant: Contestant, case: Case, privacy: Privacy, own: frozenset[int]) -> Question:
    """Return the question about a document as if nobody had filed it yet, with other documents as examples.

    What carries a tag of ours (`own`) is no example, and what is private is none for a model elsewhere. Raises
    PermanentError if there is no text.
    """
    name, url, _ = contestant.model.identity
    is_at_home = privacy.is_at_home(name, url)
    shown = examples(
        (one for one in case.like if is_at_home or one.id not in case.private),
        ours=own,
        most=contestant.tagger.rules.examples,
    )
    return contestant.tagger.question(
        case.document.content, contestant.vocabulary, document_id=case.document.id, examples=shown
    )


def _key(contestant: Contestant, question: Question) -> str:
    """Return what the trial is kept under: everything that could change the answer."""
    name, url, longest = contestant.model.identity
    rules = json.dumps(asdict(contestant.tagger.rules), sort_keys=True, default=_in_order)
    parts = json.dumps([PURPOSE, question.key, name, url, longest, rules, contestant.differs])
    return hashlib.sha256(parts.encode()).hexdigest()


def _in_order(value: Collection[object]) -> list[str]:
    return sorted(map(str, value))


def _plain(filing: Filing) -> dict[str, str | list[str] | None]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in filing.items()}


def _filing(trial: Trial) -> Filing:
    """Return what was suggested; nothing at all where the answer could not be used."""
    return {
        name: frozenset(value) if isinstance(value, list) else value for name, value in (trial.filing or {}).items()
    }
