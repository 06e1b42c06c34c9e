"""What was asked of endpoints lately, by all programs on the store, as the ledger has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sidecar.store.transaction import Transaction, reading


@dataclass(frozen=True, slots=True)
class Used:
    """Calls and tokens within a time."""

    calls: int
    tokens: int


@reading
def used(tx: Transaction, providers: Sequence[str], *, since: datetime) -> Used:
    """Return what these providers were asked since then. Calls that are still under way are not in the ledger."""
    calls, tokens = 0, 0
    for provider in providers:
        row = tx.row(
            "SELECT COUNT(*) AS calls, "
            "COALESCE(SUM(COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0)), 0) AS tokens "
            "FROM ledger WHERE created_at > :since AND provider = :provider",
            since=since.timestamp(),
            provider=provider,
        )
        if row is not None:
            calls, tokens = calls + int(row.calls), tokens + int(row.tokens)
    return Used(calls, tokens)
