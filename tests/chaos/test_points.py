"""Every point is walked with every action: kill -9, an error nobody expects, a hang.

CHAOS_FULL=1 walks all of them instead of a sample; CHAOS_BACKEND=postgres walks them on PostgreSQL.
"""

import ast
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.chaos.points import ASIDE, INSIDE, POINTS, REQUESTS, SCENES, SHARED, Point, writing_functions
from tests.chaos.scenes import SCENES as PLAYED
from tests.chaos.scenes import walk_through, world_of
from tests.chaos.verdict import SORTS
from tests.chaos.walk import ACTIONS, Walk
from tests.scenarios.letters import letter

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("CHAOS_FULL") == "1"
BACKEND = os.environ.get("CHAOS_BACKEND", "sqlite")

#: What `make test` walks: each action, each sort of place, and where a promise would break first.
SAMPLE = (
    ("queue.claim: after the commit", "kill"),
    ("page: asked for", "kill"),
    ("ledger.record_page: after the commit", "kill"),
    ("pages.checkpoint: after the commit", "hang"),
    ("question: answer lost", "raise"),
    ("ledger.record: after the commit", "kill"),
    ("journal.intend: after the commit", "hang"),
    ("text: sent", "kill"),
    ("fields: answer lost", "raise"),
    ("delivery: between fields and tags", "kill"),
    ("tags: sent", "hang"),
    ("version: answer lost", "kill"),
    ("queue.succeed: before the commit", "kill"),
    ("review.wait: before the commit", "kill"),
    ("review.decide_all: after the commit", "kill"),
    ("undoing.record: after the commit", "kill"),
)
PAIRS = [(name, action) for name, point in POINTS.items() if BACKEND in point.backends for action in ACTIONS]


@pytest.mark.scenario
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "action"), PAIRS if FULL else SAMPLE)
def test_whatever_happens_at_a_point_all_is_done_once(
    tmp_path: Path, record_property: Callable[[str, object], None], name: str, action: str
) -> None:
    record_property("walked", BACKEND)
    walk = walk_through(tmp_path / "world", POINTS[name], action, BACKEND)
    record_property("wrong", dict(walk.wrong))
    assert walk.said == []


@pytest.mark.scenario
def test_daily_work_passes_every_point_that_the_table_says_and_no_unknown_one(tmp_path: Path) -> None:
    with world_of(tmp_path / "world", BACKEND) as world:
        walk = Walk(world, Point("nowhere", ""), "")
        walk.fill()
        walk.start()
        walk.until_over()
        walk.look()
        walk.look_at_table()
    assert walk.said == []
    daily = {name for name, point in POINTS.items() if point.scene == "work" and BACKEND in point.backends}
    assert daily - walk.passed() == set()


@pytest.mark.scenario
def test_the_walk_sees_everything_that_may_be_wrong(tmp_path: Path) -> None:
    with world_of(tmp_path / "world", BACKEND) as world:
        walk = Walk(world, Point("nowhere", ""), "kill")
        document_id = world.add_letter(letter(1))
        walk.letters = {document_id: 1}
        assert world.sidecar.drain() == 0
        walk.note_losses()
        walk.look()
        assert walk.said == []

        url, us = f"{world.archive.url}/api/documents/{document_id}/", {"Authorization": f"Token {world.archive.token}"}
        httpx.patch(url, json={"title": "written again"}, headers=us).raise_for_status()
        httpx.post(f"{world.model.url}/chat/completions", json=world.model.calls()[0].body).raise_for_status()
        assert world.sidecar.call("enqueue", str(document_id)).returncode == 0
        walk.look()

    assert set(walk.wrong) == set(SORTS), walk.said


def test_every_store_function_that_writes_has_its_two_points() -> None:
    assert {"queue.claim", "queue.succeed", "journal.intend", "ledger.record", "pages.checkpoint"} <= set(
        writing_functions()
    )
    for name in set(writing_functions()) - ASIDE:
        where = INSIDE.get(name, name)
        assert {f"{where}: before the commit", f"{where}: after the commit"} <= set(POINTS)


def test_the_lists_of_special_store_functions_name_real_ones() -> None:
    assert set(INSIDE) | ASIDE | SHARED | set(SCENES) <= set(writing_functions())
    assert {point.scene for point in POINTS.values()} == set(PLAYED)


def test_every_request_that_changes_paperless_has_its_three_points() -> None:
    senders = {
        function.name
        for file in (ROOT / "sidecar" / "paperless").glob("*.py")
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("send", "send_file")
    }
    by_hand = {"_send"}  # workflows, by `sidecar setup` alone, which finds what an earlier one made
    assert senders - by_hand == {
        "patch",
        "modify_tags",
        "add_note",
        "delete_note",
        "remove",
        "_create",
        "upload_version",
    }, "a new request needs points: see points.REQUESTS"
    for sort in REQUESTS:
        assert {f"{sort}: {when}" for when in ("before it is sent", "sent", "answer lost")} <= set(POINTS)


def test_the_program_knows_nothing_of_all_this() -> None:
    for file in (ROOT / "sidecar").rglob("*.py"):
        assert "chaos" not in file.read_text(encoding="utf-8").lower(), file
