"""`sidecar spending`: what calls to models came to, by day or month."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.table import Table

from sidecar.cli import show
from sidecar.cli.ending import in_words
from sidecar.cli.jobs import opened
from sidecar.domain import prices
from sidecar.domain.budget import Budget, Period
from sidecar.domain.job import Kind
from sidecar.parts import Parts
from sidecar.store import spending as ledger
from sidecar.store.spending import Spending

#: What a purpose is called for people where the ledger's word is another.
WORDS = {"page": "ocr"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples:  sidecar spending   |   sidecar spending --by month --last 12 --json")(spending)


def spending(
    by: Period = typer.Option(Period.DAY, help="Sum up by day or by month."),
    last: int = typer.Option(7, min=1, max=366, help="How many days or months, this one included."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for scripts."),
) -> None:
    """Show what calls to models came to, by model and purpose, the newest first."""
    with in_words(), opened() as parts:
        now, zone = datetime.now(UTC), parts.budgets[Kind.TAGGING].zone
        starts = [by.start(now, zone)]
        while len(starts) < last:
            starts.append(by.start(starts[-1] - timedelta(hours=1), zone))
        found = parts.db.run_now(ledger.by_period, starts[::-1], by.end(now, zone))
        found.sort(key=lambda one: one.start, reverse=True)
        left = _left(parts, now)
        currency = parts.settings.currency
    label = {start: f"{start.astimezone(zone):{'%Y-%m-%d' if by is Period.DAY else '%Y-%m'}}" for start in starts}
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


def _left(parts: Parts, now: datetime) -> list[dict[str, str]]:
    """Return how much of each limit is spent."""
    return [one for budget in parts.budgets.values() for one in _of(parts, budget, now)]


def _of(parts: Parts, budget: Budget, now: datetime) -> list[dict[str, str]]:
    spent = parts.db.run_now(ledger.spent, budget.purposes, budget.starts(now))
    return [
        {
            "setting": limit.setting,
            "period": limit.period.value,
            "spent": limit.in_words(spent[limit.period], budget.currency),
        }
        for limit in budget.limits
    ]


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
