"""A store and its model, side by side: hypothesis does the same to both, and after each step they must agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.domain.errors import LeaseLostError
from sidecar.domain.job import UNFINISHED, Job, Kind, Priority, State
from sidecar.domain.page import PageText
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.store import job_row, journal, keeping, pages, queue, rescue
from sidecar.store.database import Database
from sidecar.store.transaction import Transaction, durable
from tests.store.conftest import LEASE, NOW, another
from tests.store.contents import contents, emptied
from tests.store.deaths import clear, died, half_done
from tests.store.model import Model

SETTLE = timedelta(seconds=65)
PROPOSAL = Proposal({"title": "old"}, {"title": "new"}, TagDelta(frozenset({3}), frozenset({1})))

documents = st.integers(1, 4)
kinds = st.sampled_from(Kind)
priorities = st.sampled_from(Priority)
numbers = st.integers(0, 5)
spans = st.sampled_from([1, 30, 100, 200]).map(lambda seconds: timedelta(seconds=seconds))
wishes = st.tuples(documents, kinds, st.sampled_from([None, None, "The file is damaged."]))


@dataclass
class Counter:
    """How many steps were made over all examples, and how many of them by a runner that had lost its lease."""

    steps: int = 0
    late: int = 0


def plan(number: int) -> Plan:
    write = {"title": f"new {number}"} if number % 2 else {"created": "2026-01-01"}
    return Plan(write=write, conflicts=(), delta=PROPOSAL.delta, old=dict.fromkeys(write, f"{number}"))


@durable
def set_aside(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Let a running job wait for a person, as `review.wait` does, without a proposal."""
    moved = job_row.moving(State.RUNNING, State.REVIEW) + job_row.MINE
    if not tx.run(moved, id=job.id, token=job.lease_token, now=now.timestamp()):
        raise LeaseLostError


Step = tuple[Callable[..., Any], Callable[[datetime, int], dict[str, Any]]]
#: What a runner may do with the job it holds, and the arguments for that, made of the time and some number.
WORK: list[Step] = [
    (queue.begin, lambda now, n: {"base": {"title": f"title {n}"}, "now": now}),
    (queue.open_pages, lambda now, n: {"done": n, "total": 9}),
    (pages.checkpoint, lambda now, n: {"key": f"k{n}", "page": PageText(n + 1, "text", "tesseract", 93.0, 1.0),
                                       "total": 9, "now": now, "lease": LEASE}),
    (journal.intend, lambda now, n: {"proposal": PROPOSAL, "plan": plan(n), "now": now}),
    (journal.drop, lambda now, n: {}),
    (queue.doom, lambda now, n: {"reason": f"Reason {n}.", "now": now}),
]  # fmt: skip
#: With these it lets go of the job.
ENDS: list[Step] = [
    (queue.retry, lambda now, n: {"run_after": now + timedelta(seconds=30 * n), "reason": f"Why {n}.", "now": now,
                                  "blame": n % 2 == 0}),
    (queue.release, lambda now, n: {"reason": "Away." if n % 2 else None, "now": now, "settle": SETTLE}),
    (queue.succeed, lambda now, n: {"changed": n % 2 == 0, "summary": "Done.", "now": now}),
    (queue.fail, lambda now, n: {"now": now}),
    (queue.cancel, lambda now, n: {"reason": "The document is gone.", "now": now}),
    (set_aside, lambda now, n: {"now": now}),
]  # fmt: skip


