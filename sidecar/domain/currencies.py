"""The codes of currencies, as ISO 4217 lists them.

The countries' currencies in use, with those that ended since 1999 and still stand in archives (DEM, FRF, HRK ..).
Left out are funds, metals and the codes for tests (XAU, XTS ..): no bill is written in them.
"""

from __future__ import annotations


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


IN_USE = _codes(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD "
    "LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP "
    "PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND "
    "TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
ENDED = _codes(
    "ATS BEF BYR CUC CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MRO MTL NLG PTE ROL SIT SKK SLL STD TRL "
    "VEB VEF ZMK ZWL"
)
CURRENCIES = IN_USE | ENDED

#: Their smallest part is a thousandth: 12.500 is twelve and a half.
OF_A_THOUSAND = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

DOLLARS = _codes(
    "USD CAD AUD NZD SGD HKD TWD BSD BBD BZD BMD BND XCD FJD GYD JMD KYD LRD NAD SBD SRD TTD MXN ARS CLP COP UYU "
    "DOP CUP"
)
POUNDS = frozenset({"GBP", "EGP", "SYP", "LBP", "FKP", "GIP", "SHP", "SSP", "SDG"})
CROWNS = frozenset({"SEK", "NOK", "DKK", "ISK"})
RUPEES = frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"})
FRANCS = frozenset({"CHF", "FRF", "BEF", "LUF", "XAF", "XOF", "XPF"})

#: How currencies are written otherwise, in small letters without a last dot: which ones it may mean, and which one
#: where the field's own is none of them. None: then it cannot be told.
SIGNS: dict[str, tuple[frozenset[str], str | None]] = {
    "$": (DOLLARS, "USD"),
    "dollar": (DOLLARS, "USD"),
    "dollars": (DOLLARS, "USD"),
    "£": (POUNDS, "GBP"),
    "pounds": (POUNDS, "GBP"),
    "¥": (frozenset({"JPY", "CNY"}), "JPY"),
    "kr": (CROWNS, None),
    "rs": (RUPEES, None),
    "₨": (RUPEES, None),
    "₹": (RUPEES, "INR"),
    "fr": (FRANCS, "CHF"),
    "lei": (frozenset({"RON", "MDL"}), "RON"),
    "₩": (frozenset({"KRW", "KPW"}), "KRW"),
    "元": (frozenset({"CNY", "TWD", "HKD"}), "CNY"),
}
#: Those that mean one currency wherever they stand.
NAMED = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "us$": "USD", "usd$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD",
    "ca$": "CAD", "can$": "CAD", "cad$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "nt$": "TWD", "mx$": "MXN",
    "r$": "BRL", "£stg": "GBP", "sfr": "CHF", "franken": "CHF", "zł": "PLN", "zl": "PLN", "złotych": "PLN",
    "kč": "CZK", "ft": "HUF", "лв": "BGN", "₽": "RUB", "руб": "RUB", "₴": "UAH", "грн": "UAH", "₺": "TRY", "tl": "TRY",
    "₪": "ILS", "฿": "THB", "บาท": "THB", "₫": "VND", "₱": "PHP", "₦": "NGN", "₡": "CRC", "₸": "KZT", "₾": "GEL",
    "rm": "MYR", "rp": "IDR", "円": "JPY", "yen": "JPY", "rmb": "CNY", "dm": "DEM", "원": "KRW",
}  # fmt: skip
