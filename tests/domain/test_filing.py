"""The owner's wishes: which fields, which names, what titles look like."""

from __future__ import annotations

import pytest

from sidecar.domain.filing import FilingRules, Policy, check_template, fields_by_type, fill_template

BY_TYPE = {"Invoice": ("Amount", "Due date"), "Contract": ("End date",)}


@pytest.mark.parametrize(
    ("fields", "document_type", "name", "allowed"),
    [
        ((), None, "Amount", False),
        ((), "Invoice", "Amount", True),
        ((), "invoice", "amount", True),
        ((), "Invoice", "End date", False),
        ((), "Letter", "Amount", False),
        (("all",), "Letter", "Anything", True),
        (("all",), "Contract", "Amount", False),
        (("Note",), None, "Note", True),
        (("Note",), "Contract", "Note", False),
    ],
)
def test_a_type_has_its_own_fields_and_all_others_the_general_ones(
    fields: tuple[str, ...], document_type: str | None, name: str, allowed: bool
) -> None:
    assert FilingRules(fields=fields, fields_by_type=BY_TYPE).allows_field(name, document_type) is allowed


def test_nothing_is_asked_about_custom_fields_unless_the_owner_says_which() -> None:
    assert not FilingRules().asks_custom_fields
    assert not FilingRules(fields=("all",), custom_fields=Policy.OFF).asks_custom_fields
    assert FilingRules(fields_by_type=BY_TYPE).asks_custom_fields


@pytest.mark.parametrize(
    ("wish", "name", "refused"),
    [
        ("Spam", "spam", True),
        ("Spam", "Spammer", False),
        ("Spam*", "Spammer", True),
        ("*inbox*", "My Inbox 2", True),
        ("* GmbH", "Muster GmbH", True),
        ("* GmbH", "Muster AG", False),
        ("a.c", "abc", False),
    ],
)
def test_names_the_owner_refuses(wish: str, name: str, refused: bool) -> None:
    assert FilingRules(refused=(wish,)).refuses(name) is refused


def test_fields_by_type_are_read_as_people_write_them() -> None:
    assert fields_by_type(" Invoice: Amount, Due date ;Contract:End date; ") == BY_TYPE
    assert fields_by_type("") == {}


@pytest.mark.parametrize("text", ["Invoice", "Invoice:", ": Amount", "Invoice: Amount; Contract"])
def test_fields_by_type_that_cannot_be_read_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="must look like: Invoice: Amount"):
        fields_by_type(text)


VALUES = {"title": "Electricity", "date": "2026-05-12", "correspondent": "Ambervale Energy", "document_type": "Invoice"}


@pytest.mark.parametrize(
    ("template", "without", "title"),
    [
        ("{date} {correspondent} {title}", "", "2026-05-12 Ambervale Energy Electricity"),
        ("{date} {correspondent} - {title}", "correspondent", "2026-05-12 - Electricity"),
        ("{correspondent}: {title}", "correspondent", "Electricity"),
        ("{title} ({correspondent})", "correspondent", "Electricity"),
        ("{title} ({correspondent})", "", "Electricity (Ambervale Energy)"),
        ("{year}/{month} {document_type} {title}", "document_type", "2026/05 Electricity"),
        ("{document_type} - {title}", "title", "Invoice"),
        ("{{{year}}} {title}", "", "{2026} Electricity"),
    ],
)
def test_a_title_is_put_together_and_gaps_leave_no_trace(template: str, without: str, title: str) -> None:
    values = {name: "" if name == without else value for name, value in VALUES.items()}
    assert fill_template(template, values) == title


def test_what_is_too_long_is_cut_off_the_title_and_not_off_what_stands_behind_it() -> None:
    filled = fill_template("{title} ({correspondent})", {**VALUES, "title": "x" * 500})
    assert len(filled) <= 128
    assert filled.endswith("x (Ambervale Energy)")


def test_a_value_is_never_taken_for_a_placeholder() -> None:
    assert fill_template("{title}", {**VALUES, "title": "{date} {0.__class__}"}) == "{date} {0.__class__}"


@pytest.mark.parametrize("template", ["{titel}", "{title.x}", "{title!r}", "{title:>9}", "{}", "{title", "Fixed"])
def test_a_template_that_cannot_be_filled_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|cannot be read"):
        check_template(template)
