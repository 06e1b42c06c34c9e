"""What the first request would wait for, done once after the start, beside the work.

Templates are compiled and the API's description is made in a thread; then everything that pages read from the store is
read once, which opens the reading connection, and two pages that are open to all go through the whole application.
Nothing outside is asked, nothing is written, and what cannot be had now is left to the first page.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

from sidecar.domain.errors import SidecarError
from sidecar.store import api_tokens, failures, listing, review, sessions
from sidecar.store.api_tokens import digest
from sidecar.web.api import openapi
from sidecar.web.pages import prompts, settings, spending, tokens
from sidecar.web.site import Site
from sidecar.web.who import Who

_log = logging.getLogger(__name__)

#: The worker's own start goes first, in seconds.
AFTER_S = 1.0
#: Open to all, and with all that stands around a page.
OPEN = ("/healthz", "/login")


async def warm(site: Site, bare: FastAPI, app: ASGIApp) -> None:
    """Do it; `bare` is the application inside `app`."""
    await asyncio.sleep(AFTER_S)
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(_load, site, bare)
    for look in _looks(site, bare):
        try:
            await look()
        except SidecarError as error:
            _log.debug("left to the first page: %s", error)
    for path in OPEN:
        await app(_scope(path), _nothing_more, _unheard)
    _log.debug("the dashboard is warm after %.1f s", asyncio.get_running_loop().time() - began)


def _load(site: Site, bare: FastAPI) -> None:
    site.shell.compile()
    bare.openapi()


def _looks(site: Site, bare: FastAPI) -> Iterator[Callable[[], Awaitable[object]]]:
    """Give what pages read, or the page itself where it asks nobody but the store."""
    run, now, unknown = site.db.run, site.now(), digest("")
    yield lambda: site.observer.look(now)
    yield lambda: run(sessions.find, unknown, now=now)
    yield lambda: run(api_tokens.find, unknown)
    yield lambda: run(listing.jobs, limit=1)
    yield lambda: run(listing.story, 0)
    yield lambda: run(listing.write_back, 0)
    yield lambda: run(listing.kept_pages, 0)
    yield lambda: run(review.waiting)
    yield lambda: run(failures.groups)
    request = Request({**_scope("/"), "app": bare})
    # Nobody is let in by this: it is what a page shows around itself.
    nobody = Who("", api_tokens.Scope.ADMIN)
    yield lambda: spending.spending(request, site, nobody)
    yield lambda: spending.spending(request, site, nobody, "month")
    yield lambda: prompts.prompts(request, site, nobody)
    yield lambda: settings.settings(request, site, nobody)
    yield lambda: tokens.tokens(request, site, nobody)
    yield lambda: openapi.docs(request, site, nobody)


def _scope(path: str) -> Scope:
    """Return a request that comes from nobody."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "server": None,
    }


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _unheard(_: Any) -> None:
    pass
