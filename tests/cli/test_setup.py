"""`sidecar setup` makes the workflows that ring, says what it did, and takes them away again."""

from __future__ import annotations

from sidecar.practice.archive import PracticeArchive
from tests.cli.test_cli import Stage, stage

__all__ = ["stage"]
SECRET = "a-secret-of-twenty-four"


def urls(archive: PracticeArchive) -> list[str]:
    return [row["actions"][0]["webhook"]["url"] for row in archive.state.speakers.get("workflows", [])]


def test_workflows_are_made_followed_and_removed(stage: Stage) -> None:
    said = stage.run("setup", "--webhook", WEBHOOK_SECRET=SECRET)
    assert said.returncode == 0, said.stderr
    assert "Made: workflow Sidecar (auto-ocr, auto-tag): document added" in said.stdout
    assert urls(stage.archive) == ["http://sidecar:8400/api/webhook"] * 2
    again = stage.run("setup", "--webhook", "--url", "http://box:9000/", WEBHOOK_SECRET=SECRET, WEB_PREFIX="/side")
    assert again.stdout.count("Changed: workflow") == 2
    assert "Set WEBHOOK_URL=http://box:9000 as well" in again.stdout
    assert urls(stage.archive) == ["http://box:9000/side/api/webhook"] * 2
    assert SECRET not in said.stdout + again.stdout
    gone = stage.run("setup", "--no-webhook")  # the secret need not be there any more
    assert gone.stdout.count("Removed: workflow") == 2
    assert urls(stage.archive) == []


def test_without_a_secret_the_owner_gets_one_to_copy(stage: Stage) -> None:
    said = stage.run("setup", "--webhook")
    assert said.returncode == 3
    secret = said.stderr.rpartition("WEBHOOK_SECRET=")[2].strip()
    assert len(secret) == 48
    assert stage.run("setup", "--webhook", WEBHOOK_SECRET=secret).returncode == 0
