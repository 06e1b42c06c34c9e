"""The ledger: one row for every call to a model, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import Job
from sidecar.domain.page import PageText
from sidecar.domain.prices import Prices
from sidecar.domain.suggestion import Suggestion
from sidecar.store import job_row, pages
from sidecar.store.transaction import Transaction, durable, reading

#: How the outcome of a call begins whose answer could not be used.
UNUSABLE = "unusable: "


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model."""

    purpose: str
    model: str
    #: Tokens as the provider counted them; None where it did not say.
    input_tokens: int | None
    output_tokens: int | None
    #: "answered", "unusable: " and why, or the error in words.
    outcome: str
    #: How long it took; 0 of a call without an answer, which stands here because it may have to be paid for.
    seconds: float
    #: The endpoint's host; None where it is not known.
    provider: str | None = None
    #: In the currency of the price table; None where no price is known.
    cost: float | None = None
    #: True where the provider did not count and the tokens are our own estimate.
    estimated: bool = False

    def priced(self, prices: Prices, *, guess: tuple[int, int], host: str | None = None) -> Call:
        """Return the call with what it cost; where the provider did not count, by our guess of tokens in and out.

        `host` is the endpoint's by which prices are told apart, if the provider has another name.
        """
        counted = (self.input_tokens, self.output_tokens)
        is_guess = self.estimated or None in counted
        given, got = (one if one is not None else other for one, other in zip(counted, guess, strict=True))
        cost = prices.cost(self.model, given, got, host or self.provider)
        return replace(self, input_tokens=given, output_tokens=got, cost=cost, estimated=is_guess)


@durable
def record(
    tx: Transaction,
    job: Job,
    call: Call,
    *,
    now: datetime,
    answer: tuple[str, Suggestion] | None = None,
    about: str | None = None,
    rejected: tuple[str, int] | None = None,
) -> None:
    """Write a call down and, in the same commit, keep its checked answer (by the question's key) if it gave one.

    `about` is the question without what may change while the job waits, by which the same job finds the answer again.

    `rejected` names the key and the page of an answer that was not accepted; the call's outcome says why.

    A death between the call and this loses both, and the call is paid for again; afterwards it never is. Doing it
    twice, since nobody knows whether a broken connection took it, writes it down once: `now` tells calls apart.
    """
    if answer is not None:
        pages.keep_answer(tx, job, *answer, model=call.model, about=about, now=now)
    if rejected is not None:
        pages.reject(tx, job, *rejected, model=call.model, reason=call.outcome, now=now)
    _write(tx, job.id, job.document_id, call, now)


def _write(tx: Transaction, job_id: int, document_id: int, call: Call, now: datetime) -> None:
    tx.run(
        "INSERT INTO ledger (job_id, document_id, purpose, model, input_tokens, output_tokens, outcome, seconds, "
        "provider, cost, estimated, created_at) SELECT :job, :document, :purpose, :model, :input, :output, :outcome, "
        ":seconds, :provider, :cost, :estimated, :now WHERE NOT EXISTS "
        "(SELECT 1 FROM ledger WHERE job_id = :job AND created_at = :now AND outcome = :outcome "
        "AND document_id = :document)",
        job=job_id,
        document=document_id,
        purpose=call.purpose,
        model=call.model,
        input=call.input_tokens,
        output=call.output_tokens,
        outcome=call.outcome,
        seconds=call.seconds,
        provider=call.provider,
        cost=call.cost,
        estimated=int(call.estimated),
        now=now.timestamp(),
    )


@reading
def unusable(tx: Transaction, job_id: int, model: str, provider: str) -> list[str]:
    """Return what was wrong with the answers that this model at this endpoint gave a job, the oldest first."""
    rows = tx.rows(
        "SELECT outcome FROM ledger WHERE job_id = :job AND model = :model AND provider = :provider "
        "AND outcome LIKE :unusable ORDER BY id",
        job=job_id, model=model, provider=provider, unusable=f"{UNUSABLE}%",
    )  # fmt: skip
    return [str(row.outcome).removeprefix(UNUSABLE) for row in rows]


@durable
def record_alone(tx: Transaction, document_id: int, call: Call, *, now: datetime) -> None:
    """Write a call down that no job made (a trial, a measurement), so that it counts against the budget.

    A death before the commit loses the line, and only that. Doing it twice writes it down once.
    """
    _write(tx, 0, document_id, call, now)


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
