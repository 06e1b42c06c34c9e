"""Titles of documents, for showing: asked of Paperless for all that a page names at once, and kept for a while.

A Paperless that is slow or away makes a page show numbers; it never makes it wait for long or fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from sidecar.domain.errors import WorkError
from sidecar.paperless.http import Http

#: A title is asked for anew after so long, in seconds: filing a document gives it another one.
FRESH_S = 5.0
#: A page waits for titles at most so long, in seconds.
PATIENCE_S = 1.0
#: After Paperless gave no answer it is left alone for so long, in seconds.
PAUSE_S = 15.0
REMEMBERED = 5_000
AT_ONCE = 100


class Titles:
    """Titles by the document's number."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._known: dict[int, tuple[str, float]] = {}
        self._not_before = 0.0

    async def of(self, documents: Collection[int]) -> Mapping[int, str]:
        """Return the titles of these documents, without those that are not known now."""
        now = asyncio.get_running_loop().time()
        wanted = sorted({one for one in documents if one not in self._known or now - self._known[one][1] > FRESH_S})
        if wanted and now >= self._not_before:
            await self._ask(wanted[:AT_ONCE], now)
        return {one: self._known[one][0] for one in documents if one in self._known and self._known[one][0]}

    async def _ask(self, wanted: list[int], now: float) -> None:
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
        # What is not found is gone, or not to be seen: it is remembered as being without a title.
        self._known |= {one: (found.get(one, ""), now) for one in wanted}
