"""What the ids in write-backs are called, for showing: asked of Paperless in the background, and kept for a while.

A Paperless that is slow or away makes a page show numbers; it never makes it wait for long or fail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from sidecar.domain.errors import WorkError
from sidecar.domain.job import Kind
from sidecar.domain.telling import Spoken, spoken
from sidecar.domain.trigger import TagNames
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.paperless.http import Http
from sidecar.paperless.names import NameList

_log = logging.getLogger(__name__)

#: Names are asked for anew after so long, in seconds; where one is missing, sooner.
FRESH_S = 300.0
SOON_S = 5.0
#: A page waits for names at most so long, in seconds; the next page has them.
PATIENCE_S = 1.0
#: After Paperless gave no answer it is left alone for so long, in seconds.
PAUSE_S = 15.0

#: An id by the kind of its name.
Needed = Collection[tuple[str, int]]


class ShownNames:
    """All names of Paperless, of every kind, and what custom fields and their choices are called."""

    def __init__(self, http: Http, tags: TagNames) -> None:
        self._names = NameList(http, kinds=frozenset(Names), custom_fields=True)
        self._tags = tags
        self._known = Vocabulary()
        self._spoken = Spoken()
        #: Asked for in vain: names that are gone from Paperless would be asked for again and again.
        self._gone: set[tuple[str, int]] = set()
        self._fresh_until = 0.0
        self._not_before = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def spoken(self, needed: Needed = ()) -> Spoken:
        """Return the words for these ids and all others that are known."""
        missing = {one for one in needed if one not in self._spoken.names} - self._gone
        before = self._spoken
        await self._look(bool(missing))
        if self._spoken is not before:
            self._gone |= {one for one in missing if one not in self._spoken.names}
        return self._spoken

    async def vocabulary(self) -> Vocabulary:
        """Return the names that there are, as far as they are known."""
        await self._look(missing=False)
        return self._known

    async def _look(self, missing: bool) -> None:
        now = asyncio.get_running_loop().time()
        if self._asking is None and now >= self._not_before and (missing or now >= self._fresh_until):
            self._asking = asyncio.create_task(self._ask())
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=PATIENCE_S)

    async def _ask(self) -> None:
        time = asyncio.get_running_loop().time
        try:
            self._names.forget()
            self._known = await self._names.vocabulary(hidden=())
            self._spoken = spoken(self._known, self._tags, Kind.TAGGING)
            self._gone.clear()
            self._fresh_until, self._not_before = time() + FRESH_S, time() + SOON_S
        except WorkError as error:
            _log.info("the names cannot be had now: %s", error)
            self._not_before = time() + PAUSE_S
        finally:
            self._asking = None
