"""Every point is walked with every action: kill -9, an error nobody expects, a hang.

CHAOS_FULL=1 walks all of them instead of a sample; CHAOS_BACKEND=postgres walks them on PostgreSQL.
"""

import ast
import os
from pathlib import Path

import pytest

from tests.chaos.points import INSIDE, POINTS, REQUESTS, SCENES, SHARED, Point, writing_functions
from tests.chaos.walk import ACTIONS, walk_through

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("CHAOS_FULL") == "1"
BACKEND = os.environ.get("CHAOS_BACKEND", "sqlite")
SAMPLE = 9

PAIRS = [(point, action) for point in POINTS.values() for action in ACTIONS if BACKEND in point.backends]
WALKED = PAIRS if FULL else PAIRS[4 :: len(PAIRS) // SAMPLE][:SAMPLE]


@pytest.mark.scenario
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("point", "action"), WALKED, ids=lambda one: one.name if isinstance(one, Point) else one)
def test_whatever_happens_at_a_point_all_is_done_once(tmp_path: Path, point: Point, action: str) -> None:
    walk = walk_through(tmp_path / "world", point, action, BACKEND)
    assert walk.said == []


def test_every_store_function_that_writes_has_its_two_points() -> None:
    for name in writing_functions():
        where = INSIDE.get(name, name)
        assert {f"{where}: before the commit", f"{where}: after the commit"} <= set(POINTS)


def test_the_lists_of_special_store_functions_name_real_ones() -> None:
    assert set(INSIDE) | SHARED | set(SCENES) <= set(writing_functions())


def test_every_request_that_changes_paperless_has_its_three_points() -> None:
    senders = {
        function.name
        for file in (ROOT / "sidecar" / "paperless").glob("*.py")
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "send"
    }
    assert senders == {"patch", "modify_tags", "add_note", "_create"}, "a new request needs points: see points.REQUESTS"
    for sort in REQUESTS:
        assert {f"{sort}: {when}" for when in ("before it is sent", "sent", "answer lost")} <= set(POINTS)


def test_the_program_knows_nothing_of_all_this() -> None:
    for file in (ROOT / "sidecar").rglob("*.py"):
        assert "chaos" not in file.read_text(encoding="utf-8").lower(), file