class StoreMachine(RuleBasedStateMachine):
    """What all the programs on one store do to it, one after the other, with deaths in between."""

    def __init__(self, db: Database, counter: Counter) -> None:
        super().__init__()
        self.first = db
        self.db = another(db)
        self.db.run_now(emptied)
        self.model = Model()
        self.counter = counter
        self.now = NOW
        self.claims: list[Job] = []
        self.tokens: dict[int, int] = {}
        self.newest = 0

    def teardown(self) -> None:
        self.db.close()
        clear(self.first)

    def both(self, function: Callable[..., Any], *args: Any, **values: Any) -> Any:
        """Do it to the store and to the model; both must say the same, or both refuse."""
        said = outcome(self.db.run_now, function, *args, **values)
        assert said == outcome(getattr(self.model, function.__name__), *args, **values)
        return said

    # -- what holds after every step

    @invariant()
    def agree(self) -> None:
        self.counter.steps += 1  # the one that all begin with included
        found = self.db.run_now(contents, now=self.now)
        self.take_numbers(found.jobs)
        assert found.jobs == sorted(self.model.jobs.values(), key=lambda job: job.id)
        assert found.writes == self.model.writes
        assert found.pages == self.model.pages
        assert found.events == self.model.events
        assert found.answers == {
            "unfinished": self.model.unfinished(),
            "due_at": self.model.due_at(),
            "expired": self.model.expired(now=self.now),
            "ready": {job.kind for job in self.model.claimable()},
            "contradictions": [],
        }
        for job in found.jobs:
            assert (job.lease_until is not None) == (job.state is State.RUNNING) == (found.owners[job.id] is not None)
            assert (job.run_after is not None) == (job.state is State.SCHEDULED)
            assert job.lease_token >= self.tokens.get(job.id, 0)
            self.tokens[job.id] = job.lease_token

    def take_numbers(self, found: list[Job]) -> None:
        """Let the model's new jobs have the numbers the store gave them: rising ones that no job ever had."""
        numbers = sorted(job.id for job in found if job.id not in self.model.jobs)
        assert len(numbers) == len(self.model.new)
        for number, job in zip(numbers, self.model.new, strict=True):
            assert number > self.newest
            self.newest = number
            self.model.jobs[number] = replace(job, id=number)
        self.model.new.clear()

    # -- what is asked of the queue

    @initialize()
    def find_documents(self) -> None:
        self.both(queue.enqueue_all, [(number, Kind.OCR, None) for number in (1, 2, 3)], priority=20, now=self.now)

    @rule(found=st.lists(wishes, min_size=1, max_size=4), priority=priorities)
    def enqueue(self, found: list[tuple[int, Kind, str | None]], priority: Priority) -> None:
        document, kind, doomed = found[0]
        if len(found) > 1 or doomed:
            self.both(queue.enqueue_all, found, priority=priority, now=self.now)
        else:
            made = self.db.run_now(queue.enqueue, document, kind, priority=priority, now=self.now)
            assert (made is not None) == self.model.enqueue(document, kind, priority=priority, now=self.now)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=numbers, priority=st.none() | priorities)
    def change_the_mind(self, pick: int, priority: Priority | None) -> None:
        job = sorted(self.model.jobs)[-1 - pick % len(self.model.jobs)]
        if priority is None:
            self.both(queue.withdraw, job, reason="Not wanted.", now=self.now)
        else:
            self.both(queue.hasten, self.model.jobs[job].document_id, self.model.jobs[job].kind, priority=priority)

    # -- what runners do

    @precondition(lambda self: self.model.having(State.READY))
    @rule(kind=kinds, most=st.sampled_from([None, None, 1, 2]), times=st.integers(1, 3))
    def claim(self, kind: Kind, most: int | None, times: int) -> None:
        for _ in range(times):
            job = self.both(queue.claim, kind, owner="me", now=self.now, lease=LEASE, most=most)
            self.claims += [job] if job else []

    @precondition(lambda self: self.model.having(State.READY, State.RUNNING))
    @rule(step=st.sampled_from(WORK), number=numbers, pick=numbers)
    def work(self, step: Step, number: int, pick: int) -> None:
        self.write(step, number, pick, held=True)

    @precondition(lambda self: self.model.having(State.READY, State.RUNNING))
    @rule(step=st.sampled_from(ENDS), number=numbers, pick=numbers)
    def end(self, step: Step, number: int, pick: int) -> None:
        self.write(step, number, pick, held=True)

    @precondition(lambda self: any(not self.model.is_held(job) for job in self.claims))
    @rule(step=st.sampled_from(WORK + ENDS), number=numbers, pick=numbers)
    def write_too_late(self, step: Step, number: int, pick: int) -> None:
        assert self.write(step, number, pick, held=False) is LeaseLostError
        self.counter.late += 1

    def write(self, step: Step, number: int, pick: int, *, held: bool) -> Any:
        if held and not self.model.having(State.RUNNING):
            self.claim(self.model.having(State.READY)[0].kind, None, 1)
        running = {job.id for job in self.model.having(State.RUNNING)}
        jobs = [job for job in self.claims if self.model.is_held(job) is held]
        jobs.sort(key=lambda job: job.id in running)  # last, and so more often, those that another runner holds
        function, values = step
        return self.both(function, jobs[-1 - pick % len(jobs)], **values(self.now, number))

    @precondition(lambda self: self.claims)
    @rule(span=spans)
    def renew(self, span: timedelta) -> None:
        self.both(queue.renew, {job.id: job.lease_token for job in self.claims}, until=self.now + span)

    # -- what time does

    @rule(span=spans, how=st.sampled_from(["passes", "passes", "leaps", "leaps back", "is behind at the start"]))
    def time(self, span: timedelta, how: str) -> None:
        by = -span if "b" in how else span
        self.now += by
        if how == "is behind at the start":
            self.both(rescue.is_crooked, now=self.now, lease=LEASE)
            self.both(rescue.straighten, now=self.now, lease=LEASE)
        elif "leaps" in how:
            self.both(rescue.shift, by)

    @rule(everything=st.sampled_from([None, False, True, True]), max_crashes=st.integers(1, 3))
    def keep_up(self, everything: bool | None, max_crashes: int) -> None:
        self.both(rescue.promote, now=self.now)
        if everything is not None:
            self.both(rescue.rescue, now=self.now, everything=everything, settle=SETTLE, max_crashes=max_crashes)

    @precondition(lambda self: self.model.pages or len(self.model.having(*UNFINISHED)) < len(self.model.jobs))
    @rule(age=spans, limit=st.integers(1, 3))
    def prune(self, age: timedelta, limit: int) -> None:
        before = self.now - age
        forgotten = 0
        while number := self.db.run_now(keeping.prune, before=before, now=self.now, limit=limit):
            forgotten += number
        assert forgotten == self.model.prune(before=before, now=self.now)

    # -- deaths

    @rule(how=st.sampled_from(["a transaction fails", "a program stops", "a program dies"]))
    def die(self, how: str) -> None:
        former = self.db
        if how == "a transaction fails":
            assert outcome(self.db.run_now, half_done, lambda tx: None) is ZeroDivisionError
        else:
            self.db = died(former) if how == "a program dies" else another(former)
            former.close()


def outcome(function: Callable[..., Any], *args: Any, **values: Any) -> Any:
    """Return what it returns, or the class of the error that is to be expected."""
    try:
        return function(*args, **values)
    except (LeaseLostError, ZeroDivisionError) as error:
        return type(error)
