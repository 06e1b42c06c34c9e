"""`sidecar estimate`: what a batch would come to, before it is run. No model is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any

import typer
from rich.table import Table

from sidecar.cli import show
from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.cli.jobs import Wish
from sidecar.domain import estimate as reckoning
from sidecar.domain import prices
from sidecar.domain.budget import PURPOSES
from sidecar.domain.errors import PermanentError
from sidecar.domain.estimate import Estimate, counted, drawn_out, duration, model_pages, side_by_side
from sidecar.domain.job import Kind
from sidecar.domain.prices import tokens_of, tokens_of_page
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.engines.llm import Model
from sidecar.paperless.client import Sized
from sidecar.parts import Parts, cores
from sidecar.store import pages, spending

DOCUMENTS = ("document", "documents")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:  sidecar estimate --tag Inbox   |   sidecar estimate --query 'created:2024' --kind tagging",
    )(estimate)


def estimate(
    query: str = typer.Option("", help="Documents that this full-text query of Paperless finds."),
    tag: str = typer.Option("", help="Documents with this tag."),
    document: list[int] = typer.Option([], help="This document; may be given several times."),
    kind: Wish = typer.Option(Wish.BOTH, help="What is to be done with them."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for scripts."),
) -> None:
    """Say what documents would come to: pages, tokens, money and time. No model is asked, nothing is written."""
    if not (query or tag or document):
        raise typer.BadParameter("name documents with --query, --tag or --document")
    with in_words():
        parts = Parts(load_settings())
    batch = run_async(_estimate(parts, query, tag, document, kind))
    if as_json:
        show.print_json(_json(batch, parts.settings.currency))
    else:
        _print(batch, parts.settings.currency)


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
    #: Tokens of the questions that will be asked.
    questions: list[int] = field(default_factory=list)
    #: Pages of documents that may be shown to the vision model.
    shown_pages: int = 0
    work: dict[Kind, Estimate] = field(default_factory=dict)


async def _estimate(parts: Parts, query: str, tag: str, documents: list[int], kind: Wish) -> Batch:
    async with parts:
        parts.prompts.check()
        has_store = await asyncio.to_thread(parts.db.exists)
        if has_store:
            await asyncio.to_thread(parts.db.migrate)
        files = kind is not Wish.OCR and bool(parts.model.name)
        vocabulary = await _vocabulary(parts)
        batch = Batch()
        async for one in _found(parts, query, tag, documents):
            await _add(parts, batch, one, vocabulary if files else None, has_store=has_store)
        if kind is not Wish.TAGGING:
            batch.work[Kind.OCR] = await _reading(parts, batch, has_store=has_store)
        if kind is not Wish.OCR:
            batch.work[Kind.TAGGING] = await _filing(parts, batch, has_store=has_store)
        return batch


async def _vocabulary(parts: Parts) -> Vocabulary:
    """Return the names as the tagger sees them; our own tags are not made, since nothing is written."""
    ours = {getattr(parts.settings, name) for name in type(parts.settings).model_fields if name.endswith("_tag")}
    everything = await parts.names.vocabulary(hidden=())
    return await parts.names.vocabulary({name.id for name in everything.of(Names.TAGS) if name.name in ours})


async def _found(parts: Parts, query: str, tag: str, documents: list[int]) -> AsyncIterator[Sized]:
    """Give the documents; those that an unknown filter would let through are left out."""
    filters: dict[str, Any] = {}
    wanted: int | None = None
    if query:
        filters["query"] = query
    if tag:
        wanted = await parts.names.find(Names.TAGS, tag)
        if wanted is None:
            raise PermanentError(f'There is no tag "{tag}" in Paperless.')
        filters["tags__id__all"] = wanted
    if documents:
        filters["id__in"] = ",".join(map(str, documents))
    async for one in parts.paperless.sized(**filters):
        if (wanted is None or wanted in one.tags) and (not documents or one.id in documents):
            yield one


async def _add(parts: Parts, batch: Batch, one: Sized, vocabulary: Vocabulary | None, *, has_store: bool) -> None:
    batch.documents += 1
    batch.pages += one.pages or 1
    batch.uncounted += one.pages is None
    private = await parts.names.is_among(parts.privacy.tags, one.tags)
    batch.private += private
    seeing = parts.vision.models[0] if parts.vision else None
    if seeing and not (private and not parts.privacy.is_at_home(*seeing.identity[:2])):
        batch.shown_pages += one.pages or 1
    if vocabulary is None or (private and not parts.privacy.is_at_home(*parts.model.identity[:2])):
        return
    try:
        question = await asyncio.to_thread(parts.tagger.question, one.content, vocabulary)
    except PermanentError:
        batch.empty += 1
        return
    if has_store and await parts.db.run(pages.load_answer, question.key) is not None:
        batch.answered += 1
    else:
        batch.questions.append(tokens_of(question.rules_text, question.text, json.dumps(question.schema)))


async def _filing(parts: Parts, batch: Batch, *, has_store: bool) -> Estimate:
    """Return what filing comes to: the questions as they would be asked, answers and time as they were so far."""
    model, s = parts.model, parts.settings
    if not model.name:
        return Estimate(notes=("No model is set up (LLM_MODEL), so nothing would be filed.",))
    so_far = await parts.db.run(spending.typical, PURPOSES[Kind.TAGGING], [model.name]) if has_store else None
    notes = []
    if batch.answered:
        notes.append(f"{counted(batch.answered, DOCUMENTS)} would not be asked about: the answer is kept already.")
    if batch.empty:
        notes.append(f"{counted(batch.empty, DOCUMENTS)} without text not counted for filing: they are read first.")
    if batch.private and not parts.privacy.is_at_home(*model.identity[:2]):
        notes.append(f"{counted(batch.private, DOCUMENTS)} private (PRIVATE_TAGS): {model.name} would not be asked.")
    if so_far is None:
        notes.append(
            f"{model.name} has filed nothing yet: {reckoning.FILING_TOKENS} tokens an answer are assumed, and how "
            "long one takes is not known."
        )
    calls = len(batch.questions)
    found = Estimate(
        calls,
        sum(batch.questions),
        calls * (so_far.output_tokens if so_far else reckoning.FILING_TOKENS),
        seconds=side_by_side(calls, so_far.seconds if so_far else None, s.tagging_concurrency),
    )
    return _priced(parts, Kind.TAGGING, found, model, notes)


async def _reading(parts: Parts, batch: Batch, *, has_store: bool) -> Estimate:
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
    calls = model_pages(batch.shown_pages, so_far=before.pages, by_model=before.by_model)
    if batch.shown_pages and before.pages < reckoning.ENOUGH_PAGES:
        notes.append("Too few pages were read yet to tell how many need the model: all are counted.")
    if batch.shown_pages < batch.pages:
        notes.append(f"{batch.pages - batch.shown_pages} pages of private documents go to no model (PRIVATE_TAGS).")
    if so_far is None:
        notes.append(
            f"{names[0]} has read nothing yet: {tokens_of_page(s.vision_pixels)} tokens a page going in and "
            f"{reckoning.PAGE_TOKENS} coming out are assumed, and how long one takes is not known."
        )
    theirs = side_by_side(calls, so_far.seconds if so_far else None, s.vision_concurrency)
    found = Estimate(
        calls,
        calls * (so_far.input_tokens if so_far else tokens_of_page(s.vision_pixels)),
        calls * (so_far.output_tokens if so_far else reckoning.PAGE_TOKENS),
        seconds=None if theirs is None else max(theirs, ours or 0.0),
    )
    return _priced(parts, Kind.OCR, found, seeing[0], notes)


def _priced(parts: Parts, kind: Kind, found: Estimate, model: Model, notes: list[str]) -> Estimate:
    host = host_or_openai(model.identity[1])
    cost = parts.prices.cost(model.name, found.input_tokens, found.output_tokens, host)
    if cost is None and found.calls:
        notes.append(f"What {model.name} at {host} costs is not known: add it to PRICES.")
    priced = Estimate(found.calls, found.input_tokens, found.output_tokens, cost, found.seconds)
    notes += drawn_out(parts.budgets[kind], priced)
    return Estimate(found.calls, found.input_tokens, found.output_tokens, cost, found.seconds, tuple(notes))


def _json(batch: Batch, currency: str) -> dict[str, Any]:
    work = {kind.value: asdict(one) for kind, one in batch.work.items()}
    return {"documents": batch.documents, "pages": batch.pages, "private": batch.private, "currency": currency, **work}


def _print(batch: Batch, currency: str) -> None:
    out = show.console()
    out.print(f"{counted(batch.documents, DOCUMENTS)}, {counted(batch.pages, ('page', 'pages'))}", markup=False)
    table = Table(box=None, pad_edge=False)
    for column in ("work", "calls", "tokens in", "tokens out", "money", "time"):
        table.add_column(column, justify="left" if column in ("work", "time") else "right", no_wrap=True)
    for kind, one in batch.work.items():
        money = "unknown" if one.cost is None else prices.in_words(one.cost, currency)
        numbers = (one.calls, one.input_tokens, one.output_tokens)
        table.add_row(kind.value, *map(str, numbers), money, duration(one.seconds))
    out.print(table)
    for one in batch.work.values():
        for note in one.notes:
            out.print(f"- {note}", markup=False, soft_wrap=True)
