"""What a person decides at the command line: each command a program of its own beside a sidecar on the same store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from tests.cli.test_cli import Stage
from tests.worker.conftest import World


class Desk(Stage):
    """A letter whose filing waits for approval as job 1."""

    def __init__(self, archive: PracticeArchive, model: PracticeModel, folder: Path) -> None:
        super().__init__(archive, model, folder)
        self.world = World(archive, model, folder)
        for kind, name in (("tags", "Invoice"), ("tags", "Tax"), ("correspondents", "Ambervale Energy")):
            archive.add_name(kind, name)  # type: ignore[arg-type]
        self.letter = self.world.letter("auto-tag", "auto-review")

    def say(self, *words: str) -> str:
        """Run a command that has to end well, and return what it says."""
        said = self.run(*words)
        assert said.returncode == 0, said.stderr
        return said.stdout

    @property
    def title(self) -> str:
        return str(self.archive.document(self.letter)["title"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        desk = Desk(archive, model, tmp_path)
        await desk.world.drain()
        yield desk


async def test_a_proposal_is_changed_twice_and_written_as_changed_and_then_taken_back(desk: Desk) -> None:
    assert 'Title: "scan" -> "Mine"' in desk.say("edit", "1", "--title", "Mine", "--without", "date")
    await desk.world.drain()
    (note,) = desk.archive.notes(desk.letter)
    assert 'Title: "scan" -> "Mine"' in note
    assert "Date" not in note

    assert "approved" in desk.say("approve", "1", "--tag", "Tax")
    await desk.world.drain()
    assert (desk.title, desk.archive.document(desk.letter)["created"]) == ("Mine", "2026-01-02")
    assert desk.archive.tag_names(desk.letter) == {"Tax", "auto-tagged"}
    assert desk.archive.notes(desk.letter) == []

    preview = desk.say("undo", "--since", "2026-01-01", "--kind", "tagging", "--dry-run")
    assert 'Title: "Mine" -> "scan"' in preview
    assert "- Tax" in preview
    assert desk.title == "Mine"
    (asked,) = json.loads(desk.say("undo", "--job", "1", "--json"))
    assert asked["document_id"] == desk.letter
    await desk.world.drain()
    assert desk.title == "scan"
    assert desk.archive.tag_names(desk.letter) == set()
    assert "is an undo itself" in desk.run("undo", "--job", str(asked["job_id"])).stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--title", ""), "A title cannot be empty"),
        (("--title", "x" * 129), "Paperless takes 128"),
        (("--title", "Mine", "--correspondent", "Nobody"), 'no correspondent "Nobody"'),
    ],
)
async def test_a_change_that_cannot_be_written_is_not_kept_and_nothing_is_approved(
    desk: Desk, words: tuple[str, ...], reason: str
) -> None:
    said = desk.run("approve", "1", *words)
    assert (said.returncode, reason in said.stderr) == (1, True), said.stderr
    (kept,) = json.loads(desk.say("reviews", "--json"))
    assert (kept["is_edited"], kept["shown"]) == (False, desk.archive.notes(desk.letter)[0])
    await desk.world.drain()
    assert desk.title == "scan"


async def test_what_is_rejected_cannot_be_approved_any_more(desk: Desk) -> None:
    desk.say("reject", "1")
    assert "does not wait for approval" in desk.run("approve", "1").stderr
    await desk.world.drain()
    assert desk.archive.tag_names(desk.letter) == set()
    assert desk.archive.notes(desk.letter) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("undo",), 2, "Say one of"),
        (("undo", "--since", "yesterday"), 1, "is no time"),
        (("approve", "1", "2", "--title", "Mine"), 2, "one job at a time"),
    ],
)
def test_what_was_not_meant_is_said(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        ended = Stage(archive, model, tmp_path).run(*words)
    assert (ended.returncode, said in ended.stdout + ended.stderr) == (code, True), ended.stdout + ended.stderr
