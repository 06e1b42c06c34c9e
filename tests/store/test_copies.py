"""Copies: an online backup, a check that finds what is wrong, and moving to PostgreSQL and back."""

from __future__ import annotations

import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.domain.errors import InstanceError, StoreError
from sidecar.domain.job import Kind
from sidecar.store import copying, keeping, listing, pages, queue
from sidecar.store.database import Database
from sidecar.store.postgres import PostgresDatabase
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Transaction, durable
from tests.postgres import drop_schema, new_schema, server_url
from tests.store import released
from tests.store.conftest import LEASE, NOW
from tests.store.released import rows


@pytest.fixture
def filled(file: SqliteDatabase) -> SqliteDatabase:
    """A store in a file with a row of every sort."""
    released.fill(file)
    return file


@pytest.fixture
def empty(request: pytest.FixtureRequest) -> PostgresDatabase:
    """An empty store on the server."""
    name = new_schema()
    db = PostgresDatabase(server_url(), schema=name)
    db.migrate()
    request.addfinalizer(lambda: (db.close(), drop_schema(name)))
    return db


def test_a_backup_made_while_work_goes_on_is_the_store_at_one_moment(db: Database, tmp_path: Path) -> None:
    for document in range(50):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)

    def work() -> None:
        while job := db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE):
            db.run_now(queue.succeed, job, changed=True, summary="Done.", now=NOW)

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        db.backup(tmp_path / "copy.db")
        working.result()
    copy = SqliteDatabase(tmp_path / "copy.db")
    copy.migrate()
    assert len(copy.run_now(listing.jobs, limit=100)) == 50
    succeeded = sum(job.finished_at is not None for job in copy.run_now(listing.jobs, limit=100))
    stories = sum(len(copy.run_now(listing.story, job.id)) for job in copy.run_now(listing.jobs, limit=100))
    assert stories == succeeded  # each success writes one event, in the same commit
    assert copy.check() == []
    copy.close()
    assert [file.name for file in tmp_path.glob("copy*")] == ["copy.db", "copy.lock"]


def test_a_store_copied_to_postgres_and_back_holds_the_same_rows(
    filled: SqliteDatabase, empty: PostgresDatabase, tmp_path: Path
) -> None:
    copied = copying.pour(filled, empty)
    assert copied["job"] == 7
    empty.backup(tmp_path / "back.db")
    assert rows(tmp_path / "back.db") == rows(filled.file)


def test_new_jobs_in_a_copied_store_get_new_numbers(filled: SqliteDatabase, empty: PostgresDatabase) -> None:
    copying.pour(filled, empty)
    before = {job.id for job in empty.run_now(listing.jobs)}
    assert empty.run_now(queue.enqueue, 99, Kind.OCR, priority=10, now=NOW) not in before
    claimed = empty.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=LEASE)
    assert claimed is not None  # and its events get numbers of their own too
    empty.run_now(queue.succeed, claimed, changed=True, summary="Done.", now=NOW)


def test_a_store_that_is_not_empty_is_not_copied_over(filled: SqliteDatabase, empty: PostgresDatabase) -> None:
    empty.run_now(queue.enqueue, 99, Kind.OCR, priority=10, now=NOW)
    with pytest.raises(StoreError, match="not empty"):
        copying.pour(filled, empty)
    assert [job.document_id for job in empty.run_now(listing.jobs)] == [99]


def test_a_copy_that_differs_is_taken_back(filled: SqliteDatabase, empty: PostgresDatabase) -> None:
    @durable
    def spoil(tx: Transaction) -> None:
        tx.run(
            "CREATE FUNCTION spoil() RETURNS trigger AS "
            "'BEGIN NEW.text = NEW.text || chr(33); RETURN NEW; END' LANGUAGE plpgsql"
        )
        tx.run("CREATE TRIGGER spoil BEFORE INSERT ON page FOR EACH ROW EXECUTE FUNCTION spoil()")

    empty.run_now(spoil)
    with pytest.raises(StoreError, match="not what was read"):
        copying.pour(filled, empty)
    assert empty.run_now(listing.jobs) == []


def test_a_text_with_a_nul_is_copied_without_it(file: SqliteDatabase, empty: PostgresDatabase) -> None:
    @durable
    def put(tx: Transaction) -> None:
        tx.run(
            "INSERT INTO page VALUES (:key, 1, 1, :text, 'tesseract', NULL, 1, 0, '', NULL)", key="key", text="be\0fore"
        )  # fmt: skip

    file.run_now(put)
    assert copying.pour(file, empty)["page"] == 1


def test_a_store_in_use_is_not_moved(filled: SqliteDatabase) -> None:
    filled.hold_instance()
    other = SqliteDatabase(filled.file)
    with pytest.raises(InstanceError):
        other.hold_instance()
    other.close()


def test_a_sound_store_is_said_to_be_sound(db: Database) -> None:
    assert db.check() == []
    assert db.run_now(keeping.contradictions) == []


def test_a_damaged_page_is_found(filled: SqliteDatabase) -> None:
    filled.close()
    with closing(sqlite3.connect(filled.file)) as raw, raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("UPDATE sqlite_master SET rootpage = rootpage + 1 WHERE name = 'ix_event_at'")
    other = SqliteDatabase(filled.file)
    try:
        found = other.check()
    except StoreError as error:
        found = [str(error)]
    other.close()
    assert found


def test_what_no_sound_store_holds_is_found(filled: SqliteDatabase) -> None:
    with closing(sqlite3.connect(filled.file)) as raw, raw:
        raw.execute("DROP INDEX uq_job_unfinished")
        raw.execute("UPDATE job SET document_id = 5, kind = 'ocr' WHERE state IN ('running', 'ready')")
        raw.execute("UPDATE write SET state = 'intended', job_id = 4711 WHERE state = 'verified'")
    found = filled.run_now(keeping.contradictions)
    assert any("Document 5 has" in line for line in found)
    assert any("job 4711" in line for line in found)


def test_a_store_without_one_of_its_indexes_is_not_sound(db: Database) -> None:
    assert db.check() == []
    db.run_now(_drop_index)
    assert db.check() == ["The index uq_job_unfinished is missing."]


@durable
def _drop_index(tx: Transaction) -> None:
    tx.run("DROP INDEX uq_job_unfinished")


@durable
def _fill(tx: Transaction) -> None:
    for number in range(80):
        tx.run(
            "INSERT INTO page (key, document_id, page, text, engine, seconds, created_at) "
            "VALUES (:key, 1, :page, :text, 't', 1, 0)",
            key=f"key {number}", page=number, text="x" * 100_000,
        )  # fmt: skip


@pytest.mark.parametrize("megabytes", [9, 11, 13, 15, 19])
def test_a_copy_for_which_the_disk_is_too_small_does_not_bear_the_name(tmp_path: Path, megabytes: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(disk)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("takes the right to mount")  # a disk of a given size cannot be had in another way
    source = SqliteDatabase(tmp_path / "sidecar.db")
    try:
        source.migrate()
        source.run_now(_fill)
        try:
            with SqliteDatabase.made(disk / "copy.db") as target:
                copying.pour(source, target)
        except StoreError:
            assert megabytes < 19, "there was room"
            assert not (disk / "copy.db").exists()
        else:
            copy = SqliteDatabase(disk / "copy.db")
            assert (copy.check(), len(copy.run_now(pages.load, {f"key {n}": n for n in range(80)}))) == ([], 80)
            copy.close()
    finally:
        source.close()
        subprocess.run(["umount", "--lazy", str(disk)], check=False)
