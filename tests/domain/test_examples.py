"""Which documents may stand as examples in a question."""

from __future__ import annotations

import pytest

from sidecar.domain.document import Neighbour
from sidecar.domain.examples import examples, ids_of
from sidecar.domain.vocabulary import Names

TRIGGER, FILED, TAX = 1, 4, 9


def neighbour(*tags: int, correspondent: int | None = 3, document_type: int | None = None) -> Neighbour:
    return Neighbour(7, "A bill", "2026-01-01", frozenset(tags), correspondent, document_type, None)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (neighbour(TAX), True),
        (neighbour(TAX, FILED), False),
        (neighbour(TAX, TRIGGER), False),
        (neighbour(TAX, correspondent=None, document_type=2), True),
        (neighbour(TAX, correspondent=None), False),
    ],
    ids=["a person's", "filed by us", "waits for us", "with a type alone", "filed by nobody"],
)
def test_only_what_a_person_filed_is_an_example(found: Neighbour, shown: bool) -> None:
    chosen = examples([found], ours=frozenset({TRIGGER, FILED}), most=5)
    assert bool(chosen) is shown


def test_the_likest_come_first_and_no_more_than_are_wanted() -> None:
    found = [neighbour(TAX, correspondent=number) for number in range(1, 9)]
    chosen = examples(found, ours=frozenset(), most=3)
    assert [one.correspondent for one in chosen] == [1, 2, 3]
    assert ids_of(chosen) == {
        Names.TAGS: {TAX}, Names.CORRESPONDENTS: {1, 2, 3}, Names.DOCUMENT_TYPES: set(), Names.STORAGE_PATHS: set(),
    }  # fmt: skip
