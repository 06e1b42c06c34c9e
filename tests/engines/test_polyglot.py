"""Pages whose language is found from their text: what they are read in, how often, and what is said about it.

Tesseract is the real one. Its data for German and French are copies of the English, which reads well enough to tell
a language by, so that no package is needed; where German is installed, it is used too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from sidecar.domain.errors import SettingsError
from sidecar.domain.language import in_words
from sidecar.domain.page import PageText
from sidecar.domain.word import Word
from sidecar.engines import polyglot, raster
from sidecar.engines.polyglot import MOST_LOADED, Polyglot, engine_for
from sidecar.engines.raster import Limits
from sidecar.engines.readers import Readers
from sidecar.engines.reading import PageReader
from sidecar.engines.recognized import Recognized
from sidecar.engines.tesseract import Lie, Tesseract, TesseractLibrary, data_folder, installed, tesseract
from sidecar.practice import scans

ENGLISH = (
    "Dear customer, we thank you for your order.\nThe items that you have asked for are on their way to you.\n"
    "Please pay the amount of this invoice by the date that is given below.\n"
)
GERMAN = (
    "Sehr geehrte Frau Kunde, wir danken Ihnen für Ihren Auftrag.\nDie Ware ist auf dem Weg und wird bei Ihnen in "
    "wenigen Tagen ankommen.\nBitte überweisen Sie den Betrag auf unser Konto, wenn Sie nicht schon bezahlt haben.\n"
)
FRENCH = (
    "Madame, nous vous remercions de votre commande.\nLes articles sont en route et vous les aurez dans quelques "
    "jours.\nLe montant de la facture est à payer sur notre compte, pour le reste vous avez le temps.\n"
)
NUMBERS = "4711 0815 12,50\n17.03.2026 99,00\n1234 5678 111,50\n" * 3
LIMITS = Limits(dpi=150)


def data(folder: Path, *languages: str) -> Path:
    """Make a folder of language data in which every language is English."""
    folder.mkdir()
    (folder / "configs").symlink_to(data_folder() / "configs")
    for name in languages:
        (folder / f"{name}.traineddata").symlink_to(data_folder() / "eng.traineddata")
    return folder


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the languages of each reading, in their order."""
    done: list[str] = []
    for kind in ("library", "program"):
        own = type(tesseract(kind, "eng"))

        def read(self: Tesseract, image: Image.Image, real=own.read, **how: object) -> Recognized:  # type: ignore[no-untyped-def]
            done.append(self.languages)
            return real(self, image, **how)  # type: ignore[no-any-return]

        monkeypatch.setattr(own, "read", read)
    return done


@pytest.fixture(params=["library", "program"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., list[PageText]]]:
    """Give a function that reads a document in this process, one reader for all of a test."""
    engine = Polyglot(request.param, data=data(tmp_path / "data", "eng", "deu", "osd"))
    pages = PageReader(engine, LIMITS)

    def read(*texts: str, name: str = "file") -> list[PageText]:
        file = tmp_path / name
        file.write_bytes(scans.scan_pdf(texts, dpi=150))
        source = raster.inspect(file, LIMITS)
        return [pages.read(source, number, tmp_path) for number in range(1, len(texts) + 1)]

    yield read
    pages.close()
    engine.close()


Read = Callable[..., list[PageText]]


def test_a_page_in_the_likely_language_is_read_once(reader: Read, reads: list[str]) -> None:
    (page,) = reader(ENGLISH)
    assert page.text.split() == ENGLISH.split()
    assert page.reason.endswith("; read in English, found from its text")
    assert reads == ["eng"]


def test_a_page_in_another_language_is_read_again_and_the_next_one_begins_with_it(
    reader: Read, reads: list[str]
) -> None:
    first, second = reader(GERMAN, GERMAN.replace("Frau", "Herr"))
    assert first.reason.endswith("; read in German, found from its text") == second.reason.endswith(first.reason[-20:])
    assert "Konto" in first.text
    assert reads == ["eng", "deu", "deu"]


