"""The ledger: one row for every call to a model, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.job import Job
from sidecar.store.database import Transaction, durable


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model."""

    purpose: str
    model: str
    #: Tokens as the provider counted them; None where it did not say.
    input_tokens: int | None
    output_tokens: int | None
    #: "answered", "unusable", or the error in words.
    outcome: str
    seconds: float


@durable
def record(tx: Transaction, job: Job, call: Call, *, now: datetime) -> None:
    """Write a call down. A death between the call and this loses the row, not the effect of the call."""
    tx.run(
        "INSERT INTO ledger (job_id, document_id, purpose, model, input_tokens, output_tokens, outcome, seconds, "
        "created_at) VALUES (:job, :document, :purpose, :model, :input, :output, :outcome, :seconds, :now)",
        job=job.id,
        document=job.document_id,
        purpose=call.purpose,
        model=call.model,
        input=call.input_tokens,
        output=call.output_tokens,
        outcome=call.outcome,
        seconds=call.seconds,
        now=now.timestamp(),
    )
