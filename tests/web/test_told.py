"""Stories in the language of the page: what is a sentence of ours is translated, what others said stays as it is."""

from __future__ import annotations

import ast
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from markupsafe import escape

import sidecar
from sidecar.domain.cause import cause_of
from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.web import told as room
from sidecar.web.told import told, told_page
from tests.web.conftest import Site
from tests.web.test_pages import EVIL, failed

SOURCE = Path(sidecar.__file__).parent
TABLE = tomllib.loads((room.FOLDER / "told-de.toml").read_text(encoding="utf-8"))
HOLE = re.compile(r"\{\w+\}")
#: Sentences that the program puts together of parts, and the parts.
COMPOSED = {
    "Approved by {}, with changes.": "{} by {}{}.",
    "Approved by {}.": "{} by {}{}.",
    "Rejected by {}.": "{} by {}{}.",
    "Page {} of {} could not be read, so": "Page {}{} of {} could not be read, so",
    "Page {} and {} more of {} could not be read, so": "Page {}{} of {} could not be read, so",
    "Page {} cannot be read: {}.": "Page {} cannot be read: {}, {}.",
    "Waits for its budget: what {} allows for this day is spent": "{}what {} allows for this {} is spent",
    "Waits for its budget: what {} allows for this month is spent": "{}what {} allows for this {} is spent",
}
#: By which words in the code it is said why a file or a page cannot be read.
SAYING = ("PermanentError", "TemporaryError", "TooSlowError", "Look")
NOW = datetime.now(UTC)


