"""What the sidecar's own store says, read from outside and without writing to it."""

import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres import server_url

FINISHED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class Job:
    """A row of `sidecar jobs`."""

    id: int
    document_id: int
    kind: str
    state: str
    attempt: int
    crashes: int
    #: How often the job was claimed.
    lease_token: int
    reason: str | None
    pages_done: int
    pages_total: int | None
    started_at: float | None
    finished_at: float | None


class Store(ABC):
    """A store; empty as long as it does not exist."""

    def jobs(self, document_id: int | None = None, kind: str | None = None) -> list[Job]:
        """Give the jobs, oldest first."""
        rows = self._rows(f"SELECT {', '.join(Job.__dataclass_fields__)} FROM job ORDER BY id")  # noqa: S608 - our own names
        jobs = [Job(*row) for row in rows]
        return [job for job in jobs if document_id in (None, job.document_id) and kind in (None, job.kind)]

    def pages(self, document_id: int) -> set[int]:
        """Give the pages of a document whose text is kept."""
        return {row[0] for row in self._rows("SELECT page FROM page WHERE document_id = ?", document_id)}

    def all_pages(self) -> set[tuple[int, int]]:
        """Give every page whose text is kept, as (document, page)."""
        return {(row[0], row[1]) for row in self._rows("SELECT document_id, page FROM page")}

    def unfinished(self) -> set[int]:
        """Give the documents with a job that has not ended."""
        return {row[0] for row in self._rows("SELECT document_id FROM job WHERE finished_at IS NULL")}

    def answered(self) -> set[int]:
        """Give the documents for which a checked answer of the model is kept."""
        return {row[0] for row in self._rows("SELECT document_id FROM answer")}

    def usable_answers(self) -> dict[int, int]:
        """Give how many usable answers were paid for, by job."""
        rows = self._rows("SELECT job_id, COUNT(*) FROM ledger WHERE outcome = 'answered' GROUP BY job_id")
        return {row[0]: row[1] for row in rows}

    def made_names(self) -> list[str]:
        """Give the names that the sidecar knows to have made."""
        return [row[0] for row in self._rows("SELECT name FROM made_name")]

    def intended(self) -> set[int]:
        """Give the documents a write is under way for."""
        return {row[0] for row in self._rows("SELECT document_id FROM write WHERE state = 'intended'")}

    def stories(self) -> list[str]:
        """Give every job's events in words, for the reader of a failed test."""
        rows = self._rows("SELECT document_id, kind, job.id, event.text FROM event JOIN job ON job.id = job_id")
        return [f"document {document_id}, {kind} (job {job_id}): {text}" for document_id, kind, job_id, text in rows]

    @abstractmethod
    def _rows(self, statement: str, *values: Any) -> list[Any]:
        """Ask with ? for the values."""


class FileStore(Store):
    """The store in a data folder."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "sidecar.db"

    def age_by_days(self, days: int) -> None:
        """Let all jobs have ended, and been paid for, so many days earlier; the sidecar must not run."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute("UPDATE job SET finished_at = finished_at - ?", (days * 86_400,))
            connection.execute("UPDATE ledger SET created_at = created_at - ?", (days * 86_400,))

    def fingerprint(self) -> list[tuple[str, int, int]]:
        """Give name, size and time of change of the database and its log, to see whether anything was written."""
        files = [self.file, self.file.with_name(self.file.name + "-wal")]
        return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        if not self.file.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)) as connection:
            try:
                return connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise


class ServerStore(Store):
    """The store in a schema on the tests' PostgreSQL server."""

    def __init__(self, schema: str, url: str | None = None) -> None:
        self.schema = schema
        self._url = url or server_url()

    def age_by_days(self, days: int) -> None:
        """Let all jobs have ended, and been paid for, so many days earlier."""
        with psycopg.connect(self._url, options=f"-c search_path={self.schema}") as connection:
            connection.execute("UPDATE job SET finished_at = finished_at - %s", (days * 86_400,))
            connection.execute("UPDATE ledger SET created_at = created_at - %s", (days * 86_400,))

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self._url, options=f"-c search_path={self.schema}", connect_timeout=10) as connection:
            try:
                return connection.execute(statement.replace("?", "%s"), values).fetchall()  # type: ignore[arg-type]
            except psycopg.errors.UndefinedTable:
                return []