def test_a_page_in_two_languages_is_read_in_both(reader: Read, reads: list[str]) -> None:
    (page,) = reader(GERMAN * 2 + ENGLISH)
    assert page.reason.endswith("; read in German and English, found from its text")
    assert reads == ["eng", "deu+eng"]


def test_a_page_in_a_language_that_is_not_installed_stays_as_it_was_read(reader: Read, reads: list[str]) -> None:
    (page,) = reader(FRENCH)
    assert "commande" in page.text
    assert page.reason.endswith("; read in English, since its French is not installed")
    assert reads == ["eng"]


def test_numbers_are_in_no_language_and_read_once(reader: Read, reads: list[str]) -> None:
    (page,) = reader(NUMBERS)
    assert page.text.split() == NUMBERS.split()
    assert page.reason.endswith("its text does not say its language")
    assert reads == ["eng"]


def test_a_document_begins_with_the_main_language_of_the_last_one(reader: Read, reads: list[str]) -> None:
    reader(GERMAN * 2 + ENGLISH)
    reader(GERMAN, name="another")
    assert reads[-1] == "deu"
    assert len(reads) == 3


# -- with an engine that says what it is told to


class Told(Tesseract):
    """Reads what a table says for its languages, surely or badly."""

    loaded: list[str]
    texts: dict[str, tuple[str, float]]

    @property
    def name(self) -> str:
        return "told"

    def read(self, image: Image.Image, *, dpi: int = 300, at: Path | None = None) -> Recognized:
        if self.languages not in self.loaded:
            self.loaded.append(self.languages)
        text, confidence = self.texts[self.languages]
        words = tuple(Word(word, (0, 0, 1, 1), 1, confidence) for word in text.split())
        return Recognized(text, confidence, words)

    def close(self) -> None:
        self.loaded.remove(self.languages)


PAGE = Image.new("L", (20, 20))
RUSSIAN = "Это счет на товары, которые вам отправили. Просим вас оплатить его по договору, так как это для нас важно."
GARBAGE = "To cuet Ha ToBapb! kKoTopbie BaM oTnpaBunu NpocuM Bac ONNATUTb ero no gorosopy"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> type[Told]:
    class Fresh(Told):
        loaded: list[str] = []  # noqa: RUF012 - one for each test
        texts = {  # noqa: RUF012
            "eng": (ENGLISH, 95.0), "deu": (GERMAN, 95.0), "fra": (FRENCH, 95.0), "rus": (RUSSIAN, 95.0),
            "rus+ukr": (RUSSIAN, 95.0),
        }  # fmt: skip

    monkeypatch.setattr(polyglot, "installed", lambda _data: ["deu", "eng", "fra", "osd", "rus", "ukr"])
    monkeypatch.setattr(polyglot, "tesseract", lambda _kind, languages, **how: Fresh(languages, **how))
    return Fresh


def see(monkeypatch: pytest.MonkeyPatch, *lies: Lie) -> list[Lie]:
    """Have Tesseract see these, one image after the other; what is left of them shows how often it looked."""
    left = list(lies)
    monkeypatch.setattr(Tesseract, "lie", lambda *_: left.pop(0))
    return left


def test_no_more_languages_than_two_are_loaded(told: type[Told]) -> None:
    engine = Polyglot("auto")
    for language in ["eng", "deu", "fra", "eng", "fra", "deu", "eng"]:
        engine.begin(Path(language))
        engine.likely = language
        engine.read(PAGE)
        assert language in told.loaded
        assert len(told.loaded) <= MOST_LOADED
    engine.close()
    assert told.loaded == []


def test_a_second_reading_that_is_worse_does_not_count(told: type[Told]) -> None:
    told.texts |= {"eng": (GERMAN, 95.0), "deu": (GERMAN, 60.0)}
    found = Polyglot("auto").read(PAGE)
    assert (found.confidence, found.how) == (95.0, "; read in English, which went better than German")


