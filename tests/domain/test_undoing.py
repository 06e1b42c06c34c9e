"""What taking write-backs back comes to, in tables: fields of every kind, any order, and tags that hang together."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.domain.job import Kind
from sidecar.domain.trigger import Tags
from sidecar.domain.undoing import Request, StepBack, WriteBack

OURS = Tags(ocr=91, tagging=92, ocr_done=93, tagging_done=94, failed=95)


def wrote(job_id: int, name: str, old: Any, new: Any, *added: int, **more: Any) -> WriteBack:
    return WriteBack(job_id, Kind.TAGGING, {name: old}, {name: new}, frozenset(added), **more)


@pytest.mark.parametrize("name", ["title", "content", "created", "correspondent", "custom_fields.7"])
@pytest.mark.parametrize(
    ("history", "asked", "step"),
    [
        ([("a", "b")], {1}, ("b", "a", (1,))),
        ([("a", "b"), ("b", "c")], {1, 2}, ("c", "a", (2, 1))),
        ([("a", "b"), ("b", "c")], {2}, ("c", "b", (2,))),
        ([("a", "b"), ("b", "c")], {1}, ("b", "a", (1,))),  # the document holds c, so the delivery keeps it
        ([("a", "b"), ("theirs", "c")], {1, 2}, ("c", "theirs", (2,))),
        ([("a", "b"), ("b", "c"), ("c", "d")], {1, 3}, ("d", "c", (3,))),
        ([(None, "b")], {1}, ("b", None, (1,))),
    ],
)
def test_a_field_goes_back_as_far_as_one_write_back_began_where_the_older_one_ended(
    name: str, history: list[tuple[Any, Any]], asked: set[int], step: tuple[Any, Any, tuple[int, ...]]
) -> None:
    told = [wrote(at, name, old, new) for at, (old, new) in enumerate(history, 1)]
    assert Request(told, frozenset(asked)).steps() == {name: StepBack(*step)}


def test_what_was_to_go_earlier_and_was_covered_then_goes_with_what_covered_it() -> None:
    history = [wrote(1, "title", "a", "b"), wrote(2, "title", "b", "c")]
    assert Request(history, frozenset({2}), asked_before=frozenset({1})).steps()["title"].wanted == "a"


def test_what_is_gone_is_not_taken_back_again_though_the_rest_is() -> None:
    both = WriteBack(1, Kind.TAGGING, {"title": "a", "created": "x"}, {"title": "b", "created": "y"})
    request = Request([both], frozenset({1}), gone={(1, "title")})
    assert request.steps() == {"created": StepBack("y", "x", (1,))}


def test_only_what_was_really_written_counts_as_gone() -> None:
    both = WriteBack(1, Kind.TAGGING, {"title": "a", "created": "x"}, {"title": "b", "created": "y"}, frozenset({5}))
    assert Request([both], frozenset({1})).taken(["created"]) == {(1, "created"), (1, "tags")}


PARENTS = {5: 6, 6: 7, 7: None, 8: 7, 9: None}


@pytest.mark.parametrize(
    ("history", "asked", "on", "off"),
    [
        ([wrote(1, "title", "a", "b", 5)], {1}, {5, 9}, {5}),
        ([wrote(1, "title", "a", "b", 5, appeared=frozenset({6, 7}))], {1}, {5, 6, 7}, {5, 6, 7}),
        ([wrote(1, "title", "a", "b", 5, appeared=frozenset({9}))], {1}, {5, 9}, {5}),  # 9 is a person's
        ([wrote(1, "title", "a", "b", 5, appeared=frozenset({6, 7}))], {1}, {5, 6, 7, 8}, {5, 6}),
        ([wrote(1, "title", "a", "b", 5)], {1}, {9}, set()),  # a person took it off
        ([wrote(1, "title", "a", "b", 5, 94), wrote(2, "title", "b", "c", 9)], {2}, {5, 9, 94}, {9}),
        ([wrote(1, "title", "a", "b", 5, 94), wrote(2, "title", "b", "c", 9)], {1, 2}, {5, 9, 94}, {5, 9, 94}),
        ([wrote(1, "title", "a", "b", 5), wrote(2, "title", "b", "c", 5)], {1}, {5}, set()),  # put on anew by 2
        ([wrote(1, "title", "a", "b")], {1}, {94}, {94}),
    ],
)
def test_tags_that_we_put_on_go_off_with_the_parents_that_came_along(
    history: list[WriteBack], asked: set[int], on: set[int], off: set[int]
) -> None:
    assert Request(history, frozenset(asked)).tags_off(frozenset(on), PARENTS, OURS) == off
