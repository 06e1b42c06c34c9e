"""What a suggestion comes to under the owner's rules, for one document."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.document import Document
from sidecar.domain.filing import FilingRules, Policy
from sidecar.domain.suggestion import AnswerError, Suggestion, check_answer
from sidecar.domain.vocabulary import Name, Names, Vocabulary
from sidecar.domain.wishes import wishes
from sidecar.domain.writeback import NewName

FIELDS = (CustomField(7, "Amount", DataType.MONETARY, currency="EUR"), CustomField(8, "Number", DataType.STRING))
VOCABULARY = Vocabulary(
    {
        Names.TAGS: [Name(1, "Tax"), Name(2, "Invoice")],
        Names.CORRESPONDENTS: [Name(3, "Ambervale Energy")],
        Names.DOCUMENT_TYPES: [Name(4, "Invoice"), Name(5, "Letter")],
        Names.STORAGE_PATHS: [Name(6, "Bills")],
    },
    fields=FIELDS,
)
DOCUMENT = Document(1, "scan", "text", frozenset(), None, None, None, "2026-01-01", "application/pdf", "scan.pdf")
ALL = frozenset(Names)
TODAY = date(2026, 11, 23)


def suggested(answer: dict[str, Any], rules: FilingRules, **more: Any) -> Suggestion:
    return check_answer(answer, rules, VOCABULARY, TODAY, **more)


def test_names_that_do_not_exist_wait_as_words_and_are_in_no_value() -> None:
    rules = FilingRules(create=ALL, storage_path=Policy.REPLACE)
    suggestion = Suggestion(
        tags=("Tax", "Brand new"), correspondent="Nimbus", document_type="Invoice", storage_path="Elsewhere"
    )
    found = wishes(suggestion, rules, DOCUMENT, VOCABULARY)
    assert found.values == {"document_type": 4}
    assert found.tags == {1}
    assert found.new == (
        NewName(Names.CORRESPONDENTS, "Nimbus", "correspondent"),
        NewName(Names.TAGS, "Brand new", "tags"),
    )


def test_no_name_is_to_be_made_for_a_field_that_is_filled_already() -> None:
    filled = replace(DOCUMENT, correspondent=3)
    assert wishes(Suggestion(correspondent="Nimbus"), FilingRules(create=ALL), filled, VOCABULARY).new == ()


def test_a_name_that_is_gone_by_the_time_of_writing_is_left_out() -> None:
    suggestion = Suggestion(correspondent="Deleted", tags=("Gone",), custom_fields={"custom_fields.99": 1})
    found = wishes(suggestion, FilingRules(fields=("all",)), DOCUMENT, VOCABULARY)
    assert (found.values, found.tags, found.new) == ({}, frozenset(), ())


@pytest.mark.parametrize(
    ("document_type", "suggested_type", "policy", "amount"),
    [
        (None, "Invoice", Policy.FILL_EMPTY, True),
        (None, "Letter", Policy.FILL_EMPTY, False),
        (None, None, Policy.FILL_EMPTY, False),
        (4, "Letter", Policy.FILL_EMPTY, True),
        (4, "Letter", Policy.REPLACE, False),
        (5, "Invoice", Policy.FILL_EMPTY, False),
        (4, None, Policy.OFF, True),
    ],
)
def test_fields_go_by_the_type_that_the_document_has_in_the_end(
    document_type: int | None, suggested_type: str | None, policy: Policy, amount: bool
) -> None:
    rules = FilingRules(document_type=policy, fields_by_type={"Invoice": ("Amount",)})
    suggestion = Suggestion(document_type=suggested_type, custom_fields={"custom_fields.7": "EUR5.00"})
    found = wishes(suggestion, rules, replace(DOCUMENT, document_type=document_type), VOCABULARY)
    assert ("custom_fields.7" in found.values) is amount


def test_custom_fields_of_an_answer_are_normalised_each_by_itself() -> None:
    rules = FilingRules(fields=("all",))
    found = suggested({"custom_fields": {"amount": "1.130,50 EUR", "Number": "x" * 200, "Made up": "1"}}, rules)
    assert found.custom_fields == {"custom_fields.7": "EUR1130.50"}
    assert list(found.left_out) == ["custom_fields.8"]
    assert "Number" in found.left_out["custom_fields.8"]


def test_a_field_that_was_not_asked_for_is_not_taken() -> None:
    found = suggested({"custom_fields": {"Amount": "5.00 EUR", "Number": "1"}}, FilingRules(fields=("Number",)))
    assert found.custom_fields == {"custom_fields.8": "1"}
    assert not suggested({"custom_fields": {"Amount": "5.00 EUR"}}, FilingRules()).custom_fields


@pytest.mark.parametrize("answer", [{"custom_fields": ["Amount"]}, {"custom_fields": "5"}, {"summary": 5}])
def test_custom_fields_and_summaries_of_the_wrong_form_are_refused_with_words(answer: dict[str, Any]) -> None:
    with pytest.raises(AnswerError, match=r"must be"):
        suggested(answer, FilingRules(fields=("all",), summary=True))


def test_a_title_template_takes_what_the_document_has_in_the_end() -> None:
    rules = FilingRules(title_template="{date} {correspondent} {title}", created=Policy.OFF)
    suggestion = Suggestion(title="Bill", correspondent="Nimbus", created="2026-05-12")
    filled = replace(DOCUMENT, correspondent=3)
    assert wishes(suggestion, rules, filled, VOCABULARY).values["title"] == "2026-01-01 Ambervale Energy Bill"


def test_a_new_name_that_would_double_an_old_one_becomes_the_old_one() -> None:
    rules = FilingRules(create=ALL)
    assert suggested({"tags": ["invoices", "Taxes"], "correspondent": "AMBERVALE ENERGY LTD"}, rules) == Suggestion(
        tags=("Invoice", "Tax"), correspondent="Ambervale Energy"
    )


TAXES = Vocabulary(
    {Names.TAGS: [Name(1, "Tax", 5, ("Private",)), Name(2, "Tax", 3, ("Business",)), Name(3, "Bill", 1, ("Business",))]}
)


@pytest.mark.parametrize(
    ("answered", "tags"),
    [
        (["Business / Tax"], {2}), (["Business / Tax", "Private / Tax"], {1, 2}), (["business/tax"], {2}),
        (["Tax"], set()), (["tax"], set()), (["Taxes"], set()), (["Home / Taxes"], set()),
        (["Business / Bills"], {3}), (["Bill"], {3}),
    ],
)  # fmt: skip
def test_of_two_tags_of_one_name_the_one_that_is_said_is_put_on_and_without_that_none(
    answered: list[str], tags: set[int]
) -> None:
    rules = FilingRules(create=ALL)
    suggestion = check_answer({"tags": answered}, rules, TAXES, TODAY)
    found = wishes(suggestion, rules, DOCUMENT, TAXES)
    assert (set(found.tags), found.new) == (tags, ())
