"""What calls to models came to: sums of the ledger, and the medians by which work to come is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from string import ascii_lowercase

from sidecar.domain.budget import Budget, Period, Refusal, Spent
from sidecar.domain.estimate import Share
from sidecar.domain.job import Kind
from sidecar.store.rescue import CLOCKS_AGREE
from sidecar.store.transaction import Transaction, reading, relaxed

NOTHING: Mapping[str, Spent] = {}
#: So many of the newest calls tell what one is like.
NEWEST = 200


#: Kept for at least so long, whatever else is forgotten: budgets of a month are reckoned from it.
KEPT = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class Spending:
    """What the calls of one purpose to one model at one endpoint came to in a time."""

    start: datetime
    purpose: str
    model: str
    provider: str | None
    calls: int
    #: Calls whose tokens are our own estimate.
    estimated: int
    #: Calls of which no price was known; their money is missing in `cost`.
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Typical:
    """What one call is like: medians over the newest ones that were answered."""

    calls: int
    input_tokens: int
    output_tokens: int
    seconds: float


@reading
def spent(tx: Transaction, purposes: Sequence[str], since: Mapping[Period, datetime]) -> dict[Period, Spent]:
    """Return what the calls of these purposes came to since each of these times."""
    found = {}
    for period, start in since.items():
        row = tx.row(
            "SELECT COALESCE(SUM(cost), 0) AS money, COALESCE(SUM(input_tokens), 0) AS input, "
            f"COALESCE(SUM(output_tokens), 0) AS output FROM ledger WHERE created_at >= :since AND {_one_of(purposes)}",
            since=start.timestamp(), **_named(purposes),
        )  # fmt: skip
        found[period] = Spent(float(row.money), int(row.input) + int(row.output)) if row else Spent()
    return found


@relaxed
def set_aside(
    tx: Transaction,
    budget: Budget,
    price: Spent,
    *,
    holder: str,
    now: datetime,
    until: datetime,
    known: Mapping[str, Spent] = NOTHING,
) -> Refusal | bool:
    """Set a call's price aside for all programs on this store until it is given back, or its time is over.

    Returns the refusal if the budget is spent, else whether there was room. `known` are the prices of calls under way,
    by who holds their places; those of other programs count as this one.
    """
    name = _calls(budget.kind)
    tx.take_turns(name)
    late = (until + CLOCKS_AGREE).timestamp()  # held for longer: of before the clock was set back
    others = tx.rows(
        "SELECT owner FROM slot WHERE name = :name AND held_until > :now AND held_until <= :late",
        name=name, now=now.timestamp(), late=late,
    )  # fmt: skip
    aside = sum((known.get(other.owner, price) for other in others), Spent())
    room = budget.room(now, spent(tx, budget.purposes, budget.starts(now)), aside, price)
    if room is True:
        tx.run(
            "DELETE FROM slot WHERE name = :name AND (held_until <= :now OR held_until > :late)",
            name=name, now=now.timestamp(), late=late,
        )  # fmt: skip
        last = tx.row("SELECT MAX(number) AS number FROM slot WHERE name = :name", name=name)
        tx.run(
            "INSERT INTO slot (name, number, owner, held_until) VALUES (:name, :number, :owner, :until)",
            name=name, number=(last.number or 0 if last else 0) + 1, owner=holder, until=until.timestamp(),
        )  # fmt: skip
    return room


@relaxed
def give_back(tx: Transaction, kind: Kind, *, holder: str) -> None:
    """Give back what a call had set aside, once it is in the ledger; nothing happens if its time was over."""
    tx.run("DELETE FROM slot WHERE name = :name AND owner = :owner", name=_calls(kind), owner=holder)


def _calls(kind: Kind) -> str:
    return f"{kind} call"


@reading
def by_period(tx: Transaction, starts: Sequence[datetime], end: datetime) -> list[Spending]:
    """Return what was spent in each time that begins at one of `starts` (ascending) and ends at the next, or `end`."""
    found = []
    for start, until in zip(starts, [*starts[1:], end], strict=True):
        rows = tx.rows(
            "SELECT purpose, model, provider, COUNT(*) AS calls, SUM(estimated) AS estimated, "
            "SUM(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) AS unpriced, COALESCE(SUM(input_tokens), 0) AS input, "
            "COALESCE(SUM(output_tokens), 0) AS output, COALESCE(SUM(cost), 0) AS cost, SUM(seconds) AS seconds "
            "FROM ledger WHERE created_at >= :start AND created_at < :until "
            "GROUP BY purpose, model, provider",
            start=start.timestamp(), until=until.timestamp(),
        )  # fmt: skip
        found += [
            Spending(
                start, row.purpose, row.model, row.provider, int(row.calls), int(row.estimated), int(row.unpriced),
                int(row.input), int(row.output), float(row.cost), float(row.seconds),
            )
            for row in sorted(rows, key=lambda row: (row.purpose, row.model, row.provider or ""))
        ]  # fmt: skip
    return found


@reading
def typical(tx: Transaction, purposes: Sequence[str], models: Sequence[str]) -> Typical | None:
    """Return what a call of these purposes to one of these models is like; None if there was none yet."""
    rows = tx.rows(
        f"SELECT input_tokens, output_tokens, seconds FROM ledger WHERE {_one_of(purposes)} "
        f"AND {_one_of(models, 'model')} AND input_tokens IS NOT NULL AND output_tokens IS NOT NULL AND seconds > 0 "
        "ORDER BY created_at DESC LIMIT :newest",
        newest=NEWEST, **_named(purposes), **_named(models, "model"),
    )  # fmt: skip
    if not rows:
        return None
    return Typical(
        len(rows),
        round(median(row.input_tokens for row in rows)),
        round(median(row.output_tokens for row in rows)),
        median(row.seconds for row in rows),
    )


@reading
def shares(tx: Transaction, purpose: str, models: Sequence[str]) -> list[Share]:
    """Return what each of these models did of the newest calls of a purpose, the one that answered most first.

    Calls without an answer count with the tokens that they stand in the ledger with.
    """
    rows = tx.rows(
        "SELECT model, provider, SUM(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END) AS answered, "
        "COUNT(*) AS calls, COALESCE(SUM(input_tokens), 0) AS input, COALESCE(SUM(output_tokens), 0) AS output "
        "FROM (SELECT model, provider, outcome, input_tokens, output_tokens FROM ledger WHERE purpose = :purpose "
        f"AND {_one_of(models, 'model')} ORDER BY created_at DESC LIMIT :newest) AS newest GROUP BY model, provider",
        purpose=purpose, newest=NEWEST, **_named(models, "model"),
    )  # fmt: skip
    found = [
        Share(row.model, row.provider, int(row.answered), int(row.calls), int(row.input), int(row.output))
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.answered, one.model, one.host or ""))


@reading
def old(tx: Transaction, *, before: datetime) -> bool:
    """Say whether there are calls of before then."""
    row = tx.row("SELECT MIN(created_at) AS oldest FROM ledger")
    return row is not None and row.oldest is not None and row.oldest < before.timestamp()


@relaxed
def forget(tx: Transaction, *, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` calls of before then and return how many; call again until it returns 0."""
    rows = tx.rows(
        "SELECT id FROM ledger WHERE created_at < :before ORDER BY created_at LIMIT :limit",
        before=before.timestamp(), limit=limit,
    )  # fmt: skip
    return tx.run_many("DELETE FROM ledger WHERE id = :id", [{"id": row.id} for row in rows])


@dataclass(frozen=True, slots=True)
class PagesSoFar:
    """How pages were read so far."""

    pages: int
    #: Of these, read by one of the models asked about.
    by_model: int
    #: Median time for a page that no model read, in seconds.
    seconds: float


@reading
def pages_so_far(tx: Transaction, models: Sequence[str]) -> PagesSoFar:
    """Return how the newest pages were read."""
    rows = tx.rows("SELECT engine, seconds FROM page ORDER BY created_at DESC LIMIT :newest", newest=NEWEST * 5)
    ours = [row.seconds for row in rows if row.engine not in models]
    return PagesSoFar(len(rows), len(rows) - len(ours), median(ours) if ours else 0.0)


def _one_of(values: Sequence[str], column: str = "purpose") -> str:
    return f"{column} IN ({', '.join(f':{name}' for name in _named(values, column))})"


def _named(values: Sequence[str], column: str = "purpose") -> dict[str, str]:
    """Return the values under names of their own; names of parameters have no digits."""
    return {f"{column}_{letter}": value for letter, value in zip(ascii_lowercase, values, strict=False)}
