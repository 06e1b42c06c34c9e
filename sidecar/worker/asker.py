"""One contestant is asked about one document: until there is an answer, with all that is paid written down.

Every answer is kept in the store in the commit that writes its call down, so that a second run, or the next one after a
crash, pays only for what was not answered yet.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from sidecar.domain.budget import Spent
from sidecar.domain.confidence import field_confidence
from sidecar.domain.errors import MisconfiguredError, OutageError, TemporaryError, UnusableError
from sidecar.domain.filed import filing_suggested
from sidecar.domain.job import Kind
from sidecar.domain.prices import Prices, tokens_of
from sidecar.domain.privacy import Privacy, host_or_openai
from sidecar.domain.scoring import Filing
from sidecar.domain.suggestion import Suggestion
from sidecar.engines.asking import Again
from sidecar.engines.llm import Model, Reply
from sidecar.engines.tagger import Question
from sidecar.paperless.names import NameList
from sidecar.store import ledger, trials
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.store.trials import Trial
from sidecar.worker.allowance import Allowance
from sidecar.worker.budget import Purse
from sidecar.worker.clock import Clock
from sidecar.worker.contestant import PURPOSE, Result, question_of, trial_key
from sidecar.worker.evaluation_sample import Case
from sidecar.worker.finishing import once_the_store_is_back, to_the_end

#: A model that is away, or busy, is asked so often in all, with so many seconds between, or as many as it asks for.
TRIES, WAIT_S, LONGEST_WAIT_S = 4, 2.0, 120.0

_log = logging.getLogger(__name__)


class Asker:
    """Has what earlier runs kept, and asks for what they did not."""

    def __init__(
        self,
        db: Database,
        names: NameList,
        purse: Purse,
        privacy: Privacy,
        clock: Clock,
        *,
        allowance: Allowance,
        own: frozenset[int],
    ) -> None:
        """`own` are the ids of our tags: what carries one is no example."""
        self._db = db
        self._names = names
        self._purse = purse
        self._privacy = privacy
        self._clock = clock
        self._allowance = allowance
        self._own = own

    async def trial(self, result: Result, case: Case) -> Trial:
        """Return the contestant's trial on a document, and count in `result` what it took.

        Raises the errors of the model, BudgetError, and PermanentError where there is nothing to be asked.
        """
        today = self._clock.now().date()
        question = question_of(result.contestant, case, self._privacy, self._own, today=today)
        key = trial_key(result.contestant, question)
        trial = await self._db.run(trials.find, key)
        result.kept += trial is not None
        return trial or await self._ask(result, case, question, key)

    async def _ask(self, result: Result, case: Case, question: Question, key: str) -> Trial:
        """Ask, a few times where a model is busy. Raises the last error, and what another time would not help."""
        contestant, today = result.contestant, self._clock.now().date()
        private = await self._names.is_among(self._privacy.tags, case.document.tags)
        asked = question.tokens
        asking = _Asking(self, self._purse.prices, result, case, key, asked)
        # What this run may cost is spent for the whole chain at once: one that is free would be measured alone.
        dearest = max((self._price(model, asked) for model in contestant.models), key=lambda one: one.money)

        @asynccontextmanager
        async def paying(model: Model) -> AsyncIterator[Again]:
            guess = (asked, model.max_tokens)
            async with (
                self._allowance.setting_aside(key, dearest),
                self._purse.call(Kind.TAGGING, model.name, host_or_openai(model.url), guess) as place,
            ):
                model.prepare()

                async def again() -> None:
                    self._allowance.require(dearest)
                    await self._purse.take(place)

                yield again

        for attempt in itertools.count(1):
            try:
                await contestant.tagger.ask(
                    question, contestant.vocabulary, today=today, record=asking.record, private=private, around=paying
                )
            except (OutageError, TemporaryError) as error:
                if attempt == TRIES or isinstance(error, MisconfiguredError):
                    raise
                wait_s = getattr(error, "retry_after_s", None) or WAIT_S * attempt
                _log.info("%s: %s Again in %.0f s.", contestant.label, error, wait_s)
                await self._clock.sleep(min(wait_s, LONGEST_WAIT_S))
            except UnusableError as error:  # it was paid for, and another time would not be better
                return await self._give_up(asking, str(error))
            else:
                return asking.so_far
        raise AssertionError("unreachable")

    def _price(self, model: Model, asked: int) -> Spent:
        cost = self._purse.prices.cost(model.name, asked, model.max_tokens, host_or_openai(model.url))
        return Spent(cost or 0.0, asked + model.max_tokens)

    async def _give_up(self, asking: _Asking, reason: str) -> Trial:
        trial, now = replace(asking.so_far, outcome=reason), self._clock.now()
        number = asking.case.document.id
        await to_the_end(
            once_the_store_is_back(lambda: self._db.run(trials.record, asking.key, number, trial, now=now), self._clock)
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
                await self._db.run(trials.record, asking.key, number, trial, now=now, call=call)

        await to_the_end(once_the_store_is_back(write, self._clock))


@dataclass(slots=True)
class _Asking:
    """One document being asked about."""

    asker: Asker
    prices: Prices
    result: Result
    case: Case
    key: str
    #: About how many tokens the question has.
    asked: int
    #: What all calls so far came to.
    so_far: Trial = field(default_factory=lambda: Trial(None, "", 0.0, 0, 0))

    async def record(self, reply: Reply, outcome: str, suggestion: Suggestion | None) -> None:
        """Count a call; an answer that can be used completes the trial."""
        host = host_or_openai(reply.url)
        call = Call(PURPOSE, reply.model, reply.input_tokens, reply.output_tokens, outcome, reply.seconds, host,
            estimated=reply.estimated,
        )  # fmt: skip
        call = call.priced(self.prices, guess=(self.asked, tokens_of(reply.text)))
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
            model=reply.model,
        )
        if suggestion is not None:
            one = self.result.contestant
            filing = filing_suggested(suggestion, one.tagger.rules, self.case.document, one.vocabulary)
            confidence = field_confidence(reply.text, reply.tokens)
            self.so_far = replace(self.so_far, filing=_plain(filing), confidence=confidence)
        await self.asker.keep(self, call, None if suggestion is None else self.so_far)


def _plain(filing: Filing) -> dict[str, str | list[str] | None]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in filing.items()}
