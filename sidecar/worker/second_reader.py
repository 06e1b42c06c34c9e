"""Pages that go to a vision model: each model of the chain is asked once, what it says is judged, and all is noted.

An accepted answer and its line in the ledger are one commit, so is a rejected one: neither is paid for again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from sidecar.domain.acceptance import cleaned, complaint
from sidecar.domain.errors import BudgetError, LeaseLostError, OutageError, PermanentError, TemporaryError
from sidecar.domain.job import Job, Kind
from sidecar.domain.page import PageText
from sidecar.domain.prices import tokens_of, tokens_of_page
from sidecar.domain.privacy import Privacy, host_or_openai
from sidecar.domain.retry import soonest
from sidecar.domain.witness import PageAnswer, Seen
from sidecar.engines.llm import Model, Reply
from sidecar.engines.vision import Vision
from sidecar.store import ledger, pages
from sidecar.store.database import Database
from sidecar.store.ledger import Call
from sidecar.worker.budget import Purse
from sidecar.worker.clock import Clock
from sidecar.worker.finishing import once_the_store_is_back, to_the_end
from sidecar.worker.lease import Leases
from sidecar.worker.providers import Providers

_log = logging.getLogger(__name__)

PURPOSE = "page"


class SecondReader:
    """Asks vision models about pages, `width` at a time over all documents."""

    def __init__(
        self,
        vision: Vision,
        db: Database,
        leases: Leases,
        clock: Clock,
        purse: Purse,
        privacy: Privacy,
        *,
        width: int,
        providers: Providers,
    ) -> None:
        at_home = [model for model in vision.models if privacy.is_at_home(*model.identity[:2])]
        #: Who reads pages of documents, and of those that may not leave the owner's network (None: nobody).
        self.vision, self.at_home = vision, vision.limited_to(at_home)
        self._purse = purse
        self._providers = providers
        self._db = db
        self._leases = leases
        self._clock = clock
        self.width = width
        self._places = asyncio.Semaphore(width)

    async def read(
        self, job: Job, key: str, ours: PageText, picture: Callable[[], Awaitable[bytes]], vision: Vision, *, total: int
    ) -> tuple[PageText, bool]:
        """Return the page as a model of `vision` read it, and that it is kept under `key` already; where no model's
        answer will do, what Tesseract read (`ours`), with the reasons, and that it is not.

        Raises OutageError if one of the models that are left is away, else TemporaryError if one did not answer
        properly, else BudgetError if nothing more may be spent on them.
        """
        said: list[str] = []
        keys = {vision.key(model, key): model for model in vision.models}
        rejected = await self._db.run(pages.rejections, list(keys))
        trouble: list[BudgetError | OutageError | TemporaryError] = []
        async with self._places:
            for own_key, model in keys.items():
                if own_key in rejected:
                    said.append(f"{model.name}: {rejected[own_key]}")
                    continue
                _, url, longest = model.identity
                guess = (tokens_of_page(vision.pixels), longest)
                try:
                    self._pass_over(model, vision)
                    async with self._purse.call(Kind.OCR, model.name, host_or_openai(url), guess):
                        reply = await self._ask(job, model, await picture())
                        page, problem = self._judge(model, reply, ours, said)
                        step = self._keep(job, key, own_key, model, reply, page, problem, total=total)
                        is_ours = await to_the_end(step)  # what was paid for is kept, whoever stops us
                except (BudgetError, OutageError, TemporaryError) as error:
                    meant = await self._meant(error, job, ours.page)
                    trouble.append(meant)  # the next one may do; if none does, it is tried again
                    continue
                except PermanentError as error:  # it does not take this page
                    await self._note_failure(job, model, error)
                    said.append(f"{model.name}: {error}")
                    continue
                self._providers.answered(model.provider, (job.document_id, ours.page))
                if not is_ours:
                    raise LeaseLostError(f"job {job.id}: another runner holds it now")
                if problem is None:
                    return page, True
                said.append(f"{model.name}: {problem}")
                _log.info("document %s, page %s: what %s said was not taken", job.document_id, ours.page, model.name)
        if trouble:
            raise soonest(trouble)
        return replace(ours, reason="; ".join([ours.reason, *(f"not taken from {one}" for one in said)])), False

    def _pass_over(self, model: Model, vision: Vision) -> None:
        """Raise OutageError for a model whose endpoint is parked, while another endpoint may do."""
        parked = self._providers.why_parked(model.provider) if vision.has_fallbacks else None
        if parked is not None:
            raise OutageError(model.provider, parked[0], retry_after_s=parked[1])

    async def _ask(self, job: Job, model: Model, picture: bytes) -> Reply:
        model.prepare()
        await self._leases.assure(job, 0)  # after a long sleep somebody else may have asked already
        reply = await self.vision.ask(model, picture, unanswered=partial(self._note_lost, job, model))
        return replace(reply, text=reply.text.encode("utf-8", "replace").decode())  # half a character cannot be kept

    async def _meant(
        self, error: BudgetError | OutageError | TemporaryError, job: Job, page: int
    ) -> BudgetError | OutageError | TemporaryError:
        """Return what an error means for the page; who is away is parked: the next page goes elsewhere."""
        if isinstance(error, OutageError):
            return await self._providers.refused(error, (job.document_id, page))
        return error

    async def _note_failure(self, job: Job, model: Model, error: PermanentError) -> None:
        """Write down a page that the model does not take."""
        await self._note(job, Call(PURPOSE, model.name, None, None, str(error), 0.0, host_or_openai(model.url)))

    async def _note_lost(self, job: Job, model: Model, lost: Reply, why: str) -> None:
        """Write down a call without an answer that may have to be paid for, by what a page takes if nobody counted."""
        asked = None if lost.estimated else lost.input_tokens
        call = Call(PURPOSE, model.name, asked, lost.output_tokens, why, lost.seconds, host_or_openai(model.url))
        priced = call.priced(self._purse.prices, guess=(tokens_of_page(self.vision.pixels), 0))
        await to_the_end(self._note(job, priced))

    async def _note(self, job: Job, call: Call) -> None:
        now = self._clock.now()
        await once_the_store_is_back(lambda: self._db.run(ledger.record, job, call, now=now), self._clock)

    def _judge(self, model: Model, reply: Reply, ours: PageText, said: list[str]) -> tuple[PageText, str | None]:
        answer = PageAnswer(reply.text, reply.cut_off)
        problem = complaint(answer, Seen(ours.text, ours.confidence, is_blank=False, words=ours.words))
        why = "; ".join([ours.reason, f"read by {model.name}", *(f"not taken from {one}" for one in said)])
        if ours.confidence is not None:
            why += f"; Tesseract was {ours.confidence:.0f} % sure"
        seconds = round(ours.seconds + reply.seconds, 3)
        return PageText(ours.page, cleaned(reply.text), model.name, None, seconds, why, ours.words), problem

    async def _keep(
        self,
        job: Job,
        key: str,
        own_key: str,
        model: Model,
        reply: Reply,
        page: PageText,
        problem: str | None,
        *,
        total: int,
    ) -> bool:
        """Keep what was paid for; say whether the job is still ours."""
        now, outcome = self._clock.now(), problem or "answered"
        host, guess = host_or_openai(model.identity[1]), (tokens_of_page(self.vision.pixels), tokens_of(reply.text))
        call = Call(
            PURPOSE, model.name, reply.input_tokens, reply.output_tokens, outcome, reply.seconds, host,
            estimated=reply.estimated,
        )  # fmt: skip
        call = call.priced(self._purse.prices, guess=guess)
        if problem is None:
            return await once_the_store_is_back(
                lambda: self._db.run(
                    ledger.record_page, job, call, key, page, total=total, now=now, lease=self._leases.length
                ),
                self._clock,
            )
        rejected = (own_key, page.page)
        await once_the_store_is_back(
            lambda: self._db.run(ledger.record, job, call, now=now, rejected=rejected), self._clock
        )
        return True
