"""Bring a store's tables to this program's schema, in one transaction, under the writers' lock."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from sidecar.domain.errors import StoreError
from sidecar.store import schema

FOLDER = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection) -> None:
    """Upgrade the store; does nothing when it is up to date, and makes a new one straight from the schema.

    So alembic (10 MB) is loaded only where there is something to upgrade. The file is copied beside itself first
    (`sidecar.db.before-0002`), and all steps are one transaction: killed in the middle, the store is as before.
    Raises StoreError for a store that a newer program made.
    """
    found = revision(connection)
    if found == schema.REVISION:
        return
    if found is None:
        _create(connection)
        return
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise StoreError(
            f"The store was made by a newer sidecar (schema {found}, this one knows {schema.REVISION}). "
            "Start the newer version again, or give this one an empty DATA_DIR."
        )
    _copy(connection)
    command.upgrade(config, schema.REVISION)


def _create(connection: sa.Connection) -> None:
    """Make all tables in one transaction. A test holds them to be what the migrations make."""
    with connection.begin():
        schema.metadata.create_all(connection)
        connection.execute(
            sa.text(
                "CREATE TABLE alembic_version "
                "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:now)"), {"now": schema.REVISION})


def revision(connection: sa.Connection) -> str | None:
    """Return the store's schema, None for a new file. Raises StoreError for a database that is not ours."""
    with connection.begin():
        tables = set(sa.inspect(connection).get_table_names())
        if not tables:
            return None
        if "alembic_version" not in tables:
            raise StoreError("The database holds tables of another program. Give the sidecar a DATA_DIR of its own.")
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _copy(connection: sa.Connection) -> None:
    file = Path(str(connection.engine.url.database))
    driver = connection.connection.dbapi_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    shutil.copy2(file, file.with_suffix(f".db.before-{schema.REVISION}"))
