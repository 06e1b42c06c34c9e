"""Numbers without cents that may be an amount all the same: by a price's word, a total's, or a currency beside them.

Asked of what is left of a line once its amounts are taken out. Nobody has to be sure that it is one; what is surely
none is how many of something there are, a part of a hundred, of a date, a time or a longer number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.domain.months import MONTHS, without_accents

#: Words of what costs or brings something; in small letters without accents.
PRICE = re.compile(
    r"price|preis|prix|precio|prezzo|prijs|\bcena|cost|kost|\bfees?\b|gebuhr|gebuehr|charge|entgelt|honorar|rate\b|"
    r"\brent\b|miete|pacht|beitrag|pramie|praemie|premium|lohn|gehalt|salary|wage|\bpay|zahl|tip\b|trinkgeld|rabatt|"
    r"discount|netto|brutto|gross|\bnet\b|saldo|rest\b|deposit|kaution|anzahlung|refund|erstattung|gutschrift|spende|"
    r"loyer|cuota|tarif|sum\b|rechnung uber|invoice (?:for|of)|steuer|\btax|mwst|\bvat\b|"
    r"wert\b|\bvalue|\bworth|\bloan|kredit|darlehen|zins|interest|\blump\b|pauschal|benefit|leistung|schuld|\bowe|uberweis|rente\b|pension"
)
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_ROUND = re.compile(
    r"(?:(?<![\w#@%|])|(?<=total|summe)|(?<=betrag))(?<!\w-)(?<!\d[.,/:' ])"
    r"(?:[1-9]\d{0,2}(?:[., ']\d{3})+|[1-9]\d{0,6}|0)(?![\w%]| %|[.,:/'-]\d| ?x ?[\d|])"
)
#: What comes before or behind a number that counts something, or names it.
_COUNTED = re.compile(
    r"(?:qty(?:\W*tender)?|quan\w*|[il]tem\W?s?|sold|\bcount|menge|anzahl|stuck|stk|pcs|pieces?|units?|points?|punkte|hours|stunden|"
    r"\bno|\bnr|number|nummer|numero|page|seite|table|tisch|\bpos|\bid|kunde|pax|@|%)[\W_]{0,4}$"
)
#: What comes before a day or a year.
_DATED = re.compile(rf"\b(?:{_MONTH}|bis|bis zum|until|vom)[\W_]{{0,4}}$")
_UNIT = re.compile(
    r"[ .)]{0,3}(?:items?|pcs|pieces?|stk|stuck|hours?|hrs?|stunden|std|days?|tage?n?|nights?|units?|kg|km|kwh|"
    r"points?|punkte|persons?|personen|pax)(?!\w)"
)
_IN_MONTH = re.compile(rf"\.? ?(?:{_MONTH})(?!\w)")
#: So many lines above a number that stands alone may say what it is; not a table's heading, nor what has its number.
_ABOVE = 3
_NO_LABEL = re.compile(r"[\d|%]|qty|quan|item|menge|\bpos\b|descr|bezeichnung|artikel")


def may_be_amount(rests: Sequence[str], total: re.Pattern[str], mark: re.Pattern[str]) -> bool:
    """Say whether a number that stands in what is left of a text's lines (`|` for what was taken) may be an amount.

    `total` finds a total's word in small letters without accents, `mark` a currency.
    """
    words = [without_accents(rest) for rest in rests]
    for place, rest in enumerate(words):
        if not any(_is_open(rest, match) for match in _ROUND.finditer(rest)):
            continue
        if re.search(r"[^\W\d_]", rest):
            near, has_mark = [rest], mark.search(rests[place]) is not None
        elif "|" in rest:  # a table's row
            continue
        else:
            near = [one for one in words[max(0, place - _ABOVE) : place] if not _NO_LABEL.search(one)]
            has_mark = any(mark.fullmatch(one.strip(" .:()")) for one in rests[max(0, place - 1) : place + 2])
        if has_mark or any(total.search(one) or PRICE.search(one) for one in near):
            return True
    return False


def _is_open(line: str, match: re.Match[str]) -> bool:
    if "|" in line and not line[: match.start()].strip():  # 4 Subtotal 12.50
        return False
    is_in_a_date = len(match[0]) < 3 or re.fullmatch(r"(?:19|20)\d\d", match[0])
    if is_in_a_date and (_DATED.search(line, 0, match.start()) or _IN_MONTH.match(line, match.end())):
        return False
    return not _COUNTED.search(line, 0, match.start()) and not _UNIT.match(line, match.end())