def sentences_of_the_program() -> set[str]:
    """All texts in the code, with {} for what is filled in."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                found.add("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(HOLE.sub("{}", node.value))
    return found


def test_every_sentence_of_the_table_is_one_that_the_program_says() -> None:
    said = sentences_of_the_program()
    missing = []
    for sentence in (*TABLE["sentences"], *TABLE["pages"]):
        wanted = HOLE.sub("{}", sentence)
        for whole, parts in COMPOSED.items():
            wanted = parts + wanted.removeprefix(whole) if wanted.startswith(whole) else wanted
        # The sentence stands alone, or something comes before or after it.
        if not any(wanted in one for one in said):
            missing.append(sentence)
    assert missing == []


def test_a_sentence_and_its_translation_have_the_same_holes() -> None:
    for sentence, shown in (*TABLE["sentences"].items(), *TABLE["pages"].items()):
        assert set(HOLE.findall(sentence)) == set(HOLE.findall(shown)), sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Work began.", "Die Arbeit begann."),
        (
            "Put off until 2026-01-02 03:04:05 UTC: The model said 500.",
            'Verschoben bis 2026-01-02 03:04:05 UTC: <span lang="en">The model said 500.</span>',
        ),
        (
            'Wrote title, tags, "Sum v. 2, net". Kept what somebody changed meanwhile: date. '
            "Paperless refused the correspondent: Bad.",
            "Geschrieben: Titel, Tags, &#34;Sum v. 2, net&#34;. "
            "Behalten, weil es inzwischen jemand geändert hat: Datum. "
            'Paperless nahm nicht an (Korrespondent): <span lang="en">Bad.</span>',
        ),
        (
            "It is locked. Given up after 3 attempts.",
            '<span lang="en">It is locked.</span> Nach 3 Versuchen aufgegeben.',
        ),
        (
            'Wrote title. Put on "v. 2", "Tax".',
            "Geschrieben: Titel. Angebracht: &#34;v. 2&#34;, &#34;Tax&#34;.",
        ),
        ("Handed back: the sidecar was stopped.", "Zurückgegeben: Der Sidecar wurde angehalten."),
        ("Approved by anna, with changes.", "Freigegeben von anna, mit Änderungen."),
        ("Work began anew.", '<span lang="en">Work began anew.</span>'),
        ("The file is empty.", "Die Datei ist leer."),
        ("Page 3 took longer than 60 s to draw.", "Seite 3 zu zeichnen dauerte länger als 60 s."),
        (cause_of("Page 3 took longer than 60 s to draw."), "Seite … zu zeichnen dauerte länger als … s."),
        (
            "Page 3 could not be drawn: Bad <b>. Given up after 5 attempts.",
            'Seite 3 ließ sich nicht zeichnen: <span lang="en">Bad &lt;b&gt;</span>. Nach 5 Versuchen aufgegeben.',
        ),
        ('Wrote "{evil} %s {0}".', "Geschrieben: &#34;{evil} %s {0}&#34;."),
        ("Wrote a book about it.", '<span lang="en">Wrote a book about it.</span>'),
        ("There is no job for you.", '<span lang="en">There is no job for you.</span>'),
        ("Page one took longer than 60 s to draw.", '<span lang="en">Page one took longer than 60 s to draw.</span>'),
        (
            "Paperless refused the token: check PAPERLESS_TOKEN (Invalid token.).",
            'Paperless wies das Token ab: Prüfe PAPERLESS_TOKEN (<span lang="en">Invalid token.</span>).',
        ),
        (
            "Paperless refused the password: it is old.",
            '<span lang="en">Paperless refused the password: it is old.</span>',
        ),
        (
            "Page 1 of 3 could not be read, so the text was left as it was; the pages that were read are kept. "
            "Page 1 took longer than 60 s to read. Given up after 3 attempts.",
            "Seite 1 von 3 war nicht lesbar, deshalb blieb der Text, wie er war; die gelesenen Seiten sind aufgehoben. "
            "Seite 1 zu lesen dauerte länger als 60 s. Nach 3 Versuchen aufgegeben.",
        ),
        (
            "Page 2 and 1 more of 3 could not be read, so the text was left as it was; the pages that were read are "
            "kept. Page 2 could not be read: No space left.",
            "Seite 2 und 1 weitere von 3 waren nicht lesbar, deshalb blieb der Text, wie er war; die gelesenen Seiten "
            'sind aufgehoben. Seite 2 ließ sich nicht lesen: <span lang="en">No space left</span>.',
        ),
        (
            'Took back: date, tags, "a, title, b". Kept what was changed since: title, custom field 4. Somebody '
            "changed it again at once: text. The searchable version stays; you can delete it in Paperless.",
            "Zurückgenommen: Datum, Tags, &#34;a, title, b&#34;. Behalten, weil es seitdem geändert wurde: Titel, "
            "custom field 4. Jemand hat es gleich wieder geändert: Text. Die durchsuchbare Fassung bleibt; du kannst "
            "sie in Paperless löschen.",
        ),
        ("There was nothing to take back.", "Es gab nichts zurückzunehmen."),
        ("Paperless answered 400: Bad.", 'Paperless antwortete 400: <span lang="en">Bad.</span>'),
        ("", ""),
        ("Handed back: " * 150, "Zurückgegeben: " * 150),
        ("Wrote " + "x" * 3000 + ".", f'<span lang="en">Wrote {"x" * 3000}.</span>'),
    ],
)
def test_what_is_ours_is_translated_and_the_rest_stays(text: str, shown: str) -> None:
    assert told(text, "de").split() == shown.split()
    assert told(text, "en") == escape(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it has no text; drawn at 300 dpi at most", "sie hat keinen Text; gezeichnet mit höchstens 300 dpi"),
        ("it has no text; <b>", 'sie hat keinen Text; <span lang="en">&lt;b&gt;</span>'),
        ("", ""),
    ],
)
def test_how_a_page_was_read_is_told_part_by_part(text: str, shown: str) -> None:
    assert told_page(text, "de") == shown
    assert told_page(text, "en") == escape(text)


@pytest.mark.parametrize("name", ["raster", "image_pdf", "look", "reading", "readers", "tesseract"])
def test_why_a_file_or_a_page_cannot_be_read_is_in_the_table(name: str) -> None:
    known = {HOLE.sub("{}", one) for one in (*TABLE["sentences"], *TABLE["pages"])}
    tree = ast.parse((SOURCE / "engines" / f"{name}.py").read_text(encoding="utf-8"))
    said = set()
    for call in ast.walk(tree):
        is_saying = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYING
        for one in call.args if isinstance(call, ast.Call) and is_saying else ():
            if isinstance(one, ast.JoinedStr):
                said.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in one.values))
            elif isinstance(one, ast.Constant) and isinstance(one.value, str):
                said.add(one.value)
    assert said - known == set()


def test_pages_say_in_german_why_jobs_failed_and_mark_what_stays_english(site: Site, anna: httpx.Client) -> None:
    job, strange = failed(site, 1, "The file is empty."), failed(site, 2, f"Nobody knows this: {EVIL}")
    german = {"Accept-Language": "de"}
    for path in ("/", "/jobs", f"/jobs/{job}", "/failures", "/documents/1"):
        assert "Die Datei ist leer." in anna.get(path, headers=german).text, path
    for path in ("/", "/jobs", f"/jobs/{strange}", "/failures", "/documents/2"):
        page = anna.get(path, headers=german).text
        assert '<span lang="en">Nobody knows this: ' in page, path
        assert "<script>alert" not in page
    assert "Es gibt keinen Auftrag 99." in anna.get("/jobs/99", headers=german).text
    assert anna.get("/api/jobs/99", headers=german).json()["detail"] == "There is no job 99."


def test_a_german_page_tells_a_story_in_german_and_the_api_in_english(site: Site) -> None:
    site.db.run_now(queue.enqueue, 1, Kind.OCR, priority=10, now=NOW)
    job = site.db.run_now(queue.claim, Kind.OCR, owner="me", now=NOW, lease=timedelta(seconds=180))
    assert job is not None
    site.db.run_now(queue.tell, job, "Work began.", now=NOW)
    site.db.run_now(queue.cancel, job, reason="Withdrawn by anna <b>.", now=NOW)
    german, english = site.person("anna"), site.person("anna")
    german.headers["accept-language"] = "de"
    for page in ("/jobs/1", "/jobs"):
        assert "Zurückgezogen von anna &lt;b&gt;." in german.get(page).text
        assert "Withdrawn by anna &lt;b&gt;." in english.get(page).text
    assert "Die Arbeit begann." in german.get("/jobs/1").text
    assert site.machine("read").get("/api/jobs/1").json()["job"]["reason"] == "Withdrawn by anna <b>."
