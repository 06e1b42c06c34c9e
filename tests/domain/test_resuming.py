"""What is left of a delivery that broke off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.domain import resuming
from sidecar.domain.document import Document
from sidecar.domain.resuming import BrokenOff, rest
from sidecar.domain.writeback import Conflict, Plan, Proposal, TagDelta

TRIGGER, DONE, TOPIC = 1, 2, 3
DELTA = TagDelta(frozenset({DONE, TOPIC}), frozenset({TRIGGER}))
BASE = {"title": "scan", "created": "2026-01-02", "custom_fields.7": None}
WANTED = {"title": "Ours", "created": "2026-05-12", "custom_fields.7": "EUR1.00"}


def left(
    delta: TagDelta = DELTA, *, tags: set[int], chosen: Mapping[str, Any] = WANTED, marks: Any = (), **now: Any
) -> Plan:
    """What is left with these tags and values; all else stands there as it was before."""
    known = {"title": "scan", "created": "2026-01-02"} | now
    current = Document(1, content="", tags=frozenset(tags), correspondent=None, document_type=None, storage_path=None,
                       mime_type="application/pdf", original_file_name="scan.pdf", **known)  # fmt: skip
    broken = BrokenOff(delta, chosen, **dict.fromkeys(marks, True))
    return rest(Proposal(BASE, WANTED, delta), broken, current, trigger=TRIGGER, marks={DONE})


def test_of_a_delivery_of_which_nothing_came_all_is_left() -> None:
    plan = left(tags={TRIGGER})
    assert (plan.write, plan.delta, plan.is_all_sent) == (WANTED, DELTA, False)


@pytest.mark.parametrize("marks", [["fields_sent"], ["fields_sent", "tags_sent"]])
def test_what_the_journal_says_was_sent_is_not_left_whatever_stands_there(marks: list[str]) -> None:
    plan = left(tags={TRIGGER}, marks=marks)
    assert (plan.write, plan.old, plan.conflicts, plan.sent) == ({}, {}, (), WANTED)
    assert plan.is_all_sent is ("tags_sent" in marks)
    assert plan.delta == (TagDelta() if plan.is_all_sent else DELTA)


@pytest.mark.parametrize(
    ("delta", "tags", "is_all_sent"),
    [
        (DELTA, {DONE, TOPIC}, True),
        (DELTA, {DONE}, True),
        (DELTA, {TOPIC}, True),
        (DELTA, {TRIGGER, DONE}, True),
        (DELTA, {TRIGGER, TOPIC}, False),
        (DELTA, set(), False),
        (TagDelta(remove=frozenset({TRIGGER})), set(), True),
        (TagDelta(remove=frozenset({TRIGGER, TOPIC})), {TOPIC}, False),
        (TagDelta(remove=frozenset({DONE, TOPIC})), {DONE, TOPIC}, False),
        (TagDelta(remove=frozenset({DONE, TOPIC})), {TOPIC}, False),
        (TagDelta(remove=frozenset({DONE, TOPIC})), set(), True),
        (TagDelta(remove=frozenset({TRIGGER, DONE, TOPIC})), {TOPIC}, True),
        (TagDelta(remove=frozenset({TRIGGER, DONE, TOPIC})), {TRIGGER, TOPIC}, False),
        (TagDelta(), set(), False),
    ],
    ids=[
        "all there", "a person took one of ours off", "and the mark", "a person asked for it again",
        "a person put one of them on", "somebody took the trigger off before us", "filed before",
        "of an undo, somebody took the trigger off before us", "of an undo by name, nothing",
        "of an undo by name, a person took one off", "of an undo by name, all",
        "of an undo, a person put one back", "of an undo, a person took one off",
        "of an undo by name that changes no tag",
    ],
)  # fmt: skip
def test_what_the_tags_show(delta: TagDelta, tags: set[int], is_all_sent: bool) -> None:
    plan = left(delta, tags=tags)
    assert plan.is_all_sent is is_all_sent
    assert bool(plan.write) is not is_all_sent


def test_columns_are_saved_together_so_one_that_is_ours_tells_of_all_but_custom_fields_and_the_text() -> None:
    plan = left(tags={TRIGGER}, created="2026-05-12")
    assert plan.write == {"custom_fields.7": "EUR1.00"}
    assert plan.sent == {"title": "Ours", "created": "2026-05-12"}
    assert left(tags={TRIGGER}, custom_fields={7: "EUR1.00"}).write.keys() == {"title", "created"}


def test_what_a_person_changed_before_the_fields_were_sent_is_theirs() -> None:
    plan = left(tags={TRIGGER}, title="A person's")
    assert plan.conflicts == (Conflict("title", "scan", "A person's", "Ours"),)
    assert plan.write.keys() == {"created", "custom_fields.7"}


def test_a_field_that_it_had_not_decided_to_send_is_not_sent_later_either() -> None:
    plan = left(tags={TRIGGER}, chosen={"created": "2026-05-12"})
    assert plan.write == {"created": "2026-05-12"}
    assert {conflict.field for conflict in plan.conflicts} == {"title", "custom_fields.7"}


COLUMNS = {"title": "Ours", "created": "2026-05-12", "correspondent": 4, "document_type": None}
ENTRY = {
    "title": ["scan", "Ours"], "created": ["2026-01-02", "2026-05-12 00:00:00+00:00"],
    "correspondent": [None, 4], "document_type": ["1", "None"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "is_in_log"),
    [
        ({}, True),
        ({"timestamp": "2026-11-23T02:30:00.000001+01:00"}, True),
        ({"timestamp": "2026-11-23T01:29:59Z"}, False),
        ({"timestamp": None}, False),
        ({"changes": ENTRY | {"title": ["scan", "A person's"]}}, False),
        ({"changes": {"correspondent": [None, 4]}}, False),
        ({"changes": {"title": {"type": "m2m"}}}, False),
        ({"changes": None}, False),
    ],
    ids=["ours", "in another zone", "of before", "at no time", "another title", "one field", "strange", "empty"],
)
def test_what_paperless_logged_of_our_fields(entry: dict[str, Any], is_in_log: bool) -> None:
    ours = {"timestamp": "2026-11-23T01:30:00.5Z", "changes": ENTRY} | entry
    other = {"timestamp": "2026-11-23T01:31:00Z", "changes": {"tags": [5, [3]]}}
    assert resuming.is_in_log([other, ours], "2026-11-23T01:30:00Z", COLUMNS) is is_in_log
