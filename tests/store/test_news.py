"""What programs on one server hear of each other: that a job is ready, and which of them leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from sidecar.domain.job import Job, Kind
from sidecar.store import postgres_news, queue, rescue
from sidecar.store.postgres import PostgresDatabase
from tests.postgres import drop_schema, new_schema, server_url
from tests.store.conftest import LEASE, NOW

SETTLE = timedelta(seconds=65)
LATE = NOW + 2 * LEASE


class Program:
    """A program that listens, and what it heard."""

    def __init__(self, schema: str) -> None:
        self.db = PostgresDatabase(server_url(), schema=schema)
        self.ready = asyncio.Event()
        self.leading = asyncio.Event()
        self._listening = asyncio.create_task(self.db.listen(self.ready.set, self.leading.set))

    async def heard(self, what: asyncio.Event) -> None:
        """Wait until it hears it, and let it be heard anew."""
        async with asyncio.timeout(20):
            await what.wait()
        what.clear()

    async def end(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.db.close()


@pytest.fixture
async def programs(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Any]]:
    """Programs on one store, each with its own connections: `async with programs() as one`."""
    monkeypatch.setattr(postgres_news, "LOOK_S", 0.05)
    schema = new_schema()
    first = PostgresDatabase(server_url(), schema=schema)
    first.migrate()
    first.close()

    @asynccontextmanager
    async def program() -> AsyncIterator[Program]:
        one = Program(schema)
        yield one
        await one.end()

    yield program
    drop_schema(schema)


async def claimed(db: PostgresDatabase) -> Job:
    job = await db.run(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE)
    assert job is not None
    return job


async def test_everything_that_makes_a_job_ready_is_heard_by_the_other_programs(programs: Any) -> None:
    async with programs() as listener, programs() as other:
        db: PostgresDatabase = other.db
        await listener.heard(listener.ready)  # it may have missed something before it listened
        await db.run(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
        await listener.heard(listener.ready)
        await db.run(queue.release, await claimed(db), reason=None, now=NOW, settle=SETTLE)
        await listener.heard(listener.ready)
        await db.run(queue.retry, await claimed(db), run_after=NOW, reason="Away.", now=NOW, blame=True)
        await db.run(rescue.promote, now=NOW)
        await listener.heard(listener.ready)
        await claimed(db)
        await db.run(rescue.rescue, now=LATE, everything=False, settle=SETTLE, max_crashes=5)
        await listener.heard(listener.ready)
        await db.run(queue.enqueue_all, [(2, Kind.OCR, None)], priority=10, now=NOW)
        await listener.heard(listener.ready)


async def test_a_program_whose_listening_was_cut_listens_again_and_looks_for_what_it_missed(programs: Any) -> None:
    async with programs() as listener:
        await listener.heard(listener.ready)
        await listener.heard(listener.leading)
        cut_who_leads(listener.db)
        await listener.heard(listener.ready)
        await listener.db.run(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
        await listener.heard(listener.ready)


async def test_who_hears_nothing_sees_that_a_job_is_ready(programs: Any) -> None:
    async with programs() as one, programs() as other:
        assert not await one.db.stirred()
        await other.db.run(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
        assert await one.db.stirred()
        await claimed(other.db)
        assert not await one.db.stirred()


async def test_one_program_leads_and_when_it_ends_another_one_does(programs: Any) -> None:
    async with programs() as first:
        await first.heard(first.leading)
        async with programs() as second:
            await second.heard(second.ready)
            assert (first.db.leads(), second.db.leads()) == (True, False)
            await first.end()
            await second.heard(second.leading)
            assert (first.db.leads(), second.db.leads()) == (False, True)


async def test_a_program_that_leads_and_is_cut_off_leads_no_more_until_it_is_its_turn(programs: Any) -> None:
    async with programs() as first:
        await first.heard(first.ready)
        await first.heard(first.leading)
        async with programs() as second:
            await second.heard(second.ready)
            cut_who_leads(first.db)
            await first.heard(first.ready)  # it is back
            waiting = [asyncio.ensure_future(one.heard(one.leading)) for one in (first, second)]
            _, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert first.db.leads() is not second.db.leads()
            for other in others:
                other.cancel()


async def test_programs_on_different_schemas_do_not_hear_or_lead_each_other(programs: Any) -> None:
    name = new_schema()
    elsewhere = PostgresDatabase(server_url(), schema=name)
    elsewhere.migrate()
    async with programs() as here:
        await here.heard(here.leading)
        stranger = Program(name)
        await stranger.heard(stranger.leading)
        assert here.db.leads()
        await stranger.end()
    elsewhere.close()
    drop_schema(name)


def cut_who_leads(db: PostgresDatabase) -> None:
    """End the connection that listens to the store's news and holds the lock of the one that leads."""
    with psycopg.connect(server_url(), autocommit=True) as raw:
        cut = raw.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND classid = (hashtext(%s)::bigint & 4294967295)::oid AND objid = 1",
            (db._channel,),
        ).fetchall()
    assert len(cut) == 1
