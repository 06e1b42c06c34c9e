"""The ledger: one row for every call to a model, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job
from sidecar.domain.page import PageText
from sidecar.domain.suggestion import Suggestion
from sidecar.store import job_row, pages
from sidecar.store.transaction import Transaction, durable


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
def record(
    tx: Transaction,
    job: Job,
    call: Call,
    *,
    now: datetime,
    answer: tuple[str, Suggestion] | None = None,
    rejected: tuple[str, int] | None = None,
) -> None:
    """Write a call down and, in the same commit, keep its checked answer (by the question's key) if it gave one.

    `rejected` names the key and the page of an answer that was not accepted; the call's outcome says why.

    A death between the call and this loses both, and the call is paid for again; afterwards it never is. Doing it
    twice, since nobody knows whether a broken connection took it, writes it down once: `now` tells calls apart.
    """
    if answer is not None:
        pages.keep_answer(tx, job, *answer, model=call.model, now=now)
    if rejected is not None:
        pages.reject(tx, job, *rejected, model=call.model, reason=call.outcome, now=now)
    tx.run(
        "INSERT INTO ledger (job_id, document_id, purpose, model, input_tokens, output_tokens, outcome, seconds, "
        "created_at) SELECT :job, :document, :purpose, :model, :input, :output, :outcome, :seconds, :now "
        "WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE job_id = :job AND created_at = :now AND outcome = :outcome)",
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


@durable
def record_page(
    tx: Transaction, job: Job, call: Call, key: str, page: PageText, *, total: int, now: datetime, lease: timedelta
) -> bool:
    """Write a call down and keep the page that it gave, in one commit; say whether the job is still held.

    If it is not, both are kept all the same: they were paid for, and whoever holds the job finds the page. A repeat
    changes nothing.
    """
    record(tx, job, call, now=now)
    try:
        job_row.assert_mine(tx, job)
    except LeaseLostError:
        pages.keep(tx, job, key, page, now=now)
        return False
    pages.checkpoint(tx, job, key, page, total=total, now=now, lease=lease)
    return True
