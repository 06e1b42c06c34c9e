"""The catalogue of texts: every key in every language, every text that is used is there, none is there for nothing."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from sidecar.domain.budget import PURPOSES, Period
from sidecar.domain.job import Kind, State
from sidecar.engines.prompts import NAMES
from sidecar.paperless.login import Refusal
from sidecar.settings.sources import Origin
from sidecar.settings.table import GROUPS
from sidecar.store.api_tokens import Scope
from sidecar.store.review import Decision
from sidecar.web import texts
from sidecar.web.api.jobs import Wish
from sidecar.web.rows import ORDER
from sidecar.web.shell import FOR_STAFF, NAVIGATION
from sidecar.web.texts import LANGUAGES, choose, words

ROOM = Path(texts.__file__).parent
#: Keys whose last part is a value of the program.
MADE = (
    {f"state.{state}" for state in State}
    | {f"kind.{kind}" for kind in Kind}
    | {f"login.{why}" for why in Refusal}
    | {f"nav.{name}" for name, _ in (*NAVIGATION, *FOR_STAFF)}
    | {f"job.write.{state}" for state in ("intended", "verified", "dropped")}
    | {f"service.{state}" for state in ("well", "away", "starting")}
    | {f"settings.{origin.value}" for origin in Origin}
    | {f"spending.{this}{period}" for this in ("", "this-") for period in Period}
    | {f"tokens.{word}-{scope}" for word in ("scope", "about") for scope in Scope}
    | {f"prompts.about.{name.split('.')[0]}" for name in NAMES}
    | {f"problem.needs-{scope}" for scope in ("read", "work", "admin")}
    | {f"purpose.{purpose}" for purposes in PURPOSES.values() for purpose in purposes}
    | {f"settings-group.{name.lower().replace(' ', '-')}" for name in GROUPS.values()}
    | {f"service.{name}" for name in ("paperless", "model", "vision")}
    | {f"field.{name}" for name in (*ORDER, "content", "tags", "summary")}
    | {"state.paused"}
    | {f"documents.ask-{wish}" for wish in Wish}
    | {f"reviews.was-{decision}" for decision in Decision}
)


def used() -> set[str]:
    """All keys that templates and code name."""
    found = set(MADE)
    for file in [*ROOM.rglob("*.html"), *ROOM.rglob("*.py")]:
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\bt(?:\.html)?\(["']([a-z-]+\.[a-z.-]+)["'][,)]""", text))
        found |= set(re.findall(r"""["']((?:problem|login)\.[a-z-]+)["']""", text))
        found |= {f"{key}.{end}" for key in re.findall(r't\.count\("([a-z.-]+)"', text) for end in ("one", "other")}
        for one, other in re.findall(r"t\(['\"]([a-z.-]+)['\"] if [^)]*? else ['\"]([a-z.-]+)['\"]\)", text):
            found |= {one, other}
    return {key for key in found if not key.endswith(".html")}


def test_every_key_is_in_every_language() -> None:
    first = words(LANGUAGES[0])
    for language in LANGUAGES[1:]:
        assert words(language).keys == first.keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_takes_the_same_values_in_every_language(language: str) -> None:
    def values(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    first, other = words(LANGUAGES[0]), words(language)
    assert {key: values(other(key)) for key in other.keys} == {key: values(first(key)) for key in first.keys}


def test_every_text_that_is_used_is_there() -> None:
    assert used() - words("en").keys == set()


def test_no_text_is_there_for_nothing() -> None:
    assert words("en").keys - used() == set()


def test_no_page_holds_words_of_its_own() -> None:
    for file in ROOM.rglob("*.html"):
        text = re.sub(r"\{[{%#].*?[}%#]\}|<pre>.*?</pre>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        own = re.findall(r">([^<>]*[A-Za-z]{3,}[^<>]*)<", text)
        assert [one.strip() for one in own if "Sidecar" not in one and "openapi.json" not in one] == [], file.name


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, en;q=0.8", "de"),
        ("en-GB, de;q=0.8", "en"),
        ("fr, de;q=0.3, en;q=0.2", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("*;q=nonsense, ;;;, de;q=x", "en"),
    ],
)
def test_the_language_that_is_liked_best_is_chosen(accepted: str, language: str) -> None:
    assert choose(accepted) == language


def test_numbers_are_written_as_the_language_does() -> None:
    assert words("en").number(1234567) == "1,234,567"
    assert words("de").number(1234567) == "1.234.567"
    assert words("en").count("job.attempts", 1) == "1 attempt"
    assert words("de").count("job.attempts", 2) == "2 Versuche"
