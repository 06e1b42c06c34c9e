"""A large archive's names and letters that write them as letters do: upper case, without umlauts, misread, torn."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sidecar.domain.vocabulary import Name, Names, Vocabulary


def words(text: str) -> list[str]:
    """Take a text apart."""
    return text.split()


STEMS = words(
    "Amber Birken Clever Donau Eichen Falken Gruber Hansen Isar Jäger König Lüders Müller Nord Öko Pfeiffer "
    "Quell Rhein Schröder Thüringer Ulmer Vogt Weiß Zander Alster Brücken Chiemsee Dresdner Elbe Franken Gärtner "
    "Hölzl Insel Kästner Löwen Märkische Neumann Ostsee Preuß Richter Süd Tauber Ufer Völker Wörth Zöllner Havel "
    "Spree Harz"
)
KINDS = words(
    "Energie Versicherung Bank Apotheke Stadtwerke Telekom Reisen Mobil Haus Immobilien Klinik Werkstatt Verlag "
    "Druck Handel Logistik Bau Garten Optik Labor Akademie Verein Steuerberatung Kanzlei Wasser Strom Gas Netze "
    "Media Soft"
)
FORMS = ("GmbH", "AG", "KG", "e.V.", "GmbH & Co. KG", "UG", "SE", "", "", "")
SHORT = ("ING", "AXA", "HUK", "DKB", "E.ON", "EWE", "R+V", "O2", "1&1", "TÜV", "ADAC", "VHV", "DAK", "KKH", "BMW")
TOPICS = words("Vertrag Rechnung Steuer Urlaub Kinder Auto Garten Schule Medizin Arbeit Wohnung Hobby Spende Bank Post")
WORDS = words(
    "wir bitten Sie den Betrag bis zum genannten Tag auf unser Konto zu zahlen und danken für Ihr Vertrauen mit "
    "freundlichen Grüßen Ihre Kundennummer finden Sie oben rechts bei Fragen rufen Sie uns gerne an dear "
    "customer please find enclosed your invoice for the last month thank you and kind regards payment is due "
    "within thirty days"
)


def archive(seed: int = 1, tags: int = 1000, correspondents: int = 2000) -> Vocabulary:
    """Make an archive's names: many alike, most of them hardly used."""
    random = Random(seed)
    companies = list(SHORT)
    while len(companies) < correspondents:
        name = f"{random.choice(STEMS)}{random.choice(('', ' ', '-'))}{random.choice(KINDS)}"
        more = random.choice(("", f" {random.choice(STEMS)}", f" {random.randint(2, 99)}"))
        company = f"{name}{more} {random.choice(FORMS)}".strip()
        if company.casefold() not in {one.casefold() for one in companies[-400:]} and company not in companies:
            companies.append(company)
    topics = [f"{random.choice(TOPICS)} {stem} {n}" for n, stem in enumerate(STEMS * (tags // len(STEMS) + 1))][:tags]
    use = lambda n: int(2000 / (1 + n))  # noqa: E731
    order = random.sample(range(correspondents), correspondents)
    return Vocabulary(
        {
            Names.TAGS: [Name(n, name, use(n)) for n, name in enumerate(topics, 1)],
            Names.CORRESPONDENTS: [Name(n + 1, name, use(order[n])) for n, name in enumerate(companies)],
            Names.DOCUMENT_TYPES: [Name(n, name, 9) for n, name in enumerate(("Letter", "Invoice", "Contract"), 1)],
        }
    )


MISREAD = {
    "o": "0",
    "l": "1",
    "i": "l",
    "m": "rn",
    "S": "5",
    "B": "8",
    "e": "c",
    "u": "v",
    "h": "b",
    "t": "f",
    "ö": "6",
}


def misread(name: str, random: Random) -> str:
    """Misread one letter or two, as scans do."""
    letters = list(name)
    for place in random.sample(range(len(letters)), min(len(letters), random.choice((1, 1, 2)))):
        letters[place] = MISREAD.get(letters[place], letters[place] if letters[place] in " &+." else "")
    return "".join(letters)


def without_form(name: str, _random: Random) -> str:
    """Leave out what the law calls it."""
    for form in sorted(filter(None, FORMS), key=len, reverse=True):
        name = name.removesuffix(f" {form}")
    return name


def ascii_only(name: str, _random: Random) -> str:
    """Write umlauts as machines without them do."""
    return name.translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "AE", "Ö": "OE", "Ü": "UE"}))


def torn(name: str, random: Random) -> str:
    """Tear it, or break it at a line's end."""
    place = random.randint(1, max(1, len(name) - 1))
    return name[:place] + random.choice((" ", "-\n", "\n")) + name[place:]


WAYS: dict[str, Callable[[str, Random], str]] = {
    "as it is": lambda name, _: name,
    "upper case": lambda name, _: name.upper(),
    "without its legal form": without_form,
    "without umlauts": ascii_only,
    "accents lost": lambda name, _: name.translate(str.maketrans("äöüßÄÖÜ", "aousAOU")),
    "misread": misread,
    "torn": torn,
}


def letter(name: str, way: str, random: Random) -> str:
    """Write a letter from this company, with other words around its name."""
    before, after = (" ".join(random.choices(WORDS, k=random.randint(20, 150))) for _ in range(2))
    return f"{before}\n{WAYS[way](name, random)}\n{after}"
