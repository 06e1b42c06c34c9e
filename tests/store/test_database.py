"""The store's file: one writer, one instance, the schema, and what is said when it cannot be used."""

from __future__ import annotations

import inspect
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from sidecar.domain.errors import InstanceError, StoreError
from sidecar.domain.job import Job, Kind
from sidecar.store import (
    journal,
    keeping,
    ledger,
    listing,
    made_names,
    migrate,
    pages,
    queue,
    rates,
    rescue,
    schema,
    sharing,
    spending,
    trials,
)
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Mode, Transaction, mode_of, reading
from tests.store.conftest import LEASE, NOW

FUNCTIONS = [
    function
    for module in (
        journal,
        keeping,
        ledger,
        listing,
        made_names,
        pages,
        queue,
        rates,
        rescue,
        sharing,
        spending,
        trials,
    )
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
    and not name.startswith("_")
    and next(iter(inspect.signature(function).parameters), "") == "tx"
    and name not in ("note_event", "assert_mine", "keep")
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__qualname__)
def test_every_store_function_says_how_it_runs(function: Callable[..., Any]) -> None:
    assert mode_of(function) in Mode


def test_what_a_promise_rests_on_is_durable() -> None:
    for function in (
        journal.intend, queue.enqueue, queue.enqueue_all, queue.succeed, queue.fail, queue.doom, queue.begin,
        queue.retry, queue.release, queue.cancel, queue.withdraw, rescue.rescue, pages.keep_answer, ledger.record,
        made_names.record,
    ):  # fmt: skip
        assert mode_of(function) is Mode.DURABLE


def test_durable_commits_are_synced_and_others_are_not(file: SqliteDatabase) -> None:
    def level(tx: Transaction) -> int:
        return int(tx.rows("PRAGMA synchronous")[0][0])

    from sidecar.store.transaction import durable, relaxed  # noqa: PLC0415

    assert file.run_now(durable(level)) == 2
    assert file.run_now(relaxed(level)) == 1


def test_a_failing_function_leaves_nothing_behind(file: SqliteDatabase) -> None:
    from sidecar.store.transaction import durable  # noqa: PLC0415

    @durable
    def half(tx: Transaction) -> None:
        tx.run("INSERT INTO event (job_id, at, text) VALUES (1, 0, 'half')")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file.run_now(half)
    assert file.run_now(listing.story, 1) == []


def test_a_second_program_on_the_same_store_is_refused_in_words(file: SqliteDatabase) -> None:
    file.hold_instance()
    other = SqliteDatabase(file.file)
    with pytest.raises(InstanceError, match=r"Another sidecar \(process \d+\) is already working"):
        other.hold_instance()
    other.close()


def test_the_store_is_free_again_when_its_program_has_died(file: SqliteDatabase) -> None:
    code = (
        "import sys, os, pathlib; from sidecar.store.sqlite import SqliteDatabase; "
        "SqliteDatabase(pathlib.Path(sys.argv[1])).hold_instance(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(file.file)], check=False)
    file.hold_instance()


def tables(file: Path) -> dict[str, str]:
    """The file's whole schema: each table's and index's own words, in a form that compares."""
    with sqlite3.connect(file) as raw:
        rows = raw.execute("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    raw.close()
    return {name: ", ".join(sorted(" ".join(sql.split()).split(", "))) for name, sql in rows}


def test_a_new_store_is_what_the_migrations_make(file: SqliteDatabase, tmp_path: Path) -> None:
    migrated = tmp_path / "migrated.file"
    engine = sa.create_engine(f"sqlite:///{migrated}")
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    assert differences == []
    assert {name: _loose(sql) for name, sql in tables(migrated).items()} == {
        name: _loose(sql) for name, sql in tables(file.file).items()
    }
    assert "ck_job_lease" in tables(file.file)["table job"]
    assert "WHERE state = 'ready'" in tables(file.file)["index ix_job_ready"]


def _loose(sql: str) -> list[str]:
    """The words of a statement without their order: columns come in one order here, constraints in another there."""
    return sorted(re.findall(r"[\w.']+", sql))


def test_the_program_knows_its_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.REVISION]


@pytest.mark.parametrize("name", ["sidecar.db", "new.db"])
def test_a_store_that_is_new_or_up_to_date_loads_no_migration_library(file: SqliteDatabase, name: str) -> None:
    code = (
        "import sys, pathlib; from sidecar.store.sqlite import SqliteDatabase as Store; "
        "d = Store(pathlib.Path(sys.argv[1])); d.migrate(); d.close(); sys.exit('alembic' in sys.modules)"
    )
    made = file.file.with_name(name)
    assert subprocess.run([sys.executable, "-c", code, str(made)], check=False).returncode == 0


def test_a_store_of_a_newer_program_is_refused_and_left_alone(file: SqliteDatabase) -> None:
    with sqlite3.connect(file.file) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreError, match="made by a newer sidecar"):
        file.migrate()


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.db"
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE recipes (id)")
    raw.close()
    other = SqliteDatabase(file)
    with pytest.raises(StoreError, match="another program"):
        other.migrate()
    other.close()


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.db"
    file.write_bytes(b"this is a letter, not a database" * 100)
    broken = SqliteDatabase(file)
    with pytest.raises(StoreError, match="file that is not ours"):
        broken.migrate()
    broken.close()
    assert file.read_bytes().startswith(b"this is a letter")


def test_a_full_disk_is_said_in_words_and_survived(file: SqliteDatabase) -> None:
    @reading
    def pages_now(tx: Transaction) -> int:
        return int(tx.rows("PRAGMA page_count")[0][0])

    from sidecar.store.transaction import relaxed  # noqa: PLC0415

    @relaxed
    def limit(tx: Transaction, most: int) -> None:
        tx.rows(f"PRAGMA max_page_count = {most}")

    file.run_now(limit, file.run_now(pages_now) + 1)
    with pytest.raises(StoreError, match=r"full\. Free some space"):
        for document in range(10_000):
            file.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)
    kept = len(file.run_now(listing.jobs, limit=20_000))
    file.run_now(limit, 1_000_000)
    assert file.run_now(queue.enqueue, 99_999, Kind.OCR, priority=10, now=NOW) is not None
    assert len(file.run_now(listing.jobs, limit=20_000)) == kept + 1


async def test_another_process_that_commits_is_noticed(file: SqliteDatabase) -> None:
    await file.stirred()
    assert not await file.stirred()
    other = SqliteDatabase(file.file)
    other.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    other.close()
    assert await file.stirred()


def test_the_write_ahead_log_does_not_grow_for_ever(file: SqliteDatabase) -> None:
    page = pages.PageText(1, "x" * 50_000, "tesseract", None, 1.0)
    file.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    job = file.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE)
    assert isinstance(job, Job)
    for number in range(700):
        file.run_now(pages.checkpoint, job, f"key{number}", page, total=700, now=NOW, lease=LEASE)
    wal = Path(f"{file.file}-wal").stat().st_size
    assert wal < 12_000_000 < file.file.stat().st_size


def test_a_copied_store_opens_with_all_its_jobs(file: SqliteDatabase, tmp_path: Path) -> None:
    file.run_now(queue.enqueue, 5, Kind.OCR, priority=10, now=NOW)
    file.close()
    copy = tmp_path / "copy" / "sidecar.file"
    copy.parent.mkdir()
    shutil.copy2(file.file, copy)
    other = SqliteDatabase(copy)
    other.migrate()
    assert [job.document_id for job in other.run_now(listing.jobs)] == [5]
    other.close()
