"""Reads pages whose language nobody has set (`OCR_LANGUAGES=auto`): Tesseract in what they turn out to be written in.

A page is read in what is likely, and its language found from the text that comes out. Only if it is in another one
is it read again, and the better reading counts: pages cost one reading, and the first page of a document in another
language than the last one two. What is found for a page is where its document's next one begins.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.domain.errors import PermanentError, SettingsError
from sidecar.domain.language import LANGUAGES, LATIN, find_languages, in_words
from sidecar.engines.recognized import SURE, Recognized
from sidecar.engines.tesseract import Lie, Tesseract, installed, tesseract

if TYPE_CHECKING:
    from PIL import Image

#: The setting.
AUTO = "auto"
#: So many languages are loaded at a time; each takes 20 to 70 MB.
MOST_LOADED = 2
#: Of so many documents it is remembered what their pages were written in: those that are read side by side.
DOCUMENTS = 8
#: The reading in the language that was found counts if it weighs so much of the other one: accents weigh nothing.
AS_GOOD = 0.98
#: No second reading if the first one took this share of a page's time.
SLOW = 0.25
#: Tesseract's other names of scripts.
SCRIPTS = {"Fraktur": LATIN, "Hangul": "Korean", "Hiragana": "Japanese", "Katakana": "Japanese"}


def engine_for(kind: str, languages: str, *, data: Path | None = None, timeout_s: float = 300.0) -> Tesseract:
    """Return the engine for the setting: Tesseract in the languages that are named, or in those it finds."""
    if languages == AUTO:
        return Polyglot(kind, data=data, timeout_s=timeout_s)
    return tesseract(kind, languages, data=data, timeout_s=timeout_s)


class Polyglot(Tesseract):
    """Tesseract in the languages of each page, of those there is data for. Not for several threads at once."""

    def __init__(self, kind: str, *, data: Path | None = None, timeout_s: float = 300.0) -> None:
        super().__init__(AUTO, data=data, timeout_s=timeout_s)
        self._kind = kind
        self._loaded: dict[str, Tesseract] = {}
        self._document = Path()
        self._found: dict[Path, tuple[str, ...]] = {}
        #: For the next reading of this page, which lies on its side: what its script says.
        self._next: tuple[str, ...] = ()
        self._seen: tuple[weakref.ref[Image.Image], Lie] | None = None

    @cached_property
    def there(self) -> tuple[str, ...]:
        """The languages that can be found and are installed."""
        names = set(installed(self._data))
        return tuple(code for code in LANGUAGES if code in names)

    def check(self) -> None:
        """Raise SettingsError if Tesseract, or data for every language, is missing."""
        self._require_program()
        if not self.there:
            where = f"{self._data} has no language data" if self._data else "Tesseract has no language data"
            raise SettingsError([f"OCR_LANGUAGES=auto: {where}. Install tesseract-ocr-eng and what else you need."])

    @property
    def choice(self) -> str:
        """What may be found, for people."""
        return f"found from the text, of those installed: {', '.join(self.there)}"

    @property
    def name(self) -> str:
        """The name of what reads."""
        return self._in("eng").name

    @property
    def reading(self) -> dict[str, str]:
        """Everything that can change a page's text: what is installed, too. "finding" counts changes of the rules."""
        there = "+".join(self.there)
        return {**self._in(there).reading, "languages": AUTO, "installed": there, "finding": "1"}

    def begin(self, file: Path) -> None:
        """Take up a page of this file."""
        self._document, self._next, self._seen = file, (), None

    def close(self) -> None:
        """Let go of all language data."""
        for engine in self._loaded.values():
            engine.close()
        self._loaded.clear()

    def lie(self, image: Image.Image) -> Lie:
        """Look how the writing lies; for one image once."""
        if self._seen is None or self._seen[0]() is not image:
            self._seen = weakref.ref(image), super().lie(image)
        return self._seen[1]

    def read(self, image: Image.Image, *, dpi: int = 300, at: Path | None = None) -> Recognized:
        """Read in what is likely, and again if the text or the script says another language. See Tesseract.read."""
        started = time.monotonic()
        tried, self._next = self._next or self._likely(), ()
        first = self._load(tried).read(image, dpi=dpi, at=at)
        said = find_languages(first.text)
        wanted = self._installed(said) if said else self._by_script(first, tried, image)
        if set(wanted) <= set(tried) or time.monotonic() - started > SLOW * self._timeout_s:
            self._learn(wanted)
            return replace(first, how=self._how(tried, said))
        try:
            second = self._load(wanted).read(image, dpi=dpi, at=at)
        except PermanentError:  # no time for it: what was read stands
            return replace(first, how=self._how(tried, said))
        if second.weight < AS_GOOD * first.weight or not second.words:
            self._learn(tried)
            return replace(first, how=f"; read in {in_words(tried)}, which went better than {in_words(wanted)}")
        said_again = find_languages(second.text) or said
        self._learn(self._installed(said_again) or wanted)
        return replace(second, how=self._how(wanted, said_again) if said_again else _by_its_script(wanted))

    # -- which languages

    def _likely(self) -> tuple[str, ...]:
        """Return what this document's last page was in, else the last document's main language, else English."""
        likely = self._found.get(self._document) or self._installed(self.likely.split("+"))
        return likely or self._installed(["eng"]) or self.there[:2] or ("eng",)

    def _learn(self, languages: tuple[str, ...]) -> None:
        """Remember what the document is in. Where a page does not say, what was known stands."""
        if not languages:
            return
        self._found.pop(self._document, None)
        self._found[self._document] = languages
        self.likely = languages[0]
        while len(self._found) > DOCUMENTS:
            del self._found[next(iter(self._found))]

    def _by_script(self, read: Recognized, tried: tuple[str, ...], image: Image.Image) -> tuple[str, ...]:
        """Return up to two languages of the page's script if it was read badly and in another script; else none.

        None for a page on its side either: they are for its next reading, upright.
        """
        if read.confidence is not None and read.confidence >= SURE:
            return ()
        lie = self.lie(image)
        script = SCRIPTS.get(lie.script, lie.script)
        if any(LANGUAGES[code].script == script for code in tried):
            return ()
        lately = [code for languages in reversed(self._found.values()) for code in languages]
        codes = dict.fromkeys([*lately, *self.there])
        wanted = tuple(code for code in codes if LANGUAGES[code].script == script)[:2]
        if lie.turn:
            self._next = wanted
            return ()
        return wanted

    def _installed(self, languages: Iterable[str]) -> tuple[str, ...]:
        return tuple(code for code in languages if code in self.there)

    def _how(self, used: tuple[str, ...], said: tuple[str, ...]) -> str:
        """Say which languages a page was read in, and why."""
        missing = [code for code in said if code not in self.there]
        if missing:
            return f"; read in {in_words(used)}, since its {in_words(missing)} is not installed"
        if not said:
            return f"; read in {in_words(used)}, its text does not say its language"
        if set(said) == set(used):
            return f"; read in {in_words(used)}, found from its text"
        return f"; read in {in_words(used)}, its text is in {in_words(said)}"

    # -- what is loaded

    def _in(self, languages: str) -> Tesseract:
        return tesseract(self._kind, languages, data=self._data, timeout_s=self._timeout_s)

    def _load(self, languages: tuple[str, ...]) -> Tesseract:
        """Return the engine for the languages; those that were not used lately let go of theirs before it loads."""
        key = "+".join(languages)
        engine = self._loaded.pop(key, None)
        while self._loaded and sum(len(held.split("+")) for held in [*self._loaded, key]) > MOST_LOADED:
            self._loaded.pop(next(iter(self._loaded))).close()
        self._loaded[key] = engine or self._in(key)
        return self._loaded[key]


def _by_its_script(used: tuple[str, ...]) -> str:
    return f"; read in {in_words(used)}, found from its script"
