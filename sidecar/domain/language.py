"""In which languages a text is written, found from its letters and its most frequent words.

Made for what OCR leaves of a page, also of one that was read as if it were English: accents are not looked at, lone
letters do not count, and what is too short or has only names and numbers is in no language. The codes are Tesseract's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sidecar.domain.quality import fold

LATIN, CYRILLIC, ARABIC, HAN = "Latin", "Cyrillic", "Arabic", "Han"

#: A run of letters; lone ones are what noise looks like.
WORD = re.compile(r"[^\W\d_]{2,}")
#: Letters that stay themselves when accents are taken off, as a reader of English sees them.
PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "ё": "е", "й": "и", "ї": "і"})
#: So many of a text's words have to be frequent ones of a language, and so many different ones.
ENOUGH, DIFFERENT = 5, 4
#: And they have to be this share of all its words: ordinary text has three times as much, a list of names less.
LEAST_SHARE = 0.12
#: For one word that only the next best language has, it needs so many that the next best has not.
AHEAD = 2.0
#: A text is in two languages if the second one has this share of the first one's evidence, in words of its own.
SECOND_SHARE = 0.3
#: And at least so much of it.
SECOND_ENOUGH = 4.0
#: A script is looked at if it has this share of the letters.
SCRIPT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Language:
    """A language, its script as Tesseract calls it, and its most frequent words."""

    name: str
    script: str
    #: Without accents; empty where the script alone says enough.
    words: frozenset[str]


def _language(name: str, script: str, words: str = "") -> Language:
    return Language(name, script, frozenset(map(_plain, words.split())))


def _plain(word: str) -> str:
    return fold(word).translate(PLAIN)


#: By Tesseract's code, in the order in which they are tried where only the script is known.
LANGUAGES: Mapping[str, Language] = {
    "eng": _language("English", LATIN,
        "the of and to in is for that you your with be this are on or by we have our not will from as at it please "
        "any all an if has may can was which their other date amount number payment due account invoice total"),
    "deu": _language("German", LATIN,
        "der die das und den von zu mit ist sie des im dem für nicht ein eine auf als auch es werden sich aus hat wir "
        "bei oder einen zum zur nach wird sind ihre ihr ihnen uns bitte haben einer über durch dass kann vom am bis "
        "rechnung betrag datum nummer mehrwertsteuer summe gesamt zahlung kunden straße herr frau"),
    "fra": _language("French", LATIN,
        "le la les de des du et est en un une que qui dans pour par sur au aux avec vous votre vos nous notre ce cette "
        "pas ne ou sont se il elle plus être sa son ses toute tout droit leur facture montant numéro paiement"),
    "spa": _language("Spanish", LATIN,
        "el la los las de del y que en un una por con para se su sus es al lo como más no o usted está este esta "
        "son ha sin sobre entre cuando muy todo toda tiene puede factura importe fecha número pago cuenta nuestra"),
    "ita": _language("Italian", LATIN,
        "il di la che in un una per con non del della dei delle degli al alla le gli si sono da è come più nel nella "
        "lo anche ha dal dalla ogni essere suo sua fattura importo data numero pagamento totale ed diritto questo"),
    "por": _language("Portuguese", LATIN,
        "de que do da em um uma para com não os as no na dos das por se ao mais como foi são seu sua pela pelo ou "
        "à aos nos nas tem ser está também toda todo fatura valor data número pagamento conta você pessoa"),
    "nld": _language("Dutch", LATIN,
        "de het een van en in is dat op te zijn met voor niet aan er om ook als dan maar bij of door naar uit wordt "
        "worden heeft hebben deze dit uw ons wij kunt kan over tot zich recht factuur bedrag datum nummer betaling"),
    "dan": _language("Danish", LATIN,
        "og i at det en den til er som på de med af for ikke der han har et fra ved om eller skal kan vi du dig deres "
        "enhver blive bliver blev efter mellem uden hvad sit sin sig være været nogen andre også faktura beløb dato "
        "konto betaling"),
    "nor": _language("Norwegian", LATIN,
        "og i det er på som en for til med at av ikke den de har om et fra seg han eller ved skal kan vi du deg deres "
        "enhver bli blir ble etter mellom uten hva sitt sin være vært noen andre også faktura beløp dato konto "
        "betaling"),
    "swe": _language("Swedish", LATIN,
        "och i att det som en på är av för med till den har de inte om ett han men var sig från vi så kan eller ska "
        "skall du din er vid efter inom varje också detta denna utan faktura belopp datum konto betalning rätt"),
    "fin": _language("Finnish", LATIN,
        "ja on ei se että oli hän ovat joka mutta ole kun tai sekä myös kuin voi olla tämä jos niin mukaan jonka "
        "jokaisella hänen vain kanssa lasku päivä yhteensä oikeus sen sitä ilman eikä tulee siitä mitä minkä"),
    "pol": _language("Polish", LATIN,
        "się na nie do to jest że od za po jak przez dla oraz lub ma jego jej są być który która które przy ze tym "
        "tego czy może pan pani państwa każdy ich we bez prawo faktura kwota data numer zapłaty konto razem"),
    "ces": _language("Czech", LATIN,
        "se na je že ve do to pro jako za by ale po si který která které jsou nebo jeho od při podle byl bude také "
        "jen aby ze jeho může vás vám každý své má ku právo faktura částka datum číslo platba účet dne ani být"),
    "slk": _language("Slovak", LATIN,
        "sa na je že vo do to pre ako za by ale po si ktorý ktorá ktoré sú alebo jeho od pri podľa bol bude tiež "
        "len aby zo môže vás vám každý svoje má ku právo faktúra suma dátum číslo platba účet dňa ani byť"),
    "hun": _language("Hungarian", LATIN,
        "az és hogy nem is egy ez van meg csak mint vagy már de kell ki minden el még amely azt lehet szerint után "
        "ha volt joga sem kérjük ön önnek számla összeg dátum fizetés fizetendő valamint között magát ezt"),
    "ron": _language("Romanian", LATIN,
        "de și în la cu să nu pe un din care ce mai este se o sau prin pentru sunt al ale lui fi ca orice dreptul "
        "către fără după dumneavoastră acest această are sa său factură suma data număr plată cont ori fie"),
    "hrv": _language("Croatian", LATIN,
        "je na se da za od su koji koja koje ili sa kao bi ne to po iz ima svoje svatko biti te nije što prema može "
        "samo bez pri uz također račun iznos datum broj plaćanje ukupno vas vam pravo nitko njegov svako između"),
    "slv": _language("Slovenian", LATIN,
        "je in na se da za od so ki ali kot bi ne to po iz ima svoje vsakdo biti ter ni kar mora lahko samo brez pri "
        "tudi račun znesek datum številka plačilo skupaj vas vam pravico nihče njegov pred med vsak smo"),
    "tur": _language("Turkish", LATIN,
        "ve bir bu için ile da de olarak olan daha en çok gibi her kadar veya sonra hakkı hakkına değil olup ancak "
        "şahsın tarafından üzere göre ne var yok sayın lütfen fatura tutar tarih toplam ödeme eder hiç kimse"),
    "lit": _language("Lithuanian", LATIN,
        "ir kad su iš yra į ne kaip bet tai jo buvo arba turi teisę prie apie jis ar už kiekvienas nuo bei būti jų "
        "po dėl pagal tik gali taip sąskaita suma data mokėjimas visi jei žmogus savo kuris"),
    "lav": _language("Latvian", LATIN,
        "un ir ka no ar uz par kas lai vai bet nav kā arī pēc tiek katram tiesības ikvienam būt viņa savu gan pie "
        "jo var rēķins summa datums maksājums kopā to šo nedrīkst bez cilvēkam jebkura tikai"),
    "est": _language("Estonian", LATIN,
        "ja on ei et see ka oli kui või mis oma ning ole tema siis nii kes selle aga saab igal õigus inimesel peab "
        "kõik arve summa kuupäev kokku makse tuleb mitte eest poolt olema ega need iga"),
    "cat": _language("Catalan", LATIN,
        "de la el que els en les un una per amb del dels és al als no es més com dret tota ha seva seu aquest aquesta "
        "són pel ni persona té ésser sense entre molt factura import pagament nostra vostè si"),
    "rus": _language("Russian", CYRILLIC,
        "и в не на что с по как это для его от из или к за при он но все так быть имеет право который каждый также "
        "если того своей должен были был вы мы о ее чтобы ни этого счет дата сумма оплата только может"),
    "ukr": _language("Ukrainian", CYRILLIC,
        "і в не на що з по як це для його від із або до за при він але всі так бути має право який кожен кожна також "
        "якщо та своєї повинен були був ви ми про її щоб ні цього рахунок дата сума оплата тільки може людина"),
    "bul": _language("Bulgarian", CYRILLIC,
        "и в не на че се за да от по като това със или до при той но всички така бъде има право който всеки също "
        "ако неговите трябва са бил ви ние си без които сметка дата сума плащане само може човек към които е"),
    "srp": _language("Serbian", CYRILLIC,
        "и у не на да се за од су који која које или са као би то по из има своје свако бити је нико није што према "
        "може само без при право ако рачун износ датум број укупно ово ова његов"),
    "ell": _language("Greek", "Greek"),
    "heb": _language("Hebrew", "Hebrew"),
    "ara": _language("Arabic", ARABIC),
    "fas": _language("Persian", ARABIC),
    "tha": _language("Thai", "Thai"),
    "hin": _language("Hindi", "Devanagari"),
    "kor": _language("Korean", "Korean"),
    "jpn": _language("Japanese", "Japanese"),
    "chi_sim": _language("Chinese (simplified)", HAN),
    "chi_tra": _language("Chinese (traditional)", HAN),
}  # fmt: skip

#: Where letters of a script stand in Unicode, first and last.
RANGES = (
    (0x0041, 0x024F, LATIN), (0x1E00, 0x1EFF, LATIN), (0x0370, 0x03FF, "Greek"), (0x1F00, 0x1FFF, "Greek"),
    (0x0400, 0x052F, CYRILLIC), (0x0590, 0x05FF, "Hebrew"), (0x0600, 0x06FF, ARABIC), (0x0750, 0x077F, ARABIC),
    (0xFB50, 0xFDFF, ARABIC), (0xFE70, 0xFEFC, ARABIC), (0x0900, 0x097F, "Devanagari"), (0x0E00, 0x0E7F, "Thai"),
    (0x1100, 0x11FF, "Korean"), (0xAC00, 0xD7A3, "Korean"), (0x3040, 0x30FF, "Japanese"), (0x4E00, 0x9FFF, HAN),
)  # fmt: skip
#: Signs that one of two ways of writing has and the other has not.
PERSIAN = frozenset("پچژگی")
ARABIC_ONLY = frozenset("ةىيك")
SIMPLIFIED = frozenset("们这国来时说为会个学对发经动现实过还进长门问间关见书东车话电务员点应单额")
TRADITIONAL = frozenset("們這國來時說為會個學對發經動現實過還進長門問間關見書東車話電務員點應單額")
#: So many signs of a script have to be there.
ENOUGH_SIGNS = 12


def find_languages(text: str) -> tuple[str, ...]:
    """Return the one or two languages of a text, the one with more of it first; none where it does not say.

    All that are known here are told apart, whether there is data for them or not.
    """
    scripts = Counter(map(_script, filter(str.isalpha, text)))
    total = sum(scripts.values())
    found: list[str] = []
    for script, count in _merged(scripts).most_common(2):
        if count >= max(ENOUGH_SIGNS, SCRIPT_SHARE * total):
            found += _in_script(script, text)
    return tuple(dict.fromkeys(found))[:2]


@cache
def _script(letter: str) -> str:
    code = ord(letter)
    return next((script for first, last, script in RANGES if first <= code <= last), "")


def _merged(scripts: Counter[str]) -> Counter[str]:
    """Count Chinese signs among Japanese ones as Japanese, and leave out letters of no script that is known."""
    merged = Counter({script: count for script, count in scripts.items() if script})
    if merged["Japanese"] * 10 > merged[HAN] > 0:
        merged["Japanese"] += merged.pop(HAN)
    return +merged


def _in_script(script: str, text: str) -> tuple[str, ...]:
    if script in (LATIN, CYRILLIC):
        return _by_words(Counter(_plain(word) for word in WORD.findall(text) if _script(word[0]) == script), script)
    if script == ARABIC:
        return ("fas",) if _share(text, PERSIAN, ARABIC_ONLY) else ("ara",)
    if script == HAN:
        return ("chi_tra",) if _share(text, TRADITIONAL, SIMPLIFIED) else ("chi_sim",)
    return tuple(code for code, language in LANGUAGES.items() if language.script == script)


def _share(text: str, ones: frozenset[str], others: frozenset[str]) -> bool:
    return sum(letter in ones for letter in text) > sum(letter in others for letter in text)


def _by_words(words: Counter[str], script: str) -> tuple[str, ...]:
    weights = _weights(script)
    seen = {word: count for word, count in words.items() if word in weights}
    known = {code: language.words for code, language in LANGUAGES.items() if language.script == script}
    evidence = {code: _evidence(seen, frequent, weights) for code, frequent in known.items()}
    first, second = sorted(evidence, key=lambda code: -evidence[code])[:2]
    theirs = {word: count for word, count in seen.items() if word in known[first]}
    hits = sum(theirs.values())
    if hits < max(ENOUGH, LEAST_SHARE * words.total()) or len(theirs) < DIFFERENT:
        return ()
    rest = {word: count for word, count in seen.items() if word not in known[first]}
    own = {code: _evidence(rest, frequent, weights) for code, frequent in known.items()}
    other = max(own, key=lambda code: own[code])
    if own[other] >= max(SECOND_ENOUGH, SECOND_SHARE * evidence[first]):
        return first, other
    only_first = sum(count for word, count in theirs.items() if word not in known[second])
    only_second = sum(count for word, count in rest.items() if word in known[second])
    return (first,) if only_first >= AHEAD * (only_second + 1) else ()


def _evidence(seen: Mapping[str, int], words: frozenset[str], weights: Mapping[str, float]) -> float:
    return sum(count * weights[word] for word, count in seen.items() if word in words)


@cache
def _weights(script: str) -> Mapping[str, float]:
    """Give each frequent word its weight: less, the more languages have it."""
    spread = Counter(word for one in LANGUAGES.values() if one.script == script for word in one.words)
    return {word: 1 / count for word, count in spread.items()}


def in_words(codes: Iterable[str]) -> str:
    """Name languages as people do; codes that are not known stay."""
    return " and ".join(LANGUAGES[code].name if code in LANGUAGES else code for code in codes)
