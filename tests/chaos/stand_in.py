"""The program with a clock and a file that obey us: `python -m tests.chaos.stand_in run`, told by its environment.

CHAOS_CLOCK names a file with the seconds by which the store's clock is off; a monotonic clock is not. CHAOS_CLOCK_S
says how often the program looks at the clock of a shared store (it does so once a minute by itself).
CHAOS_READONLY names a file during whose presence SQLite refuses to write.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sidecar.__main__ import main
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase


def set_clock(shows: Path) -> None:
    """Let the store's clock, this machine's or the server's, be off by what the file says."""

    def wrap(owner: type[Database]) -> None:
        told = owner.time

        async def time_as_set(self: Any) -> datetime:
            off_s = float(shows.read_text())  # noqa: ASYNC240 - a few bytes
            return await told(self) + timedelta(seconds=off_s)

        owner.time = time_as_set  # type: ignore[method-assign]

    wrap(Database)
    wrap(PostgresDatabase)


def forbid_writing(sign: Path) -> None:
    """Let SQLite refuse to write while the sign is there."""
    commit = SqliteDatabase._commit_together

    def commit_if_allowed(self: SqliteDatabase, connection: Any, calls: Any) -> None:
        connection.execute(f"PRAGMA query_only={int(sign.exists())}")
        commit(self, connection, calls)

    SqliteDatabase._commit_together = commit_if_allowed  # type: ignore[method-assign]


if __name__ == "__main__":
    if "CHAOS_CLOCK" in os.environ:
        set_clock(Path(os.environ["CHAOS_CLOCK"]))
    if "CHAOS_READONLY" in os.environ:
        forbid_writing(Path(os.environ["CHAOS_READONLY"]))
    main()
