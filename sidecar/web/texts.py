"""The words of the pages, in the language the browser asks for: one file a language in texts/, with the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from sidecar.domain import prices
from sidecar.web.told import told, told_page

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("en", "de")


class Words:
    """The texts of one language."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: Any) -> str:
        """Return a text with its values filled in. Raises KeyError for one that is not in the catalogue."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def html(self, key: str, **values: Any) -> Markup:
        """Return a text with elements of a page among its values; all that is none is shown as text."""
        return Markup(self._texts[key]).format(**values)  # noqa: S704 - the text is our own

    def told(self, text: str | None) -> Markup:
        """Return a stored reason or a sentence of a story in this language, as far as it is a sentence of ours."""
        return told(text or "", self.language)

    def told_page(self, text: str | None) -> Markup:
        """Return how a page was read in this language, as far as we have words for it."""
        return told_page(text or "", self.language)

    def count(self, key: str, number: int, **values: Any) -> str:
        """Return the text for so many: `key.one` for one, else `key.other`."""
        return self(f"{key}.one" if number == 1 else f"{key}.other", n=self.number(number), **values)

    def number(self, value: float) -> str:
        """Return a number as it is written in this language."""
        text = f"{value:,}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text

    def money(self, amount: float, currency: str) -> str:
        """Return an amount of money as it is written in this language."""
        text = prices.in_words(amount, currency)
        return text.replace(".", ",", 1) if self.language == "de" else text

    @property
    def keys(self) -> frozenset[str]:
        """All keys there are."""
        return frozenset(self._texts)


@cache
def words(language: str) -> Words:
    """Return the texts of one of LANGUAGES."""
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return Words(language, dict(_flat(tomllib.load(file))))


def _flat(tree: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        found += _flat(value, f"{above}{name}.") if isinstance(value, dict) else [(f"{above}{name}", str(value))]
    return found


def asked(request: Request) -> str:
    """Return the language that a browser asks for."""
    return choose(request.headers.get("accept-language", ""))


def choose(accepted: str) -> str:
    """Return which of LANGUAGES an Accept-Language header likes best; the first one where it likes none."""
    best, found = 0.0, LANGUAGES[0]
    for wish in accepted.split(",")[:20]:
        name, _, quality = wish.strip().partition(";q=")
        language = name.split("-")[0].lower()
        try:
            liking = float(quality) if quality else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and liking > best:
            best, found = liking, language
    return found
