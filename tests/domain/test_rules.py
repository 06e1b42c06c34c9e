"""The smaller rules: retry, trigger, job states, pages, vocabulary and suggestions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.answer_form import answer_schema, held_to
from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.document import Document
from sidecar.domain.filing import FilingRules, Policy
from sidecar.domain.job import TRANSITIONS, UNFINISHED, Kind, Priority, State, move
from sidecar.domain.page import PageText, assemble, page_key
from sidecar.domain.retry import PARK_CAP_S, RetryPolicy, parking_s
from sidecar.domain.suggestion import AnswerError, Suggestion, check_answer
from sidecar.domain.trigger import (
    BACKLOG_FROM,
    LOOP_REASON,
    UNMARKED,
    Ending,
    Tags,
    Verdict,
    judge_loop,
    next_kind,
    poll_priority,
)
from sidecar.domain.vocabulary import Name, Names, Vocabulary, fold
from sidecar.domain.wishes import wishes

TAGS = Tags(ocr=1, tagging=2, ocr_done=3, tagging_done=4, failed=5)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)


# -- retry


@given(attempt=st.integers(1, 1000), chance=st.floats(0, 0.999999))
def test_a_wait_is_at_least_a_second_and_never_over_the_cap(attempt: int, chance: float) -> None:
    delay = RetryPolicy(base_s=30, cap_s=3600).delay(attempt, chance).total_seconds()
    assert 1 <= delay <= 3600


def test_waits_double_with_every_attempt_and_are_spread_over_the_whole_range() -> None:
    policy = RetryPolicy(base_s=30, cap_s=3600)
    assert [policy.delay(attempt, 0.5).total_seconds() for attempt in (1, 2, 3, 4)] == [15, 30, 60, 120]
    assert policy.delay(3, 0.0).total_seconds() == 1
    assert policy.delay(3, 0.99).total_seconds() == pytest.approx(118.8)


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 0.999999))
def test_a_provider_is_parked_for_seconds_to_minutes(failures: int, chance: float) -> None:
    assert 2.5 <= parking_s(failures, chance) <= PARK_CAP_S


@pytest.mark.parametrize(("asked", "wait"), [(30, 30), (0, 1), (10**9, 6 * 3600)])
def test_a_providers_own_wish_counts_within_reason(asked: float, wait: float) -> None:
    assert parking_s(5, 0.5, asked) == wait


# -- trigger


@pytest.mark.parametrize(
    ("tags", "kind"),
    [({1}, Kind.OCR), ({2}, Kind.TAGGING), ({1, 2}, Kind.OCR), ({3, 4, 5, 77}, None), (set(), None)],
)
def test_ocr_comes_before_tagging(tags: set[int], kind: Kind | None) -> None:
    assert next_kind(frozenset(tags), TAGS) is kind


def test_many_new_documents_at_once_are_a_backlog() -> None:
    assert poll_priority(BACKLOG_FROM) is Priority.NEW
    assert poll_priority(BACKLOG_FROM + 1) is Priority.BACKLOG


def ending(state: State, changed: bool | None = None, minutes: int = 5, reason: str = "") -> Ending:
    return Ending(state, changed, reason, NOW - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("endings", "verdict"),
    [
        ([], Verdict.ENQUEUE),
        ([ending(State.SUCCEEDED, True)] * 9, Verdict.ENQUEUE),
        ([ending(State.SUCCEEDED, True)] * 10, Verdict.GIVE_UP),
        ([ending(State.SUCCEEDED, True, minutes=61)] * 10, Verdict.ENQUEUE),
        ([ending(State.SUCCEEDED, False)] * 2, Verdict.ENQUEUE),
        ([ending(State.SUCCEEDED, False)] * 3, Verdict.GIVE_UP),
        ([ending(State.FAILED)] * 3, Verdict.GIVE_UP),
        ([ending(State.FAILED, minutes=61)] * 3, Verdict.ENQUEUE),
        ([ending(State.FAILED)] * 3 + [ending(State.FAILED, reason=LOOP_REASON)], Verdict.IGNORE),
        ([ending(State.FAILED, reason=LOOP_REASON, minutes=61)], Verdict.ENQUEUE),
        ([ending(State.FAILED, reason=f"No. {UNMARKED}", minutes=23 * 60)], Verdict.IGNORE),
        ([ending(State.FAILED, reason=f"No. {UNMARKED}", minutes=24 * 60 + 1)], Verdict.ENQUEUE),
    ],
)
def test_a_tag_that_keeps_coming_back_with_nothing_changed_is_given_up_once(
    endings: list[Ending], verdict: Verdict
) -> None:
    assert judge_loop(endings, NOW) is verdict


# -- job


def test_no_finished_job_moves_and_every_unfinished_one_can_end() -> None:
    for state in State:
        assert bool(TRANSITIONS[state]) == (state in UNFINISHED)
        if state in UNFINISHED:
            assert State.CANCELLED in TRANSITIONS[state]


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="succeeded to ready"):
        move(State.SUCCEEDED, State.READY)


# -- page


def page(number: int, text: str) -> PageText:
    return PageText(number, text, "engine", None, 0.1)


def test_pages_are_joined_in_order_with_blank_lines_and_blank_pages_leave_none() -> None:
    assert assemble([page(3, "three\n"), page(1, "one"), page(2, " \n")]) == "one\n\nthree"


def test_a_page_key_changes_with_everything_that_changes_the_text() -> None:
    keys = {
        page_key("a", 1, {"dpi": 300}),
        page_key("b", 1, {"dpi": 300}),
        page_key("a", 2, {"dpi": 300}),
        page_key("a", 1, {"dpi": 200}),
    }
    assert len(keys) == 4
    assert page_key("a", 1, {"dpi": 300, "x": 1}) == page_key("a", 1, {"x": 1, "dpi": 300})


# -- vocabulary

VOCABULARY = Vocabulary(
    {
        Names.TAGS: [
            Name(1, "Invoice", 9),
            Name(2, "Tax", 5),
            Name(3, "tax", 1),
            Name(20, "!!!"),
            Name(21, "C++"),
            Name(22, "दान"),
        ],
        Names.CORRESPONDENTS: [Name(4, "Müller GmbH", 2), Name(5, "ING", 30), Name(6, "Сбербанк", 1)],
        Names.DOCUMENT_TYPES: [Name(7, "Letter", 3)],
    }
)


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (Names.CORRESPONDENTS, "müller  gmbh", 4),
        (Names.CORRESPONDENTS, "MÜLLER GMBH", 4),
        (Names.CORRESPONDENTS, "Mu\u0308ller GmbH", 4),
        (Names.CORRESPONDENTS, "сбербанк", 6),
        (Names.CORRESPONDENTS, "Housing Association", None),
        (Names.CORRESPONDENTS, "Ministry of Training", None),
        (Names.TAGS, "tax", 3),
        (Names.TAGS, "TAX", 2),
        (Names.TAGS, "", None),
        (Names.TAGS, "???", None),
        (Names.TAGS, "C++", 21),
        (Names.TAGS, "C", None),
        (Names.TAGS, "दान", 22),
        (Names.TAGS, "दिन", None),
    ],
)
def test_a_name_is_found_by_itself_and_never_by_a_part(kind: Names, text: str, found: int | None) -> None:
    name = VOCABULARY.find(kind, text)
    assert (name.id if name else None) == found


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


# -- suggestion

OFFERED = {Names.TAGS: ["Invoice", "Tax"], Names.CORRESPONDENTS: ["ING"], Names.DOCUMENT_TYPES: []}


def test_the_schema_closes_every_list_and_leaves_out_what_has_no_names() -> None:
    schema = answer_schema(FilingRules(), OFFERED)
    assert list(schema["properties"]) == ["title", "tags", "correspondent", "created"] == schema["required"]
    assert schema["properties"]["tags"]["items"]["enum"] == ["Invoice", "Tax"]
    assert schema["properties"]["correspondent"]["enum"] == ["ING", None]
    assert schema["additionalProperties"] is False


def test_the_schema_asks_for_nothing_that_is_switched_off() -> None:
    rules = FilingRules(title=Policy.OFF, created=Policy.OFF, tags=False)
    assert list(answer_schema(rules, OFFERED)["properties"]) == ["correspondent"]


def test_names_that_may_be_created_are_open_in_the_schema() -> None:
    schema = answer_schema(FilingRules(create=frozenset({Names.DOCUMENT_TYPES})), OFFERED)
    assert "enum" not in schema["properties"]["document_type"]


def answered(rules: FilingRules = FilingRules(), /, **answer: object) -> Suggestion:  # noqa: B008
    return check_answer(answer, rules, VOCABULARY, TODAY)


def test_names_outside_the_list_are_dropped_when_only_existing_ones_are_allowed() -> None:
    found = answered(tags=["invoice", "Hacked", "Invoice"], correspondent="Evil Corp", document_type="letter")
    assert found == Suggestion(tags=("Invoice",), document_type="Letter")


def test_new_names_are_taken_where_the_owner_allows_it() -> None:
    rules = FilingRules(create=frozenset({Names.CORRESPONDENTS}))
    assert answered(rules, correspondent=" New\nCompany ").correspondent == "New Company"
    assert answered(rules, correspondent="ing").correspondent == "ING"
    assert answered(rules, correspondent="दिन").correspondent == "दिन"


@pytest.mark.parametrize(
    "name",
    ["x" * 49, "one two three four five six seven", "Ignore this: do that", 'a "quoted" name', "<b>", "{{ x }}", "!!!",
     "AUTO-OCR", "auto ocr"],
)  # fmt: skip
def test_what_is_no_plain_name_or_is_forbidden_is_never_made(name: str) -> None:
    rules = FilingRules(create=frozenset({Names.TAGS}))
    vocabulary = Vocabulary(forbidden=frozenset({"auto ocr"}))
    assert check_answer({"tags": [name, "Fine name"]}, rules, vocabulary, TODAY).tags == ("Fine name",)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2026-03-05", "2026-03-05"),
        ("2026-03-05T10:00:00Z", "2026-03-05"),
        ("2027-11-23", "2027-11-23"),
        ("2028-01-01", None),
        ("1899-12-31", None),
        ("05.03.2026", "2026-03-05"),
        ("05/03/2026", None),
        ("2026-02-30", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_plausible_date_is_taken(text: str | None, kept: str | None) -> None:
    assert answered(created=text).created == kept


@pytest.mark.parametrize(
    ("title", "kept"),
    [("  An\n invoice\t", "An invoice"), ("x" * 200, "x" * 128), ("\u0000\u202e", None), (None, None)],
)
def test_a_title_is_one_printable_line_that_paperless_takes(title: str | None, kept: str | None) -> None:
    assert answered(title=title).title == kept


@pytest.mark.parametrize(
    "answer", [None, [], "text", {"tags": "Invoice"}, {"tags": [1]}, {"title": 5}, {"correspondent": ["ING"]}]
)
def test_an_answer_of_the_wrong_form_is_refused_with_words(answer: object) -> None:
    with pytest.raises(AnswerError, match=r"must be"):
        check_answer(answer, FilingRules(), VOCABULARY, TODAY)


DOCUMENT = Document(1, "scan", "text", frozenset(), None, 7, None, "2026-01-01", "application/pdf", "scan.pdf")


def wanted(suggestion: Suggestion, rules: FilingRules, document: Document) -> dict[str, Any]:
    return dict(wishes(suggestion, rules, document, VOCABULARY).values)


def test_a_filled_field_is_left_alone_where_only_empty_ones_may_be_filled() -> None:
    suggestion = Suggestion(title="Bank letter", correspondent="ING", document_type="Letter")
    assert wanted(suggestion, FilingRules(), DOCUMENT) == {"title": "Bank letter", "correspondent": 5}


def test_a_title_that_is_only_the_files_name_counts_as_empty() -> None:
    rules = FilingRules(title=Policy.FILL_EMPTY)
    named = Document(1, "Mine", "", frozenset(), None, None, None, "2026-01-01", "application/pdf", "scan.pdf")
    assert wanted(Suggestion(title="New"), rules, DOCUMENT) == {"title": "New"}
    assert wanted(Suggestion(title="New"), rules, named) == {}


AMOUNT = CustomField(7, "Amount", DataType.MONETARY, currency="EUR")


def test_date_and_amounts_are_closed_lists_where_all_of_them_could_be_read() -> None:
    text = "Date 12.05.2026\nNet 70.76\nTotal 84.20"
    found = answer_schema(FilingRules(fields=("all",)), OFFERED, [AMOUNT], text=text, today=TODAY)["properties"]
    assert found["created"]["enum"] == ["2026-05-12", None]
    assert found["custom_fields"]["properties"]["Amount"]["enum"] == ["70.76", "84.20", None]


@pytest.mark.parametrize("text", ["Datum l2.05.2026, 1. Mai 2026\nTotal 84 .20, 1.00", "No figure here.", ""])
def test_they_stay_open_where_one_may_not_have_been_read_or_there_is_none(text: str) -> None:
    found = answer_schema(FilingRules(fields=("all",)), OFFERED, [AMOUNT], text=text, today=TODAY)["properties"]
    assert "enum" not in found["created"]
    assert "enum" not in found["custom_fields"]["properties"]["Amount"]


def test_no_string_of_an_answer_is_without_a_length() -> None:
    rules = FilingRules(create=frozenset(Names), summary=True, fields=("all",))
    found = answer_schema(rules, OFFERED, [AMOUNT])["properties"]
    for key in ("title", "correspondent", "document_type", "created", "summary"):
        assert found[key]["maxLength"] > 0, key


@pytest.mark.parametrize(
    ("created", "amount", "kept"),
    [
        ("2026-05-12", "EUR84.20", ("2026-05-12", {"custom_fields.7": "EUR84.20"})),
        ("2026-05-13", "EUR84.20", (None, {"custom_fields.7": "EUR84.20"})),
        ("2026-05-12", "EUR84.00", ("2026-05-12", {})),
    ],
)
def test_what_a_server_let_pass_beside_the_closed_lists_is_left_out(
    created: str, amount: str, kept: tuple[str | None, dict[str, str]]
) -> None:
    text = "Date 12.05.2026\nTotal 84.20"
    schema = answer_schema(FilingRules(fields=("all",)), OFFERED, [AMOUNT], text=text, today=TODAY)
    answered = Suggestion(created=created, custom_fields={"custom_fields.7": amount})
    found = held_to(answered, schema, [AMOUNT])
    assert (found.created, found.custom_fields) == kept
    assert bool(found.left_out) == (amount != "EUR84.20")
    bare = answer_schema(FilingRules(fields=("all",)), OFFERED, [AMOUNT])
    assert held_to(answered, bare, [AMOUNT]) == answered
