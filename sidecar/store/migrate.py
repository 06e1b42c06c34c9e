"""Which schema this program reads and writes, and how a store gets there, in one transaction.

SQLAlchemy and alembic are loaded only where there is something to make or to upgrade.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.domain.errors import StoreError

if TYPE_CHECKING:
    import sqlalchemy as sa

FOLDER = Path(__file__).parent / "migrations"

#: All schemas there were, the oldest first: the files in migrations/versions.
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
#: The schema this program reads and writes.
REVISION = REVISIONS[-1]

Connect = Callable[[], Any]


def is_needed(found: str | None) -> bool:
    """Say whether a store with this schema (None for a new one) has to be made or upgraded.

    Raises StoreError for a store that a newer program made.
    """
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"The store was made by a newer sidecar (schema {found}, this one knows {REVISION}). "
            "Start the newer version again, or give this one an empty store."
        )
    return found != REVISION


def missing(names: Collection[str]) -> list[str]:
    """Return a sentence for each table and index of this program's schema that is not among the names in a store."""
    from sidecar.store.schema import metadata  # noqa: PLC0415

    wanted = {"table": set(metadata.tables)}
    wanted["index"] = {str(index.name) for table in metadata.tables.values() for index in table.indexes}
    return [f"The {kind} {name} is missing." for kind, all_of in wanted.items() for name in sorted(all_of - set(names))]


def make(url: str, connect: Connect) -> None:
    """Make all tables of an empty store. A test holds them to be what the migrations make."""
    import sqlalchemy as sa  # noqa: PLC0415

    from sidecar.store import schema  # noqa: PLC0415

    with _connection(url, connect) as connection:
        schema.metadata.create_all(connection)
        connection.execute(
            sa.text(
                "CREATE TABLE alembic_version "
                "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:now)"), {"now": REVISION})


def upgrade(url: str, connect: Connect, to: str = REVISION) -> None:
    """Take an older store through all steps to this program's schema."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with _connection(url, connect) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


@contextmanager
def _connection(url: str, connect: Connect) -> Iterator[sa.Connection]:
    """Open one transaction on a driver's connection; `connect` gives it, the caller closes it."""
    import sqlalchemy as sa  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    engine = sa.create_engine(url, creator=connect, poolclass=StaticPool)
    if url.startswith("sqlite"):

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would begin none before the first DDL

    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise (error.orig or error) from error  # the driver's own, which the store has words for
