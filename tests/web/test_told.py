"""Stories in the language of the page: what is a sentence of ours is translated, what others said stays as it is."""

from __future__ import annotations

import ast
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import sidecar
from sidecar.domain.job import Kind
from sidecar.store import queue
from sidecar.web import told as room
from sidecar.web.told import told
from tests.web.conftest import Site

SOURCE = Path(sidecar.__file__).parent
TABLE = tomllib.loads((room.FOLDER / "told-de.toml").read_text(encoding="utf-8"))
HOLE = re.compile(r"\{\w+\}")
#: Sentences that the program puts together of parts, and the parts.
COMPOSED = {
    "Approved by {}, with changes.": "{} by {}{}.",
    "Approved by {}.": "{} by {}{}.",
    "Rejected by {}.": "{} by {}{}.",
    "Waits for its budget: what {} allows for this day is spent": "{}what {} allows for this {} is spent",
    "Waits for its budget: what {} allows for this month is spent": "{}what {} allows for this {} is spent",
}
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
    for sentence in TABLE["sentences"]:
        wanted = HOLE.sub("{}", sentence)
        for whole, parts in COMPOSED.items():
            wanted = parts + wanted.removeprefix(whole) if wanted.startswith(whole) else wanted
        # The sentence stands alone, or something comes before or after it.
        if not any(wanted in one for one in said):
            missing.append(sentence)
    assert missing == []


def test_a_sentence_and_its_translation_have_the_same_holes() -> None:
    for sentence, shown in TABLE["sentences"].items():
        assert set(HOLE.findall(sentence)) == set(HOLE.findall(shown)), sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Work began.", "Die Arbeit begann."),
        (
            "Put off until 2026-01-02 03:04:05 UTC: The model said 500.",
            "Verschoben bis 2026-01-02 03:04:05 UTC: The model said 500.",
        ),
        (
            'Wrote title, tags, "Sum v. 2, net". Kept what somebody changed meanwhile: date. '
            "Paperless refused the correspondent: Bad.",
            'Geschrieben: Titel, Tags, "Sum v. 2, net". Behalten, weil es inzwischen jemand geändert hat: Datum. '
            "Paperless nahm nicht an (Korrespondent): Bad.",
        ),
        ("It is locked. Given up after 3 attempts.", "It is locked. Nach 3 Versuchen aufgegeben."),
        ("Handed back: the sidecar was stopped.", "Zurückgegeben: Der Sidecar wurde angehalten."),
        ("Approved by anna, with changes.", "Freigegeben von anna, mit Änderungen."),
        ("Work began anew.", "Work began anew."),
        ("Wrote {evil} %s {0}.", "Geschrieben: {evil} %s {0}."),
        ("", ""),
        ("Handed back: " * 150, "Zurückgegeben: " * 150),
        ("Wrote " + "x" * 3000 + ".", "Wrote " + "x" * 3000 + "."),
    ],
)
def test_what_is_ours_is_translated_and_the_rest_stays(text: str, shown: str) -> None:
    assert told(text, "de").split() == shown.split()
    assert told(text, "en") == text


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
