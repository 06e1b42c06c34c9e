"""Titles of documents, for showing: asked of Paperless for all that a page names at once, and kept for a while.

A Paperless that is slow or away makes a page show numbers; it never makes it wait for long or fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.errors import WorkError
from sidecar.domain.job import Job
from sidecar.paperless.http import Http

#: A title is asked for anew after so long, in seconds, since people change it; and once a job of the document ended.
FRESH_S = 5.0
#: A page waits for titles at most so long, in seconds.
PATIENCE_S = 1.0
#: After Paperless gave no answer it is left alone for so long, in seconds.
PAUSE_S = 15.0
REMEMBERED = 5_000
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Known:
    """A title as Paperless gave it; empty for a document that is gone, or is not to be seen."""

    title: str
    #: By the loop's clock.
    asked_at: float
    #: When the last job ended that was known of; None for none.
    ended_at: datetime | None


class Titles:
    """Titles by the document's number."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._known: dict[int, _Known] = {}
        self._not_before = 0.0

    async def of(self, documents: Collection[int]) -> Mapping[int, str]:
        """Return the titles of these documents, without those that are not known now."""
        return await self._of(dict.fromkeys(documents))

    async def of_jobs(self, jobs: Iterable[Job]) -> Mapping[int, str]:
        """Return the titles of these jobs' documents, asked for after each job that ended: filing gives another one."""
        ended: dict[int, datetime | None] = {}
        for job in jobs:
            ended[job.document_id] = _later(ended.get(job.document_id), job.finished_at)
        return await self._of(ended)

    async def _of(self, ended: Mapping[int, datetime | None]) -> Mapping[int, str]:
        now = asyncio.get_running_loop().time()
        wanted = sorted(document for document, at in ended.items() if self._is_stale(document, at, now))
        if wanted and now >= self._not_before:
            await self._ask({document: ended[document] for document in wanted[:AT_ONCE]}, now)
        return {one: self._known[one].title for one in ended if one in self._known and self._known[one].title}

    def _is_stale(self, document: int, ended_at: datetime | None, now: float) -> bool:
        known = self._known.get(document)
        return known is None or now - known.asked_at > FRESH_S or _later(known.ended_at, ended_at) != known.ended_at

    async def _ask(self, wanted: Mapping[int, datetime | None], now: float) -> None:
        params = {"id__in": ",".join(map(str, wanted)), "fields": "id,title", "page_size": AT_ONCE}
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._http.get("documents/", **params)
        except (WorkError, TimeoutError):
            self._not_before = now + PAUSE_S
            return
        if len(self._known) > REMEMBERED:
            self._known.clear()
        rows = answer.get("results", []) if isinstance(answer, dict) else []
        found = {row["id"]: str(row["title"]) for row in rows}
        for one, ended_at in wanted.items():
            before = self._known.get(one)
            self._known[one] = _Known(found.get(one, ""), now, _later(before.ended_at if before else None, ended_at))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
