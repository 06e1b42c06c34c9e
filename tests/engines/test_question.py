"""What stands in a question: lists first and the same for all, fields by name and type, examples, the document last."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sidecar.domain.custom_fields import CustomField, DataType, Option
from sidecar.domain.examples import Example
from sidecar.domain.filing import FilingRules, Policy
from sidecar.domain.found import HEAD
from sidecar.domain.vocabulary import Name, Names, Vocabulary
from sidecar.engines.llm import Model
from sidecar.engines.prompts import Prompts
from sidecar.engines.tagger import CHARACTERS_PER_TOKEN, Question, Tagger
from tests.domain.letters import archive

FIELDS = (
    CustomField(7, "Amount", DataType.MONETARY, currency="EUR"),
    CustomField(8, "Status", DataType.SELECT, (Option("a", "open"), Option("b", "open"), Option("c", "paid"))),
    CustomField(9, "Secret", DataType.STRING),
)
VOCABULARY = Vocabulary(
    {
        Names.TAGS: [Name(1, "Tax", 5, ("Finance",)), Name(2, "Finance", 9)],
        Names.CORRESPONDENTS: [Name(3, "Ambervale Energy")],
        Names.DOCUMENT_TYPES: [Name(4, "Invoice")],
        Names.STORAGE_PATHS: [Name(5, "Bills")],
    },
    fields=FIELDS,
)
TODAY = date(2026, 6, 15)
RULES = FilingRules(
    fields=("Amount",), fields_by_type={"Invoice": ("Amount", "Status")}, storage_path=Policy.FILL_EMPTY
)
LIKE = Example(12, "Electricity", "2026-04-12", frozenset({1}), 3, 4, 5, ((7, "EUR9.00"), (8, "b"), (9, "psst")))


def question(
    text: str = "A letter.", vocabulary: Vocabulary = VOCABULARY, rules: FilingRules = RULES, **more: Any
) -> Question:
    model = Model("practice", base_url="http://127.0.0.1:9/v1", api_key=None)
    return Tagger(model, Prompts(), rules).question(text, vocabulary, **{"today": TODAY, **more})


def test_rules_and_lists_are_the_same_for_every_document() -> None:
    one, other = question("A letter."), question("Another letter.", examples=[LIKE])
    assert one.rules_text == other.rules_text
    assert one.schema == other.schema
    assert (one.key, one.about) != (other.key, other.about)


def test_fields_are_described_by_name_and_type_and_only_those_the_owner_wants() -> None:
    asked = question()
    assert '- "Amount": an amount of money as the document writes it, with its currency; without one it is EUR' in (
        asked.rules_text
    )
    assert '- "Status": one of: open; open (2); paid (only if it is: Invoice; otherwise null)' in asked.rules_text
    assert "Secret" not in asked.rules_text
    custom = asked.schema["properties"]["custom_fields"]
    assert list(custom["properties"]) == ["Amount", "Status"] == custom["required"]
    assert custom["properties"]["Status"]["enum"] == ["open", "open (2)", "paid", None]
    assert custom["additionalProperties"] is False


def test_tags_are_shown_below_their_parents_and_storage_paths_as_a_list() -> None:
    properties = question().schema["properties"]
    assert properties["tags"]["items"]["enum"] == ["Finance", "Finance / Tax"]
    assert properties["storage_path"]["enum"] == ["Bills", None]


def test_an_example_has_the_form_of_an_answer_and_tells_nothing_that_is_not_asked_for() -> None:
    (line,) = question(examples=[LIKE]).examples
    assert json.loads(line) == {
        "id": 12, "title": "Electricity", "tags": ["Finance / Tax"], "correspondent": "Ambervale Energy",
        "document_type": "Invoice", "storage_path": "Bills", "created": "2026-04-12",
        "custom_fields": {"Amount": "EUR9.00", "Status": "open (2)"},
    }  # fmt: skip
    assert question(examples=[LIKE]).linkable == {12}


def test_names_of_examples_are_among_the_candidates() -> None:
    vocabulary = archive()
    rare = min(vocabulary.of(Names.CORRESPONDENTS), key=lambda name: name.documents)
    like = replace(LIKE, correspondent=rare.id, tags=frozenset())
    assert rare.name not in question(vocabulary=vocabulary).schema["properties"]["correspondent"]["enum"]
    assert rare.name in question(vocabulary=vocabulary, examples=[like]).schema["properties"]["correspondent"]["enum"]


def test_what_a_job_asks_about_stays_while_lists_and_examples_change() -> None:
    more = Vocabulary(
        {**VOCABULARY.names, Names.CORRESPONDENTS: [Name(3, "Ambervale Energy"), Name(6, "New")]}, fields=FIELDS
    )
    first, second = question(), question(vocabulary=more, examples=[LIKE])
    assert first.key != second.key
    assert first.about == second.about
    off, french = replace(RULES, title=Policy.OFF), replace(RULES, language="French")
    for other in (question("Another text."), question(rules=off), question(rules=french)):
        assert other.about != first.about


@pytest.mark.parametrize("tokens", [500, 3000])
def test_with_thousands_of_names_the_lists_stay_within_their_budget(tokens: int) -> None:
    vocabulary = archive()
    asked = question(vocabulary=vocabulary, rules=replace(RULES, names_tokens=tokens))
    without = question(rules=replace(RULES, storage_path=Policy.OFF))
    assert len(asked.rules_text) - len(without.rules_text) <= tokens * CHARACTERS_PER_TOKEN + 100
    enums = asked.schema["properties"]
    assert enums["document_type"]["enum"][:-1] == ["Contract", "Invoice", "Letter"], "a short list is whole"
    text = asked.rules_text
    assert text.index("document_types:") < text.index("correspondents:"), "what is the same for all comes first"


def test_what_code_finds_is_said_behind_the_document_and_belongs_to_the_key() -> None:
    text = "AMBERVALE ENERGY\nDate 12.05.2026\nNet 70.76\nAmount due 84.20"
    told = question(text, today=TODAY)
    amount = {"Amount": "84.20"}
    found = {"correspondent": "Ambervale Energy", "created": "2026-05-12", "custom_fields": amount}
    assert json.loads(told.found) == found
    years_before = question(text, today=date(2020, 1, 1))
    assert json.loads(years_before.found) == {"correspondent": "Ambervale Energy", "custom_fields": amount}
    assert years_before.key != told.key
    assert years_before.about == told.about
    assert "correspondent" not in question("x " * HEAD + text).found, "below stand banks and partners"


def test_of_an_amount_that_is_not_the_total_nothing_is_said() -> None:
    fields = (CustomField(7, "Deposit", DataType.MONETARY, currency="EUR"),)
    vocabulary = replace(VOCABULARY, fields=fields)
    assert "Deposit" not in question("Total 84.20", vocabulary, replace(RULES, fields=("all",)), today=TODAY).found


def test_refused_names_are_not_offered() -> None:
    asked = question(rules=replace(RULES, refused=("fin*", "ambervale*")))
    assert asked.schema["properties"]["tags"]["items"]["enum"] == ["Finance / Tax"]
    assert "correspondent" not in asked.schema["properties"]
