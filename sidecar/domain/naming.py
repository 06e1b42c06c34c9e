"""How a written name finds the one it means, and which existing name a new one would only double.

Two questions with two prices. `resolve` is asked for every answer: a wrong find files a document wrongly, so that only
other writing of the same words counts, and one slip of OCR in a long word. `near_duplicate` is asked before a name is
made: there it also counts when a person would call both the same (one and many, other order, articles). A name inside
another one never counts (ING in Housing), numbers have to agree, and where two names are equally near it is none.

Said of what cannot be told from the names alone: Anna Meyer and Anna Mayer are two people, Meyer, Anna and Anna Meyer
are one, and so are a firm with its legal form and without one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from sidecar.domain.legal_forms import may_be_one, without_forms, written_form
from sidecar.domain.vocabulary import Name, fold, the_one_of
from sidecar.domain.word_forms import (
    one_and_many,
    one_umlaut,
    plain_letters,
    read_badly,
    singular,
    without_ending,
)

#: Letters of a name below which nothing is guessed.
SHORTEST_GUESS = 5
#: Letters of a name that may be written as one word or as several (E.ON, EON).
SHORTEST_JOINED = 3
#: Letters of the one word in which one letter may be another that looks like it, or any other inside it.
LONG_WORD, VERY_LONG_WORD = 7, 11
#: What is taken for each other in bad print, beside what `read_badly` makes one. Not a, e and o: Meyer and Mayer,
#: Petersen and Peterson are written so.
ALIKE = frozenset(frozenset(pair) for pair in ("ce", "hb", "uv", "vy", "mn", "nu", "ft", "gq"))
VOWELS = frozenset("aeiouy")
_JOINING = {"&": "and", "+": "and", "und": "and", "et": "and", "en": "and", "y": "and"}
#: 1und1
_JOINED_NUMBERS = re.compile(r"(?<=\d)(?:und|and)(?=\d)")
_ARTICLES = frozenset("the der die das le la les el los las il lo gli het de l der den firma fa".split())  # noqa: SIM905
_SHORT = {"dt": "deutsche", "dtsch": "deutsche", "intl": "international", "dept": "department", "ins": "insurance"}


@dataclass(frozen=True, slots=True)
class _Written:
    """One name in the forms in which it is compared."""

    folded: str
    #: Words without legal forms.
    words: tuple[str, ...]
    #: Families of the legal forms.
    forms: frozenset[str]
    #: The words in plain letters.
    plain: tuple[str, ...]


@lru_cache(maxsize=20_000)
def _written(text: str) -> _Written:
    folded = fold(text)
    rest, family = written_form(text)
    initials = re.sub(r"\b(?:[^\W\d_]\.\s?){2,}(?!\w)", lambda found: re.sub(r"[.\s]", "", found[0]) + " ", rest)
    words, forms = without_forms(_without_apostrophes(initials).split())
    words = words or folded.split()
    letters = plain_letters(_JOINED_NUMBERS.sub(" and ", " ".join(words)).replace("&", " & "))
    plain = tuple(one_umlaut(word) for word in letters.split())
    plain = tuple(_JOINING.get(word, word) if 0 < place < len(plain) - 1 else word for place, word in enumerate(plain))
    return _Written(folded, tuple(words), forms | {family} if family else forms, plain)


def _without_apostrophes(text: str) -> str:
    return fold(re.sub(r"['’`´]|(?<!\w)#(?=\w)", "", text))


def _joined(words: Iterable[str]) -> str:
    """Return the words as one (e-mail, E Mail); between numbers the border stays."""
    return re.sub(r"(?<=\d) (?=\d)", "·", " ".join(words)).replace(" ", "")


def _read(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(read_badly(word) for word in words)


def _same_to_a_person(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words in one order, as one of it and without article, and the numbers in theirs."""
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    ones = [re.sub(r"str$", "strasse", singular(_SHORT.get(word, word))) for word in words]
    return tuple(sorted(ones)), tuple(word for word in ones if any(c.isdigit() for c in word))


