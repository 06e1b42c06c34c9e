"""Pour one store into another, from SQLite to PostgreSQL or back: all rows at one moment, compared afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sidecar.domain.errors import StoreError
from sidecar.store.database import Database
from sidecar.store.transaction import Transaction, durable, reading

#: Rows read at a time; a row may hold the text of a page, or of a document.
AT_ONCE = 200


def pour(source: Database, target: Database) -> dict[str, int]:
    """Copy all rows into an empty store of the same schema and return how many there were of each table.

    One transaction on each side: killed in the middle, the target is as empty as before. Raises StoreError if the
    target is not empty, or if what it holds in the end is not what was read.
    """
    return source.run_now(_pour, target)


@reading
def _pour(source: Transaction, target: Database) -> dict[str, int]:
    source.hold_still()
    return target.run_now(_receive, source)  # this thread waits, so only the other one uses our transaction


@durable
def _receive(tx: Transaction, source: Transaction) -> dict[str, int]:
    from sidecar.store.schema import metadata  # noqa: PLC0415 - SQLAlchemy is not loaded for daily work

    copied: dict[str, int] = {}
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.columns]
        key = [column.name for column in table.primary_key]
        if tx.row(f"SELECT 1 FROM {table.name} LIMIT 1") is not None:
            raise StoreError(f"The store to copy into is not empty: its table {table.name} has rows. Nothing was done.")
        read = _Digest()
        for rows in _chunks(source, table.name, columns, key):
            names = ", ".join(f":{column}" for column in columns)
            tx.run_many(
                f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({names})",
                [dict(zip(columns, row, strict=True)) for row in rows],
            )
            read.add(rows)
        written = _Digest()
        for rows in _chunks(tx, table.name, columns, key):
            written.add(rows)
        if read.result != written.result:
            raise StoreError(f"What was written of table {table.name} is not what was read; the copy was taken back.")
        if table.autoincrement_column is not None:
            tx.number_on(table.name)
        copied[table.name] = read.rows
    return copied


def _chunks(tx: Transaction, table: str, columns: Sequence[str], key: Sequence[str]) -> Iterator[list[Any]]:
    """Give all rows in the order of their key, as plain tuples without NULs, some at a time."""
    after: dict[str, Any] = {}
    while True:
        names = ", ".join(f":{name}" for name in after)
        beyond = f"WHERE ({', '.join(key)}) > ({names})" if after else ""
        rows = tx.rows(
            f"SELECT {', '.join(columns)} FROM {table} {beyond} ORDER BY {', '.join(key)} LIMIT {AT_ONCE}", **after
        )
        if not rows:
            return
        after = {f"after_{name}": getattr(rows[-1], name) for name in key}
        yield [tuple(value.replace("\0", "") if isinstance(value, str) else value for value in row) for row in rows]


class _Digest:
    """Counts rows, and sums them up so that two tables compare."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = hashlib.sha256()

    def add(self, rows: Sequence[Any]) -> None:
        self.rows += len(rows)
        for row in rows:
            self._sum.update(repr(row).encode("utf-8", "surrogatepass"))

    @property
    def result(self) -> tuple[int, str]:
        return self.rows, self._sum.hexdigest()