def test_a_page_in_another_script_is_read_in_it(told: type[Told], monkeypatch: pytest.MonkeyPatch) -> None:
    told.texts["eng"] = (GARBAGE, 45.0)
    left = see(monkeypatch, Lie(0, "Cyrillic"))
    engine = Polyglot("auto")
    found = engine.read(PAGE)
    assert found.text == RUSSIAN
    assert "read in Russian and Ukrainian, its text is in Russian" in found.how
    assert engine.lie(PAGE).script == "Cyrillic", "it is looked once at an image"
    assert left == []
    assert engine.read(PAGE).how == "; read in Russian, found from its text", "the next page begins with it"


def test_a_page_in_another_script_that_lies_on_its_side_is_read_upright(
    told: type[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    told.texts["eng"] = (GARBAGE, 45.0)
    see(monkeypatch, Lie(90, "Cyrillic"))
    engine = Polyglot("auto")
    assert engine.read(PAGE).text == GARBAGE
    assert engine.read(PAGE.rotate(90)).text == RUSSIAN
    engine.begin(Path("another"))
    assert engine.likely == "rus"


def test_a_slow_page_is_not_read_twice(told: type[Told]) -> None:
    told.texts["eng"] = (GERMAN, 95.0)
    assert "read in English, its text is in German" in Polyglot("auto", timeout_s=0.0).read(PAGE).how


def test_documents_that_are_read_side_by_side_each_have_their_language(told: type[Told]) -> None:
    engine = Polyglot("auto")
    written = {"deu": GERMAN, "fra": FRENCH}
    for _ in range(2):
        for language, text in written.items():
            told.texts |= dict.fromkeys(["eng", "deu", "fra"], (text, 95.0))
            engine.begin(Path(language))
            assert f"read in {in_words([language])}, found" in engine.read(PAGE).how
    told.texts = dict.fromkeys(written, (NUMBERS, 95.0))
    for language in written:
        engine.begin(Path(language))
        assert f"read in {in_words([language])}, its text does not say" in engine.read(PAGE).how


# -- the setting


def test_named_languages_are_read_as_they_are_named() -> None:
    fixed = engine_for("library", "deu+eng")
    assert type(fixed) is TesseractLibrary
    assert fixed.reading == tesseract("library", "deu+eng").reading
    assert fixed.reading.keys() == {"engine", "languages", "data"}


@pytest.mark.parametrize("kind", ["library", "program"])
def test_what_is_installed_is_a_part_of_the_key(tmp_path: Path, kind: str) -> None:
    less = engine_for(kind, "auto", data=data(tmp_path / "less", "eng", "osd", "deu_vert"))
    more = engine_for(kind, "auto", data=data(tmp_path / "more", "eng", "osd", "fra"))
    assert less.reading["languages"] == more.reading["languages"] == "auto"
    assert (less.reading["installed"], more.reading["installed"]) == ("eng", "eng+fra")
    assert less.choice == "found from the text, of those installed: eng"


def test_without_any_language_it_says_what_to_do(tmp_path: Path) -> None:
    engine_for("auto", "auto").check()
    with pytest.raises(SettingsError, match=r"OCR_LANGUAGES=auto: .* has no language data"):
        engine_for("auto", "auto", data=data(tmp_path / "none", "osd")).check()


def test_the_next_process_begins_with_what_the_last_one_found(tmp_path: Path) -> None:
    folder = data(tmp_path / "data", "eng", "deu", "osd")
    pool = Readers("auto", engine_for("auto", "auto", data=folder), LIMITS, data=folder)
    file, pages = tmp_path / "file", tmp_path / "pages"
    file.write_bytes(scans.scan_pdf([GERMAN, NUMBERS], dpi=150))
    pages.mkdir()
    try:
        source = raster.inspect(file, LIMITS)
        assert "read in German, found" in pool.read(source, 1, pages).reason
        pool.close()
        assert "read in German, its text does not say" in pool.read(source, 2, pages).reason
    finally:
        pool.close()


@pytest.mark.skipif("deu" not in installed(), reason="German is not installed")
def test_german_is_read_as_german(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(scans.scan_pdf([GERMAN], dpi=200))
    pages = PageReader(Polyglot("auto"), LIMITS)
    assert pages.read(raster.inspect(file, LIMITS), 1, tmp_path).text.split() == GERMAN.split()
    pages.close()
