"""Thousands of names cut to the likely ones, without losing the right one."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from sidecar.domain.candidates import FEW, choose, mentioned
from sidecar.domain.vocabulary import Name, Names, Vocabulary
from tests.domain.letters import STEMS, WAYS, archive, letter

LIMIT, CHARACTERS = 200, 9000


def offered(
    vocabulary: Vocabulary, text: str, limit: int = LIMIT, characters: int = CHARACTERS, **more: object
) -> dict[Names, list[str]]:
    return choose(vocabulary, list(Names), text, limit=limit, characters=characters, **more)  # type: ignore[arg-type]


def test_in_an_archive_of_thousands_the_right_name_is_among_the_candidates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    random, vocabulary = Random(7), archive()
    names = list(vocabulary.of(Names.CORRESPONDENTS))
    found, asked = Counter[str](), Counter[str]()
    longest, few, missed = 0, 0, []
    for number in range(300):
        name, way = random.choice(names), list(WAYS)[number % len(WAYS)]
        text = letter(name.name, way, random)
        lists = offered(vocabulary, text)
        asked[way] += 1
        few += len(lists[Names.CORRESPONDENTS]) <= FEW
        found[way] += name.name in lists[Names.CORRESPONDENTS]
        if name.name not in lists[Names.CORRESPONDENTS]:
            missed.append((name.name, way))
        longest = max(longest, sum(len(one) + 3 for names in lists.values() for one in names))
    share = sum(found.values()) / 300
    with capsys.disabled():
        print(
            f"\nright name among the candidates: {share:.1%}, lists of at most {longest} characters, "
            f"{few} times a few correspondents; missed: {missed}"
        )
    assert share >= 0.98, {way: f"{found[way]}/{asked[way]}" for way in WAYS}
    assert longest <= CHARACTERS
    assert few >= 250, "this is about short lists"


def test_a_small_archives_lists_are_whole_and_the_same_for_every_document() -> None:
    vocabulary = archive(tags=50, correspondents=FEW)
    first, second = offered(vocabulary, "one"), offered(vocabulary, letter("AXA", "as it is", Random(1)))
    assert first == second
    assert len(first[Names.CORRESPONDENTS]) == FEW
    assert first[Names.CORRESPONDENTS] == sorted(first[Names.CORRESPONDENTS])


def test_of_many_correspondents_a_few_are_offered_where_the_text_mentions_one() -> None:
    vocabulary = archive(tags=50, correspondents=60)
    text = letter("Gruber-Garten", "upper case", Random(1))
    names = [Name(900, "Gruber-Garten GmbH", 0), Name(901, "Rare", 0), *vocabulary.of(Names.CORRESPONDENTS)]
    vocabulary = Vocabulary({**vocabulary.names, Names.CORRESPONDENTS: names})
    few = offered(vocabulary, text, like={Names.CORRESPONDENTS: {901}})[Names.CORRESPONDENTS]
    assert (few[0], len(few)) == ("Gruber-Garten GmbH", FEW)
    most_used = max(vocabulary.of(Names.CORRESPONDENTS), key=lambda name: name.documents)
    assert {"Rare", most_used.name} <= set(few), "the sender may be known by its logo alone"
    assert len(offered(vocabulary, text)[Names.TAGS]) == 50


def test_all_correspondents_are_offered_where_the_text_mentions_none_for_sure() -> None:
    vocabulary = archive(tags=50, correspondents=60)
    whole = offered(vocabulary, "Dear customer, please find enclosed what you asked for.")
    assert whole[Names.CORRESPONDENTS] == sorted(name.name for name in vocabulary.of(Names.CORRESPONDENTS))


def test_however_many_names_of_a_kind_it_mentions_the_most_used_are_there() -> None:
    names = [Name(i, f"Sparkasse {place}", 0) for i, place in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXY", 1)]
    vocabulary = Vocabulary({Names.CORRESPONDENTS: [*names, Name(99, "Ambervale Energy", 50)]})
    few = offered(vocabulary, " ".join(name.name for name in names))[Names.CORRESPONDENTS]
    assert "Ambervale Energy" in few
    assert len(few) == FEW


def test_names_of_documents_of_its_like_come_before_often_used_ones() -> None:
    vocabulary = archive()
    rare = min(vocabulary.of(Names.TAGS), key=lambda name: name.documents)
    assert rare.shown not in offered(vocabulary, "nothing")[Names.TAGS]
    assert rare.shown in offered(vocabulary, "nothing", like={Names.TAGS: {rare.id}})[Names.TAGS]


def test_names_the_text_mentions_are_offered_before_often_used_ones() -> None:
    names = [Name(i, f"Company {i}", 100 - i) for i in range(50)] + [Name(99, "Rare & Sons", 0)]
    vocabulary = Vocabulary({Names.CORRESPONDENTS: names})
    lists = offered(vocabulary, "Dear customer of RARE & SONS,", limit=3)
    assert lists[Names.CORRESPONDENTS] == ["Company 0", "Company 1", "Rare & Sons"]


def test_a_kind_with_few_names_leaves_its_room_to_the_others() -> None:
    vocabulary = archive()
    lists = offered(vocabulary, "nothing", limit=2000, characters=3000)
    assert len(lists[Names.DOCUMENT_TYPES]) == 3
    used = {kind: sum(len(name) + 3 for name in names) for kind, names in lists.items()}
    assert 2900 <= sum(used.values()) <= 3000
    assert abs(used[Names.TAGS] - used[Names.CORRESPONDENTS]) < 100


def test_a_tag_is_shown_with_the_tags_above_it() -> None:
    vocabulary = Vocabulary({Names.TAGS: [Name(1, "Tax", 1, ("Finance",)), Name(2, "Finance")]})
    assert offered(vocabulary, "")[Names.TAGS] == ["Finance", "Finance / Tax"]
    for written in ("Finance / Tax", "Tax", "finance/tax", "TAX"):
        found = vocabulary.find(Names.TAGS, written)
        assert found is not None
        assert found.id == 1


def test_what_a_text_mentions_is_told_by_how_exactly_it_writes_it() -> None:
    names = [Name(1, "Garden (KI ) Bakers", 9), Name(2, "Garden (KL) Bakers"), Name(3, "Brook Bank", 9)]
    vocabulary = Vocabulary({Names.CORRESPONDENTS: names})
    text = "GARDEN (KL) BAKERS\nTotal 84.20"
    assert mentioned(vocabulary, Names.CORRESPONDENTS, text) == "Garden (KL) Bakers"
    assert mentioned(vocabulary, Names.CORRESPONDENTS, "Dear customer") is None


#: A name, a letter that has something like it, whether it is surely the name.
SHORT_NAMES = [
    ("O2", "Zahnarztpraxis Dr. Kern\n02.05.2026\nRechnung", False),
    ("O2", "O2\nRechnung vom 02.05.2026", True),
    ("DB", "Anlage d8", False),
    ("DB", "DB Fernverkehr", True),
    ("SOS", "Tel. 505 1", False),
    ("SOS", "SOS Kinderdorf", True),
    ("IBB", "Nr. 168", False),
    ("ING", "Ihr Ing. Anton", False),
    ("ING", "Guten Tag,\nIhre ING", True),
    ("ING AG", "Ihr Ing. Anton", False),
    ("ING AG", "ING", True),
    ("HUK", "der huk", False),
    ("1&1", "Seite 1/1, Menge 1 1", False),
    ("1&1", "1&1 Rechnung", True),
    ("E.ON", "e on", False),
    ("E.ON", "Ihre E.ON, Rechnung", True),
    ("Post", "Deutsche Post", True),
    ("Post", "P0st", False),
    ("Käse", "KÄSE", True),
    ("BMW Bank", "die BMW Bank", True),
    ("BMW Bank", "bmw bank", False),
    ("AEON CO. (M) BHD", "AEON CO. (M) BHD.\nReceipt", True),
    ("AEON CO. (M) SDN BHD", "AEON CO. (M) BHD\nReceipt", True),
    ("AEON CO. (M) BHD", "A E0N C0", False),
    ("Studio 54", "Studio S4", False),
    ("Studio 54", "Studio 54", True),
    ("Kaje 54", "Kaje S4", False),
    ("Ambervale 1O", "Arnbervale", False),
    ("Ambervale", "Arnbervale", True),
]


@pytest.mark.parametrize(("name", "text", "is_sure"), SHORT_NAMES)
def test_a_short_name_is_surely_mentioned_only_as_it_is_written(name: str, text: str, is_sure: bool) -> None:
    others = [Name(i, f"{stem} Handel", 9) for i, stem in enumerate(STEMS, 2)]
    vocabulary = Vocabulary({Names.CORRESPONDENTS: [Name(1, name), *others]})
    assert mentioned(vocabulary, Names.CORRESPONDENTS, text) == (name if is_sure else None)
    lists = offered(vocabulary, text)[Names.CORRESPONDENTS]
    assert (len(lists) == FEW) == is_sure
    assert name in lists


@pytest.mark.parametrize(
    "bank",
    ["Bankverbindung: Sparkasse Hamburg", "Sparkasse Hamburg IBAN DE02 1203 0000", "Sparkasse Hamburg\nIBAN DE02 1203",
     "Bankverbindung:\nSparkasse Hamburg"],
)  # fmt: skip
def test_the_bank_to_pay_to_does_not_shorten_the_list(bank: str) -> None:
    others = [Name(i, f"{stem} Handel", 9) for i, stem in enumerate(STEMS, 3)]
    names = [Name(1, "Techniker Krankenkasse"), Name(2, "Sparkasse"), *others]
    vocabulary = Vocabulary({Names.CORRESPONDENTS: names})
    text = f"TK\nIhr Beitragsbescheid\nGuten Tag\nMit Gruß\n{bank}"
    assert set(offered(vocabulary, text)[Names.CORRESPONDENTS]) == {name.name for name in names}
    assert mentioned(vocabulary, Names.CORRESPONDENTS, text) is None
    letter_of_the_bank = "Sparkasse Hamburg\nIBAN DE02 1203\nIhr Kontoauszug"
    assert mentioned(vocabulary, Names.CORRESPONDENTS, letter_of_the_bank) is not None
