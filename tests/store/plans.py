"""What a store function asks of its database, word for word, and how the database would go about it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql as pg
from psycopg.adapt import PyFormat, Transformer

from sidecar.store import postgres
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.schema import metadata
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable
from tests.postgres import server_url

Statement = tuple[str, Mapping[str, Any]]


class Recorder(Transaction):
    """A transaction that writes down what it is asked."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.locking, self.skipping = tx.locking, tx.skipping  # type: ignore[misc]
        self.statements: list[Statement] = []

    def run(self, sql: str, **values: Any) -> int:
        self.statements.append((sql, values))
        return self._tx.run(sql, **values)

    def run_many(self, sql: str, values: Sequence[Mapping[str, Any]]) -> int:
        self.statements += [(sql, values[0])] if values else []
        return self._tx.run_many(sql, values)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        self.statements.append((sql, values))
        return self._tx.rows(sql, **values)

    def only_row(self, sql: str, **values: Any) -> Any | None:
        return self.row(sql, **values)

    def take_turns(self, name: str) -> None:
        self._tx.take_turns(name)

    def announce(self) -> None:
        self._tx.announce()

    def hold_still(self) -> None:
        self._tx.hold_still()

    def number_on(self, table: str) -> None:
        self._tx.number_on(table)


class TakenBackError(Exception):
    """Ends a transaction of which nothing is to be left."""


def asked(db: Database, function: Callable[..., Any], *args: Any, **values: Any) -> list[Statement]:
    """Return the statements that a store function executes, each once; what they did is taken back."""
    found: dict[str, Mapping[str, Any]] = {}

    @durable
    def recorded(tx: Transaction) -> None:
        recorder = Recorder(tx)
        function(recorder, *args, **values)
        found.update(recorder.statements)
        raise TakenBackError

    try:
        db.run_now(recorded)
    except TakenBackError:
        return list(found.items())
    raise AssertionError("the transaction was to be taken back")


@dataclass
class Plan:
    """How a database goes about a statement."""

    #: The indexes it looks into.
    indexes: set[str] = field(default_factory=set)
    #: The tables it reads from end to end.
    scanned: set[str] = field(default_factory=set)
    #: Whether it puts rows in order by itself.
    sorts: bool = False
    #: In its own words.
    words: str = ""


def plan_of(db: Database, statement: Statement) -> Plan:
    """Ask the database for its plan; on PostgreSQL for the one that it keeps for all values."""
    if isinstance(db, SqliteDatabase):
        return _of_sqlite(db, *statement)
    assert isinstance(db, PostgresDatabase)
    return _of_postgres(db, *statement)


def _of_sqlite(db: SqliteDatabase, sql: str, values: Mapping[str, Any]) -> Plan:
    plan = Plan()
    with closing(sqlite3.connect(db.file)) as raw:
        for *_, words in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values):
            found = re.match(
                r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?(?:INDEX (\w+)|(INTEGER PRIMARY KEY)))?", words
            )
            how, table, index, number = found.groups() if found else ("", "", None, None)
            if index or number:  # the key of a table has an index with a name of its own, or none, here
                plan.indexes.add(f"pk_{table}" if number or str(index).startswith("sqlite_") else str(index))
            elif how == "SCAN" and table in metadata.tables:
                plan.scanned.add(table)
            plan.sorts |= "TEMP B-TREE" in words
    return plan


def _of_postgres(db: PostgresDatabase, sql: str, values: Mapping[str, Any]) -> Plan:
    values = {name: value for name, value in values.items() if f":{name}" in sql}
    numbers = {name: f"${number}" for number, name in enumerate(values, 1)}
    query = re.sub(r"%\((\w+)\)s", lambda name: numbers[name[1]], postgres._native(sql)).replace("%%", "%")
    plan = Plan()
    with psycopg.connect(server_url(), options=f"-c search_path={db.schema}") as raw:
        raw.execute("SET plan_cache_mode = force_generic_plan")
        driver = Transformer(raw)
        driver.dump_sequence(list(values.values()), [PyFormat.AUTO] * len(values))
        types = [
            pg.SQL(kind.name if (kind := raw.adapters.types.get(oid)) else "unknown") for oid in driver.types or ()
        ]
        signature = pg.SQL("({})").format(pg.SQL(", ").join(types)) if values else pg.SQL("")
        given = pg.SQL("({})").format(pg.SQL(", ").join(map(pg.Literal, values.values()))) if values else pg.SQL("")
        raw.execute(pg.SQL("PREPARE asked {} AS {}").format(signature, pg.SQL(query)))
        row = raw.execute(pg.SQL("EXPLAIN (FORMAT JSON) EXECUTE asked {}").format(given)).fetchone()
    assert row is not None
    for node in _nodes(row[0][0]["Plan"]):
        plan.words += f"{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Name', '')}\n"
        plan.indexes |= {node["Index Name"]} if "Index Name" in node else set()
        plan.indexes |= set(node.get("Conflict Arbiter Indexes", []))
        plan.scanned |= {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
        plan.sorts |= "Sort" in node["Node Type"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
