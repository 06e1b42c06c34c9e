"""A busy day of a store, made of a seed: jobs found, claimed, read, filed, failed and forgotten, alone and together."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from sidecar.domain.job import Job, Kind
from sidecar.domain.page import PageText
from sidecar.domain.suggestion import Suggestion
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.store import journal, keeping, ledger, pages, queue, rescue
from tests.store.conftest import LEASE, NOW
from tests.store.together import Asked

SETTLE = timedelta(seconds=65)
PROPOSAL = Proposal({"title": "old"}, {"title": "new"}, TagDelta(frozenset({3}), frozenset({1})), note="n" * 500)
PLAN = Plan(write={"title": "new"}, conflicts=(), delta=PROPOSAL.delta, old={"content": "old " * 500})


class Story:
    """Chooses what happens next."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._now = NOW
        self._held: list[Job] = []
        self._number = 0
        self._pages_to_come = 0

    def next(self) -> list[Asked]:
        """What is asked next: mostly one thing, sometimes several at once; now and then a long document is read."""
        self._now += timedelta(seconds=self._random.randint(1, 20))
        if not self._pages_to_come and self._held and self._random.random() < 0.1:
            self._pages_to_come = self._random.randint(3, 12)
        if self._pages_to_come and self._held:
            self._pages_to_come -= 1
            return [self._page(self._held[-1])]
        return [self._one() for _ in range(self._random.choice([1, 1, 1, 2, 5]))]

    def heard(self, answers: list[Any]) -> None:
        """Take the claimed jobs."""
        self._held += [answer for answer in answers if isinstance(answer, Job)]

    def _one(self) -> Asked:
        self._number += 1
        if not self._held or self._random.random() < 0.4:
            return self._for_the_queue()
        ends = self._random.random() < 0.3
        job = self._held.pop(self._random.randrange(len(self._held))) if ends else self._random.choice(self._held)
        return self._ending(job) if ends else self._work(job)

    def _for_the_queue(self) -> Asked:
        now, number = self._now, self._number
        kind = self._random.choice((Kind.OCR, Kind.TAGGING))
        wishes = [(number * 10 + n, kind, None) for n in range(self._random.randint(1, 9))]
        claim: Asked = (queue.claim, (kind,), {"owner": "me", "now": now, "lease": LEASE})
        return self._random.choice([
            (queue.enqueue, (number, kind), {"priority": 10, "now": now}),
            (queue.enqueue_all, (wishes,), {"priority": 20, "now": now}),
            claim, claim, claim,
            (rescue.promote, (), {"now": now}),
            (rescue.rescue, (), {"now": now, "everything": False, "settle": SETTLE, "max_crashes": 5}),
            (keeping.prune, (), {"before": now - timedelta(seconds=300), "now": now, "limit": 3}),
        ])  # fmt: skip

    def _work(self, job: Job) -> Asked:
        now, number = self._now, self._number
        read = self._page(job)
        call = ledger.Call("tagging", "a-model", 100, 10, "answered", 1.0)
        return self._random.choice([
            read, read, read,
            (queue.renew, ({job.id: job.lease_token},), {"until": now + LEASE}),
            (queue.begin, (job, {"content": "as it was " * 300}), {"now": now}),
            (journal.intend, (job, PROPOSAL, PLAN), {"now": now}),
            (ledger.record, (job, call), {"now": now, "answer": (f"q{number}", Suggestion(title="A bill"))}),
            (queue.doom, (job,), {"reason": "The file is damaged.", "now": now}),
        ])  # fmt: skip

    def _page(self, job: Job) -> Asked:
        self._number += 1
        text = f"page {self._number} " * self._random.randint(1, 800)
        page = PageText(self._number, text, "tesseract", 93.0, 1.0)
        values = {"total": 9, "now": self._now, "lease": LEASE}
        return pages.checkpoint, (job, f"k{self._number}", page), values

    def _ending(self, job: Job) -> Asked:
        now = self._now
        later = now + timedelta(seconds=30)
        return self._random.choice([
            (queue.succeed, (job,), {"changed": True, "summary": "Done.", "now": now}),
            (queue.fail, (job,), {"now": now}),
            (queue.cancel, (job,), {"reason": "The document is gone.", "now": now}),
            (queue.retry, (job,), {"run_after": later, "reason": "Away.", "now": now, "blame": True}),
            (queue.release, (job,), {"reason": None, "now": now, "settle": SETTLE}),
        ])  # fmt: skip
