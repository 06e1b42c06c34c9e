"""`sidecar ocr` and `sidecar suggest`: trying things without writing anything."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sidecar.app import chain_by_hand
from sidecar.cli import show
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.domain import prices
from sidecar.domain.budget import Spent
from sidecar.domain.document import custom_id
from sidecar.domain.errors import BudgetError, PermanentError, WorkError
from sidecar.domain.job import Kind
from sidecar.domain.page import PageText, assemble
from sidecar.domain.prices import tokens_of
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.suggestion import Suggestion, wants
from sidecar.domain.vocabulary import Vocabulary
from sidecar.engines import raster
from sidecar.engines.asking import Again
from sidecar.engines.llm import Model, Reply
from sidecar.paperless.similar import like
from sidecar.parts import Parts, cores
from sidecar.store import ledger, spending
from sidecar.store.ledger import Call

_JSON = typer.Option(False, "--json", help="Print JSON for scripts.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples:  sidecar ocr letter.pdf > letter.txt   |   sidecar ocr scan.tif --json")(ocr)
    app.command(epilog="Example:  sidecar suggest 12")(suggest)


def ocr(
    file: Path = typer.Argument(help="A PDF or an image.", exists=True, dir_okay=False),
    page: int | None = typer.Option(None, min=1, help="Read this page only, counted from 1."),
    as_json: bool = _JSON,
) -> None:
    """Read a file as documents are read, and print its text. A vision model is not asked: that costs money."""
    with in_words():
        # Nothing of Paperless is needed here; what is set is kept.
        parts = Parts(load_settings(**_without_paperless()))
        parts.engine.check()
        with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
            (Path(folder) / "pages").mkdir()
            found, failed = _read(parts, file, Path(folder), page)
            parts.readers.close()
    if as_json:
        show.print_json([asdict(page) for page in found] + [{"page": n, "error": str(e)} for n, e in failed.items()])
    else:
        print(assemble(found))
    for number, error in sorted(failed.items()):
        print(f"Page {number}: {error}", file=sys.stderr)
    raise typer.Exit(Exit.NOT_DONE if failed else Exit.DONE)


def _without_paperless() -> dict[str, Any]:
    return {"paperless_url": "http://localhost", "paperless_token": "unused"}


def _read(parts: Parts, file: Path, folder: Path, only: int | None) -> tuple[list[PageText], dict[int, WorkError]]:
    source = raster.inspect(file.resolve(), parts.readers.limits)
    if only is not None and only > source.pages:
        raise PermanentError(f"There is no page {only}: the file has {source.pages}.")

    def read(page: int) -> PageText:
        return parts.readers.read(source, page, folder / "pages")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    found: list[PageText] = []
    failed: dict[int, WorkError] = {}
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        ThreadPoolExecutor(cores(parts.settings)) as readers,
    ):
        wanted = range(1, source.pages + 1) if only is None else [only]
        task = bar.add_task("Reading", total=len(wanted))
        waiting: dict[Future[PageText], int] = {readers.submit(read, page): page for page in wanted}
        for done in as_completed(waiting):
            try:
                found.append(done.result())
            except WorkError as error:
                failed[waiting[done]] = error
            bar.advance(task)
    return sorted(found, key=lambda page: page.page), failed


def suggest(document: int = typer.Argument(help="Number of a document in Paperless."), as_json: bool = _JSON) -> None:
    """Ask the model how it would file a document, and print that. Nothing is written."""
    with in_words():
        parts = Parts(load_settings())
    run_async(_suggest(parts, document, as_json))


async def _suggest(parts: Parts, document_id: int, as_json: bool) -> None:
    async with parts:
        parts.prompts.check()
        tags = await parts.tags()
        document = await parts.paperless.document(document_id)
        vocabulary = await parts.names.vocabulary(hidden=tags.all)
        parts.tagger.require_text(document.content)
        is_private = await parts.names.is_among(parts.privacy.tags, document.tags)
        may_show = parts.names.showing(parts.privacy.tags, anything=is_private or parts.is_all_at_home)
        shown = await like(parts.paperless, document_id, tags, parts.tagger.rules.examples, may_show)
        question = parts.tagger.question(document.content, vocabulary, document_id=document_id, examples=shown)
        await asyncio.to_thread(parts.db.migrate)
        asked = tokens_of(question.rules_text, question.text, *question.examples, json.dumps(question.schema))

        async def record(reply: Reply, outcome: str, _suggestion: Suggestion | None) -> None:
            call = Call(
                "suggest",
                reply.model,
                reply.input_tokens,
                reply.output_tokens,
                outcome,
                reply.seconds,
                host_or_openai(reply.url),
                estimated=reply.estimated,
            ).priced(parts.prices, guess=(asked, tokens_of(reply.text)))
            await parts.db.run(ledger.record_alone, document_id, call, now=await parts.db.time())
            print(f"{reply.model}: {outcome}, {reply.seconds:.1f} s, {_used(parts, call)}", file=sys.stderr)
            for note in reply.notes:
                print(note, file=sys.stderr)

        @asynccontextmanager
        async def paying(_model: Model) -> AsyncIterator[Again]:
            await _require_budget(parts)
            yield lambda: _require_budget(parts)

        suggestion = await parts.tagger.asking(chain_by_hand(parts)).ask(
            question, vocabulary, today=datetime.now(UTC).date(), record=record, private=is_private, around=paying
        )
    if as_json:
        show.print_json(asdict(suggestion))
        return
    _print_suggestion(parts, suggestion, document.title, vocabulary)


async def _require_budget(parts: Parts) -> None:
    """Raise BudgetError if nothing more may be spent on filing: a trial costs as much as the work does."""
    budget, now = parts.budgets[Kind.TAGGING], await parts.db.time()
    spent = await parts.db.run(spending.spent, budget.purposes, budget.starts(now))
    if (refused := budget.refusal(now, spent, Spent(money=1.0))) is not None:
        raise BudgetError(refused.reason, until=refused.until)


def _used(parts: Parts, call: Call) -> str:
    about = "about " if call.estimated else ""
    cost = f", {prices.in_words(call.cost, parts.settings.currency)}" if call.cost is not None else ""
    return f"{about}{call.input_tokens} + {call.output_tokens} tokens{cost}"


def _print_suggestion(parts: Parts, suggestion: Suggestion, title: str, vocabulary: Vocabulary) -> None:
    out = show.console()
    out.print(f"Document: {title}", markup=False)
    lines = {field: value for field, value in asdict(suggestion).items() if wants(parts.tagger.rules, field)}
    for name, value in lines.pop("custom_fields", {}).items():
        known = vocabulary.field(custom_id(name) or 0)
        lines[known.name if known else name] = show.custom_value(known, value)
    for field, value in lines.items():
        shown = ", ".join(value) if isinstance(value, tuple | list) else value
        out.print(f"{field.replace('_', ' '):>14}: {'-' if shown in (None, '') else shown}", markup=False)
    for said in suggestion.left_out.values():
        out.print(f"{'left out':>14}: {said}", markup=False)
