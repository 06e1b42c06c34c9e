"""The amounts of a text: an answer is held to them only where nothing is left that may be one more."""

from __future__ import annotations

import pytest

from sidecar.domain.money import parse_money
from sidecar.domain.written_amounts import MOST, written_amounts

#: Text, the field's currency, the amounts, those that may be the total.
ALL: list[tuple[str, str, list[str], list[str]]] = [
    ("Total 84.20", "EUR", ["84.20"], ["84.20"]),
    ("Rechnungsbetrag: 1.130,50 EUR", "EUR", ["1.130,50"], ["1.130,50"]),
    ("Rechnungsbetrag: 1.130,50 USD", "EUR", ["1.130,50 USD"], ["1.130,50 USD"]),
    ("Net 70.76\nVAT 19 % 13.44\nAmount due 84.20\nCASH 100.00\nCHANGE 15.80", "EUR",
     ["70.76", "13.44", "84.20", "100.00", "15.80"], ["84.20"]),
    ("SUBTOTAL 15.00\nGRAND TOTAL 15.90\nTOTAL QTY 1", "MYR", ["15.00", "15.90"], ["15.90", "15.00"]),
    ("TOTAL : 78.00 4.68\nTOTAL (INCLUSIVE OF GST) : 82.68", "MYR", ["78.00", "4.68", "82.68"], ["82.68", "4.68"]),
    ("TOTAL\nRM 9.00", "MYR", ["9.00"], ["9.00"]),
    ("Miete: 850\nNebenkosten: 120,50", "EUR", ["850", "120,50"], []),
    ("Miete 850 €, Nebenkosten 120,50 €", "EUR", ["850", "120,50"], []),
    ("Insgesamt 1200,-- zu zahlen", "EUR", ["1200"], ["1200"]),
    ("Total   $1,204", "USD", ["1,204"], ["1,204"]),
    ("Total CAD 1,204.50", "USD", ["CAD 1,204.50"], ["CAD 1,204.50"]),
    ("Gutschrift, Betrag: -12,50 EUR", "EUR", ["-12,50"], ["-12,50"]),
    ("Balance (12.50)", "EUR", ["-12.50", "12.50"], ["-12.50"]),
    ("Gesamtbetrag (brutto 119,00)", "EUR", ["119,00"], ["119,00"]),
    ("Rechnungsbetrag 119,00 EUR (inkl. MwSt 19,00)", "EUR", ["119,00", "19,00"], ["119,00"]),
    ("Gesamt 150,00 EUR\n(davon MwSt 23,95)", "EUR", ["150,00", "23,95"], ["150,00"]),
    ("Betrag (EUR 119,00)", "EUR", ["119,00", "-119,00"], ["119,00"]),
    ("Betrag (119,00 EUR)", "EUR", ["119,00", "-119,00"], ["119,00"]),
    ("Betrag (119,00 inkl. MwSt)", "EUR", ["119,00"], ["119,00"]),
    ("Total due (USD 119.00)", "EUR", ["USD 119.00", "-USD 119.00"], ["USD 119.00"]),
    ("Total à payer 1 204,50 €", "EUR", ["1 204,50", "204,50"], ["1 204,50", "204,50"]),
    ("Total 12'300.50 CHF", "CHF", ["12'300.50"], ["12'300.50"]),
    ("12.05.2026 10:30, no. 4711, tel. 07-3523888, 6% of 20.00", "EUR", ["20.00"], []),
    ("合計 ¥1,200", "JPY", ["1,200"], ["1,200"]),
    ("5.00 20.00\n3 100.00", "EUR", ["5.00", "20.00", "3 100.00", "100.00"], []),
    ("Total (3 items) 12.50\nTotal qty: 4\nTax 19 % 2.00\nPrice 2 x 6.25 in May 2026\nAmount due on 12 May", "EUR",
     ["12.50", "2.00", "6.25"],
     ["12.50"]),
    ("Lager 7\nKunde\n4711\nSumme 12,50\nBetrag fällig am 12.05.2026 um 10:30 Uhr, Konto 0012345678", "EUR", ["12,50"],
     ["12,50"]),
    ("Rent\n850\n1200", "EUR", ["850", "1200"], []),
]  # fmt: skip

NOT_ALL = [
    "Hourly rate 12.50\nHours 12\nTotal due 150",
    "Position A 12,50\nSumme 150",
    "Miete: 950 monatlich\nNebenkosten 85,50",
    "Rent 950 monthly\nUtilities 85",
    "Gesamtbetrag\n€\n150\nRabatt 5,00",
    "Gesamtbetrag\n150\nRabatt 5,00",
    "Betrag in\nWorten\n150\nRabatt 5,00",
    "€\n150\n5,00",
    "150\nEUR\n5,00",
    "Total (USD) 150\nTip 5.00",
    "Summe 150 *\nPos 12,50",
    "Summe -150 *\nPos 12,50",
    "Summe 1.250\nPos 12,50",
    "Summe 1 250\nPos 12,50",
    "Jahresbeitrag 120 Anteil 10,00",
    "Total due 150 for May\nHourly rate 12.50",
    "In EUR / month 150 at most, 5.00 at least",
    "Zahlbetrag bis zum 12. Mai 150\nPorto 2,50",
    "Total May 150\nTip 2.50",
    "Betrag bis 150\nPorto 2,50",
    "Gesamt: 150 x\nPorto 2,50",
    "Total 150 may differ\nTip 5.00",
    "Total invoice 150 net\nTip 5.00",
    "Discount 150 to all\nTip 5.00",
    "Total.....150\nTip 5.00",
    "Total150\nTip 5.00",
    "| Summe | 150 |\n| Pos | 5,00 |",
    "Endbetrag *150*\nPos 5,00",
    "Kaufpreis 250 000 in Raten zu 5,00",
    "Wir überweisen Ihnen 150 statt 5,00",
    "Gehalt 3200/Monat, Zuschlag 5,00",
    "Total 12 .50, cash 20.00",
    "Total 12. 50, cash 20.00",
    "Total l2.5O, cash 20.00",
    "Deckung 50 Mio. EUR, Beitrag 20,00",
    "Total ١٢٫٥٠, cash 20.00",
]


@pytest.mark.parametrize(("text", "currency", "amounts", "totals"), ALL)
def test_amounts_that_can_all_be_read(text: str, currency: str, amounts: list[str], totals: list[str]) -> None:
    found = written_amounts(text, currency)
    assert (list(found.amounts), list(found.totals), found.are_all) == (amounts, totals, True)
    assert all(parse_money(one, currency) for one in found.amounts)


@pytest.mark.parametrize("text", NOT_ALL)
def test_an_amount_that_cannot_be_read_is_noticed(text: str) -> None:
    found = written_amounts(text, "EUR")
    assert not found.are_all
    assert found.amounts


def test_a_currency_of_a_thousand_parts_is_left_to_the_model() -> None:
    assert not written_amounts("Total 12.500 KWD", "KWD").are_all


def test_an_accounts_statement_is_left_to_the_model() -> None:
    found = written_amounts("\n".join(f"booked {one}.00" for one in range(MOST + 1)), "EUR")
    assert (len(found.amounts), found.are_all) == (MOST, False)
