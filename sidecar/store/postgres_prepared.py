"""Single statements on one PostgreSQL connection, prepared once and run through libpq without the driver's own layer.

Claims and endings are one statement each and come thousands of times; this way takes a third of the processor time
of a cursor. The call blocks its thread, not the interpreter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from sidecar.store.transaction import row_type

_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")
#: Types that the server is told, by what Python gives; it finds out the others (texts, NULL) from where they stand.
_OIDS: Mapping[type, int] = {int: 20, float: 701, bool: 16}
#: How a column's text is read, by its type; all others are texts.
_READERS: Mapping[int, Callable[[bytes], Any]] = {
    16: b"t".__eq__, 20: int, 21: int, 23: int, 700: float, 701: float
}  # fmt: skip


@functools.cache
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the statement with numbered values, and their names in that order."""
    names = tuple(dict.fromkeys(_NAME.findall(sql)))
    return _NAME.sub(lambda found: f"${names.index(found[1]) + 1}", sql).encode(), names


class Prepared:
    """The prepared statements of one connection; they end with it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        #: How the rows of each statement are read.
        self._shapes: dict[bytes, Callable[[PGresult], list[Any]]] = {}

    def rows(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        """Run as a transaction of its own and return all rows, as named tuples. Raises psycopg.Error."""
        text, names = _numbered(sql)
        given = [values[name] for name in names]
        types = tuple([_OIDS.get(type(one), 0) for one in given])
        name = self._names.get((sql, types)) or self._prepare(sql, text, types)
        texts: Any = [None if one is None else _text(one) for one in given]  # the driver's types forget NULL
        result = self.connection.pgconn.exec_prepared(name, texts)
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result)
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = _shape(result)
        return shape(result)

    def _prepare(self, sql: str, text: bytes, types: tuple[int, ...]) -> bytes:
        name = f"sidecar_{len(self._names)}".encode()
        result = self.connection.pgconn.prepare(name, text, types)
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)
        self._names[sql, types] = name
        return name


def _text(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"t" if value else b"f"
    return (value if isinstance(value, str) else repr(value)).encode()


def _shape(result: PGresult) -> Callable[[PGresult], list[Any]]:
    """Return a reader of results with these columns."""
    numbers = range(result.nfields)
    make = row_type(tuple([(result.fname(number) or b"").decode() for number in numbers]))._make
    columns = [(number, _READERS.get(result.ftype(number), bytes.decode)) for number in numbers]

    def read(result: PGresult) -> list[Any]:
        value = result.get_value
        return [
            make([None if (one := value(row, number)) is None else reader(one) for number, reader in columns])
            for row in range(result.ntuples)
        ]

    return read
