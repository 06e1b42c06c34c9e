"""Upgrades: every schema that was released comes along with its data, whoever dies or comes second meanwhile."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from sidecar.domain.job import State
from sidecar.store import listing, migrate, schema
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from tests.postgres import drop_schema, new_schema, server_url
from tests.store import released
from tests.store.released import rows

OLDER = migrate.REVISIONS[:-1]


def test_every_schema_has_its_migration_and_its_stored_example() -> None:
    folder = migrate.FOLDER / "versions"
    assert tuple(sorted(file.name[1:5] for file in folder.glob("v*.py"))) == migrate.REVISIONS
    assert tuple(sorted(file.stem for file in released.FOLDER.glob("*.sql"))) == migrate.REVISIONS


@pytest.mark.parametrize("revision", migrate.REVISIONS)
def test_a_store_of_every_release_upgrades_with_all_its_data(revision: str, tmp_path: Path) -> None:
    file = tmp_path / "sidecar.db"
    released.restore(revision, file)
    before = rows(file)
    db = SqliteDatabase(file)
    db.migrate()
    jobs = db.run_now(listing.jobs)
    db.close()
    after = rows(file)
    assert after.pop("alembic_version") == [{"version_num": migrate.REVISION}]
    before.pop("alembic_version")
    for name, found in before.items():  # what is there may have got more columns, and nothing else
        assert [{column: row[column] for column in old} for row, old in zip(after[name], found, strict=True)] == found
    assert {job.state for job in jobs} == set(State) - {State.REVIEW}


@pytest.mark.parametrize("revision", OLDER)
def test_an_upgraded_store_has_the_tables_of_a_new_one(revision: str, tmp_path: Path) -> None:
    def tables(file: Path) -> set[tuple[str, str]]:
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
        return set(found)

    upgraded, new = SqliteDatabase(tmp_path / "old.db"), SqliteDatabase(tmp_path / "new.db")
    released.restore(revision, upgraded.file)
    for db in (upgraded, new):
        db.migrate()
        db.close()
    assert tables(upgraded.file) == tables(new.file)


def test_the_file_is_copied_before_it_is_upgraded(old_file: Path) -> None:
    before = rows(old_file)
    db = SqliteDatabase(old_file)
    db.migrate()
    db.close()
    assert rows(old_file.with_suffix(f".db.before-{migrate.REVISION}")) == before


def test_new_tables_on_postgres_are_what_the_schema_says() -> None:
    name = new_schema()
    db = PostgresDatabase(server_url(), schema=name)
    db.migrate()
    import sqlalchemy as sa  # noqa: PLC0415

    with psycopg.connect(server_url(), options=f"-c search_path={name}") as raw:
        engine = sa.create_engine("postgresql+psycopg://", creator=lambda: raw, poolclass=sa.pool.StaticPool)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    db.close()
    drop_schema(name)


def test_an_older_schema_on_postgres_upgrades_with_its_data(old_schema: str) -> None:
    db = PostgresDatabase(server_url(), schema=old_schema)
    db.migrate()
    assert [job.document_id for job in db.run_now(listing.jobs)] == [5]
    assert db.exists()
    db.close()


def test_every_step_can_be_taken_back(old_file: Path) -> None:
    before = rows(old_file)
    db = SqliteDatabase(old_file)
    db.migrate()
    db.close()
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    import sqlalchemy as sa  # noqa: PLC0415

    engine = sa.create_engine(f"sqlite:///{old_file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()
    assert rows(old_file) == before


#: Upgrades, and dies or fails when the second of the new tables is to be made.
_BREAKING = """
import os, sys, pathlib
from alembic import op
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
make = op.create_table
def create_table(name, *columns):
    if name == "slot":
        {action}
    return make(name, *columns)
op.create_table = create_table
store = sys.argv[1]
db = PostgresDatabase(store, schema=sys.argv[2]) if "://" in store else SqliteDatabase(pathlib.Path(store))
db.migrate()
"""


@pytest.mark.parametrize("action", ["os.kill(os.getpid(), 9)", "raise RuntimeError('out of luck')"])
def test_an_upgrade_that_is_cut_in_the_middle_leaves_a_usable_store(old_file: Path, action: str) -> None:
    before = rows(old_file)
    code = _BREAKING.format(action=action)
    cut = subprocess.run([sys.executable, "-c", code, str(old_file)], capture_output=True, check=False)
    assert cut.returncode != 0
    assert rows(old_file) == before
    db = SqliteDatabase(old_file)
    db.migrate()
    assert len(db.run_now(listing.jobs)) == len(before["job"])
    assert db.check() == []
    db.close()


@pytest.mark.parametrize("action", ["os.kill(os.getpid(), 9)", "raise RuntimeError('out of luck')"])
def test_an_upgrade_on_postgres_that_is_cut_in_the_middle_leaves_a_usable_store(old_schema: str, action: str) -> None:
    code = _BREAKING.format(action=action)
    cut = subprocess.run([sys.executable, "-c", code, server_url(), old_schema], capture_output=True, check=False)
    assert cut.returncode != 0
    db = PostgresDatabase(server_url(), schema=old_schema)
    db.migrate()
    assert [job.document_id for job in db.run_now(listing.jobs)] == [5]
    db.close()


def migrate_together(stores: list[Database]) -> None:
    with ThreadPoolExecutor(len(stores)) as threads:
        for done in [threads.submit(store.migrate) for store in stores]:
            done.result()
    for store in stores:
        store.close()


def test_of_several_programs_that_start_at_once_one_upgrades(old_file: Path) -> None:
    before = rows(old_file)
    migrate_together([SqliteDatabase(old_file) for _ in range(4)])
    after = rows(old_file)["job"]
    assert [{column: row[column] for column in old} for row, old in zip(after, before["job"], strict=True)] == before[
        "job"
    ]


def test_of_several_machines_that_start_at_once_one_upgrades(old_schema: str) -> None:
    migrate_together([PostgresDatabase(server_url(), schema=old_schema) for _ in range(4)])


def test_of_several_machines_that_start_at_once_on_nothing_one_makes_the_tables() -> None:
    name = new_schema()
    migrate_together([PostgresDatabase(server_url(), schema=name) for _ in range(4)])
    drop_schema(name)
