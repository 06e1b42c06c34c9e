"""Measure ways of filing on documents that a person filed: ask about each, compare, write nothing into Paperless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from sidecar.domain.errors import BudgetError, MisconfiguredError, OutageError, PermanentError, TemporaryError
from sidecar.domain.filed import asked_fields, filing_of
from sidecar.domain.scoring import Filing
from sidecar.store.trials import Trial
from sidecar.worker.asker import Asker
from sidecar.worker.contestant import Contestant, Result
from sidecar.worker.evaluation_sample import Case
from sidecar.worker.finishing import together


class Evaluation:
    """Has contestants asked about documents, several at a time, and scores what they answer."""

    def __init__(self, asker: Asker, *, at_once: int) -> None:
        self._asker = asker
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
            result.trials[number] = await self._asker.trial(result, case)
        except (OutageError, MisconfiguredError, BudgetError) as error:
            result.stopped = str(error)
        except (PermanentError, TemporaryError) as error:
            result.failed[number] = str(error)


def _filing(trial: Trial) -> Filing:
    """Return what was suggested; nothing at all where the answer could not be used."""
    return {
        name: frozenset(value) if isinstance(value, list) else value for name, value in (trial.filing or {}).items()
    }