class NameIndex:
    """Names looked up many times; what is needed of them is worked out once, when it is first asked for."""

    def __init__(self, names: Sequence[Name], *, of_people: bool = False) -> None:
        """`of_people` says that surnames are among them, which one ending makes others (Lang, Lange)."""
        self._names = names
        self._of_people = of_people

    def resolve(self, text: str) -> Name | None:
        """Return the name that the text means, or None if there is none or it cannot be told which."""
        return self._by_writing(text) or self._by_a_slip(_written(text))

    def near_duplicate(self, text: str) -> Name | None:
        """Return the existing name that a person would call the same as this new one, the most used of several."""
        return max(self.near_duplicates(text), key=lambda name: name.documents, default=None)

    def near_duplicates(self, text: str) -> Sequence[Name]:
        """Return the existing names that a person would call the same as this new one; any is better than one more.

        A tag below another one is compared as it is shown and by itself, and so is a new one that is written like it.
        """
        shown = self._near(text)
        if shown or not self._shown:
            return shown
        as_shown = {name.id: name for name in self._names}
        shown = [as_shown[name.id] for name in self._shown.near_duplicates(text)]
        above, _, last = text.rpartition("/")
        is_below = above.endswith(" ") or fold(above) in self._tops
        return shown or (self._near(last.strip()) if above and is_below else [])

    def _near(self, text: str) -> Sequence[Name]:
        found = self.resolve(text)
        written = _written(text)
        if found or not written.plain:
            return [found] if found else []
        alike = self._fitting(written, self._by_meaning.get(_same_to_a_person(written.plain), ()))
        if not alike:
            joined = _joined(_same_to_a_person(written.plain)[0]) if len(written.plain) == 1 else ""
            alike = self._fitting(written, self._by_joined_meaning.get(joined or _joined_meaning(written), ()))
        if not alike and not self._of_people:
            ended = self._fitting(written, self._by_stems.get(_stems(written), ()))
            alike = [name for name in ended if _are_one_and_many(written, _written(name.name))]
        return alike

    @cached_property
    def _shown(self) -> NameIndex | None:
        """The tags below others, by how they are shown; None if there are none."""
        below = [replace(name, name=name.shown, above=()) for name in self._names if name.above]
        return NameIndex(below) if below else None

    @cached_property
    def _tops(self) -> frozenset[str]:
        """What a new tag may be written below: all tags as they are shown, and as they are called."""
        return frozenset(fold(text) for name in self._names for text in (name.name, name.shown))

    def _by_writing(self, text: str) -> Name | None:
        written = _written(text)
        for found in (self._by_text.get(text), self._by_fold.get(written.folded) if written.folded else None):
            if found:
                return the_one_of(found)
        if not written.words:
            return None
        for found in (
            self._by_words.get(written.words),
            self._by_plain.get(written.plain),
            self._by_joined.get(_joined(written.plain)) if _letters(written.plain) >= SHORTEST_JOINED else None,
        ):
            if found:
                return self._the_one(written, found)
        return None

    def _by_a_slip(self, written: _Written) -> Name | None:
        if _letters(written.plain) < SHORTEST_GUESS:
            return None
        read = self._by_reading.get(_read(written.plain))
        if read:
            return self._the_one(written, read)
        near = [
            name
            for place, word in _long_words(written.plain)
            for other, name in self._by_other_words.get(_without(written.plain, place), ())
            if _one_slip(word, other)
        ]
        return self._the_one(written, near)

    def _the_one(self, written: _Written, found: Sequence[Name]) -> Name | None:
        """Return the only one that fits; of those that differ in case and dots alone, the most used."""
        fitting = self._fitting(written, found)
        closer = [name for name in fitting if _written(name.name).forms & written.forms]
        fitting = closer or fitting
        if len({_written(name.name).folded for name in fitting}) != 1:
            return None
        return the_one_of(fitting)

    @staticmethod
    def _fitting(written: _Written, found: Iterable[Name]) -> list[Name]:
        return [name for name in found if may_be_one(written.forms, _written(name.name).forms)]

    def _by(self, key: Callable[[_Written], Hashable]) -> dict[Hashable, list[Name]]:
        found: dict[Hashable, list[Name]] = defaultdict(list)
        for name in self._names:
            found[key(_written(name.name))].append(name)
        return dict(found)

    @cached_property
    def _by_text(self) -> dict[str, list[Name]]:
        found: dict[str, list[Name]] = defaultdict(list)
        for name in self._names:
            found[name.name].append(name)
        return dict(found)

    @cached_property
    def _by_fold(self) -> dict[Hashable, list[Name]]:
        return self._by(lambda written: written.folded)

    @cached_property
    def _by_words(self) -> dict[Hashable, list[Name]]:
        return self._by(lambda written: written.words)

    @cached_property
    def _by_plain(self) -> dict[Hashable, list[Name]]:
        return self._by(lambda written: written.plain)

    @cached_property
    def _by_joined(self) -> dict[Hashable, list[Name]]:
        return self._by(lambda written: _joined(written.plain))

    @cached_property
    def _by_reading(self) -> dict[Hashable, list[Name]]:
        return self._by(lambda written: _read(written.plain))

    @cached_property
    def _by_meaning(self) -> dict[Hashable, list[Name]]:
        return self._by(lambda written: _same_to_a_person(written.plain))

    @cached_property
    def _by_joined_meaning(self) -> dict[Hashable, list[Name]]:
        return self._by(_joined_meaning)

    @cached_property
    def _by_stems(self) -> dict[Hashable, list[Name]]:
        return self._by(_stems)

    @cached_property
    def _by_other_words(self) -> dict[tuple[str, ...], list[tuple[str, Name]]]:
        """Return, for each long word of each name, that word and its name by the other words."""
        found: dict[tuple[str, ...], list[tuple[str, Name]]] = defaultdict(list)
        for name in self._names:
            plain = _written(name.name).plain
            for place, word in _long_words(plain):
                found[_without(plain, place)].append((word, name))
        return dict(found)


