"""The role that the compose file tells an owner to make is enough, and sees nothing of its neighbour's tables."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from sidecar.domain.errors import StoreError
from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.transaction import Transaction, reading
from tests.postgres import drop_schema, new_schema, server_url
from tests.store.conftest import LEASE, NOW


def as_role(role: str) -> str:
    """Give the server's address for another role."""
    parts = urlsplit(server_url())
    host = (parts.netloc.rpartition("@")[2]).lstrip("@")
    return urlunsplit(parts._replace(netloc=f"{role}:secret@{host}"))


@pytest.fixture
def role() -> Iterator[str]:
    """A role with a schema of its own, made with the compose file's two statements, beside a neighbour's table."""
    name = new_schema()
    with psycopg.connect(server_url(), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        owner.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
        owner.execute(f"CREATE TABLE public.neighbour_{name} (secret text)")
    yield name
    drop_schema(name)
    with psycopg.connect(server_url(), autocommit=True) as owner:
        owner.execute(f"DROP TABLE public.neighbour_{name}")
        owner.execute(f"DROP ROLE {name}")


def test_a_role_with_a_schema_of_its_own_can_do_all_and_see_nothing_else(role: str) -> None:
    db = PostgresDatabase(as_role(role), schema=role)
    db.migrate()
    db.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    assert db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE) is not None

    @reading
    def peep(tx: Transaction) -> list[str]:
        return [str(row.secret) for row in tx.rows(f"SELECT secret FROM public.neighbour_{role}")]  # noqa: S608

    with pytest.raises(StoreError, match="permission denied"):
        db.run_now(peep)
    db.close()


def test_a_role_without_a_schema_is_told_what_to_make(role: str) -> None:
    db = PostgresDatabase(as_role(role), schema=f"{role}_other")
    with pytest.raises(StoreError, match="CREATE SCHEMA sidecar AUTHORIZATION"):
        db.migrate()
    db.close()
