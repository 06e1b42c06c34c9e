"""Which of thousands of names a document may choose from: those it mentions, those of its like, the most used.

A name counts as mentioned by its telling words: each weighs the more, the fewer names have it, legal forms next to
nothing. Words are compared by their shape, in which what machines misread and people write differently is one
(0 and O, 1 and l, rn and m, ü and ue), and longer ones with one letter wrong, missing or too many. For a name to be
surely meant, its short words must stand there as they are: the number 02 is not O2, and an "Ing." is not ING.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from sidecar.domain.vocabulary import Name, Names, Vocabulary, fold

#: Words of companies' names that tell nothing.
_TELL_NOTHING = (
    "gmbh mbh ag kg ug ohg gbr ev eg se co inc llc ltd limited plc corp corporation company sa sas sarl srl spa snc bv "
    "nv vof ab as aps oy oyj kft zrt sro doo sp zoo the und and et der die das of fur von"
)
LEGAL = frozenset(_TELL_NOTHING.split())
LEGAL_WEIGHT = 0.05
#: A name of which this much of the weight stands in the text is mentioned; with less it is none of the text's.
MENTIONED = 0.45
#: From so many letters on a word may have one of them wrong.
ONE_SLIP = 5
#: A name of which this much stands in the text is surely meant there.
SURELY = 0.75
#: From so many letters on a word without a digit is told from others by its shape.
LONG = 5
#: Words of a line that says where to pay to; the bank that it names is not the sender.
_BANK_LINE = re.compile(
    r"bankverbindung|\bbank (?:details|account)|bankers|\biban\b|\bbic\b|swift|kontonr|konto-?nummer|konto nr|\bblz\b|"
    r"sort code|account (?:no|number)|coordonn[ée]es bancaires|\brib\b|kreditinstitut|geldinstitut",
    re.IGNORECASE,
)
#: So many lines at the beginning are a letter's head, where a bank may write its own name above its IBAN.
_HEAD_LINES = 3
#: So many correspondents are enough where the text surely mentions one, and of these so many that it mentions.
FEW, FEW_MENTIONED = 16, 9
#: What a name's own line in a list costs beyond its letters, in characters: "- " and the line's end.
LINE = 3

_LETTERS = str.maketrans("0158|!6$ij", "olsblbbsll")
_PAIRS = (("rn", "m"), ("vv", "w"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"), ("ii", "l"), ("ll", "l"))


def choose(
    vocabulary: Vocabulary,
    kinds: Collection[Names],
    text: str,
    *,
    limit: int,
    characters: int,
    like: Mapping[Names, Collection[int]] | None = None,
) -> dict[Names, list[str]]:
    """Return the names of each kind to choose from, as they are shown, sorted.

    At most `limit` of a kind, and all together as long as `characters` allow. A list that fits is given whole, so that
    it is the same for every document; `like` holds the ids that documents of its like are filed under.

    Correspondents stand in their letters: where the text surely mentions any, a few are enough, the likeliest first:
    those it mentions, those of its like, and the most used.
    """
    room = _shares({kind: sum(map(_cost, vocabulary.of(kind))) for kind in kinds}, characters)
    offered: dict[Names, list[str]] = {}
    words: _Text | None = None
    for kind in kinds:
        names, alike = vocabulary.of(kind), (like or {}).get(kind, ())
        may_be_few = kind is Names.CORRESPONDENTS and min(len(names), limit) > FEW
        fits = len(names) <= limit and sum(map(_cost, names)) <= room[kind]
        if fits and not may_be_few:
            offered[kind] = sorted({name.shown for name in names})
            continue
        words = words or _Text(text)
        ranked = _ranked(names, words, alike)
        few = _few(ranked, alike) if may_be_few else []
        kept = names if fits else _first([name for name, _ in ranked], limit, room[kind])
        offered[kind] = [name.shown for name in _first(few, FEW, room[kind])] or sorted({name.shown for name in kept})
    return offered


def mentioned(vocabulary: Vocabulary, kind: Names, text: str, *, like: Collection[int] = ()) -> str | None:
    """Return the likeliest name of a kind that the text surely mentions, None if it mentions none."""
    ranked = _ranked(vocabulary.of(kind), _Text(text), like)
    return next((name.shown for name, share in ranked if share >= SURELY), None)


def _few(ranked: Sequence[tuple[Name, float]], like: Collection[int]) -> list[Name]:
    """Return the few that are enough, or none where the text mentions no name for sure."""
    if ranked[0][1] < SURELY:
        return []
    named = [name for name, share in ranked if share >= MENTIONED]
    others = [name for name, share in ranked if share < MENTIONED or name.id in like]
    few = {name.id: name for name in [*named[:FEW_MENTIONED], *others, *named]}
    return list(few.values())[:FEW]


def _cost(name: Name) -> int:
    return len(name.shown) + LINE


def _shares(needs: Mapping[Names, int], characters: int) -> dict[Names, int]:
    """Give every kind what it needs, or an equal share of what those that need less have left."""
    left, shares = characters, dict[Names, int]()
    for number, (kind, need) in enumerate(sorted(needs.items(), key=lambda item: item[1])):
        shares[kind] = min(need, left // (len(needs) - number))
        left -= shares[kind]
    return shares


def _first(ranked: Sequence[Name], limit: int, characters: int) -> list[Name]:
    kept: list[Name] = []
    for name in ranked[:limit]:
        characters -= _cost(name)
        if characters < 0:
            break
        kept.append(name)
    return kept


def _ranked(names: Sequence[Name], text: _Text, like: Collection[int]) -> list[tuple[Name, float]]:
    """Return the names, the likeliest first, each with how much of it stands in the text; of such as are not surely
    meant less than SURELY.
    """
    weigh = _weights(tuple(name.name for name in names))
    chosen = set(like)
    sure = _Text(text.without_banks) if text.without_banks != text.text else text
    shares = {name.id: _sure_share(name.name, weigh, text, sure) for name in names}

    def rank(name: Name) -> tuple[float, bool, bool, int, str]:
        share = shares[name.id]
        if share < MENTIONED:
            return 0.0, True, name.id not in chosen, -name.documents, name.name
        return -share, not text.writes(name.name), name.id not in chosen, -name.documents, name.name

    return [(name, shares[name.id]) for name in sorted(names, key=rank)]


def _share(name: str, weigh: Mapping[str, float], text: _Text) -> float:
    """Return how much of the name, by weight, stands in the text; all of it for one whose words stand in a row."""
    words = _words(name)
    if not words:
        return 0.0
    if "".join(map(shape, words)) in text.shapes:
        return 1.0
    total = sum(weigh[word] for word in words)
    return sum(weigh[word] for word in words if text.has(word)) / total


def _sure_share(name: str, weigh: Mapping[str, float], text: _Text, sure: _Text) -> float:
    """Return how much of the name stands in the text, less than SURELY for what may be something else."""
    share = _share(name, weigh, text)
    if share < MENTIONED or _is_sure(name, weigh, sure):
        return share
    return MENTIONED + (share - MENTIONED) * (SURELY - MENTIONED) * 0.99 / (1 - MENTIONED)


def _is_sure(name: str, weigh: Mapping[str, float], text: _Text) -> bool:
    words = _words(name)
    telling = [word for word in words if word not in LEGAL] or list(words)
    if all(len(word) == 1 or word.isdigit() for word in telling):  # 1&1, R+V
        return text.writes_exactly(name)
    are_short = all(map(_is_short, telling))
    if are_short and (text.has_in_a_row(telling) or text.has_in_a_row(words)):
        return all(text.has_as_it_is(word, name) for word in telling)
    if are_short and not any(len(word) == LONG - 1 and word.isalpha() for word in telling):
        return False
    if not any(map(_is_short, telling)) and "".join(map(shape, words)) in text.shapes:
        return True
    total = sum(weigh[word] for word in words)
    has = (text.has_as_it_is(word, name) if _is_short(word) else text.has(word) for word in words)
    return sum(weigh[word] for word, is_there in zip(words, has, strict=True) if is_there) >= SURELY * total


def _is_short(word: str) -> bool:
    return len(word) < LONG or any(map(str.isdigit, word))


def _in_capitals(text: str) -> frozenset[str]:
    """Return the words in capitals, as they are compared."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text))
    return frozenset(_plain(fold(word)) for word in words if word.isupper())


