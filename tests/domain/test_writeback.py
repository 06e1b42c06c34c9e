"""The three-way comparison: what is written, what is left, and what counts as arrived."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sidecar.domain.document import Document, custom_id, custom_name
from sidecar.domain.writeback import Proposal, TagDelta, decide, overruled, same, shows_our_hand, tags_are_lost

TRIGGER, DONE, PERSONS = 1, 2, 9

DOCUMENT = Document(
    id=5,
    title="scan0001",
    content="old text",
    tags=frozenset({TRIGGER, PERSONS}),
    correspondent=None,
    document_type=None,
    storage_path=None,
    created="2026-01-02",
    mime_type="application/pdf",
    original_file_name="scan0001.pdf",
)
DELTA = TagDelta(add=frozenset({DONE}), remove=frozenset({TRIGGER}))


def proposal(**wanted: Any) -> Proposal:
    return Proposal({name: DOCUMENT.value(name) for name in wanted}, wanted, DELTA)


@pytest.mark.parametrize(
    ("current", "write", "conflicts"),
    [
        ("scan0001", {"title": "Invoice"}, []),
        ("Invoice", {}, []),
        ("My own title", {}, ["title"]),
    ],
    ids=["as the work saw it: written", "already as wanted: nothing to do", "changed by a person: theirs stays"],
)
def test_a_field_is_written_only_if_nobody_changed_it(
    current: str, write: dict[str, str], conflicts: list[str]
) -> None:
    plan = decide(proposal(title="Invoice"), replace(DOCUMENT, title=current))
    assert dict(plan.write) == write
    assert [conflict.field for conflict in plan.conflicts] == conflicts


def test_one_changed_field_does_not_keep_the_others_from_being_written() -> None:
    plan = decide(proposal(title="Invoice", created="2026-03-03"), replace(DOCUMENT, title="Mine"))
    assert dict(plan.write) == {"created": "2026-03-03"}
    assert plan.conflicts[0].current == "Mine"
    assert plan.conflicts[0].wanted == "Invoice"


def test_white_space_around_content_is_no_difference_since_paperless_strips_it() -> None:
    plan = decide(proposal(content="new text\n"), replace(DOCUMENT, content="new text"))
    assert not plan.write


def test_white_space_inside_content_is_a_difference() -> None:
    assert decide(proposal(content="old  text"), DOCUMENT).write


def test_the_old_values_of_what_is_written_are_kept_for_undo() -> None:
    plan = decide(proposal(title="Invoice", content="new"), DOCUMENT)
    assert dict(plan.old) == {"title": "scan0001", "content": "old text"}


@pytest.mark.parametrize(
    ("tags", "add", "remove"),
    [
        ({TRIGGER, PERSONS}, {DONE}, {TRIGGER}),
        ({TRIGGER, DONE}, set(), {TRIGGER}),
        ({DONE}, set(), set()),
        (set(), {DONE}, set()),
    ],
)
def test_only_the_missing_part_of_a_tag_delta_is_sent(tags: set[int], add: set[int], remove: set[int]) -> None:
    delta = DELTA.missing_on(frozenset(tags))
    assert (delta.add, delta.remove) == (add, remove)
    assert bool(delta) == bool(add or remove)


@pytest.mark.parametrize(
    ("title", "tags", "ours"),
    [
        ("scan0001", {PERSONS}, False),
        ("Invoice", {PERSONS}, True),
        ("scan0001", {DONE}, True),
        ("My own title", {PERSONS}, False),
    ],
    ids=["owner took the trigger off", "we had written the title", "our delta had arrived", "a person's title"],
)
def test_a_missing_trigger_is_ours_only_if_our_hand_shows(title: str, tags: set[int], ours: bool) -> None:
    now = replace(DOCUMENT, title=title, tags=frozenset(tags))
    assert shows_our_hand(proposal(title="Invoice"), {"title"}, now) is ours


def test_a_value_that_was_right_before_is_no_sign_of_our_hand() -> None:
    unchanged = Proposal({"title": "scan0001"}, {"title": "scan0001"}, DELTA)
    assert not shows_our_hand(unchanged, {"title"}, replace(DOCUMENT, tags=frozenset()))


def test_a_value_that_was_never_sent_is_no_sign_of_our_hand() -> None:
    now = replace(DOCUMENT, title="Invoice", tags=frozenset())
    assert not shows_our_hand(proposal(title="Invoice"), set(), now)


def test_a_done_tag_that_was_on_before_is_no_sign_of_our_hand() -> None:
    journalled = Proposal({"title": "scan0001"}, {"title": "Invoice"}, TagDelta(remove=frozenset({TRIGGER})))
    assert not shows_our_hand(journalled, set(), replace(DOCUMENT, tags=frozenset({DONE})))


@pytest.mark.parametrize(
    ("title", "others"),
    [("Invoice", ()), ("scan0001", ("title",)), ("A person was faster", ("title",))],
    ids=["ours", "set back by a workflow", "changed after us"],
)
def test_what_somebody_did_after_us_is_told_and_not_fought(title: str, others: tuple[str, ...]) -> None:
    plan = decide(proposal(title="Invoice"), DOCUMENT)
    assert overruled(plan, replace(DOCUMENT, title=title)) == others


@pytest.mark.parametrize(
    ("tags", "lost"),
    [({DONE}, False), ({TRIGGER}, True), ({DONE, TRIGGER}, False), (set(), False)],
    ids=["all there", "nothing has changed", "triggered again meanwhile", "the done tag was taken off again"],
)
def test_a_tag_delta_is_lost_only_if_nothing_of_it_came_true(tags: set[int], lost: bool) -> None:
    plan = decide(proposal(title="Invoice"), DOCUMENT)
    assert tags_are_lost(plan, replace(DOCUMENT, tags=frozenset(tags))) is lost


def test_where_nothing_but_the_trigger_was_to_go_its_absence_is_taken_for_ours() -> None:
    proposal = Proposal(base={"title": "Invoice"}, wanted={"title": "Invoice"}, delta=TagDelta(remove=frozenset({1})))
    assert shows_our_hand(proposal, (), replace(DOCUMENT, title="Invoice", tags=frozenset({9})))
    assert not shows_our_hand(proposal, (), replace(DOCUMENT, title="Somebody's", tags=frozenset({9})))


CUSTOM = "custom_fields.7"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("EUR5", "EUR5.00"),
        ("EUR5.5", "EUR5.50"),
        ("12.5", "12.50"),
        ("EUR-5.00", "EUR-5"),
        ("EUR-0.00", "EUR0"),
        (5, 5.0),
        ([3, 1], [1, 3]),
        (None, None),
    ],
)
def test_custom_field_values_that_are_one_to_paperless(left: Any, right: Any) -> None:
    assert same(CUSTOM, left, right)
    assert same(CUSTOM, right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("EUR5.00", "USD5.00"),
        ("EUR5.00", "5.00"),
        ("EUR-5.00", "EUR5.00"),
        ("EUR50", "EUR5"),
        ("EUR0.05", "EUR0.50"),
        (1, True),
        (0, False),
        (None, ""),
        (None, []),
        ([1], [1, 3]),
        ("a", "A"),
    ],
)
def test_custom_field_values_that_are_not(left: Any, right: Any) -> None:
    assert not same(CUSTOM, left, right)


def test_each_custom_field_is_a_field_of_its_own() -> None:
    document = replace(DOCUMENT, custom_fields={7: "EUR5.00", 8: "theirs"})
    assert [document.value(custom_name(n)) for n in (7, 8, 9)] == ["EUR5.00", "theirs", None]
    base = {custom_name(7): None, custom_name(8): "ours", custom_name(9): None}
    wanted = {custom_name(7): "EUR5", custom_name(8): None, custom_name(9): 3}
    plan = decide(Proposal(base, wanted, DELTA), document)
    assert [conflict.field for conflict in plan.conflicts] == [custom_name(8)]
    assert (dict(plan.write), dict(plan.old)) == ({custom_name(9): 3}, {custom_name(9): None})


@pytest.mark.parametrize("name", ["custom_fields", "custom_fields.", "custom_fields.x", "title", "7"])
def test_no_other_name_is_that_of_a_custom_field(name: str) -> None:
    assert custom_id(name) is None
