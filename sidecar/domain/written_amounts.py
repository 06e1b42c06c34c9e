"""All amounts of money that a text writes, and whether these are all: only then may an answer be held to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from sidecar.domain.currencies import CURRENCIES, NAMED, OF_A_THOUSAND, SIGNS
from sidecar.domain.money import DASHES, SMALL_CODES, parse_money
from sidecar.domain.months import without_accents
from sidecar.domain.round_numbers import may_be_amount

#: A text with more different amounts than this (an account's statement) is left to the model.
MOST = 80

_WORDS = sorted({*SMALL_CODES, *NAMED, *SIGNS}, key=len, reverse=True)
_MARK = rf"(?:(?<![^\W\d_])(?:{'|'.join(CURRENCIES)}|(?i:{'|'.join(map(re.escape, _WORDS))}))(?![^\W\d_]))"
_CURRENCY = re.compile(_MARK)
_CENTS = r"\d{1,3}(?:(?P<by>[., '])\d{3})(?:(?P=by)\d{3})*[.,]\d{2}|\d{1,2}(?:,\d{2})+,\d{3}\.\d{2}|\d{1,9}[.,]\d{2}"
_ROUND = r"[1-9]\d{0,2}(?:[., ']\d{3})+|0|[1-9]\d{0,6}"
_AMOUNT = re.compile(
    rf"(?P<before>{_MARK}[.:]? ?)?(?<![\w.,:/])(?:(?P<minus>-)|(?P<bracket>\())?(?P<second>{_MARK} ?)?"
    rf"(?<![\d.,:/])(?<!\w-)(?:(?P<cents>{_CENTS})|(?<!\d )(?P<round>{_ROUND})(?P<none>[.,](?:--|-|=))?)"
    rf"(?![\d%:/]|[.,]\d)(?P<less>-(?!\w))?(?P<closed>\)(?(bracket)|(?!)))?(?P<after> ?{_MARK})?"
    rf"(?P<end>[.,;]?[ ]*$)?(?!\w)",
    re.MULTILINE,
)
_DIGIT = r"[\doOIlSB]"
#: What may be an amount that was not read.
_UNREAD = re.compile(
    r"\d ?[.,] \d\d(?!\d)|\d [.,]\d\d(?!\d)|"
    rf"(?<!\w)(?=\S{{0,9}}\d)(?=\S{{0,9}}[oOIlSB]){_DIGIT}{{1,7}}[.,]{_DIGIT}{{2}}(?!\w)"
    r"|\d ?(?i:mio|mill|million|millionen|mrd|milliarden|billion|bn|tsd|tausend|thousand|k|mille|lakh|crore)(?!\w)"
)


#: Words beside the sum that is to be paid; such as tell that nothing more comes to it; and those of its parts and of
#: what it was paid with. In small letters without accents.
_TOTAL = re.compile(
    r"total|totaal|totale|gesamt|summe|betrag|amount|balance|payable|\bpay\b|\bpaid\b|\bdue\b|zu zahlen|montant|"
    r"a payer|importe|a pagar|importo|da pagare|bedrag|te betalen|kwota|do zaplaty|razem|\bsuma\b|\bsumma\b|"
    r"att betala|at betale|a betale|итого|к оплате|всего|合計|总计"
)
_WHOLE = re.compile(
    r"incl|inkl|ttc|brutto|gross|lordo|rounded|grand|\bdue\b|payable|to be paid|zu zahlen|zahlbetrag|endbetrag|a payer|"
    r"a pagar|da pagare|te betalen|do zaplaty|att betala|at betale|к оплате"
)
_PART = re.compile(
    r"sub|zwischen|netto|\bnet\b|excl|exkl|before|without|\bht\b|\btax|gst|vat|mwst|ust\b|steuer|tva|\biva\b|btw|moms|"
    r"discount|rabatt|saving|remise|cash|\bbar\b|tender|qty|quantity|item|menge|anzahl|points|punkte"
)
_BACK = re.compile(r"change|wechsel|ruckgeld|rendu|cambio|resto\b|wisselgeld|reszta|vaxel|byttepenge|сдача")
#: A label: letters, of which scripts without an alphabet need fewer.
_LETTERS = re.compile(r"[^\W\d_]{3}|[^\W\d_\x00-\u024f]{2}")


@dataclass(frozen=True, slots=True)
class WrittenAmounts:
    """What was found."""

    #: As the text writes them, in its order; without the currency where it is the one that is meant anyway.
    amounts: tuple[str, ...]
    #: Of these, such as may be what is to be paid, by the words beside them; the likeliest first.
    totals: tuple[str, ...]
    #: Whether nothing is left that may be one more.
    are_all: bool


@lru_cache(maxsize=4)
def written_amounts(text: str, currency: str) -> WrittenAmounts:
    """Return the amounts that the text writes, each once, for a field with this currency ("" for none).

    Numbers with cents or with a currency; others where they stand behind a colon, and at the end of a line where the
    text has no cents anywhere. Where another one may be an amount, too, these are not all.
    """
    plain = unicodedata.normalize("NFKC", text.replace("´", "'")).translate(DASHES)
    lines = [" ".join(line.split()) for line in plain.splitlines() if line.strip()]
    plain = "\n".join(lines)
    are_all = currency not in OF_A_THOUSAND and not _UNREAD.search(plain)
    are_all &= not any(letter.isdigit() and not letter.isascii() for letter in plain)
    found: dict[str, str] = {}
    likely: dict[str, int] = {}
    before = ""
    rests: list[str] = []
    has_cents = any(match["cents"] for match in _AMOUNT.finditer(plain))
    for line in lines:
        matches = [match for match in _AMOUNT.finditer(line) if _is_amount(match, has_cents=has_cents)]
        rests.append(_without(matches, line))
        label = line if _LETTERS.search(line) else before
        before = line
        last = next((match for match in reversed(matches) if not _is_aside(match)), matches[-1] if matches else None)
        for match in matches:
            for place, (writing, meant) in enumerate(_meanings(match, currency)):
                found.setdefault(meant, writing)
                if match is last and not (place and _signs(match)[1:]):
                    likely[meant] = max(likely.get(meant, 0), _likelihood(label, alone=match is matches[0]))
    are_all = are_all and not may_be_amount(rests, _TOTAL, _CURRENCY)
    totals = [meant for meant in found if likely.get(meant)]
    totals.sort(key=lambda meant: (-likely[meant], -_value(meant)))
    return WrittenAmounts(
        tuple(found.values())[:MOST], tuple(found[meant] for meant in totals), are_all and len(found) <= MOST
    )


def names_total(name: str) -> bool:
    """Say whether a field of this name holds what is to be paid in all: "Amount", "Betrag", "Total incl. VAT"."""
    words = without_accents(name)
    return (
        bool(_TOTAL.search(words))
        and not _BACK.search(words)
        and (_WHOLE.search(words) is not None or not _PART.search(words))
    )


def _is_amount(match: re.Match[str], *, has_cents: bool) -> bool:
    if match["cents"] or any(match[name] for name in ("before", "second", "none", "after")):
        return True
    if match["end"] is None:
        return False
    is_behind_colon = match.string[: match.start()].rstrip().endswith(":") and len(match["round"]) > 1
    return is_behind_colon or not has_cents


def _without(matches: Sequence[re.Match[str]], line: str) -> str:
    """Return the line with `|` for every character of the amounts that were found in it."""
    for match in matches:
        line = line[: match.start()] + "|" * len(match.group()) + line[match.end() :]
    return line


def _is_aside(match: re.Match[str]) -> bool:
    """Say whether the amount stands among words in brackets, as what of the sum is tax does."""
    before = match.string[: match.start()]
    return before.count("(") > before.count(")")


def _meanings(match: re.Match[str], currency: str) -> Iterator[tuple[str, str]]:
    """Give how the amount is to be written in an answer, and what it means; the likelier meaning first.

    Of `3 100.00`, which may be two, both; an amount alone in brackets is a bookkeeper's negative one, or a remark.
    """
    number = match["cents"] or match["round"]
    written = match.group().strip(" .,;:")
    for sign in _signs(match):
        bare = f"-{number}" if sign or match["minus"] or match["less"] else number
        marked = sign + re.sub(r"[()]", "", written)
        whole, alone = parse_money(marked, currency), parse_money(bare, currency)
        if whole is not None and whole != alone:
            yield marked, whole
        elif alone is not None:
            yield bare, alone
    _, space, last = number.rpartition(" ")
    if space and (least := parse_money(last, currency)) is not None:
        yield last, least


def _signs(match: re.Match[str]) -> tuple[str, ...]:
    """Return what is put before the amount, beyond what stands there: of one in brackets with and without a minus."""
    if match["minus"] or match["less"]:
        return ("",)
    if match["closed"]:
        return ("", "-") if match["second"] else ("-", "")
    is_open = match["bracket"] or match.string[: match.start()].endswith("(")
    return ("", "-") if is_open and match.string[match.end() :].startswith(")") else ("",)


def _likelihood(label: str, *, alone: bool) -> int:
    """Return how much the words of a line say that it holds what is to be paid; 0 for nothing."""
    words = without_accents(label)
    if not _TOTAL.search(words) or _BACK.search(words):
        return 0
    is_whole = _WHOLE.search(words) is not None
    return 2 + is_whole - (not is_whole and _PART.search(words) is not None) - (not alone)


def _value(meant: str) -> Decimal:
    return Decimal(meant.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
