"""`sidecar db` as a person meets it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.practice.samples import text_pdf
from tests.cli.test_cli import LETTER, Stage, stage
from tests.postgres import drop_schema, new_schema, server_url

__all__ = ["stage"]


@pytest.fixture
def worked(stage: Stage) -> Stage:
    """A stage on which one letter was filed."""
    stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER, tags=["auto-tag"])
    assert stage.run("run", "--drain").returncode == 0
    return stage


def test_a_backup_can_be_put_in_the_place_of_a_lost_store(worked: Stage) -> None:
    copy = worked.folder / "copy.db"
    said = worked.run("db", "backup", str(copy))
    assert said.returncode == 0
    assert str(copy) in said.stdout
    store = worked.folder / "store"
    for file in store.glob("sidecar.db*"):
        file.unlink()
    copy.rename(store / "sidecar.db")
    (listed,) = json.loads(worked.run("jobs", "--json").stdout)
    assert listed["state"] == "succeeded"


def test_a_backup_overwrites_nothing_and_names_the_missing_folder(worked: Stage) -> None:
    copy = worked.folder / "copy.db"
    copy.write_text("mine")
    said = worked.run("db", "backup", str(copy))
    assert said.returncode == 4
    assert "exists already" in said.stderr
    assert copy.read_text() == "mine"
    assert "no folder" in worked.run("db", "backup", str(worked.folder / "nowhere" / "copy.db")).stderr


def test_without_a_store_all_say_so_and_make_none(stage: Stage) -> None:
    for words in (("check",), ("backup", "copy.db")):
        said = stage.run("db", *words)
        assert said.returncode == 4
        assert "There is no store" in said.stderr
    assert not (stage.folder / "store" / "sidecar.db").exists()


def test_a_check_says_sound_or_what_is_wrong(worked: Stage) -> None:
    assert "is sound" in worked.run("db", "check").stdout
    with closing(sqlite3.connect(worked.folder / "store" / "sidecar.db")) as raw, raw:
        raw.execute("UPDATE write SET job_id = 4711")
    said = worked.run("db", "check")
    assert said.returncode == 1
    assert "job 4711" in said.stdout
    (found,) = json.loads(worked.run("db", "check", "--json").stdout)["found"]
    assert "4711" in found


def test_a_damaged_store_is_refused_by_every_command_and_left_alone(worked: Stage) -> None:
    file = worked.folder / "store" / "sidecar.db"
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 50_000)
    before = file.read_bytes()
    for words in (("run", "--drain"), ("jobs",), ("db", "check"), ("db", "backup", "copy.db")):
        said = worked.run(*words)
        assert said.returncode == 4, words
        assert "Traceback" not in said.stderr
        assert str(file) in said.stderr
    assert file.read_bytes() == before
    assert not Path(worked.folder / "copy.db").exists()


def test_moving_to_postgres_takes_all_along_and_work_goes_on_there(worked: Stage) -> None:
    schema = new_schema()
    there = {"DATABASE_URL": server_url(), "DATABASE_SCHEMA": schema}
    said = worked.run("db", "copy", **there)
    assert said.returncode == 0, said.stderr
    assert "1 of job" in said.stdout
    again = worked.run("db", "copy", **there)
    assert again.returncode == 4
    assert "not empty" in again.stderr
    document = worked.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER, tags=["auto-tag"])
    assert worked.run("run", "--drain", **there).returncode == 0
    listed = json.loads(worked.run("jobs", "--json", **there).stdout)
    assert [job["state"] for job in listed] == ["succeeded", "succeeded"]
    assert worked.archive.tag_names(document) == {"auto-tagged"}
    assert "is sound" in worked.run("db", "check", **there).stdout
    assert worked.run("db", "backup", "back.db", **there).returncode == 0
    drop_schema(schema)


def test_copying_without_a_target_says_which_setting_is_missing(worked: Stage) -> None:
    said = worked.run("db", "copy")
    assert said.returncode == 3
    assert "DATABASE_URL is missing" in said.stderr


@pytest.mark.parametrize("url", ["postgresql://me:hush-hush@127.0.0.1:1/nothing", "mysql://me:hush-hush@host/db"])
def test_a_database_that_cannot_be_reached_is_said_in_words_without_the_password(stage: Stage, url: str) -> None:
    said = stage.run("jobs", DATABASE_URL=url)
    assert said.returncode in (3, 4)
    assert "DATABASE_URL" in said.stderr or "127.0.0.1:1/nothing" in said.stderr
    assert "hush-hush" not in said.stderr + said.stdout
    assert "Traceback" not in said.stderr
