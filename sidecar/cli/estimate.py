"""`sidecar estimate`: what a batch would come to, before it is run. No model is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from sidecar.cli import show
from sidecar.cli.batch import DOCUMENTS, Batch, filing, reading
from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.desk.jobs import Wish
from sidecar.domain import prices
from sidecar.domain.errors import PermanentError
from sidecar.domain.estimate import MEASURED, counted, duration
from sidecar.domain.examples import Example, examples
from sidecar.domain.job import Kind
from sidecar.domain.prices import tokens_of
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.engines.llm import Model
from sidecar.paperless.client import Sized
from sidecar.paperless.similar import LOOKED_AT
from sidecar.parts import Parts
from sidecar.store import pages


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
    as_json: bool = show.AS_JSON,
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


async def _estimate(parts: Parts, query: str, tag: str, documents: list[int], kind: Wish) -> Batch:
    async with parts:
        parts.prompts.check()
        has_store = await asyncio.to_thread(parts.db.exists)
        if has_store:
            await asyncio.to_thread(parts.db.migrate)
        files = kind is not Wish.OCR and bool(parts.model.name)
        own, vocabulary = await _vocabulary(parts)
        batch = Batch()
        async for one in _found(parts, query, tag, documents):
            await _add(parts, batch, one, vocabulary if files else None, own, has_store=has_store)
        if kind is not Wish.TAGGING:
            batch.work[Kind.OCR] = await reading(parts, batch, has_store=has_store)
        if kind is not Wish.OCR:
            batch.work[Kind.TAGGING] = await filing(parts, batch, has_store=has_store)
        return batch


async def _vocabulary(parts: Parts) -> tuple[frozenset[int], Vocabulary]:
    """Return our own tags and the names as the tagger sees them; missing tags are not made, nothing is written."""
    ours = {getattr(parts.settings, name) for name in type(parts.settings).model_fields if name.endswith("_tag")}
    everything = await parts.names.vocabulary(hidden=())
    own = frozenset(name.id for name in everything.of(Names.TAGS) if name.name in ours)
    return own, await parts.names.vocabulary(own)


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


async def _add(
    parts: Parts, batch: Batch, one: Sized, vocabulary: Vocabulary | None, own: frozenset[int], *, has_store: bool
) -> None:
    batch.documents += 1
    batch.pages += one.pages or 1
    batch.uncounted += one.pages is None
    private = await parts.names.is_among(parts.privacy.tags, one.tags)
    batch.private += private
    if any(_may_see(parts, model, private=private) for model in (parts.vision.models if parts.vision else ())):
        batch.shown_pages += one.pages or 1
    asked = next((model for model in parts.models if _may_see(parts, model, private=private)), None)
    if vocabulary is None or asked is None:
        return
    try:
        shown = await _examples(parts, batch, one, own, private=private)
        question = await asyncio.to_thread(
            parts.tagger.question, one.content, vocabulary, document_id=one.id, examples=shown or (),
            today=datetime.now(UTC).date(),
        )  # fmt: skip
    except PermanentError:
        batch.empty += 1
        return
    if shown is not None:
        batch.examples.append(tokens_of(*question.examples))
    if has_store and await parts.db.run(pages.load_answer, question.key) is not None:
        batch.answered += 1
        return
    asking = batch.questions if asked is parts.model else batch.at_home
    asking.append(tokens_of(question.rules_text, question.text, question.found, json.dumps(question.schema)))


def _may_see(parts: Parts, model: Model, *, private: bool) -> bool:
    return not private or parts.privacy.is_at_home(model.name, model.url)


async def _examples(
    parts: Parts, batch: Batch, one: Sized, own: frozenset[int], *, private: bool
) -> list[Example] | None:
    """Look up what would be shown with a document's question, None once enough were looked up."""
    most = parts.tagger.rules.examples
    if not most or len(batch.examples) >= MEASURED:
        return None
    parts.tagger.require_text(one.content)
    may_show = parts.names.showing(parts.privacy.tags, anything=private or parts.is_all_at_home)
    found = [like for like in await parts.paperless.similar(one.id, most * LOOKED_AT) if await may_show(like.tags)]
    return examples(found, ours=own, most=most)


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
