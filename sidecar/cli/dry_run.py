"""`sidecar ocr` and `sidecar suggest`: trying things without writing anything."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sidecar.cli import show
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.desk import suggest as desk
from sidecar.desk.suggest import Asked
from sidecar.domain import custom_fields, prices
from sidecar.domain.document import custom_id
from sidecar.domain.errors import PermanentError, WorkError
from sidecar.domain.page import PageText, assemble
from sidecar.domain.suggestion import Suggestion, wants
from sidecar.domain.vocabulary import Vocabulary
from sidecar.engines import raster
from sidecar.parts import Parts, cores
from sidecar.store.ledger import Call


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples:  sidecar ocr letter.pdf > letter.txt   |   sidecar ocr scan.tif --json")(ocr)
    app.command(epilog="Example:  sidecar suggest 12")(suggest)


def ocr(
    file: Path = typer.Argument(help="A PDF or an image.", exists=True, dir_okay=False),
    page: int | None = typer.Option(None, min=1, help="Read this page only, counted from 1."),
    as_json: bool = show.AS_JSON,
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


def suggest(
    document: int = typer.Argument(help="Number of a document in Paperless."), as_json: bool = show.AS_JSON
) -> None:
    """Ask the model how it would file a document, and print that. Nothing is written."""
    with in_words():
        parts = Parts(load_settings())
    run_async(_suggest(parts, document, as_json))


async def _suggest(parts: Parts, document_id: int, as_json: bool) -> None:
    async with parts:
        parts.prompts.check()
        await asyncio.to_thread(parts.db.migrate)

        def tell(asked: Asked) -> None:
            call = asked.call
            print(f"{call.model}: {call.outcome}, {call.seconds:.1f} s, {_used(parts, call)}", file=sys.stderr)
            for note in asked.notes:
                print(note, file=sys.stderr)

        tags, today = await parts.tags(), datetime.now(UTC).date()
        trial = await desk.suggest(parts, tags, document_id, today=today, tell=tell)
    if as_json:
        show.print_json(asdict(trial.suggestion))
        return
    _print_suggestion(parts, trial.suggestion, trial.document.title, trial.vocabulary)


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
        lines[known.name if known else name] = custom_fields.in_words(known, value)
    for field, value in lines.items():
        shown = ", ".join(value) if isinstance(value, tuple | list) else value
        out.print(f"{field.replace('_', ' '):>14}: {'-' if shown in (None, '') else shown}", markup=False)
    for said in suggestion.left_out.values():
        out.print(f"{'left out':>14}: {said}", markup=False)
