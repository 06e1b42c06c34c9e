"""Stores that are not ours to use: newer, foreign or damaged ones are refused in words and left untouched."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sidecar.domain.errors import StoreError
from sidecar.store import listing, migrate
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, reading
from tests.postgres import drop_schema, new_schema, server_url
from tests.store import released
from tests.store.released import rows


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_newer_store_is_refused_in_words_and_not_a_byte_of_it_changed(old_file: Path) -> None:
    with closing(sqlite3.connect(old_file)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = digest(old_file)
    db = SqliteDatabase(old_file)
    for use in (db.migrate, lambda: db.run_now(listing.jobs)):
        with pytest.raises(StoreError, match="made by a newer sidecar"):
            use()
    db.close()
    assert digest(old_file) == before


def test_a_newer_schema_on_postgres_is_refused_in_words(old_schema: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as raw:
        raw.execute(f"UPDATE {old_schema}.alembic_version SET version_num = '9999'")  # noqa: S608
    db = PostgresDatabase(server_url(), schema=old_schema)
    with pytest.raises(StoreError, match="made by a newer sidecar"):
        db.migrate()
    db.close()


def test_a_schema_with_tables_of_another_program_is_refused_and_left_alone() -> None:
    name = new_schema()
    with psycopg.connect(server_url(), autocommit=True) as raw:
        raw.execute(f"CREATE SCHEMA {name}")
        raw.execute(f"CREATE TABLE {name}.recipes (id int)")
    db = PostgresDatabase(server_url(), schema=name)
    with pytest.raises(StoreError, match="tables of another program"):
        db.migrate()
    db.close()
    with psycopg.connect(server_url(), autocommit=True) as raw:
        found = raw.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (name,))
        assert found.fetchall() == [("recipes",)]
    drop_schema(name)


def test_a_database_of_another_program_is_refused_and_not_a_byte_of_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.db"
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("CREATE TABLE recipes (id)")
    before = digest(file)
    db = SqliteDatabase(file)
    for use in (db.migrate, lambda: db.run_now(listing.jobs)):
        with pytest.raises(StoreError, match="tables of another program"):
            use()
    db.close()
    assert digest(file) == before
    assert not Path(f"{file}-wal").exists()


@pytest.fixture
def full_file(tmp_path: Path) -> Path:
    """A store of this schema of some megabytes, closed well."""
    db = SqliteDatabase(tmp_path / "sidecar.db")
    db.migrate()
    released.fill(db)
    db.close()
    with closing(sqlite3.connect(db.file)) as raw, raw:
        raw.executemany(
            "INSERT INTO page VALUES (?, 1, 1, ?, 'tesseract', 90, 1, 0, '', NULL)",
            [(f"{number}", "letters " * 2000) for number in range(300)],
        )
    return db.file


@pytest.mark.parametrize("where", [0.02, 0.5, 0.95])
def test_a_damaged_file_is_found_after_a_kill_said_in_words_and_left_alone(full_file: Path, where: float) -> None:
    with full_file.open("r+b") as raw:
        raw.seek(int(full_file.stat().st_size * where) // 4096 * 4096)
        raw.write(b"\xff" * 8192)
    full_file.with_suffix(".instance").write_text("4711")
    before = digest(full_file)
    db = SqliteDatabase(full_file)
    db.hold_instance()
    with pytest.raises(StoreError, match=r"damaged: restore a copy, or move it away"):
        db.migrate()
    db.close()
    assert digest(full_file) == before


def test_a_file_that_was_cut_off_is_said_in_words_and_left_alone(full_file: Path) -> None:
    with full_file.open("r+b") as raw:
        raw.truncate(full_file.stat().st_size // 2)
    full_file.with_suffix(".instance").write_text("4711")
    before = digest(full_file)
    db = SqliteDatabase(full_file)
    db.hold_instance()
    with pytest.raises(StoreError, match=r"damaged: restore a copy"):
        db.migrate()
    db.close()
    assert digest(full_file) == before


def test_a_sound_file_is_used_again_after_a_kill(full_file: Path) -> None:
    full_file.with_suffix(".instance").write_text("4711")
    db = SqliteDatabase(full_file)
    db.hold_instance()
    db.migrate()
    assert db.run_now(listing.jobs)
    db.close()


def test_a_store_that_is_up_to_date_loads_neither_sqlalchemy_nor_alembic(full_file: Path) -> None:
    code = (
        "import sys, pathlib; from sidecar.store.sqlite import SqliteDatabase; "
        "db = SqliteDatabase(pathlib.Path(sys.argv[1])); db.migrate(); db.close(); "
        "sys.exit('alembic' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(full_file)], check=False).returncode == 0


def test_a_full_disk_in_the_middle_of_the_copy_leaves_the_old_store(old_file: Path) -> None:
    part = old_file.with_suffix(f".db.before-{migrate.REVISION}.part")
    part.mkdir()  # the copy cannot be made
    before = rows(old_file)
    db = SqliteDatabase(old_file)
    with pytest.raises(StoreError):
        db.migrate()
    db.close()
    shutil.rmtree(part)
    assert rows(old_file) == before


@reading
def _revision(tx: Transaction) -> str:
    return str(tx.rows("SELECT version_num FROM alembic_version")[0][0])


def test_the_stores_own_word_for_its_schema_is_the_newest(full_file: Path) -> None:
    db = SqliteDatabase(full_file)
    assert db.run_now(_revision) == migrate.REVISION
    db.close()
