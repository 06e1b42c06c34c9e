"""What stands on the pages: licences that every Debian has, and letters, invoices and statements of our own.

A text is a list of blocks: a paragraph, or a row of cells. Everything comes from the random source that is handed in.
"""

import random
from functools import cache
from pathlib import Path

Block = str | tuple[str, ...]

_LICENSES = Path("/usr/share/common-licenses")
_NAMES = ("Apache-2.0", "Artistic", "CC0-1.0", "GFDL-1.3", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3", "MPL-2.0")
#: Characters of a page of prose; more would only take longer.
_PAGE = 4500

_ENGLISH = (
    "Thank you for your letter of {day} March, which reached us on the {day}th together with the enclosed receipts.",
    "The meter in the cellar was read on two occasions, and both readings agree with the figures on your statement.",
    "We have credited {money} EUR to your account and regret that the first reminder crossed your payment.",
    "Please quote reference {code} whenever you write to us, so that your file is found without delay.",
    "The roof above the northern gable was repaired before the first frost, and the scaffold has been taken down.",
    "Should the parcel not arrive by the {day}th, call our office between nine and five and ask for extension {small}.",
    "Your policy {code} covers damage by water, hail and falling branches up to {money} EUR in each calendar year.",
    "The minutes of the last meeting are enclosed; corrections are welcome until the end of the month.",
    "Our technician will visit you in the morning and needs access to the boiler, the meter and the main valve.",
    "Keep this letter with your tax records, because a second copy can only be issued for a fee of {small} EUR.",
    "The quarterly rent rises to {money} EUR from the first of July, as agreed in section {small} of the contract.",
    "Nothing in this notice limits the rights that you have under the terms which you signed when you joined.",
)
_GERMAN = (
    "Vielen Dank für Ihr Schreiben vom {day}. März, das uns zusammen mit den übrigen Belegen erreicht hat.",
    "Der Zähler im Keller wurde zweimal abgelesen, und beide Werte stimmen mit Ihrer Abrechnung überein.",
    "Wir haben Ihrem Konto {money} EUR gutgeschrieben und bedauern, dass sich Mahnung und Zahlung überschnitten haben.",
    "Bitte geben Sie bei Rückfragen stets das Aktenzeichen {code} an, damit wir Ihre Unterlagen schnell finden.",
    "Das Dach über dem nördlichen Giebel wurde vor dem ersten Frost ausgebessert, das Gerüst ist wieder abgebaut.",
    "Sollte die Lieferung bis zum {day}. nicht eintreffen, erreichen Sie unser Büro unter der Durchwahl {small}.",
    "Ihre Versicherung {code} deckt Schäden durch Wasser, Hagel und stürzende Äste bis {money} EUR im Jahr.",
    "Das Protokoll der letzten Sitzung liegt bei; Änderungswünsche nehmen wir bis zum Monatsende gern entgegen.",
    "Für die Prüfung der Heizung benötigt unser Techniker Zugang zu Kessel, Zähler und Hauptventil.",
    "Heben Sie dieses Schreiben für die Steuererklärung auf, eine Zweitschrift kostet {small} EUR Gebühr.",
    "Die Miete erhöht sich ab dem ersten Juli gemäß § {small} des Vertrages auf {money} EUR monatlich.",
    "Die Kündigungsfrist beträgt sechs Wochen; maßgeblich ist der Eingang der Erklärung in unserem Hause.",
)
_PEOPLE = ("Margaret Hollis", "Jürgen Weiß", "Amina Yusuf", "Peter Lindqvist", "Käthe Möller", "Owen Price")
_FIRMS = ("Northgate Water Ltd", "Stadtwerke Grünau GmbH", "Hollis & Price LLP", "Möbelhaus Weiß KG", "Harbour Books")
_STREETS = ("14 Mill Lane", "Goethestraße 7", "221 Station Road", "Am Mühlbach 3", "9 Orchard Close")
_GOODS = (
    "Desk lamp", "Copper pipe 15 mm", "Garden hose", "Printer paper A4", "Oak shelf", "Door handle", "Wall paint",
    "Kettle 1.7 l", "Cable drum", "Spare filter", "Roof tile", "Work gloves",
)  # fmt: skip
_WAREN = (
    "Schreibtischlampe", "Kupferrohr 15 mm", "Gartenschlauch", "Druckerpapier A4", "Eichenregal", "Türgriff",
    "Wandfarbe weiß", "Wasserkocher", "Kabeltrommel", "Ersatzfilter", "Dachziegel", "Arbeitshandschuhe",
)  # fmt: skip


@cache
def _licensed() -> tuple[str, ...]:
    """Return the paragraphs of prose in the licences; our own sentences where a system has none."""
    found = []
    for name in _NAMES:
        file = _LICENSES / name
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        for paragraph in text.split("\n\n"):
            line = " ".join(paragraph.split())
            if (
                120 < len(line) < 1500
                and line.isascii()
                and not any(mark in line for mark in ("***", "---", "__", "|"))
            ):
                found.append(line)
    return tuple(found) or tuple(sentence.format(day=3, money="9.50", code="AB-1", small=7) for sentence in _ENGLISH)


def _money(chance: random.Random, *, german: bool = False) -> str:
    figure = f"{chance.randint(200, 499_999) / 100:,.2f}"
    return figure.translate(str.maketrans(",.", ".,")) if german else figure


def _code(chance: random.Random) -> str:
    return f"{''.join(chance.choices('ABCDEFGHKLMNPRSTVWXZ', k=2))}-{chance.randint(10_000, 999_999)}"


def _date(chance: random.Random, *, german: bool = False) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(2015, 2026)
    return f"{day:02}.{month:02}.{year}" if german else f"{year}-{month:02}-{day:02}"


def _said(chance: random.Random, *, german: bool, sentences: int) -> str:
    drawn = chance.sample(_GERMAN if german else _ENGLISH, sentences)
    return " ".join(
        sentence.format(
            day=chance.randint(2, 28),
            money=_money(chance, german=german),
            code=_code(chance),
            small=chance.randint(3, 99),
        )
        for sentence in drawn
    )


def prose(chance: random.Random) -> list[Block]:
    """Return paragraphs of licences in their order."""
    paragraphs = _licensed()
    at, out, length = chance.randrange(len(paragraphs)), [], 0
    while length < _PAGE:
        out.append(paragraphs[at % len(paragraphs)])
        length += len(out[-1])
        at += 1
    return list(out)


def letter(chance: random.Random, *, german: bool = False) -> list[Block]:
    """Return a letter of about half a page."""
    greeting, closing = ("Sehr geehrte Damen und Herren,", "Mit freundlichen Grüßen") if german else (
        "Dear Sir or Madam,", "Yours faithfully")  # fmt: skip
    subject = "Unser Zeichen" if german else "Our reference"
    return [
        chance.choice(_FIRMS),
        chance.choice(_STREETS),
        (f"{subject} {_code(chance)}", "", _date(chance, german=german)),
        greeting,
        *(_said(chance, german=german, sentences=4) for _ in range(3)),
        closing,
        chance.choice(_PEOPLE),
    ]


def invoice(chance: random.Random, *, german: bool = False) -> list[Block]:
    """Return an invoice with ten to sixteen lines."""
    title, heads, sum_of_all = (
        ("Rechnung", ("Artikel", "Menge", "Einzelpreis", "Betrag"), "Gesamtbetrag EUR")
        if german
        else ("Invoice", ("Item", "Quantity", "Unit price", "Amount"), "Total EUR")
    )
    rows = [
        (chance.choice(_WAREN if german else _GOODS), str(chance.randint(1, 40)), *(
            _money(chance, german=german) for _ in range(2)))
        for _ in range(chance.randint(10, 16))
    ]  # fmt: skip
    return [
        chance.choice(_FIRMS),
        chance.choice(_STREETS),
        (f"{title} {_code(chance)}", "", _date(chance, german=german)),
        _said(chance, german=german, sentences=2),
        heads,
        *rows,
        (sum_of_all, "", "", _money(chance, german=german)),
        _said(chance, german=german, sentences=2),
    ]


def statement(chance: random.Random) -> list[Block]:
    """Return a page that is a table nearly all over."""
    rows = [(_date(chance), chance.choice(_GOODS), _code(chance), _money(chance), _money(chance)) for _ in range(30)]
    return [f"{chance.choice(_FIRMS)}: statement", ("Date", "Entry", "Reference", "Amount", "Balance"), *rows]


def mixed(chance: random.Random) -> list[Block]:
    """Return a page in two languages, paragraph by paragraph."""
    parts = [_said(chance, german=bool(number % 2), sentences=3) for number in range(6)]
    return [chance.choice(_FIRMS), *parts, chance.choice(_PEOPLE)]
