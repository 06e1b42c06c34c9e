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


#: Nouns of what is filed, and endings, that German makes many of with -e, and with -en, in plain letters; so do words
#: that end with one of them (Arbeitslohn). What is not here stays two words: Luis and Luise, Rent and Rente.
_WITH_E_TEXT = (
    "abfall abonnement abschluss abzug angebot anhang anlass anschluss anteil antrag anwalt archiv argument "
    "arzt attest aufenthalt aufsatz auftrag ausdruck ausfall ausflug ausgang auskunft ausweis auszug befund "
    "beitrag beleg bereich bericht bescheid beschluss bestand besteck besuch betrag betrieb brief dokument eid "
    "eingang einkunft einsatz element entwurf erlass ersatz ertrag exemplar film flug fluss formular freund "
    "fundament gang gegenstand gerat geschaft geschenk gesetz gewinn grundsatz haushalt heft hinweis hotel "
    "hund inhalt inserat institut instrument jahr journal kanal kauf konzept kostenvoranschlag kraftwerk "
    "kredit kreis kurs lauf lehrgang lohn magazin mandat medikament modell monat motiv nachweis netz netzwerk "
    "notfall objekt ort paket papier pass patent pferd plan platz preis produkt profil projekt protokoll "
    "prozess ratschlag referat reisepass rezept ruckstand salon satz schaf schein schlag schluss spiel spruch "
    "stadt stoff stuck sturm tag teil telefon termin testament tier transport uberschuss umsatz umschlag umzug "
    "unfall unterkunft urlaub urteil ventil verband verein vergleich verlust vermerk versuch vertrag vordruck "
    "vorfall vorgang vorschuss vorteil werk wunsch zertifikat ziel zitat zuschlag zuschuss zustand "
    "punkt wert weg tisch schritt konflikt effekt aspekt zeug abend rabatt kontakt kraft recht wettbewerb zaun "
)
_WITH_EN_TEXT = (
    "absicht agent agentur aktion aktivitat ansicht antwort arbeit armatur arznei assistent aufsicht aussicht "
    "autor backerei bahn bilanz bucherei burg burgschaft datei direktor doktor dozent eigenschaft erbschaft "
    "existenz fabrik fahrt faktor fakultat figur form frau frist gebuhr geburt gesellschaft grafik hochzeit "
    "information instanz inventur jagd kanzlei kartei klausur klient klinik konferenz konsument korrektur "
    "kritik kultur lieferant lizenz mahlzeit mandant mannschaft mitgliedschaft motor nachricht norm notiz "
    "option partei patient pension person pflicht plattform praktikant prasident professor prozent qualitat "
    "quittung reaktor rechnung referenz reform region reparatur republik residenz rubrik saat schicht schrift "
    "schuld sensor spezialitat staat statistik student substanz technik tendenz traktor tur ubersicht uhr "
    "universitat versicherung wahl zahl zeit "
    "automat diplomat soldat adressat zivilist jurist polizist "
)
_WITH_E, _WITH_EN = frozenset(_WITH_E_TEXT.split()), frozenset(_WITH_EN_TEXT.split())
#: From so many letters on one of these may be the end of a longer word; Ruhr is not made of Uhr.
_TAIL = 4


#: A bear is no bar, and short enough that accents are not lost in it without notice.
_BEAR = re.compile(r"(?<!\w)bär(?!\w)")
#: Organisation, authorised.
_BRITISH = re.compile(r"(?<=[a-z]{3})is(?=ations?$|ed$|ing$)")


def plain_letters(text: str) -> str:
    """Return folded text in plain Latin letters where they look alike: no accents, no letters of other scripts."""
    text = _BEAR.sub("baer", text)
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

    Only of words that are known to be nouns of which there are many; any others are two names (Henrik, Henrike). Of
    surnames it may say so, too (Lohn, Lohne), so it is nothing to ask of people.
    """
    one, many = sorted((word, other), key=len)
    return (many == f"{one}e" and _ends_with(one, _WITH_E)) or (many == f"{one}en" and _ends_with(one, _WITH_EN))


def _ends_with(word: str, nouns: frozenset[str]) -> bool:
    return word in nouns or any(word[place:] in nouns for place in range(2, len(word) - _TAIL + 1))


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
