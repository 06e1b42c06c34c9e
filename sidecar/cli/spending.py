"""`sidecar spending`: what calls to models came to, by day or month."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from sidecar.cli import show
from sidecar.cli.ending import in_words
from sidecar.cli.jobs import opened
from sidecar.desk import spending as desk
from sidecar.domain import prices
from sidecar.domain.budget import Period
from sidecar.parts import Parts
from sidecar.store.spending import Spending

#: What a purpose is called for people where the ledger's word is another.
WORDS = {"page": "ocr"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples:  sidecar spending   |   sidecar spending --by month --last 12 --json")(spending)


def spending(
    by: Period = typer.Option(Period.DAY, help="Sum up by day or by month."),
    last: int = typer.Option(7, min=1, max=366, help="How many days or months, this one included."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Show what calls to models came to, by model and purpose, the newest first."""
    with in_words(), opened() as parts:
        now = datetime.now(UTC)
        starts = desk.starts(by, last, parts, now)
        found, left = asyncio.run(_found(parts, by, starts, now))
        found.sort(key=lambda one: one.start, reverse=True)
        currency = parts.settings.currency
        label = {start: desk.label(by, start, parts) for start in starts}
    if as_json:
        rows = [_row(one, label[one.start]) for one in found]
        show.print_json({"currency": currency, "spending": rows, "limits": left})
        return
    if found:
        show.console().print(_table(found, label, by, currency))
    else:
        print(f"No calls to models in the last {last} {by}s.")
    for limit in left:
        print(f"{limit['setting']}: {limit['spent']} this {limit['period']}.")


async def _found(
    parts: Parts, by: Period, starts: list[datetime], now: datetime
) -> tuple[list[Spending], list[dict[str, str]]]:
    """Return what was spent, and how much of each limit is."""
    currency = parts.settings.currency
    left = [
        {
            "setting": one.limit.setting,
            "period": one.limit.period.value,
            "spent": one.limit.in_words(one.spent, currency),
        }
        for one in await desk.limits(parts, now)
    ]
    return await desk.by_period(parts, by, starts, now), left


def _row(one: Spending, label: str) -> dict[str, Any]:
    return {
        **asdict(one),
        "start": one.start.isoformat(),
        "period": label,
        "purpose": WORDS.get(one.purpose, one.purpose),
    }


def _table(found: list[Spending], label: dict[datetime, str], by: Period, currency: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in (by.value, "purpose", "model", "endpoint", "calls", "tokens in", "tokens out", "money"):
        is_number = column in ("calls", "tokens in", "tokens out", "money")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number)
    for one in found:
        numbers = (one.calls, one.input_tokens, one.output_tokens)
        table.add_row(
            label[one.start], WORDS.get(one.purpose, one.purpose), show.plain(one.model), show.plain(one.provider),
            *map(str, numbers), _money(one, currency),
        )  # fmt: skip
    return table


def _money(one: Spending, currency: str) -> str:
    if one.unpriced == one.calls:
        return "unknown"
    more = " and more" if one.unpriced else ""
    return f"{'about ' if one.estimated else ''}{prices.in_words(one.cost, currency)}{more}"
