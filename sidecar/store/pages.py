"""Checkpoints: pages that were read well, and model answers that were checked. Neither is paid for twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sidecar.domain.job import Job
from sidecar.domain.page import PageText
from sidecar.domain.suggestion import Suggestion
from sidecar.domain.word import Word
from sidecar.store import queue
from sidecar.store.transaction import Transaction, durable, reading, relaxed


@reading
def load(tx: Transaction, keys: Mapping[str, int]) -> dict[int, PageText]:
    """Return the pages that are stored under these keys (key to page number), by page number, without their words."""
    found: dict[int, PageText] = {}
    for key, number in keys.items():
        row = tx.row("SELECT text, engine, confidence, seconds, reason FROM page WHERE key = :key", key=key)
        if row:
            found[number] = PageText(number, row.text, row.engine, row.confidence, row.seconds, row.reason)
    return found


@reading
def load_words(tx: Transaction, key: str) -> tuple[Word, ...]:
    """Return the words of a stored page with their places; none for a page that is not stored."""
    row = tx.row("SELECT words FROM page WHERE key = :key", key=key)
    return _words(row.words) if row else ()


@durable
def forget(tx: Transaction, document_id: int, numbers: Sequence[int]) -> int:
    """Forget what was read on these pages of a document, refused answers too, so that they are read and paid for anew.

    Returns how many readings there were. A job that is at it keeps what it has.
    """
    gone = 0
    for number in numbers:
        for table in ("page", "rejection"):
            sql = f"DELETE FROM {table} WHERE document_id = :document AND page = :page"
            gone += tx.run(sql, document=document_id, page=number)
    return gone


def _dump(words: Sequence[Word]) -> str | None:
    """Return the words as JSON, their places in ten thousandths of the page: a hundredth of a millimetre or so."""
    rows = [[word.text, *(round(part * 10_000) for part in word.box), word.line, round(word.confidence)]
            for word in words]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else None


def _words(text: str | None) -> tuple[Word, ...]:
    return tuple(
        Word(word, (left / 10_000, top / 10_000, right / 10_000, bottom / 10_000), line, float(confidence))
        for word, left, top, right, bottom, line, confidence in json.loads(text or "[]")
    )


@relaxed
def checkpoint(
    tx: Transaction, job: Job, key: str, page: PageText, *, total: int, now: datetime, lease: timedelta
) -> int:
    """Keep an accepted page, count it and renew the lease in one commit; return how many pages are done.

    A power cut may take the last few pages, never half of one; a crash of the program takes none. Doing it twice
    counts the page once. Raises LeaseLostError, and then the page is not kept: the other runner reads it too.
    """
    new = keep(tx, job, key, page, now=now)
    return queue.progress(tx, job, more=new, total=total, now=now, lease=lease)


def keep(tx: Transaction, job: Job, key: str, page: PageText, *, now: datetime) -> int:
    """Keep a page inside a transaction of another function; return 1, or 0 if it was there."""
    return tx.run(
        "INSERT INTO page (key, document_id, page, text, engine, confidence, seconds, reason, words, created_at) "
        "VALUES (:key, :document, :page, :text, :engine, :confidence, :seconds, :reason, :words, :now) "
        "ON CONFLICT (key) DO NOTHING",
        key=key,
        document=job.document_id,
        page=page.page,
        text=page.text,
        engine=page.engine,
        confidence=page.confidence,
        seconds=page.seconds,
        reason=page.reason,
        words=_dump(page.words),
        now=now.timestamp(),
    )


@reading
def load_answer(tx: Transaction, key: str, *, job_id: int = 0, about: str = "") -> Suggestion | None:
    """Return the checked answer to the very same question, None if it was never asked.

    Or else the job's own answer to a question `about` the same: names that were made since, by this very job, and
    documents that were filed since change the question, but not what the job has paid for.
    """
    row = tx.row("SELECT suggestion FROM answer WHERE key = :key", key=key)
    if row is None and job_id:
        row = tx.row(
            "SELECT suggestion FROM answer WHERE job_id = :job AND about = :about ORDER BY created_at DESC LIMIT 1",
            job=job_id, about=about,
        )  # fmt: skip
    return _suggestion(json.loads(row.suggestion)) if row else None


def _suggestion(values: dict[str, Any]) -> Suggestion:
    known = {name: value for name, value in values.items() if name in _ANSWERED}
    return Suggestion(**{**known, "tags": tuple(values["tags"])})


_ANSWERED = {field.name for field in fields(Suggestion)}


@durable
def keep_answer(
    tx: Transaction,
    job: Job,
    key: str,
    suggestion: Suggestion,
    *,
    model: str,
    now: datetime,
    about: str | None = None,
) -> None:
    """Keep a checked answer before anything is done with it. Raises nothing of ours; a repeat changes nothing."""
    tx.run(
        "INSERT INTO answer (key, document_id, model, suggestion, created_at, job_id, about) "
        "VALUES (:key, :document, :model, :suggestion, :now, :job, :about) ON CONFLICT (key) DO NOTHING",
        key=key,
        document=job.document_id,
        model=model,
        suggestion=json.dumps(asdict(suggestion), ensure_ascii=False),
        now=now.timestamp(),
        job=job.id,
        about=about,
    )


@reading
def rejections(tx: Transaction, keys: Sequence[str]) -> dict[str, str]:
    """Return why answers were not accepted, for those of these keys that were asked about and answered."""
    rows = (tx.row("SELECT key, reason FROM rejection WHERE key = :key", key=key) for key in keys)
    return {row.key: row.reason for row in rows if row}


@durable
def reject(tx: Transaction, job: Job, key: str, page: int, *, model: str, reason: str, now: datetime) -> None:
    """Note that an answer was not accepted, so that it is not asked for again. A repeat changes nothing."""
    tx.run(
        "INSERT INTO rejection (key, document_id, page, model, reason, created_at) "
        "VALUES (:key, :document, :page, :model, :reason, :now) ON CONFLICT (key) DO NOTHING",
        key=key, document=job.document_id, page=page, model=model, reason=reason, now=now.timestamp(),
    )  # fmt: skip
