"""What the promises rest on, each with a way to do without it: a test that stays green without it proves nothing."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sidecar import assembly
from sidecar.domain.writeback import Plan, same
from sidecar.paperless.client import Paperless
from sidecar.store import job_row, journal, queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable
from sidecar.worker import delivery
from sidecar.worker.lease import Leases


def without_intent() -> None:
    """Send without having written down what is about to be sent."""

    @durable
    def intend(tx: Transaction, job: Any, *_: Any, **__: Any) -> None:
        job_row.assert_mine(tx, job)

    journal.intend = intend


def without_read_back() -> None:
    """Believe every answer."""
    delivery.tags_are_lost = lambda _plan, _back: False


def without_quarantine() -> None:
    """Touch a document again at once, whatever may still be in flight."""
    assembly.SETTLE_SLACK_S = -float(os.environ["PAPERLESS_TIMEOUT_S"])


def without_fencing() -> None:
    """Let whoever once held a job write to it as long as anybody does."""
    job_row.MINE = "WHERE id = :id AND state = 'running'"


def without_lease_check() -> None:
    """Send without looking whether the job is still ours."""

    async def assure(*_: Any) -> None:
        """All is well."""

    Leases.assure = assure  # type: ignore[assignment, method-assign]


def without_second_look() -> None:
    """Write what was decided, however long ago."""
    delivery.FRESH = timedelta(days=1)


def without_unique_index() -> None:
    """Look before inserting, as everybody's first queue does."""
    queue._INSERT = queue._INSERT.partition(" ON CONFLICT")[0]

    @durable
    def drop(tx: Transaction) -> None:
        tx.run("DROP INDEX IF EXISTS uq_job_unfinished")

    def wrap(owner: type[Database]) -> None:
        migrate = owner.migrate

        def migrate_and_drop(self: Any) -> None:
            migrate(self)
            self.run_now(drop)

        owner.migrate = migrate_and_drop  # type: ignore[method-assign]

    wrap(SqliteDatabase)
    wrap(PostgresDatabase)


def without_tag_delta() -> None:
    """Send the whole list of tags, made from the one that was seen first."""
    seen: dict[int, frozenset[int]] = {}
    look = Paperless.document

    async def document(self: Paperless, document_id: int) -> Any:
        found = await look(self, document_id)
        seen.setdefault(document_id, found.tags)
        return found

    async def modify_tags(self: Paperless, document_ids: Any, delta: Any) -> None:
        for document_id in document_ids:
            tags = sorted((seen[document_id] | delta.add) - delta.remove)
            await self.http.send("PATCH", f"documents/{document_id}/", {"tags": tags})

    Paperless.document = document  # type: ignore[method-assign]
    Paperless.modify_tags = modify_tags  # type: ignore[method-assign]


def without_comparison() -> None:
    """Write what is wanted, whatever stands there."""

    def decide(proposal: Any, current: Any) -> Plan:
        write = {
            name: wanted for name, wanted in proposal.wanted.items() if not same(name, current.value(name), wanted)
        }
        old = {name: current.value(name) for name in write}
        return Plan(write, (), proposal.delta.missing_on(current.tags), old)

    delivery.decide = decide


SWITCHES: dict[str, Callable[[], None]] = {
    "intent": without_intent,
    "read-back": without_read_back,
    "quarantine": without_quarantine,
    "fencing": without_fencing,
    "lease check": without_lease_check,
    "second look": without_second_look,
    "unique index": without_unique_index,
    "tag delta": without_tag_delta,
    "base comparison": without_comparison,
}


def switch_off(names: str) -> None:
    """Do without these mechanisms in this process, by name with commas between; with no name, without none."""
    for name in filter(None, names.split(",")):
        SWITCHES[name]()
