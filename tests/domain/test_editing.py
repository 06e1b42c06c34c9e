"""A person's changes to a proposal, in tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.editing import Edit, edited
from sidecar.domain.errors import PermanentError
from sidecar.domain.vocabulary import Name, Names, Vocabulary
from sidecar.domain.writeback import NewName, Proposal, TagDelta

KNOWN = Vocabulary(
    {
        Names.TAGS: [Name(1, "Tax"), Name(2, "Invoice")],
        Names.CORRESPONDENTS: [Name(7, "Ambervale Energy"), Name(8, "Müller GmbH")],
        Names.DOCUMENT_TYPES: [Name(4, "Letter")],
    }
)
BASE = {"title": "scan", "correspondent": None, "document_type": None, "created": "2026-01-02"}
PROPOSAL = Proposal(BASE, {"title": "Invoice", "created": "2026-05-12"}, TagDelta(frozenset({2})))


@pytest.mark.parametrize(
    ("edit", "wanted", "tags"),
    [
        (Edit(title=" Invoice  of May "), {"title": "Invoice of May", "created": "2026-05-12"}, {2}),
        (Edit(title="scan"), {"created": "2026-05-12"}, {2}),
        (Edit(created="2026-06-01"), {"title": "Invoice", "created": "2026-06-01"}, {2}),
        (Edit(correspondent="müller gmbh"), {"title": "Invoice", "created": "2026-05-12", "correspondent": 8}, {2}),
        (Edit(document_type="Letter", without=("title", "date")), {"document_type": 4}, {2}),
        (Edit(tags=("Tax",)), {"title": "Invoice", "created": "2026-05-12"}, {1}),
        (Edit(without=("tags",)), {"title": "Invoice", "created": "2026-05-12"}, set()),
    ],
)
def test_changes_come_over_what_is_proposed(edit: Edit, wanted: dict[str, Any], tags: set[int]) -> None:
    found = edited(PROPOSAL, edit, KNOWN)
    assert (found.wanted, found.delta.add) == (wanted, tags)


def test_a_second_change_begins_with_the_first() -> None:
    first = edited(PROPOSAL, Edit(title="Mine", tags=("Tax",)), KNOWN)
    second = edited(first, Edit(created="2026-06-01"), KNOWN)
    assert (second.wanted, second.delta.add) == ({"title": "Mine", "created": "2026-06-01"}, {1})


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit(title=""), "A title cannot be empty"),
        (Edit(title=" \n"), "A title cannot be empty"),
        (Edit(title="x" * 129), "129 characters; Paperless takes 128"),
        (Edit(created="12.05.2026"), '"12.05.2026" is no date'),
        (Edit(created="2026-02-30"), "is no date"),
        (Edit(correspondent="Ambervale"), 'no correspondent "Ambervale"'),
        (Edit(document_type="Invoice"), 'no document type "Invoice"'),
        (Edit(tags=("Tax", "auto-ocr")), 'no tag "auto-ocr"'),
        (Edit(without=("correspondent",)), "not proposed. Proposed are: title, date, tags."),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(edit: Edit, said: str) -> None:
    with pytest.raises(PermanentError, match=said.replace(".", r"\.")):
        edited(PROPOSAL, edit, KNOWN)


def test_a_title_of_128_characters_is_taken_and_a_text_has_none() -> None:
    assert edited(PROPOSAL, Edit(title="x" * 128), KNOWN).wanted["title"] == "x" * 128
    text = Proposal({"content": "old"}, {"content": "new"}, TagDelta())
    with pytest.raises(PermanentError, match="not about the title"):
        edited(text, Edit(title="Mine"), KNOWN)


NEW = (NewName(Names.CORRESPONDENTS, "Nimbus", "correspondent"), NewName(Names.TAGS, "Brand new", "tags"))
AMOUNT = "custom_fields.7"


@pytest.mark.parametrize(
    ("edit", "made"),
    [
        (Edit(title="Mine"), ["Nimbus", "Brand new"]),
        (Edit(correspondent="Ambervale Energy"), ["Brand new"]),
        (Edit(tags=("Tax",)), ["Nimbus"]),
        (Edit(without=("correspondent",)), ["Brand new"]),
        (Edit(without=("tags", "correspondent")), []),
    ],
)
def test_a_name_is_not_made_for_what_a_person_decided_otherwise(edit: Edit, made: list[str]) -> None:
    proposal = Proposal(BASE, {}, TagDelta(), names=NEW)
    assert [new.name for new in edited(proposal, edit, KNOWN).names] == made


def test_a_custom_field_is_left_out_by_its_name() -> None:
    proposal = Proposal({AMOUNT: None}, {AMOUNT: "EUR5.00"}, TagDelta(), words={AMOUNT: "Amount"})
    assert edited(proposal, Edit(without=("amount",)), KNOWN).wanted == {}


@pytest.mark.parametrize(
    ("edit", "wanted", "made"),
    [
        (Edit(correspondent="Cedar Club"), {"title": "Invoice", "created": "2026-05-12"}, ["Cedar Club"]),
        (Edit(tags=("Tax", "Holidays")), {"title": "Invoice", "created": "2026-05-12"}, ["Holidays"]),
    ],
)
def test_a_name_that_there_is_not_is_made_with_the_write_where_the_owner_allows_it(
    edit: Edit, wanted: dict[str, Any], made: list[str]
) -> None:
    found = edited(PROPOSAL, edit, KNOWN, lambda kind, _name: kind is not Names.DOCUMENT_TYPES)
    assert (found.wanted, [new.name for new in found.names]) == (wanted, made)
    with pytest.raises(PermanentError, match="Make it in Paperless first"):
        edited(PROPOSAL, edit, KNOWN)


FIELD = CustomField(3, "Amount", DataType.MONETARY, currency="EUR")
LINKS = CustomField(4, "Belongs to", DataType.DOCUMENTLINK)
OWN_FIELDS = Proposal(
    base={"custom_fields.3": None, "custom_fields.4": None},
    wanted={"custom_fields.3": "EUR1.00", "custom_fields.4": [7, 8]},
    delta=TagDelta(),
)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("custom_fields.3", "1.204,50", "EUR1204.50"), ("custom_fields.4", "8", [8])],
)
def test_a_custom_field_takes_what_paperless_takes(name: str, text: str, value: object) -> None:
    known = replace(KNOWN, fields=(FIELD, LINKS))
    assert edited(OWN_FIELDS, Edit(custom=((name, text),)), known).wanted[name] == value


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("custom_fields.3", "a lot", "takes one amount of money"),
        ("custom_fields.4", "9", "may not link document 9"),
        ("custom_fields.4", "", "takes numbers of documents"),
        ("custom_fields.5", "x", "not about the custom field 5"),
    ],
)
def test_a_custom_field_takes_nothing_else(name: str, text: str, said: str) -> None:
    known = replace(KNOWN, fields=(FIELD, LINKS))
    with pytest.raises(PermanentError, match=said):
        edited(OWN_FIELDS, Edit(custom=((name, text),)), known)


def test_of_two_tags_of_one_name_a_person_has_to_say_which_unless_one_of_them_was_shown() -> None:
    known = Vocabulary({Names.TAGS: [Name(1, "Tax", 0, ("Private",)), Name(2, "Tax", 0, ("Business",))]})
    open_to_all = Proposal({}, {}, TagDelta())
    with pytest.raises(PermanentError, match="There are several tags"):
        edited(open_to_all, Edit(tags=("Tax",)), known, lambda *_: True)
    assert edited(open_to_all, Edit(tags=("Business / Tax",)), known).delta.add == {2}
    assert edited(Proposal({}, {}, TagDelta(frozenset({2}))), Edit(tags=("Tax",)), known).delta.add == {2}
