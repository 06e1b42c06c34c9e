"""A Paperless, a model and a sidecar, for one scenario."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from threading import Event
from typing import Any, Self

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.faults import Fault
from sidecar.practice.model import NAME, PracticeModel
from sidecar.practice.samples import scan_pdf, text_pdf
from sidecar.practice.serving import Exchange
from tests.postgres import server_url
from tests.scenarios.jobs import FINISHED, FileStore, Job, ServerStore
from tests.scenarios.letters import NAMES, Letter
from tests.scenarios.program import Program, TesseractLedger
from tests.waiting import until

OCR, TAG = "auto-ocr", "auto-tag"
OCR_DONE, TAG_DONE, FAILED = "auto-ocr-done", "auto-tagged", "auto-failed"
TRIGGERS = frozenset({OCR, TAG})
#: The fields of a filing, as they are called in PATCH and in the history.
FILING = frozenset({"title", "correspondent", "document_type", "created"})
DPI = 150


@dataclass(frozen=True)
class WatchedFault(Fault):
    """A fault rule that says when the first request met it; the request log holds only those that are over."""

    arrived: Event = field(default_factory=Event)

    def meets(self, method: str, path: str, query: str) -> bool:
        """Say whether the rule is about this request, and remember it."""
        met = super().meets(method, path, query)
        if met:
            self.arrived.set()
        return met


class World:
    """All parts, started on loopback, with what a scenario does and asks again and again."""

    def __init__(self, folder: Path, *, schema: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.archive = PracticeArchive(folder / "archive")
        self.model = PracticeModel()
        self.ledger = TesseractLedger(folder / "bin")
        #: In a file, or in this schema on the tests' PostgreSQL server.
        self.store: Any = ServerStore(schema) if schema else FileStore(folder / "data")
        self.schema = schema
        self.folder = folder

    def __enter__(self) -> Self:
        self.archive.start()
        self.model.start()
        for kind, names in NAMES.items():
            for name in names:
                self.archive.add_name(kind, name)
        settings: dict[str, Any] = {
            "PAPERLESS_URL": self.archive.url,
            "PAPERLESS_TOKEN": self.archive.token,
            "OPENAI_BASE_URL": self.model.url,
            "LLM_MODEL": NAME,
            "DATA_DIR": self.folder / "data",
            "OCR_DPI": DPI,
            "OCR_CORES": 2,
            "TESSERACT": "program",  # whose starts the ledger sees
            "POLL_INTERVAL_S": 0.3,
            "RETRY_BASE_S": 1,
            "RETRY_CAP_S": 2,
            "WEB_PORT": 0,
        }
        if self.schema:
            settings |= {"DATABASE_URL": server_url(), "DATABASE_SCHEMA": self.schema}
        self.sidecar = Program(self.folder, settings, path=self.ledger.bin)
        return self

    def __exit__(self, *_: object) -> None:
        self.sidecar.kill_all()
        self.model.stop()
        self.archive.stop()

    # -- documents

    def add_scan(self, pages: Iterable[str], *, tags: Iterable[str], title: str = "scan", content: str = "") -> int:
        """Put a scanned document into the archive."""
        return self.archive.add_document(scan_pdf(list(pages), dpi=DPI), title=title, tags=tags, content=content)

    def add_scan_with(self, data: bytes, tags: Iterable[str], *, content: str = "") -> int:
        """Put a PDF, or what claims to be one, into the archive."""
        return self.archive.add_document(data, title="scan", tags=tags, content=content)

    def add_letter(self, letter: Letter, *, tags: Iterable[str] = (TAG,), title: str = "letter") -> int:
        """Put a born-digital letter with its text into the archive."""
        return self.archive.add_document(
            text_pdf([letter.text]), title=title, tags=tags, content=letter.text.removeprefix("# ")
        )

    def filing(self, document_id: int) -> dict[str, Any]:
        """Give a document's fields with names for ids."""
        document = self.archive.document(document_id)
        names = {"correspondent": "correspondents", "document_type": "document_types"}
        return {
            field: self._name(names[field], document[field]) if field in names else document[field] for field in FILING
        }

    def _name(self, kind: str, name_id: int | None) -> str | None:
        if name_id is None:
            return None
        row = self.archive.state.row("SELECT name FROM names WHERE kind = ? AND id = ?", (kind, name_id))
        return None if row is None else str(row["name"])

    # -- waiting

    def finished(self, *document_ids: int) -> bool:
        """Say whether the documents' triggers are gone, or they themselves, and no job of theirs is under way."""
        jobs = self.store.jobs()
        open_jobs = {job.document_id for job in jobs if job.state not in FINISHED}
        known = {job.document_id for job in jobs}
        return all(
            document_id in known and document_id not in open_jobs and not self.waiting_triggers(document_id)
            for document_id in document_ids
        )

    def waiting_triggers(self, document_id: int) -> set[str]:
        """Give the trigger tags on a document; none on one in the trash."""
        if self.archive.document(document_id)["deleted_at"] is not None:
            return set()
        return self.archive.tag_names(document_id) & TRIGGERS

    def until_finished(self, *document_ids: int, within_s: float = 120.0) -> None:
        """Wait until all that was asked for these documents has come to an end."""
        until(
            lambda: self.finished(*document_ids), f"documents {document_ids} finished", within_s=within_s, every_s=0.05
        )

    def until_running(self, document_id: int, kind: str) -> Job:
        """Wait until a job of the document is being worked on."""
        return until(
            lambda: [job for job in self.store.jobs(document_id, kind) if job.state == "running"],
            f"{kind} of document {document_id} begun",
        )[0]

    # -- what Paperless saw

    def our_history(self, document_id: int) -> list[frozenset[str]]:
        """Give what each history entry of the sidecar's user changed, oldest first."""
        entries = reversed(self.archive.history(document_id))
        return [
            frozenset(entry["changes"])
            for entry in entries
            if entry["actor"] is not None and entry["actor"]["username"] == "admin"
        ]

    def requests(self, method: str, path: str) -> list[Exchange]:
        """Give the requests of a method whose path ends like this."""
        return [one for one in self.archive.requests() if one.method == method and one.path.endswith(path)]

    def polls(self) -> int:
        """Count the looks for tagged documents."""
        return len(self.requests("GET", "/api/documents/"))


def assert_reads(content: str, text: str) -> None:
    """Check that a scan's text was read: word for word but for one in thirty."""
    wanted, found = (" ".join(one.split()) for one in (text.removeprefix("# "), content))
    assert SequenceMatcher(None, wanted.split(), found.split()).ratio() > 0.96, found


CONTENT_ENTRY, TAG_ENTRY = frozenset({"content"}), frozenset({"tags"})


def assert_history(world: World, document_id: int, *, ocr: bool = False, tagging: bool = False) -> None:
    """Check that Paperless saw each write exactly once: a content and a tag entry, a fields and a tag entry."""
    entries = world.our_history(document_id)
    fields = [entry for entry in entries if entry <= FILING]
    wanted = sorted(map(sorted, [CONTENT_ENTRY, TAG_ENTRY] * ocr + [*fields[:1], TAG_ENTRY] * tagging))
    assert sorted(map(sorted, entries)) == wanted, f"document {document_id}"
    assert len(fields) == tagging, f"document {document_id}: {entries}"
