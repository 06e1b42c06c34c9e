"""The workflows that ring: made once, followed, removed, and told from what people made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.errors import PermanentError
from sidecar.paperless.doorbell import Bell, Change, Workflows
from sidecar.paperless.http import Http
from sidecar.practice.archive import PracticeArchive

BELL = Bell("http://sidecar:8400/api/webhook", "a-secret-of-twenty-four", frozenset({3, 5}), "auto-ocr, auto-tag")
#: A person's own workflow that calls another program.
THEIRS: dict[str, Any] = {
    "name": "tell the kitchen",
    "triggers": [{"type": 2}],
    "actions": [{"type": 4, "webhook": {"url": "http://kitchen/", "headers": {"X-Other": "1"}}}],
}


class Stage:
    def __init__(self, archive: PracticeArchive, http: Http) -> None:
        self.archive = archive
        self.http = http
        self.workflows = Workflows(http)

    def kept(self) -> list[dict[str, Any]]:
        return self.archive.state.speakers.get("workflows", [])

    def writes(self) -> int:
        return sum(one.method != "GET" for one in self.archive.requests())


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    with PracticeArchive(tmp_path) as archive:
        http = Http(archive.url, archive.token)
        await http.send("POST", "workflows/", THEIRS)
        archive.clear_requests()
        yield Stage(archive, http)
        await http.close()


async def test_they_are_made_once_and_left_alone_from_then_on(stage: Stage) -> None:
    assert len(await stage.workflows.problems(BELL)) == 2
    done = await stage.workflows.put(BELL)
    assert done == dict.fromkeys(BELL.names(), Change.MADE)
    assert await stage.workflows.put(BELL) == {}
    assert stage.writes() == 2
    assert await stage.workflows.problems(BELL) == []
    added, updated = stage.kept()[1:]
    assert [one["triggers"][0]["type"] for one in (added, updated)] == [2, 3]
    assert [one["triggers"][0]["filter_has_tags"] for one in (added, updated)] == [[], [3, 5]]
    assert added["actions"][0]["webhook"]["headers"] == {"X-Sidecar-Secret": BELL.secret}
    assert added["actions"][0]["webhook"]["params"] == {"id": "{{doc_id}}"}


@pytest.mark.parametrize(
    ("other", "changed", "said"),
    [
        (replace(BELL, url="http://elsewhere:9/api/webhook"), 2, "rings at http://sidecar:8400/api/webhook, not at"),
        (replace(BELL, secret="a-new-secret-of-24-chars"), 2, "other tags or another secret"),
        (replace(BELL, tags=frozenset({3, 7})), 1, "other tags or another secret"),
    ],
)
async def test_they_follow_what_changes(stage: Stage, other: Bell, changed: int, said: str) -> None:
    await stage.workflows.put(BELL)
    problems = await stage.workflows.problems(other)
    assert len(problems) == changed
    assert all(said in problem for problem in problems)
    assert list((await stage.workflows.put(other)).values()) == [Change.CHANGED] * changed
    assert await stage.workflows.problems(other) == []
    assert len(stage.kept()) == 3


async def test_one_that_was_turned_off_is_turned_on_again(stage: Stage) -> None:
    await stage.workflows.put(BELL)
    await stage.http.send("PATCH", f"workflows/{stage.kept()[1]['id']}/", {"enabled": False})
    assert "is turned off" in (await stage.workflows.problems(BELL))[0]
    assert list((await stage.workflows.put(BELL)).values()) == [Change.CHANGED]
    assert stage.kept()[1]["enabled"]


async def test_a_trigger_tag_of_another_name_leaves_no_old_ones_behind(stage: Stage) -> None:
    await stage.workflows.put(BELL)
    await stage.workflows.put(renamed := replace(BELL, label="read, file"))
    assert {one["name"] for one in stage.kept()} == {"tell the kitchen", *renamed.names()}


async def test_two_sidecars_have_their_own(stage: Stage) -> None:
    other = replace(BELL, url="http://other:8400/api/webhook", label="read, file")
    await stage.workflows.put(BELL)
    await stage.workflows.put(other)
    assert len(stage.kept()) == 5
    await stage.workflows.remove(other)
    assert await stage.workflows.problems(BELL) == []


async def test_they_are_removed_and_nothing_else_is(stage: Stage) -> None:
    await stage.workflows.put(BELL)
    assert await stage.workflows.remove(BELL) == dict.fromkeys(BELL.names(), Change.REMOVED)
    assert await stage.workflows.remove(BELL) == {}
    assert [one["name"] for one in stage.kept()] == ["tell the kitchen"]


async def test_a_user_who_may_not_is_told_which_rights_it_takes(stage: Stage) -> None:
    stage.archive.add_user("plain", "plain-token", permissions=["view_document", "view_workflow"])
    http = Http(stage.archive.url, "plain-token")
    with pytest.raises(PermanentError, match="view, add, change and delete workflows"):
        await Workflows(http).put(BELL)
    await http.close()
