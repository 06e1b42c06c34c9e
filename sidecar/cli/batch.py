"""What a batch of documents comes to: by what calls were like so far, else by the questions as they would be asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sidecar.domain import estimate as reckoning
from sidecar.domain.budget import PURPOSES
from sidecar.domain.estimate import (
    ENOUGH_ANSWERS,
    Estimate,
    Share,
    answers,
    as_before,
    counted,
    drawn_out,
    in_shares,
    model_pages,
    side_by_side,
)
from sidecar.domain.job import Kind
from sidecar.domain.prices import tokens_of_page
from sidecar.domain.privacy import host_or_openai
from sidecar.engines.llm import Model
from sidecar.parts import Parts, cores
from sidecar.store import spending
from sidecar.worker import second_reader

DOCUMENTS = ("document", "documents")
PAGES = ("page", "pages")


@dataclass
class Batch:
    """The documents that were found, and what they come to."""

    documents: int = 0
    pages: int = 0
    private: int = 0
    #: Of these, without a number of pages.
    uncounted: int = 0
    empty: int = 0
    answered: int = 0
    #: Tokens of the questions that will be asked, without examples.
    questions: list[int] = field(default_factory=list)
    #: Of these, the ones that may stay in the house and would go elsewhere first.
    at_home: list[int] = field(default_factory=list)
    #: Tokens of the examples of some questions, of those that are answered already too.
    examples: list[int] = field(default_factory=list)
    #: Pages of documents that may be shown to the vision model.
    shown_pages: int = 0

    @property
    def example_tokens(self) -> int:
        """What the examples of a question come to, by those that were looked up; rounded up."""
        return math.ceil(sum(self.examples) / len(self.examples)) if self.examples else 0

    work: dict[Kind, Estimate] = field(default_factory=dict)


async def filing(parts: Parts, batch: Batch, *, has_store: bool) -> Estimate:
    """Return what filing comes to: as it was so far if there were enough answers, else by the questions."""
    model, names = parts.model, [one.name for one in parts.models]
    if not model.name and len(names) == 1:
        return Estimate(notes=("No model is set up (LLM_MODEL), so nothing would be filed.",))
    so_far = await parts.db.run(spending.typical, PURPOSES[Kind.TAGGING], names) if has_store else None
    before = await parts.db.run(spending.shares, "tagging", names) if has_store else []
    notes = []
    if batch.answered:
        known = f" Looked up for {len(batch.examples)} of them all." if batch.examples else ""
        notes.append(
            f"{counted(batch.answered, DOCUMENTS)} would not be asked about: the answer is kept already.{known}"
        )
    if batch.empty:
        notes.append(f"{counted(batch.empty, DOCUMENTS)} without text not counted for filing: they are read first.")
    near = [one for one in parts.models if parts.privacy.is_at_home(one.name, one.url)]
    if batch.private and not near:
        notes.append(f"{counted(batch.private, DOCUMENTS)} private (PRIVATE_TAGS): {model.name} would not be asked.")
    if so_far is None:
        notes.append(
            f"{model.name} has filed nothing yet: {reckoning.FILING_TOKENS} tokens an answer are assumed, and how "
            "long one takes is not known."
        )
    got = so_far.output_tokens if so_far else reckoning.FILING_TOKENS
    number, asked = len(batch.questions), batch.example_tokens
    work: list[Share] = []
    if number and (done := answers(before)) >= ENOUGH_ANSWERS:
        work += as_before(number, before)
        given = math.ceil(sum(one.input_tokens for one in before) / done)
        notes.append(
            f"Reckoned by the last {done} documents that were filed: {given} tokens going in for each on average, with "
            f"examples, repairs and calls that failed. By these documents' own texts it would be up to "
            f"{math.ceil(sum(batch.questions) / number) + asked}.{in_shares(before, DOCUMENTS)}"
        )
    elif number:
        work.append(_asked(model, [one + asked for one in batch.questions], got))
        notes += _examples_in_words(batch) + _standing_in(parts.models)
    if batch.at_home:
        work.append(_asked(near[0], [one + asked for one in batch.at_home], got))
        notes.append(f"{counted(len(batch.at_home), DOCUMENTS)} private (PRIVATE_TAGS): {near[0].name} is asked.")
    seconds = side_by_side(
        number + len(batch.at_home), so_far.seconds if so_far else None, parts.settings.tagging_concurrency
    )
    return _priced(parts, Kind.TAGGING, work, seconds, notes)


async def reading(parts: Parts, batch: Batch, *, has_store: bool) -> Estimate:
    """Return what reading comes to: pages as Paperless counts them, and what pages were like so far."""
    s, seeing = parts.settings, parts.vision.models if parts.vision else ()
    names = [model.name for model in seeing]
    before = await parts.db.run(spending.pages_so_far, names) if has_store else spending.PagesSoFar(0, 0, 0.0)
    notes = []
    if batch.uncounted:
        notes.append(f"{counted(batch.uncounted, DOCUMENTS)} of which Paperless does not know the pages: one each.")
    own_s = before.seconds if before.pages > before.by_model else None
    ours = side_by_side(batch.pages, own_s, cores(s))
    if not seeing:
        if own_s is None and batch.pages:
            notes.append("No page was read yet, so how long one takes is not known.")
        return Estimate(seconds=ours, notes=tuple(notes))
    so_far = await parts.db.run(spending.typical, PURPOSES[Kind.OCR], names) if has_store else None
    shares = await parts.db.run(spending.shares, second_reader.PURPOSE, names) if has_store else []
    number = model_pages(batch.shown_pages, so_far=before.pages, by_model=before.by_model)
    if batch.shown_pages and before.pages < reckoning.ENOUGH_PAGES:
        notes.append("Too few pages were read yet to tell how many need the model: all are counted.")
    if batch.shown_pages < batch.pages:
        notes.append(f"{batch.pages - batch.shown_pages} pages of private documents go to no model (PRIVATE_TAGS).")
    if so_far is None:
        notes.append(
            f"{names[0]} has read nothing yet: {tokens_of_page(s.vision_pixels)} tokens a page going in and "
            f"{reckoning.PAGE_TOKENS} coming out are assumed, and how long one takes is not known."
        )
    theirs = side_by_side(number, so_far.seconds if so_far else None, s.vision_concurrency)
    seconds = None if theirs is None else max(theirs, ours or 0.0)
    if number and (done := answers(shares)) >= ENOUGH_ANSWERS:
        work = as_before(number, shares)
        notes.append(
            f"Reckoned by the last {counted(done, PAGES)} that a model read, with answers that were not taken and "
            f"calls that failed.{in_shares(shares, PAGES)}"
        )
    else:
        given = so_far.input_tokens if so_far else tokens_of_page(s.vision_pixels)
        got = so_far.output_tokens if so_far else reckoning.PAGE_TOKENS
        work = [_asked(seeing[0], [given] * number, got)]
        notes += _standing_in(seeing) if number else []
    return _priced(parts, Kind.OCR, work, seconds, notes)


def _asked(model: Model, questions: Sequence[int], answer: int) -> Share:
    """Return what questions of so many tokens come to if this model answers each at once."""
    calls = len(questions)
    return Share(model.name, host_or_openai(model.url), calls, calls, sum(questions), calls * answer)


def _examples_in_words(batch: Batch) -> list[str]:
    if not batch.example_tokens:
        return []
    looked_up = counted(len(batch.examples), DOCUMENTS)
    return [f"Examples are reckoned with {batch.example_tokens} tokens each time, as looked up for {looked_up}."]


def _standing_in(models: Sequence[Model]) -> list[str]:
    """Say who else may be asked where the first one is reckoned with alone."""
    others = [f"{model.name} at {host_or_openai(model.url)}" for model in models[1:]]
    if not others:
        return []
    return [
        f"Reckoned with {models[0].name} alone. What it is away for, or gives no answer to that can be used, costs "
        f"what {' or '.join(others)} takes for it, beside what was paid before."
    ]


def _priced(parts: Parts, kind: Kind, work: Sequence[Share], seconds: float | None, notes: list[str]) -> Estimate:
    costs = [parts.prices.cost(one.model, one.input_tokens, one.output_tokens, one.host) for one in work]
    known = [cost for cost in costs if cost is not None]
    cost = sum(known) if len(known) == len(costs) else None
    notes += [
        f"What {one.model} at {one.host} costs is not known: add it to PRICES."
        for one, price in zip(work, costs, strict=True)
        if price is None and one.calls
    ]
    calls = sum(one.calls for one in work)
    given, got = sum(one.input_tokens for one in work), sum(one.output_tokens for one in work)
    found = Estimate(calls, given, got, cost if calls else 0.0, seconds)
    return replace(found, notes=(*notes, *drawn_out(parts.budgets[kind], found)))