def _joined_meaning(written: _Written) -> str:
    """Return the words in their order, as one, the last one singular (Stadt-Werke, Stadtwerk)."""
    words = written.plain[1:] if len(written.plain) > 1 and written.plain[0] in _ARTICLES else written.plain
    return singular(_joined(words))


def _stems(written: _Written) -> tuple[str, ...]:
    return tuple(map(without_ending, written.plain))


def _are_one_and_many(one: _Written, other: _Written) -> bool:
    return all(a == b or one_and_many(a, b) for a, b in zip(one.plain, other.plain, strict=True))


def _letters(words: Iterable[str]) -> int:
    return sum(c.isalpha() for word in words for c in word)


def _long_words(words: tuple[str, ...]) -> list[tuple[int, str]]:
    return [(place, word) for place, word in enumerate(words) if len(word) >= LONG_WORD and _is_spelled(word)]


def _is_spelled(word: str) -> bool:
    """Say whether the word is of an alphabet with small letters and capitals: in Chinese each sign is a word."""
    return all(c.isalpha() and c.upper() != c for c in word)


def _without(words: tuple[str, ...], place: int) -> tuple[str, ...]:
    return (*words[:place], "", *words[place + 1 :])


def _one_slip(one: str, other: str) -> bool:
    """Say whether one letter was misread, or lost, doubled or changed inside a very long word.

    The start and the end of a word carry its meaning (Anmeldung, Abmeldung; employer, employee): there only letters
    that look alike count. One vowel for another makes another word (Confirmation, Conformation).
    """
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    if len(one) == len(other) and left[1:] == right[1:]:
        changed = frozenset((left[0], right[0]))
        if changed in ALIKE or changed <= VOWELS:
            return changed in ALIKE
        end = len(left) - 1
    elif len(one) != len(other) and (left[1:] == right or left == right[1:]):
        end = min(len(left), len(right))
    elif len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]:
        end = len(left) - 2
    else:
        return False
    return min(len(one), len(other)) >= VERY_LONG_WORD and start >= 3 and end >= 2


@lru_cache(maxsize=16)
def index(names: tuple[Name, ...], *, of_people: bool = False) -> NameIndex:
    """Return these names indexed; the last ones that were asked for stay so."""
    return NameIndex(names, of_people=of_people)


def resolve(text: str, names: Sequence[Name]) -> Name | None:
    """Return the name that the text means, or None."""
    return index(tuple(names)).resolve(text)


def near_duplicate(text: str, names: Sequence[Name]) -> Name | None:
    """Return the existing name that a person would call the same as `text`, or None."""
    return index(tuple(names)).near_duplicate(text)
