"""`sidecar eval`: measure models, prompts and settings on documents that a person filed. Paperless is only read."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sidecar.cli import evaluation_report, show
from sidecar.cli.contestants import Variant, Wishes, chain_in_words, variants
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.domain.budget import Limit, Period, parse_limit
from sidecar.domain.errors import PermanentError, SettingsError
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.paperless.finding import Search
from sidecar.parts import Parts
from sidecar.settings import Settings
from sidecar.worker import evaluation_sample
from sidecar.worker.allowance import Allowance
from sidecar.worker.asker import Asker
from sidecar.worker.budget import Purse
from sidecar.worker.clock import steady_clock
from sidecar.worker.contestant import Contestant, Result
from sidecar.worker.evaluation import Evaluation
from sidecar.worker.evaluation_sample import Draw, Sample

_COUNT, _SEED = 50, 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="eval",
        epilog="Examples:  sidecar eval --count 100   |   "
        "sidecar eval --model small --model large@http://gpu-box:8000/v1 --html report.html   |   "
        "sidecar eval --set NAMES_LIMIT=50 --set NAMES_LIMIT=500 --budget 0.50",
    )(evaluate)


@dataclass(frozen=True, slots=True)
class Order:
    """Which documents, and what the run may cost."""

    count: int = _COUNT
    seed: int = _SEED
    query: str = ""
    tag: str = ""
    since: str = ""
    until: str = ""
    limit: Limit | None = None


def evaluate(  # noqa: PLR0917 - the options of a command
    count: int = typer.Option(_COUNT, min=1, help="How many documents."),
    query: str = typer.Option("", help="Only documents that these search words find in Paperless."),
    tag: str = typer.Option("", help="Only documents with this tag."),
    since: str = typer.Option("", help="Only documents dated on this day or later, as in 2025-01-31."),
    until: str = typer.Option("", help="Only documents dated on this day or earlier."),
    seed: int = typer.Option(_SEED, help="Another number draws another sample."),
    model: list[str] = typer.Option([], help="Model to measure, or name@http://host/v1; again for each."),
    prompts: list[str] = typer.Option([], help='Folder with prompts to measure; "" for the built-in ones.'),
    change: list[str] = typer.Option([], "--set", help='Settings to measure, as in NAMES_LIMIT=50; "" for none.'),
    key_from: str = typer.Option("", help="Environment variable with the key for other endpoints than the one set up."),
    budget: str = typer.Option("", help="What this run may cost: 0.50, or 200000 tokens, or both with a comma."),
    as_json: bool = show.AS_JSON,
    html: Path | None = typer.Option(None, help="Write a report with all misses into this file."),
) -> None:
    """Measure how well models file documents that you have filed yourself. Nothing is written in Paperless.

    Every way that is named is asked about the same documents: each model with each prompt and each setting. Without
    --model it is the models as they are set up, fall-backs included; one that is named is measured alone. Answers are
    kept, so that the next run pays only for what is new.
    """
    with in_words():
        settings = load_settings()
        wanted = variants(settings, Wishes(model, prompts, change, key_from))
        if not model and (chain := chain_in_words(settings)):
            typer.echo(chain, err=True)
        order = Order(count, seed, query, tag, _day(since), _day(until), _limit(budget))
    results, sample = run_async(measure(settings, wanted, order))
    report = evaluation_report.report(results, sample, order.count, settings.currency)
    if html is not None:
        paperless = settings.paperless_public_url or settings.paperless_url
        html.write_text(evaluation_report.page(report, paperless), encoding="utf-8")
    if as_json:
        show.print_json(report)
    else:
        for line in evaluation_report.tables(report):
            show.console().print(line)
    is_done = all(result.stopped is None and not result.failed for result in results)
    raise typer.Exit(Exit.DONE if is_done else Exit.WORK_LEFT)


def _day(text: str) -> str:
    if text:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError as error:
            raise SettingsError([f'"{text}" is no day; write it as 2025-01-31.']) from error
    return ""


def _limit(text: str) -> Limit | None:
    if not text:
        return None
    try:
        return parse_limit(text, "--budget", Period.DAY)
    except ValueError as error:
        raise SettingsError([f"--budget {error}."]) from error


async def measure(settings: Settings, wanted: Sequence[Variant], order: Order) -> tuple[list[Result], Sample]:
    """Draw a sample and ask every contestant about it. Raises our own errors where nothing can be asked at all."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(Parts(settings))
        each = [await stack.enter_async_context(Parts(variant.settings(settings))) for variant in wanted]
        for one in each:
            one.prompts.check()
        await asyncio.to_thread(parts.db.migrate)
        own, vocabulary = await _vocabulary(parts)
        contestants = [
            variant.contestant(one, (await _vocabulary(one))[1]) for variant, one in zip(wanted, each, strict=True)
        ]
        _require_prices(parts, contestants, order.limit)
        drawn = Draw(
            Search(order.query, _tag(vocabulary, own, order.tag), order.since, order.until),
            order.count, order.seed, own,
            private=parts.privacy.tags, is_at_home=all(one.is_at_home(parts.privacy) for one in contestants),
            examples=max(one.tagger.rules.examples for one in contestants),
        )  # fmt: skip
        sample = await evaluation_sample.draw(parts.paperless, parts.names, vocabulary, drawn)
        if not sample.cases:
            raise PermanentError(f"There is no document to measure on. {evaluation_report.in_words(sample)}")
        return await _ask(parts, contestants, sample, frozenset(own.values()), order.limit), sample


async def _ask(
    parts: Parts, contestants: Sequence[Contestant], sample: Sample, own: frozenset[int], limit: Limit | None
) -> list[Result]:
    clock = steady_clock(await parts.db.time())
    owner = f"eval-{secrets.token_hex(4)}"
    purse = Purse(parts.db, parts.budgets, parts.prices, clock, owner=owner)
    asker = Asker(parts.db, parts.names, purse, parts.privacy, clock, allowance=Allowance(clock, limit), own=own)
    evaluation = Evaluation(asker, at_once=parts.settings.tagging_concurrency)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Asking", total=len(contestants) * len(sample.cases))
        return await evaluation.run(contestants, sample.cases, on_done=lambda: bar.advance(task))


async def _vocabulary(parts: Parts) -> tuple[Mapping[str, int], Vocabulary]:
    """Return our own tags that exist, by name, and the names a person would be offered. Makes none."""
    settings = parts.settings
    ours = {getattr(settings, name) for name in type(settings).model_fields if name.endswith("_tag")}
    everything = await parts.names.vocabulary(hidden=())
    own = {name.name: name.id for name in everything.of(Names.TAGS) if name.name in ours}
    return own, await parts.names.vocabulary(hidden=own.values())


def _tag(vocabulary: Vocabulary, own: Mapping[str, int], name: str) -> int | None:
    if not name:
        return None
    known = vocabulary.find(Names.TAGS, name)
    if known is None or name in own:
        raise PermanentError(f'There is no tag "{name}" in Paperless, or it is one of the sidecar\'s own.')
    return known.id


def _require_prices(parts: Parts, contestants: Sequence[Contestant], limit: Limit | None) -> None:
    """Refuse to count money where no price is known."""
    if limit is None or limit.money is None:
        return
    for one in contestants:
        for name, host in ((model.name, host_or_openai(model.url)) for model in one.models):
            if parts.prices.find(name, host) is None:
                raise SettingsError([f"--budget: the price of {name} at {host} is not in PRICES."])
