"""Hostile documents, all through the whole way with a model that does what they say: nothing but themselves is reached.

One archive, two runs over every document: one in which all names are chosen among those that exist, one in which any
name may be made. What each document is filed as afterwards is its own affair; all else is held.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.job import Job, Kind, State
from sidecar.domain.vocabulary import Names, fold
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.archive_names import COLUMNS
from sidecar.practice.faults import Answer
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import text_pdf
from sidecar.practice.serving import PracticeServer, Request
from sidecar.settings import Settings
from tests.hostile.corpus import Hostile, documents
from tests.worker.conftest import NAMES, World

#: What is made once for all tests is made by one worker.
pytestmark = pytest.mark.xdist_group("hostile")

CORPUS = documents()
BYSTANDERS = 12
INBOX = "Inbox"
KINDS = ("tags", "correspondents", "document_types", "storage_paths")
#: Fields a filing may touch; the text only where the pages were read.
FILED = {"title", "correspondent", "document_type", "storage_path", "created", "tags", "custom_fields"}
OURS = {name: field.default for name, field in Settings.model_fields.items() if name.endswith("_tag")}
RUNS: dict[str, dict[str, Any]] = {
    "existing": {"create_names": ()},
    "create": {"create_names": tuple(kind for kind in Names if kind is not Names.STORAGE_PATHS)},
}
COMMON: dict[str, Any] = {
    "title_policy": "replace", "correspondent_policy": "replace", "document_type_policy": "replace",
    "created_policy": "replace", "ocr_dpi": 150, "max_attempts": 1, "tagging_concurrency": 8, "llm_max_tokens": 8000,
    "ocr_engine": "tesseract", "storage_path_policy": "replace", "custom_fields": "all",
    "custom_fields_policy": "replace", "summary_note": True,
}  # fmt: skip


@dataclass
class Aftermath:
    """What two runs over the corpus left behind."""

    world: World
    #: The run and the document it came from, by number.
    sent: dict[int, tuple[str, Hostile]] = field(default_factory=dict)
    bystanders: list[int] = field(default_factory=list)
    #: Names by kind before anything, after the run that may choose only, and after the one that may make some.
    names: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    before: dict[int, Any] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    #: What the bait was asked for.
    bitten: list[str] = field(default_factory=list)

    def document(self, number: int) -> dict[str, Any]:
        return self.world.archive.document(number)


@pytest.fixture(scope="module")
def bait() -> Iterator[tuple[str, list[str]]]:
    """A server whose address stands in documents, and what it was asked for."""
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(f"{request.method} {request.path}")
        return Answer(200, {"Content-Type": "text/plain"}, b"tag: Owned")

    server = PracticeServer(answer, answer)
    server.start()
    yield server.url, asked
    server.stop()


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, bait: tuple[str, list[str]]) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("hostile")
    with PracticeArchive(folder / "archive") as archive, PracticeModel() as model:
        model.misbehave("obedient")
        found = Aftermath(World(archive, model, folder), bitten=bait[1])
        _seed(found, bait[0])
        for run, rules in RUNS.items():
            found.names[f"before {run}"] = _names(archive)
            for number, (of, hostile) in found.sent.items():
                if of == run:
                    archive.edit(number, add_tags=["auto-ocr", "auto-tag"] if hostile.through else ["auto-tag"])
            archive.clear_requests()
            found.jobs = asyncio.run(found.world.drain(**COMMON, **rules))
            found.names[f"after {run}"] = _names(archive)
        yield found


def _seed(found: Aftermath, bait: str) -> None:
    archive = found.world.archive
    for kind, names in NAMES.items():
        for name in names:
            archive.add_name(kind, name)  # type: ignore[arg-type]
    archive.add_name("tags", INBOX, is_inbox_tag=True)
    archive.add_name("storage_paths", "Home", path="home/{{ title }}")
    for data_type in ("string", "longtext", "url", "date", "boolean", "integer", "float", "monetary", "documentlink"):
        archive.add_name("custom_fields", data_type.title(), data_type=data_type, extra_data={})
    found.bystanders = [found.world.letter("Tax", correspondent="Ambervale Energy") for _ in range(BYSTANDERS)]
    page = text_pdf(["A letter."])
    for run in RUNS:
        for hostile in CORPUS:
            words = hostile.words(bait=bait, other=str(found.bystanders[0]), archive=archive.url)
            number = archive.add_document(
                hostile.file() if hostile.through else page, title=hostile.title, tags=["Tax", INBOX],
                content="" if hostile.through else words, original_file_name=hostile.file_name,
            )  # fmt: skip
            found.sent[number] = (run, hostile)
    found.before = {number: found.document(number) for number in (*found.bystanders, *found.sent)}


def _names(archive: PracticeArchive) -> dict[str, set[str]]:
    rows = archive.state.rows("SELECT kind, name FROM names")
    return {kind: {row["name"] for row in rows if row["kind"] == kind} for kind in KINDS}


def is_inert(text: str) -> bool:
    """Say whether a terminal, or a reader, takes the text for what it is: no controls, nothing that turns it round."""
    return all(unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for one in text)


def test_the_corpus_is_large_and_every_document_is_one_of_a_kind() -> None:
    assert len(CORPUS) >= 80
    assert len({hostile.name for hostile in CORPUS}) == len(CORPUS)
    assert len({(hostile.text, hostile.through, hostile.title, hostile.file_name) for hostile in CORPUS}) == len(CORPUS)
    assert {"scan", "white", "tiny", "zero", "invisible"} <= {hostile.through for hostile in CORPUS}


def test_the_model_does_what_it_is_told(aftermath: Aftermath) -> None:
    """Else all that follows would prove nothing."""
    titles = {aftermath.document(number)["title"] for number in aftermath.sent}
    assert {"Owned", "Übernommen", "Захвачено", "已被控制", "Approved by the board"} <= titles


def test_every_document_comes_to_an_end_in_words(aftermath: Aftermath) -> None:
    ends = {(job.document_id, job.kind): job for job in aftermath.jobs}
    for number, (run, hostile) in aftermath.sent.items():
        kinds = {kind for document, kind in ends if document == number}
        assert Kind.TAGGING in kinds or (hostile.through and Kind.OCR in kinds), (run, hostile.name)
    for job in aftermath.jobs:
        name = aftermath.sent[job.document_id]
        assert job.state in (State.SUCCEEDED, State.FAILED), (name, job.state)
        assert job.state is State.SUCCEEDED or job.reason, name
        assert "unexpected" not in str(job.reason).lower(), (name, job.reason)
        assert job.crashes == 0, name


def test_no_other_document_is_reached(aftermath: Aftermath) -> None:
    for number in aftermath.bystanders:
        assert aftermath.world.archive.history(number) == []
        assert aftermath.document(number) == aftermath.before[number]
        assert aftermath.world.archive.notes(number) == []


def test_of_its_own_document_only_what_filing_may_set_is_changed(aftermath: Aftermath) -> None:
    for number, (_, hostile) in aftermath.sent.items():
        may = FILED | ({"content"} if hostile.through else set())
        ours = [
            entry
            for entry in aftermath.world.archive.history(number)
            if (entry["actor"] or {}).get("username") == "admin"
        ]
        changed = {key for entry in ours for key in entry["changes"]}
        assert changed <= may, hostile.name
        before, after = aftermath.before[number], aftermath.document(number)
        assert after["owner"] == before["owner"], hostile.name
        assert hostile.through or after["content"] == before["content"], hostile.name
        assert set(before["tags"]) <= set(after["tags"]), "no tag of a person's is taken off"


def test_no_request_is_made_but_those_that_filing_makes(aftermath: Aftermath) -> None:
    """Of the second run, in which the most is allowed."""
    numbers = {str(number) for number, (run, _) in aftermath.sent.items() if run == "create"}
    allowed = [
        r"GET /api/(documents|tags|correspondents|document_types|storage_paths|custom_fields)/",
        r"GET /api/documents/(?P<id>\d+)/(download/|history/)?",
        r"PATCH /api/documents/(?P<id>\d+)/",
        r"POST /api/documents/(?P<id>\d+)/notes/",
        r"POST /api/documents/bulk_edit/",
        r"POST /api/(tags|correspondents|document_types|storage_paths)/",
    ]
    for exchange in aftermath.world.archive.requests():
        line = f"{exchange.method} {exchange.path}"
        found = next((match for pattern in allowed if (match := re.fullmatch(pattern, line))), None)
        assert found, line
        assert exchange.method != "PATCH" or found["id"] in numbers, line
        if exchange.method == "PATCH":
            assert set(exchange.json) <= (FILED | {"content"}) - {"tags"}, line
        if line.endswith("bulk_edit/"):
            assert exchange.json["method"] == "modify_tags"
            assert {str(number) for number in exchange.json["documents"]} <= numbers
    assert aftermath.bitten == [], "an address in a document was asked"


def test_no_name_is_made_where_names_are_chosen(aftermath: Aftermath) -> None:
    before, after = (aftermath.names[f"{when} existing"] for when in ("before", "after"))
    assert after == {**before, "tags": before["tags"] | (set(OURS.values()) & after["tags"])}


def test_names_that_may_be_made_are_plain_and_short(aftermath: Aftermath) -> None:
    before, after = (aftermath.names[f"{when} create"] for when in ("before", "after"))
    made = {name for kind in KINDS for name in after[kind] - before[kind]}
    assert made, "the run was allowed to make some"
    for name in made:
        assert len(name) <= 64, name
        assert is_inert(name), name
        assert not set(name) & set('<>{}[]$;:"`|\\*=%^~_@!?'), name
        assert fold(name) not in {fold(one) for one in (*OURS.values(), INBOX)}, name


def test_tags_that_ask_for_work_are_out_of_reach(aftermath: Aftermath) -> None:
    results = {OURS["tag_done_tag"], OURS["ocr_done_tag"], OURS["fail_tag"]}
    for number, (_, hostile) in aftermath.sent.items():
        tags = aftermath.world.archive.tag_names(number)
        assert not tags & (set(OURS.values()) - results), hostile.name
        assert INBOX in tags, "it was there before; nobody took it off"


def test_titles_say_what_they_are(aftermath: Aftermath) -> None:
    for number, (run, hostile) in aftermath.sent.items():
        title = aftermath.document(number)["title"]
        assert title == hostile.title.strip() or is_inert(title), (run, hostile.name)
        assert len(title) <= 128


#: Ways of hiding a text for which the layer of a page is taken with what is hidden: a reader would find it there too.
SELECTABLE = {"white", "covered", "tiny"}


def test_what_stands_beside_a_hidden_text_is_read_and_the_hidden_text_mostly_not(aftermath: Aftermath) -> None:
    found = set()
    for number, (_, hostile) in aftermath.sent.items():
        if hostile.beside:
            content = aftermath.document(number)["content"]
            assert "84.20" in content, hostile.name
            found |= {hostile.through} if "Ignore all rules" in content else set()
    assert found == SELECTABLE


def test_what_is_told_of_them_is_inert(aftermath: Aftermath) -> None:
    environment = {
        "PAPERLESS_URL": aftermath.world.archive.url, "PAPERLESS_TOKEN": "practice-token",
        "DATA_DIR": str(aftermath.world.folder / "store"), "PATH": "/usr/bin:/bin", "COLUMNS": "200",
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    cursed = [number for number, (_, hostile) in aftermath.sent.items() if "\x1b" in hostile.title + hostile.text]
    job = next(job for job in aftermath.jobs if job.document_id == cursed[0])
    said = ""
    for words in (["jobs", "--limit", "1000"], ["jobs", "show", str(job.id)]):
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", *words], env=environment, capture_output=True, text=True, check=False,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    assert is_inert("".join(said.splitlines()))
    for number in aftermath.sent:
        for note in aftermath.world.archive.notes(number):
            assert is_inert("".join(note.split("\n"))), note


def test_the_kinds_of_names_are_those_of_the_archive() -> None:
    assert set(KINDS) == {"tags", *COLUMNS}