@lru_cache(maxsize=20_000)
def _abbreviations(name: str) -> frozenset[str]:
    return _in_capitals(name)


@lru_cache(maxsize=16)
def _weights(names: tuple[str, ...]) -> dict[str, float]:
    """Return how much each word tells a name from the others."""
    counts = Counter(word for name in names for word in set(_words(name)))
    rare = {word: math.log(1 + len(names) / count) for word, count in counts.items()}
    return {word: LEGAL_WEIGHT if word in LEGAL else weight for word, weight in rare.items()}


@lru_cache(maxsize=20_000)
def _words(name: str) -> tuple[str, ...]:
    return tuple(_plain(fold(name)).split())


def _plain(text: str) -> str:
    """Take accents off: they are lost in scans, and left out in writing."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@lru_cache(maxsize=50_000)
def shape(word: str) -> str:
    """Return the word with all that is easily taken for one another made one."""
    shaped = word.translate(_LETTERS)
    for pair, one in _PAIRS:
        shaped = shaped.replace(pair, one)
    return shaped


class _Text:
    """The words of a text, by shape, and those next to each other as one: scans tear words apart."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._folded = f" {fold(text)} "
        self._plain = f" {' '.join(_plain(self._folded).split())} "
        shapes = [shape(word) for word in _plain(fold(text)).split()]
        joined = ("".join(shapes[i : i + n]) for n in (2, 3) for i in range(len(shapes) - n + 1))
        self.shapes = frozenset((*shapes, *joined))
        self._known: dict[str, bool] = {}
        self._slips = frozenset(slip for word in self.shapes if 4 <= len(word) <= 24 for slip in _slips(word))

    def writes(self, name: str) -> bool:
        """Say whether the name stands in the text as it is, but for case and punctuation."""
        return f" {fold(name)} " in self._folded

    @cached_property
    def without_banks(self) -> str:
        """The text without the lines that say where to pay to, and without a name right above one in its footer."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        banks = {place for place, line in enumerate(lines) if _BANK_LINE.search(line)}
        banks |= {place - 1 for place in banks if place > _HEAD_LINES}
        banks |= {place + 1 for place in banks if place < len(lines) and lines[place].rstrip().endswith(":")}
        return "\n".join(line for place, line in enumerate(lines) if place not in banks) if banks else self.text

    @cached_property
    def _capitals(self) -> frozenset[str]:
        return _in_capitals(self.text)

    def writes_exactly(self, name: str) -> bool:
        """Say whether the name stands in the text to the sign."""
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self.text) is not None

    def has_in_a_row(self, words: Sequence[str]) -> bool:
        """Say whether these words stand in the text side by side, whole."""
        return f" {' '.join(words)} " in self._plain

    def has_as_it_is(self, word: str, name: str) -> bool:
        """Say whether the text has this very word, in capitals if it stands so in the name."""
        is_abbreviation = len(word) > 1 and word in _abbreviations(name)
        return word in self._capitals if is_abbreviation else f" {word} " in self._plain

    def has(self, word: str) -> bool:
        """Say whether the text has the word, or one that differs by what a scan may have done to it."""
        if word not in self._known:
            wanted = shape(word)
            near = len(word) >= ONE_SLIP and any(slip in self._slips for slip in _slips(wanted))
            self._known[word] = near or wanted in self.shapes
        return self._known[word]


def _slips(word: str) -> Iterator[str]:
    """Give the word, and the word without each of its letters: two words with one in common differ by one letter."""
    yield word
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]
