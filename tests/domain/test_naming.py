"""Which name a text means, and which existing name a new one would only double."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.naming import NameIndex, near_duplicate, resolve
from sidecar.domain.vocabulary import Name
from tests.domain.names import BASES, DIFFERENT, SAME, SPELLINGS

NAMES = [
    "Ambervale Energy", "Deutsche Telekom AG", "Müller GmbH", "Schneider Bau GmbH & Co. KG", "Housing",
    "Northwind Limited",
    "Stadtwerke Köln", "Sparkasse KölnBonn", "Finanzamt Köln-Süd", "ING", "DKB", "O2", "C++", "C#", "Tax 2023",
    "Tax 2024",
    "Invoice", "Contract", "Water bill", "Waste bill", "Anna Meyer", "E.ON", "McDonald's", "Krankenversicherung",
    "Газпром",
    "ΔΕΗ", "Société Générale S.A.", "Fattura S.r.l.", "Philips N.V.", "Turnverein Mitte e.V.", "Équipe", "Østberg AS",
    "Ikea", "Amazon EU S.à r.l.", "株式会社東芝", "東京電力", "Anmeldung", "Employer",
    "Peterson", "Hofmann", "Müller & Söhne",
    "1&1", "e-mail", "Block A", "Block B", "Phase II", "Windows 10", "Covid19", "Bauer", "Straßenverkehrsamt",
    "Internetanbieter",
    "Kraftfahrzeugsteuer", "Modem", "BBC", "Allianz AG", "Allianz Versicherung", "Alpha", "Bank", "Rose", "Vodafone",
]  # fmt: skip

RESOLVED = {
    "Ambervale Energy": [
        "Ambervale Energy", "ambervale energy", "AMBERVALE ENERGY", " Ambervale  Energy ", "Ambervale-Energy",
        "Ambervale Energy.",
        "Ambervale Energy Ltd", "Ambervale Energy Ltd.", "Ambervale Energy Limited", "Ambervale Energy PLC",
        "Ambervale Energy, Inc.",
        "Ambervale Energy LLC", "Ambervale Energy GmbH & Co. KG", "Arnbervale Energy", "Ambervaie Energy",
        "Ambervale\u00a0Energy",
        "Аmbervale Energy", "AMBERVALE ЕNЕRGY", "AmbervaIe Energy", "Ambervale Energy S.A.", "Ambervale Energy B.V.",
        "Ambervale Energy Sp. z o.o.", "Ambervale Energy s.r.o.", "Ambervale Energy SpA",
        "Ambervale Energy Pty Ltd", "Ambcrvale Energy",
    ],
    "Deutsche Telekom AG": [
        "Deutsche Telekom", "Deutsche Telekom A.G.", "DEUTSCHE TELEKOM", "Deutsche Te1ekom", "Deutsche Telek0m AG",
        "Deutsche Telekorn",
        "Dеutsche Telekom", "Deutsche Telekom SE", "Deutsche Telekon",
    ],
    "Müller GmbH": ["Müller", "Mueller", "Muller", "MUELLER GMBH", "Müller GmbH & Co. KG", "Müller mbH",
    "Mu\u0308ller GmbH"],
    "Schneider Bau GmbH & Co. KG": ["Schneider Bau", "Schneider Bau GmbH", "Schneider Bau KG",
    "SCHNEIDER BAU GMBH & CO KG"],
    "Northwind Limited": ["Northwind", "Northwind Ltd.", "Northwind Ltd", "Northwind Pty Ltd", "N0rthwind"],
    "Stadtwerke Köln": ["Stadtwerke Koeln", "Stadtwerke Koln", "Stadt Werke Köln", "Stadtwerke Köln GmbH",
    "STADTWERKE KÖLN AG"],
    "Sparkasse KölnBonn": ["Sparkasse KoelnBonn", "Sparkasse Köln Bonn", "Sparkasse Köln-Bonn", "5parkasse KölnBonn"],
    "Finanzamt Köln-Süd": ["Finanzamt Köln Süd", "Finanzamt Koeln-Sued", "FINANZAMT KOELN-SUED"],
    "ING": ["ing", "ING N.V.", "I.N.G."], "DKB": ["DKB AG", "dkb"], "O2": ["o2"], "C++": ["c++"], "C#": ["c#"],
    "Tax 2023": ["tax 2023", "TAX-2023"], "E.ON": ["e.on", "E.ON SE", "E ON", "EON"], "McDonald's": ["McDonalds",
    "McDonald’s", "MCDONALD'S Inc."],
    "Krankenversicherung": ["Krankenverslcherung", "Kranken-Versicherung", "Krankenvcrsicherung",
    "Krankenversicheruug", "Krankenvesicherung"],
    "Газпром": ["ГАЗПРОМ", "ПАО Газпром", "Газпром ПАО", "Газпpом"], "ΔΕΗ": ["δεη", "ΔEH"],
    "Société Générale S.A.": ["Societe Generale", "SOCIÉTÉ GÉNÉRALE",
    "Société Générale SA"], "Fattura S.r.l.": ["Fattura", "Fattura SRL"],
    "Philips N.V.": ["Philips", "Philips NV"], "Turnverein Mitte e.V.": ["Turnverein Mitte", "Turnverein Mitte eV",
    "TURNVEREIN MITTE E.V."],
    "Équipe": ["Equipe", "équipe"], "Østberg AS": ["Ostberg", "Østberg"], "Ikea": ["IKEA",
    "IKEA AB"], "株式会社東芝": ["東芝", "東芝株式会社"],
    "Müller & Söhne": ["Müller und Söhne", "Mueller & Soehne", "Müller + Söhne",
    "Muller and Sohne"], "1&1": ["1 & 1"],
    "e-mail": ["email", "E-Mail", "E Mail"], "Straßenverkehrsamt": ["Strassenverkehrsamt", "STRASSENVERKEHRSAMT"],
    "Internetanbieter": ["Intemetanbieter"], "Kraftfahrzeugsteuer": ["Kraftfahrzeugseuer", "Kraftfahrzuegsteuer",
    "Krattfahrzeugsteuer"],
    "Allianz AG": ["Allianz", "ALLIANZ SE"], "Windows 10": ["windows-10"], "Vodafone": ["Vodafone GmbH", "V0dafone",
    "Vodafonc"],
}  # fmt: skip

NOT_RESOLVED = [
    "", " ", ".", "GmbH", "AG", "e.V.", "Telekom", "Deutsche", "Energy", "Ambervale", "Ambervale Energy Trading",
    "Housing ING", "Hous",
    "INK", "IN6", "lNG Bank", "DKV", "DK8", "O3", "02", "C", "C+", "Tax 2025", "Tax 2O24 x", "Tax 202", "Tax",
    "Tax 20234", "Water bell",
    "Wafer bill", "Anna Mayer", "Anna Meier", "Anna", "Meyer", "Hanna Meyer", "Müller AG", "Möller", "Miller",
    "Schneider", "Bau",
    "Northwind Energy", "Stadtwerke Bonn", "Stadtwerke", "Sparkasse Köln", "Finanzamt Köln-Nord", "Finanzamt",
    "Abmeldung", "Employee",
    "Petersen", "Hoffmann", "Block C", "Block", "Phase III", "Phase I", "Windows 11", "Windows 1O0", "Covid18",
    "Baur", "Modern",
    "Allianz Lebensversicherung", "Alphabet", "Banks of the Rhine", "Prose", "Roses are red", "ABC", "BBQ", "Vodka",
    "Philip", "IKEM",
    "Газ", "東京", "東京ガス", "Invoices 2024", "Contact", "Contrast",
    "1&2", "11", "Krankenkasse", "Lebensversicherung",
    "Sohne",
    "Amazon", "Kraftfahrzeug", "Steuer", "none", "x" * 300, "🙂", "C++ Sharp",
]  # fmt: skip


def named(*names: str) -> list[Name]:
    return [Name(number, name) for number, name in enumerate(names, start=1)]


INDEX = NameIndex(named(*NAMES))


@pytest.mark.parametrize(("text", "wanted"), [(text, name) for name, texts in RESOLVED.items() for text in texts])
def test_a_name_is_found_however_it_is_written(text: str, wanted: str) -> None:
    found = INDEX.resolve(text)
    assert found and found.name == wanted


@pytest.mark.parametrize("text", NOT_RESOLVED)
def test_another_name_is_not_taken_for_one_that_exists(text: str) -> None:
    assert INDEX.resolve(text) is None


@pytest.mark.parametrize(
    "form",
    ["S.à r.l.", "Sàrl", "S.a.r.l.", "S. A.", "GmbH u. Co. KG", "Co., Ltd.", "GmbH & Co. KGaA", "Aktiengesellschaft",
     "s.p.a.", "S.p.A.", "a.s.", "A/S", "Sp.z o.o.", "AG & Co. KG", "S.A.S.", "d.o.o.", "spol. s r.o.",
     "UG (haftungsbeschränkt)",
     "e.K.", "N.V.", "Société Anonyme", "K.K.", "Sdn. Bhd.", "Pvt. Ltd.", "株式会社", "ООО", "e. V.", "gGmbH",
     "OHG", "GbR", "Kft.", "Oyj", "LLP"],
)  # fmt: skip
def test_a_firm_is_found_with_every_legal_form_and_without(form: str) -> None:
    assert resolve(f"Ambervale Trading {form}", named("Ambervale Trading"))
    assert resolve("AMBERVALE TRADING", named(f"Ambervale Trading {form}"))
    assert resolve("Ambervale", named(f"Ambervale Trading {form}")) is None


@pytest.mark.parametrize("name", NAMES)
def test_every_name_finds_itself(name: str) -> None:
    for text in (name, name.upper(), name.lower(), f"  {name} "):
        found = INDEX.resolve(text)
        assert found and found.name == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Müller", ["Müller GmbH", "Müller AG"]),
        ("Müller KG", ["Müller AG", "Müller Inc."]),
        ("Arnbervale", ["Ambervale Ltd", "Ambervale AG"]),
        ("Müller", ["Muller", "Mueller"]),
        ("Kraftfahrzeugsteuez", ["Kraftfahrzeugsteuer", "Kraftfahrzeugsteueх"]),
        ("Rechnunq", ["Rechnung", "Rechnuuq"]),
    ],
)
def test_where_two_names_are_equally_near_it_is_none(text: str, names: list[str]) -> None:
    assert resolve(text, named(*names)) is None


@pytest.mark.parametrize(
    ("text", "names", "wanted"),
    [
        ("Müller GmbH & Co. KG", ["Müller GmbH", "Müller AG"], "Müller GmbH"),
        ("Müller AG", ["Müller GmbH", "Müller AG", "Müller"], "Müller AG"),
        ("Mueller", ["Müller", "Mueller"], "Mueller"),
        ("Modern", ["Modem", "Modern"], "Modern"),
        ("Anna Mayer", ["Anna Meyer", "Anna Mayer"], "Anna Mayer"),
        ("Müller Ltd", ["Müller AG", "Müller"], "Müller"),
        ("Müller GmbH & Co. KG", ["Müller", "Müller GmbH"], "Müller GmbH"),
    ],
)
def test_the_closer_of_two_names_is_taken(text: str, names: list[str], wanted: str) -> None:
    found = resolve(text, named(*names))
    assert found and found.name == wanted


def test_of_names_that_differ_in_case_alone_the_more_used_one_is_taken_unless_one_is_meant_to_the_letter() -> None:
    names = [Name(1, "Northwind", documents=1), Name(2, "northwind", documents=9)]
    assert resolve("NORTHWIND", names) == resolve("Northwind Ltd", names) == names[1]
    assert resolve("Northwind", names) == names[0]


@pytest.mark.parametrize(("new", "existing"), SAME)
def test_a_person_would_call_both_the_same(new: str, existing: str) -> None:
    others = named("Something else", existing, "Another one entirely")
    found = near_duplicate(new, others)
    assert found and found.name == existing
    assert near_duplicate(existing, named(new)), "the other way round"


@pytest.mark.parametrize(("new", "existing"), DIFFERENT)
def test_really_different_names_stay_apart(new: str, existing: str) -> None:
    assert near_duplicate(new, named(existing)) is None
    assert near_duplicate(existing, named(new)) is None


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("base", BASES)
def test_the_same_name_spelled_otherwise_is_not_made_again(base: str, spelling: str) -> None:
    found = near_duplicate(SPELLINGS[spelling](base), named(*BASES))
    assert found and found.name == base


@pytest.mark.parametrize(
    "pair", [("Lohn", "Lohne"), ("Preis", "Preise"), ("Anna Platz", "Anna Platze"), ("Hund", "Hunde")]
)
def test_of_people_an_ending_makes_another_name(pair: tuple[str, str]) -> None:
    one, other = pair
    assert near_duplicate(one, named(other)), "as a tag it would be one and many"
    assert NameIndex(named(other), of_people=True).near_duplicate(one) is None
    assert NameIndex(named(one), of_people=True).near_duplicate(other) is None


NESTED = [
    Name(1, "Work"), Name(2, "Invoice", 9, ("Work",)), Name(3, "Contract", 4, ("Work",)), Name(4, "AC"), Name(5, "DC"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("new", "existing"),
    [
        ("Work / Invoices", 2), ("Work/Invoices", 2), ("Work / Contracts", 3), ("Home / Invoice", 2), ("Invoices", 2),
        ("Work - Contracts", 3), ("Home / Travel", None), ("Home/Invoice", None), ("Work / Invoice tax", None),
        ("Work", 1), ("Works / DC", 5), ("BC/DC", None),
    ],
)  # fmt: skip
def test_a_tag_below_another_one_is_not_made_again_beside_it(new: str, existing: int | None) -> None:
    found = near_duplicate(new, NESTED)
    assert (found and found.id) == existing


def test_no_two_of_the_different_names_are_near_each_other() -> None:
    index = NameIndex(named(*BASES))
    assert [index.near_duplicate(base).name for base in BASES] == BASES  # type: ignore[union-attr]
    for one, other in itertools.permutations(BASES, 2):
        assert near_duplicate(one, named(other)) is None, (one, other)


def test_the_tables_are_as_large_as_they_claim() -> None:
    assert sum(map(len, RESOLVED.values())) + len(NOT_RESOLVED) >= 160
    assert len(SAME) >= 100 and len(SAME) + len(BASES) * len(SPELLINGS) >= 240 and len(DIFFERENT) >= 100


@settings(deadline=None)
@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4))
def test_whatever_is_written_a_name_that_is_found_exists_and_itself_is_found_first(text: str, names: list[str]) -> None:
    known = named(*names)
    for found in (resolve(text, known), near_duplicate(text, known)):
        assert found is None or found in known
    if text in names:
        assert (resolve(text, known) or Name(0, "")).name == text


@settings(deadline=None)
@given(st.text("0123456789 -/", min_size=1, max_size=12), st.text("0123456789 -/", min_size=1, max_size=12))
def test_numbers_are_never_taken_for_other_numbers(one: str, other: str) -> None:
    found = near_duplicate(f"Account {one}", named(f"Account {other}"))
    digits = ["".join(c for c in text if c.isdigit()) for text in (one, other)]
    assert not found or digits[0] == digits[1]


def test_looking_up_one_of_two_thousand_names_does_not_look_at_all_of_them() -> None:
    class Counted(list[Name]):
        looked = 0

        def __iter__(self):
            Counted.looked += 1
            return super().__iter__()

    index = NameIndex(
        Counted(named(*(f"{first} {last} {n}" for n in range(20) for first in BASES[:10] for last in BASES[10:20])))
    )
    index.near_duplicate("Nobody knows this")
    once = Counted.looked
    for n in range(100):
        index.near_duplicate(f"Nobody knows this {n}")
    assert Counted.looked == once
