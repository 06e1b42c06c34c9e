"""Stores as each released schema left them, as SQL text: what an upgrade has to bring along.

`python -m tests.store.released` writes the file of this program's schema anew, with a row of every sort.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidecar.domain.job import Kind
from sidecar.domain.page import PageText
from sidecar.domain.suggestion import Suggestion
from sidecar.domain.writeback import Plan, Proposal, TagDelta
from sidecar.store import api_tokens, journal, ledger, migrate, pages, pauses, queue, sessions, sharing
from sidecar.store.api_tokens import Scope
from sidecar.store.ledger import Call
from sidecar.store.sessions import Session
from sidecar.store.sqlite import SqliteDatabase

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LEASE = timedelta(seconds=180)


def restore(revision: str, file: Path) -> None:
    """Make the file as a program of that schema left it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((FOLDER / f"{revision}.sql").read_text(encoding="utf-8"))


def fill(db: SqliteDatabase) -> None:
    """Put a job in every state into an empty store, with all that hangs on jobs."""
    delta = TagDelta(frozenset({3}), frozenset({1}))
    proposal = Proposal({"title": "scan"}, {"title": "Rechnung für März – 84,20 €"}, delta)
    plan = Plan(write=dict(proposal.wanted), conflicts=(), delta=delta, old={"title": "scan"})
    for document in range(1, 8):
        db.run_now(queue.enqueue, document, Kind.OCR, priority=10, now=NOW)
    jobs = [
        job
        for _ in range(6)
        if (job := db.run_now(queue.claim, Kind.OCR, owner="runner", now=NOW, lease=LEASE)) is not None
    ]
    done, failed, cancelled, later, busy, writing = jobs
    for job in jobs:
        db.run_now(queue.begin, job, {"title": "scan"}, now=NOW)
    for number in (1, 2):
        page = PageText(number, f"Seite {number}\nmit 'Anführung' und\n\n; Semikolon", "tesseract 5.3.0", 93.5, 2.25)
        db.run_now(pages.checkpoint, done, f"key-{number}", page, total=2, now=NOW, lease=LEASE)
    db.run_now(journal.intend, done, proposal, plan, now=NOW)
    db.run_now(journal.fields_sent, done, {"title": "Too long."})
    db.run_now(queue.succeed, done, changed=True, summary="Wrote text.", now=LATER)
    db.run_now(queue.doom, failed, reason="The PDF is encrypted.", now=NOW)
    db.run_now(queue.fail, failed, now=LATER)
    db.run_now(queue.cancel, cancelled, reason="The trigger tag was taken off.", now=LATER)
    db.run_now(queue.retry, later, run_after=LATER, reason="Page 3 could not be read.", now=NOW, blame=True)
    db.run_now(journal.intend, writing, proposal, plan, now=NOW)
    answer = Suggestion("Rechnung", ("Energy",), "Ambervale Energy", None, "2026-03-01")
    call = Call("tagging", "practice", 1200, 80, "answered", 1.5)
    db.run_now(ledger.record, busy, call, now=NOW, answer=("question", answer))
    db.run_now(sharing.park, {"model": sharing.Parked(LATER, NOW, "The model is away.")})
    db.run_now(sessions.open_session, "0" * 64, Session(3, "anna", is_staff=False, created_at=NOW, seen_at=LATER))
    db.run_now(api_tokens.create, "1" * 64, name="home automation", scope=Scope.WORK, now=NOW)
    db.run_now(pauses.pause, [Kind.TAGGING], by_whom="anna", now=NOW)


def main() -> None:
    """Write the file of this program's schema."""
    with tempfile.TemporaryDirectory() as folder:
        db = SqliteDatabase(Path(folder) / "sidecar.db")
        db.migrate()
        fill(db)
        db.close()
        with closing(sqlite3.connect(db.file)) as connection:
            text = "\n".join(connection.iterdump())
    file = FOLDER / f"{migrate.REVISION}.sql"
    file.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{file.name} written\n")


def rows(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Everything a file holds, table by table."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted((dict(row) for row in connection.execute(f"SELECT * FROM {name}")), key=repr)  # noqa: S608
            for name in names
        }
