"""Answers of models that were only tried (`sidecar eval`), kept by everything that went into the question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sidecar.store import ledger
from sidecar.store.ledger import Call
from sidecar.store.transaction import Transaction, durable, reading


@dataclass(frozen=True, slots=True)
class Trial:
    """What asking about one document came to; of a repaired answer, both calls together."""

    #: The suggested values as a person reads them, tags as a list; None where the answer could not be used.
    filing: Mapping[str, str | list[str] | None] | None
    #: "answered", or why the answer could not be used.
    outcome: str
    seconds: float
    #: As counted by the provider or, with `estimated`, by us.
    input_tokens: int
    output_tokens: int
    estimated: bool = False
    #: In the currency of the price table; None where no price was known.
    cost: float | None = None
    #: The probability of each field's value; empty where the server gave none.
    confidence: Mapping[str, float] = field(default_factory=dict)
    #: Who answered, or failed last; empty of trials that were kept before this was noted.
    model: str = ""


@reading
def find(tx: Transaction, key: str) -> Trial | None:
    """Return the trial of the very same question, None if there was none."""
    row = tx.row("SELECT suggestion FROM answer WHERE key = :key", key=key)
    return Trial(**json.loads(row.suggestion)) if row else None


@durable
def record(
    tx: Transaction, key: str, document_id: int, trial: Trial, *, now: datetime, call: Call | None = None
) -> None:
    """Keep a trial and write its last call down (None: it is), in one commit; a repeat changes nothing.

    A death between the call and this loses both, and the call is paid for again; afterwards it never is.
    """
    tx.run(
        "INSERT INTO answer (key, document_id, model, suggestion, created_at) "
        "VALUES (:key, :document, :model, :trial, :now) ON CONFLICT (key) DO NOTHING",
        key=key,
        document=document_id,
        model=trial.model,
        trial=json.dumps(asdict(trial), ensure_ascii=False),
        now=now.timestamp(),
    )
    if call is not None:
        ledger.record_alone(tx, document_id, call, now=now)
