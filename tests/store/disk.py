"""A disk that can lose its power: a file system for SQLite (through apsw) that knows what was synced and what was not.

Everything written goes to the real file at once, as to the system's cache. What a sync has confirmed is kept apart;
at the cut, only that and what of the rest happens to have reached the disk is left.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from sidecar.store import sqlite

SECTOR_BYTES = 512
_names = itertools.count(1)


class Platter:
    """One file: its synced bytes, and what came after them, oldest first."""

    def __init__(self, synced: bytes) -> None:
        self.synced = bytearray(synced)
        #: (offset, bytes), or (length, None) where the file was cut off.
        self.pending: list[tuple[int, bytes | None]] = []

    def sync(self) -> None:
        for offset, data in self.pending:
            _apply(self.synced, offset, data)
        self.pending.clear()

    def left(self, is_kept: Callable[[], bool]) -> bytes:
        """What is on the disk after the cut; of writes that were not synced some sectors may be."""
        image = bytearray(self.synced)
        for offset, data in self.pending:
            if data is None:
                if is_kept():
                    _apply(image, offset, None)
                continue
            for start, piece in _sectors(offset, data):
                if is_kept():
                    _apply(image, start, piece)
        return bytes(image)


def _apply(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    image.extend(bytes(max(0, offset - len(image))))
    image[offset : offset + len(data)] = data


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    """Cut a write where the sectors of the disk end."""
    end = offset + len(data)
    cuts = [offset, *range((offset // SECTOR_BYTES + 1) * SECTOR_BYTES, end, SECTOR_BYTES), end]
    return [(start, data[start - offset : stop - offset]) for start, stop in itertools.pairwise(cuts)]


class Disk(apsw.VFS):
    """The disk, which loses its power right before its operation number `cut_at` (from 1).

    `is_kept` decides for each sector that was written and not synced whether it reached the disk all the same.
    """

    def __init__(self, cut_at: int, *, is_kept: Callable[[], bool], on_cut: Callable[[], None]) -> None:
        self.name = f"disk-{next(_names)}"
        self.platters: dict[str, Platter] = {}
        #: What the cut left, by the file's name; None while there is power.
        self.left: dict[str, bytes] | None = None
        self.operations = 0
        self._cut_at = cut_at
        self._is_kept = is_kept
        self._on_cut = on_cut
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - SQLite's word
        return DiskFile(self, name, flags)

    def operation(self) -> None:
        """Count an operation, which is about to happen."""
        self.operations += 1
        if self.operations == self._cut_at:
            self.cut()

    def cut(self) -> None:
        """Lose the power. What is done to the disk afterwards changes nothing of what is left."""
        if self.left is None:
            self.left = {Path(name).name: platter.left(self._is_kept) for name, platter in self.platters.items()}
            self._on_cut()


class DiskFile(apsw.VFSFile):
    """A file on the disk."""

    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        before = path.read_bytes() if path.exists() else b""
        self._disk = disk
        self._platter = disk.platters.setdefault(str(path), Platter(before))
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.operation()
        super().xWrite(data, offset)
        self._platter.pending.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.operation()
        super().xTruncate(newsize)
        self._platter.pending.append((newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.operation()
        self._platter.sync()


class Connection:
    """A connection to a file on such a disk that behaves like one of the `sqlite3` module.

    Such a disk has no shared memory, so there can be only one: a store's reader and writer have it in common.
    `instead` gives statements that are executed in place of others.
    """

    def __init__(self, file: Path, disk: Disk, instead: dict[str, str]) -> None:
        self._raw = apsw.Connection(str(file), vfs=disk.name)
        self._raw.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
        self._instead = instead
        self.users = 0

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction

    def execute(self, sql: str, values: Any = ()) -> Result:
        cursor = self._raw.cursor()
        cursor.execute(self._instead.get(sql, sql), values)
        try:
            description = cursor.get_description()
        except apsw.ExecutionCompleteError:
            description = ()
        return Result(cursor.fetchall(), description, self._raw.changes())

    def executemany(self, sql: str, values: Any) -> Result:
        before = self._raw.total_changes()
        self._raw.executemany(sql, values)
        return Result([], (), self._raw.total_changes() - before)

    def close(self) -> None:
        self.users -= 1
        if not self.users:
            self._raw.close()


class Result:
    """What a statement brought."""

    def __init__(self, rows: list[Any], description: Any, rowcount: int) -> None:
        self._rows = rows
        self.description = description
        self.rowcount = rowcount

    def fetchall(self) -> list[Any]:
        return self._rows


def opened_on(disk: Disk, file: Path, instead: dict[str, str]) -> sqlite.SqliteDatabase:
    """Open a store on the disk. Reading and writing must take turns."""
    connections: list[Connection] = []

    def connect(file: Path) -> Connection:
        if not connections:
            new = Connection(file, disk, instead)
            with pytest.MonkeyPatch.context() as patch:  # prepared by the store's own function
                patch.setattr(sqlite3, "connect", lambda *args, **values: new)
                sqlite.connect(file)
            connections.append(new)
        connections[0].users += 1
        return connections[0]

    return sqlite.SqliteDatabase(file, connect=connect)
