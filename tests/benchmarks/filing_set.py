"""Receipts and invoices whose sender, date and amount are known: a public set, or some made by rules of our own.

The public set is SROIE (ICDAR 2019): scanned receipts with the lines of text that stand on them and the four values
that people took from them. Its pictures' licence is not stated, so nothing of it lies here: BENCH_SROIE names a folder
with its `box` and `key`, as in the repository zzzDavid/ICDAR-2019-SROIE on GitHub.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

#: What others may look at while they make anything better; the rest stays for measuring.
SEEN = 400


@dataclass(frozen=True, slots=True)
class Paper:
    """One receipt or invoice."""

    text: str
    company: str
    #: None where nobody can tell it from the text for certain.
    day: date | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class PaperSet:
    """Papers, and the currency that their amounts are in where they do not say."""

    name: str
    papers: Sequence[Paper]
    currency: str

    @property
    def companies(self) -> list[str]:
        """All senders, each once."""
        return sorted({paper.company for paper in self.papers})


def papers(count: int) -> PaperSet:
    """Give so many papers: of the public set if BENCH_SROIE names it, else made ones."""
    folder = os.environ.get("BENCH_SROIE")
    if folder:
        return PaperSet("SROIE", _sroie(Path(folder), count), "MYR")
    return PaperSet("made by tests/benchmarks/filing_set.py", [made(number) for number in range(count)], "EUR")


def _sroie(folder: Path, count: int) -> list[Paper]:
    """Read the receipts after those that may be looked at; of companies in one spelling."""
    found = []
    for key in sorted((folder / "key").glob("*.json")):
        box = folder / "box" / f"{key.stem}.csv"
        if int(key.stem) < SEEN or not box.exists():
            continue
        truth = json.loads(key.read_text(encoding="utf-8", errors="replace"))
        company = " ".join(str(truth.get("company", "")).split())
        if company:
            lines = _lines(box)
            found.append(Paper("\n".join(lines), company, _day(truth.get("date")), _amount(truth.get("total"))))
    return found[:count]


def _lines(box: Path) -> list[str]:
    """Give the text line by line: what stands at about the same height is one."""
    with box.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = [
            (int(row[1]), int(row[0]), ",".join(row[8:]))
            for row in csv.reader(file, quoting=csv.QUOTE_NONE)
            if len(row) > 8 and row[0].strip().isdigit() and row[1].strip().isdigit()
        ]
    lines: list[list[tuple[int, str]]] = []
    top = -100
    for y, x, text in sorted(rows):
        if y - top > 10:
            lines.append([])
            top = y
        lines[-1].append((x, text))
    return [" ".join(text for _, text in sorted(line)) for line in lines]


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _day(text: str | None) -> date | None:
    """Read the truth's date, day first, as everywhere in the set."""
    words = re.findall(r"\d+|[A-Za-z]{3}", text or "")
    if len(words) < 3:
        return None
    numbers = [
        _MONTHS.index(w.lower()) + 1 if w.lower() in _MONTHS else int(w) if w.isdigit() else 0 for w in words[:3]
    ]
    first, second, third = numbers
    year, month, day = (first, second, third) if first > 31 else (third, second, first)
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def _amount(text: str | None) -> Decimal | None:
    found = re.search(r"\d[\d,]*\.\d\d", text or "")
    return Decimal(found[0].replace(",", "")) if found else None


_COMPANIES = tuple(
    f"{first} {second}"
    for first in ("Ambervale", "Quillstone", "Larkfield", "Tannwald", "Eastmere", "Hollin", "Kestrel", "Morwen")
    for second in ("Energy", "Insurance", "Hardware", "Books", "Dental Practice")
)
_GOODS = ("Candle wax", "Bolts M8", "Reading lamp", "Cement 25 kg", "Check-up", "Electricity", "Atlas", "Door handle")
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y")


def made(number: int) -> Paper:
    """Make paper `number`: the sender, the right date and the total stand beside others of their kind."""
    chance = random.Random(number)
    company, buyer = chance.sample(_COMPANIES, 2)
    day = date(2023, 1, 1) + timedelta(days=chance.randrange(1000))
    form = chance.choice(_DATES)
    prices = [Decimal(chance.randrange(100, 90_000)) / 100 for _ in range(chance.randrange(1, 6))]
    net = sum(prices, Decimal())
    tax = (net * Decimal("0.19")).quantize(Decimal("0.01"))
    total = net + tax
    paid = (total / 50 + 1).to_integral_value() * 50
    comma = chance.random() < 0.5

    def money(amount: Decimal) -> str:
        text = f"{amount:,.2f}"
        return text.translate(str.maketrans(",.", ".,")) if comma else text

    is_receipt = chance.random() < 0.5
    heads = [company.upper() if chance.random() < 0.3 else company, f"{chance.randrange(1, 99)} Mill Lane, Eastmere"]
    dates = [f"{'Date' if is_receipt else 'Invoice date'}: {day.strftime(form)}"]
    if not is_receipt:
        ordered, due = day - timedelta(days=9), day + timedelta(days=30)
        dates += [f"Your order of {ordered.strftime(form)}", f"Payable until {due.strftime(form)}"]
        heads += [f"To {buyer}, Accounts"]
        chance.shuffle(dates)
    items = [f"{chance.choice(_GOODS)}  {money(price)}" for price in prices]
    sums = [f"Net {money(net)}", f"VAT 19 % {money(tax)}", f"{'TOTAL' if is_receipt else 'Amount due'} {money(total)}"]
    if is_receipt:
        sums += [f"CASH {money(paid)}", f"CHANGE {money(paid - total)}"]
    lines = [*heads, f"No. {chance.randrange(10_000, 99_999)}", *dates, *items, *sums, "Thank you"]
    return Paper("\n".join(lines), company, day, total)
