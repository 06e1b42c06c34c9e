"""Fall-backs: models at endpoints, asked in the owner's order until one gives an answer that can be used.

An endpoint that is away or refuses us is parked by itself and passed over until it is back; a model that was given its
chances at a question is not asked it again while the others are waited for. Models are told apart by provider and
name: two endpoints may have one of the same name.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sidecar.domain.errors import BudgetError, OutageError, PermanentError, TemporaryError, UnusableError
from sidecar.domain.privacy import Privacy
from sidecar.domain.retry import soonest
from sidecar.engines.llm import Model
from sidecar.worker.providers import Probe, Providers

_log = logging.getLogger(__name__)

T = TypeVar("T")

#: So many questions are remembered that some model gave no usable answer to.
REMEMBERED = 1000


class Chain:
    """Models in the order in which they are asked; the first one is meant, the others stand in for it.

    Without `providers` nobody is parked: for asking now and then, by hand.
    """

    def __init__(
        self,
        models: Sequence[Model],
        providers: Providers | None = None,
        *,
        privacy: Privacy | None = None,
    ) -> None:
        self._models = tuple(models)
        self._providers = providers
        self._privacy = privacy or Privacy()
        #: What a model of which nothing more is to be expected had said, by question, provider and name.
        self._spent: OrderedDict[tuple[str, str, str], PermanentError] = OrderedDict()

    @property
    def models(self) -> tuple[Model, ...]:
        """Who may be asked, in their order."""
        return self._models

    @property
    def name(self) -> str:
        """The first model's name."""
        return self.models[0].name

    @property
    def identity(self) -> tuple[str, str, int]:
        """What makes the first model's answers its own."""
        return self.models[0].identity

    def prepare(self) -> None:
        """Load what the first question needs."""
        for model in self.models:
            model.prepare()

    async def walk(
        self, attempt: Callable[[Model], Awaitable[T]], *, about: str, private: bool = False, document: int = 0
    ) -> T:
        """Return what the first attempt that succeeds returns. `about` tells questions apart, `document` (its number)
        the same document's at another time; 0 where it is none.

        Where no model is left: OutageError if one of them may still do it once it is back, TemporaryError if one did
        not answer properly, BudgetError if nothing more may be spent on it, else PermanentError with what each said:
        UnusableError if each gave an answer of no use. A `private` question goes only to endpoints in the house;
        PermanentError if there is none.
        """
        models = self._allowed(private)
        if len(self.models) == 1:
            found = await attempt(models[0])  # the runner parks and excuses
            self._settle(about, models[0], document or about)
            return found
        said: list[PermanentError] = []
        trouble: list[BudgetError | OutageError | TemporaryError] = []
        for model in models:
            mark = (about, model.provider, model.name)
            if mark in self._spent:
                said.append(self._spent[mark])
            elif (away := self._away(model)) is not None:
                trouble.append(away)
            else:
                try:
                    found = await attempt(model)
                except BudgetError as error:  # the next one may cost less, or nothing
                    trouble.append(error)
                except (OutageError, TemporaryError) as error:
                    trouble.append(await self._judge(model, error, document or about))
                except PermanentError as error:
                    self._remember(mark, error)
                    said.append(error)
                else:
                    self._settle(about, model, document or about)
                    return found
                _log.info("%s (%s) did not do; asking the next one", model.name, model.provider)
        if trouble:
            raise soonest(trouble)
        self._forget(about)
        meant = UnusableError if all(isinstance(one, UnusableError) for one in said) else PermanentError
        raise said[0] if len(said) == 1 else meant(" ".join(dict.fromkeys(map(str, said))))

    def _allowed(self, private: bool) -> list[Model]:
        """Return who may be asked. Raises PermanentError if nobody may."""
        if not private:
            return list(self.models)
        near = [model for model in self.models if self._privacy.is_at_home(model.name, model.url)]
        if not near:
            self._privacy.require(private, self.models[0].name, self.models[0].url)
        return near

    def _away(self, model: Model) -> OutageError | None:
        """Return why and for how long a model is left alone, None if it is not."""
        parked = self._providers.why_parked(model.provider) if self._providers else None
        return None if parked is None else OutageError(model.provider, parked[0], retry_after_s=parked[1])

    async def _judge(
        self, model: Model, error: OutageError | TemporaryError, document: object
    ) -> OutageError | TemporaryError:
        """Park who is away. Return an error that leaves nothing more to judge."""
        if self._providers is None:
            return error
        if isinstance(error, OutageError):
            return await self._providers.refused(error, document)
        if error.suspect is None or not await self._providers.excuses(model.provider, document, str(error)):
            return TemporaryError(str(error))
        return self._away(model) or OutageError(model.provider, str(error))

    def _remember(self, mark: tuple[str, str, str], error: PermanentError) -> None:
        self._spent[mark] = error
        while len(self._spent) > REMEMBERED:
            self._spent.popitem(last=False)

    def _settle(self, about: str, model: Model, document: object) -> None:
        self._forget(about)
        if self._providers is not None:
            self._providers.answered(model.provider, document)

    def _forget(self, about: str) -> None:
        """Forget what was held against models over this question: should it come again, it is meant anew."""
        for model in self.models:
            self._spent.pop((about, model.provider, model.name), None)


def providers_of(models: Sequence[Model]) -> dict[str, list[str]]:
    """Return, by the first provider of a chain, all of its providers, in their order."""
    names = list(dict.fromkeys(model.provider for model in models))
    return {names[0]: names} if names else {}


def probes_of(models: Sequence[Model]) -> dict[str, Probe]:
    """Return how each provider is asked for a sign of life; of several models at one, the first is asked."""
    return {model.provider: model.probe for model in reversed(models)}
