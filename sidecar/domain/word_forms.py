"""How one word is written in several ways: other letters for the same look or sound, one and many."""

from __future__ import annotations

import re
import unicodedata

#: Letters of other scripts that look like Latin ones, as small letters (В and Н by their capitals).
_LOOK_ALIKE = str.maketrans(
    "авекмнорстухіјѕһԁ" + "αβεζηικμνορτυχ" + "ıłđðøꞵ",
    "abekmhopctyxijshd" + "abezhikmnoptyx" + "ilddob",
)
#: ae for ä: in a word of five letters and more (ue: of four), not where it is two sounds (Bauer, Neue, Michael, Blue).
_DIGRAPH = re.compile(r"(?<![aeiouq])([aou])e(?=[a-z])(?![ls]\b)")
_ENDINGS: tuple[tuple[str, str], ...] = (
    # English, French, Spanish, Portuguese
    ("sses", "ss"), ("xes", "x"), ("iches", "iche"), ("ches", "ch"), ("shes", "sh"), ("ies", "y"), ("eaux", "eau"),
    ("naux", "nal"), ("caux", "cal"), ("coes", "cao"),
    ("ciones", "cion"), ("siones", "sion"), ("dades", "dad"), ("dores", "dor"),
    ("agenes", "agen"), ("ordenes", "orden"), ("ais", "al"), ("recus", "recu"),
    # German, Dutch
    *((f"{end}en", end) for end in (
        "ung", "heit", "keit", "schaft", "ion", "itat", "ment", "dent", "ist", "bank", "schrift", "frist", "arbeit",
        "pflicht", "zahl", "ing", "act", "kunde", "quittung",
    )),
    *((f"{end}e", end) for end in (
        "brief", "beleg", "bescheid", "trag", "zug", "weis", "jekt", "dukt", "dokument", "rezept", "bericht", "kredit",
        "formular", "protokoll", "gebot", "konzept", "zertifikat", "geschenk", "gerat", "paket", "befund", "fahrplan",
        "schein", "arzt",
    )),
    ("yses", "ysis"), ("noses", "nosis"), ("theses", "thesis"), ("crises", "crisis"),
    ("konten", "konto"), ("themen", "thema"), ("risiken", "risiko"), ("praxen", "praxis"), ("firmen", "firma"),
    ("policen", "police"),
    ("mente", "ment"), ("termine", "termin"), ("magazine", "magazin"), ("telefone", "telefon"),
    ("nisse", "nis"), ("plane", "plan"), ("uren", "uur"), ("brieven", "brief"),
    *((f"{end}er", end) for end in (
        "bild", "kind", "buch", "haus", "blatt", "land", "schild", "mitglied", "rad",
    )),
    # Italian, Polish, Swedish
    ("fatture", "fattura"), ("vute", "vuta"), ("llette", "lletta"), ("tratti", "tratto"), ("menti", "mento"),
    ("zioni", "zione"), ("enze", "enza"), ("tury", "tura"), ("mowy", "mowa"), ("unki", "unek"), ("turor", "tura"),
    ("ningar", "ning"), ("buste", "busta"), ("polissen", "polis"), ("paragony", "paragon"),
)  # fmt: skip
#: Words that mean something else with an s, and first names, which with an s are family names.
_KEEP_S_TEXT = (
    "news customs goods arms means physics ethics times always sales alas texas christmas mars paris williams "
    "edwards roberts peters rogers daniels richards stephens stevens andrews matthews phillips philips jones "
    "hughes owens evans jacobs simons samuels isaacs abrahams martins collins adams davids johns james thomas "
    "charles jacques lucas jonas tobias andreas matthias elias nicolas nicholas hans klaus niklas markus lars "
    "jens meyers mayers hendriks willems woods brooks fields hopkins jenkins perkins watkins dennis louis francis "
    "alexis meiers wolters hermanns heinrichs friedrichs carstens lorenz michaels marks franks walters harris "
    "morris lewis davis ellis siemens mercedes adidas reuters "
)
_KEEP_S = frozenset(_KEEP_S_TEXT.split())


#: What takes no German -e or -en for many of it: women's names (Martine, Simone), and words like Moral and Kost.
_NO_MORE_OF = re.compile(r"(?:[aeiouy]|in|on|an|al|el|en|(?<!i)er)$|^kost$")


#: Organisation, authorised.
_BRITISH = re.compile(r"(?<=[a-z]{3})is(?=ations?$|ed$|ing$)")


def plain_letters(text: str) -> str:
    """Return folded text in plain Latin letters where they look alike: no accents, no letters of other scripts."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare).translate(_LOOK_ALIKE).replace("æ", "ae").replace("œ", "oe")


def one_umlaut(word: str) -> str:
    """Return the word with ae, oe, ue as its vowel, as Mueller and Müller become Muller."""
    return _DIGRAPH.sub(r"\1", word) if len(word) >= 5 or (len(word) == 4 and "ue" in word) else word


def singular(word: str) -> str:
    """Return a word, in plain letters, as one of it; what is no plural known here stays."""
    if not word.isalpha() or len(word) < 4 or word in _KEEP_S:
        return word
    word = _BRITISH.sub(lambda found: found[0].replace("s", "z"), word)
    for many, one in _ENDINGS:
        if word.endswith(many) and len(word) - len(many) + len(one) >= 3 and len(word) > len(many):
            return word[: -len(many)] + one
        if word == many and len(one) >= 4:
            return one
    if re.search(r"(?:e|er|el)n$", word) and len(word) >= 6:
        return word[:-1]
    return word[:-1] if re.search(r"[^suiz]s$", word) else word


def without_ending(word: str) -> str:
    """Return a word, in plain letters, under which `one_and_many` may be found; it is no word by itself."""
    return re.sub(r"en?$", "", word) if len(word) > 4 and word.isalpha() else word


def one_and_many(word: str, other: str) -> bool:
    """Say whether one of two words, in plain letters, is the other with a German -e or -en (Löhne, Gebühren).

    Of surnames it says so too (Lang, Lange), so it is nothing to ask of people.
    """
    one, many = sorted((word, other), key=len)
    if len(one) < 4 or not one.isalpha() or _NO_MORE_OF.search(one):
        return False
    return many == f"{one}e" or (many == f"{one}en" and not one.endswith("s"))


def read_badly(word: str) -> str:
    """Return the word with the letters that OCR takes for each other made one: l, i and 1, o and 0, rn and m."""
    if len(word) < 5 or sum(c.isdigit() for c in word) * 3 > len(word):
        return word
    word = re.sub(r"(?<=[^\W\d])1(?=[^\W\d])|^1(?=[^\W\d]{4})", "l", word)
    word = re.sub(r"(?<=[^\W\d])0(?=[^\W\d])|^0(?=[^\W\d]{3})", "o", word)
    word = re.sub(r"(?<=[^\W\d])5(?=[^\W\d])|^5(?=[^\W\d]{4})", "s", word)
    word = re.sub(r"(?<=[^\W\d])8(?=[^\W\d])|^8(?=[^\W\d]{4})", "b", word)
    if len(word) < 7:  # Seiler and Seller, Modern and Modem
        return word
    return word.replace("rn", "m").replace("vv", "w").replace("i", "l")
