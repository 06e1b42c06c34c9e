"""An amount of money as people write it, turned into the string that Paperless takes.

Everything in the text must be understood: one number, at most one currency (a sign and its code may both stand there),
at most one sign of less. A wrong amount looks as sure as a right one, so doubt gives None.

The choice where writing is ambiguous: three digits after the only dot or comma are thousands (`1.130` and `1,130` are
eleven hundred and thirty), since money is written with two decimals or none. In currencies of a thousand parts
(KWD, TND ..) they may as well be decimals, so that there it is None.
"""

from __future__ import annotations

import re
import unicodedata

from sidecar.domain.currencies import CURRENCIES, NAMED, OF_A_THOUSAND, SIGNS

#: Digits before the decimals; longer numbers are account numbers. Without a currency Paperless takes ten.
MAX_DIGITS, MAX_DIGITS_ALONE = 13, 10
#: Codes that are read in small letters, too; others would be words (all, try, top).
SMALL_CODES = frozenset(
    {"eur", "usd", "gbp", "chf", "jpy", "cad", "aud", "nzd", "sek", "nok", "dkk", "pln", "czk", "inr"}
)

NUMBER = re.compile(r"[0-9]+(?:[.,' ][0-9]+)*")
#: No cents, as in `12,-` and `12.--`.
WHOLE = re.compile(r"^[.,](?:--|-|=)(?![0-9])")
THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:(\D)[0-9]{3})(?:\1[0-9]{3})*")
#: `1,00,000`, as in India.
LAKHS = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")
DASHES = str.maketrans({**dict.fromkeys("−–—‐‑‒﹣－", "-"), **dict.fromkeys("’‘ʼ´`", "'")})


def parse_money(text: str, default_currency: str = "") -> str | None:
    """Return the amount as Paperless takes it (`EUR1130.50`, `EUR-12.50`), or None where it is not one amount.

    `default_currency` is the field's own: taken where the text names none, and where its sign may mean it (`$` in a
    field of CAD). Without any, the plain `1130.50` is returned. A code that ISO 4217 does not know, and anything
    else that is not understood, gives None, never the field's currency.
    """
    own = default_currency.strip().upper()
    plain = " ".join(unicodedata.normalize("NFKC", text.replace("´", "'")).translate(DASHES).split())
    found = NUMBER.search(plain)
    if not found:
        return None
    # A second number stands in the rest then, where it is not understood.
    before, number, after = plain[: found.start()], found.group(), plain[found.end() :]
    whole = WHOLE.match(after)
    after = (after[whole.end() :] if whole else after).removesuffix(".")
    unsigned = _unsigned(before, after)
    if unsigned is None or (whole and not number.isdigit() and not THOUSANDS.fullmatch(number)):
        return None
    before, after, negative = unsigned
    currency = _currency(before, after, own)
    amount = _amount(number, currency) if currency is not None else None
    if currency is None or amount is None:
        return None
    return f"{currency}{'-' if negative and amount.strip('0.') else ''}{amount}"


def _unsigned(before: str, after: str) -> tuple[str, str, bool] | None:
    """Take the sign of less off (a minus, or brackets as bookkeepers write it); None if there is more than one."""
    minuses = before.count("-") + after.count("-")
    brackets = before.count("(") + after.count(")")
    if minuses > 1 or brackets not in (0, 2):
        return None
    if brackets:
        if not before.endswith("(") and not before.startswith("("):
            return None
        return before.replace("(", "", 1), after.replace(")", "", 1), True
    if "-" in after:  # `12.50-`, as accounting programs print it; `12.50 -` may be the start of a range
        return (before, after[1:], True) if after.startswith("-") else None
    if "-" in before and not before.strip().startswith("-") and not before.rstrip().endswith("-"):
        return None
    plus = before.strip().removeprefix("+") if not minuses else before
    return plus.replace("-", "", 1), after, bool(minuses)


def _currency(before: str, after: str, own: str) -> str | None:
    """Return the one currency that the text names, or the field's own where it names none; "" if there is neither."""
    written = [*before.split(), *after.split()]
    meanings = [_meaning(mark, own) for mark in written]
    if not written:
        return own if re.fullmatch(r"[A-Z]{3}", own) else ""
    if any(not may_be for may_be, _ in meanings):
        return None
    common = frozenset.intersection(*(may_be for may_be, _ in meanings))
    if len(common) == 1:
        return next(iter(common))
    if own in common:
        return own
    default = meanings[0][1]
    return default if default in common else None


def _meaning(mark: str, own: str) -> tuple[frozenset[str], str | None]:
    """Return the currencies that a code or sign may mean, none if unknown, and the one it means by itself."""
    if mark in CURRENCIES:
        return frozenset({mark}), mark
    small = mark.casefold().removesuffix(".").removesuffix(":").strip()
    if small in SMALL_CODES or small.upper() == own:
        return frozenset({small.upper()}) & CURRENCIES, small.upper()
    if small in NAMED:
        return frozenset({NAMED[small]}), NAMED[small]
    return SIGNS.get(small, (frozenset(), None))


def _amount(number: str, currency: str) -> str | None:
    """Return the number with two decimals, or None where its separators make no sense."""
    thousand = currency in OF_A_THOUSAND
    if number.isdigit():
        whole, decimals = number, ""
    elif THOUSANDS.fullmatch(number) or LAKHS.fullmatch(number):
        if thousand and len(re.findall(r"[.,]", number)) == 1 and len(number) <= 7:
            return None
        whole, decimals = number, ""
    else:
        found = re.fullmatch(r"(.*)([.,])([0-9]{1,3})", number)
        if not found or found[2] in found[1]:
            return None
        whole, decimals = found[1], found[3]
        if not (whole.isdigit() or THOUSANDS.fullmatch(whole) or LAKHS.fullmatch(whole)):
            return None
    if len(decimals) == 3 and not (thousand and decimals.endswith("0")):
        return None
    digits = re.sub(r"\D", "", whole).lstrip("0") or "0"
    return f"{digits}.{decimals[:2]:0<2}" if len(digits) <= (MAX_DIGITS if currency else MAX_DIGITS_ALONE) else None
