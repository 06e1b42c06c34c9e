"""What all pages and endpoints of one running dashboard share."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from sidecar.app import Present, Sidecar
from sidecar.domain.budget import Period
from sidecar.domain.errors import OutageError
from sidecar.domain.job import Kind
from sidecar.domain.trigger import Tags
from sidecar.parts import Parts
from sidecar.store.spending import Spending
from sidecar.web.counters import FILE, Counters
from sidecar.web.doorbell import Doorbell
from sidecar.web.live import Live
from sidecar.web.pictures import Pictures
from sidecar.web.ready import Readiness
from sidecar.web.rights import Rights
from sidecar.web.shell import Shell
from sidecar.web.shown_names import ShownNames
from sidecar.web.standing import Observer
from sidecar.web.throttle import Throttle
from sidecar.web.titles import Titles


class Site:
    """The dashboard of one program: the parts it looks into, and what it remembers itself."""

    def __init__(self, parts: Parts, present: Present) -> None:
        self.parts = parts
        self.db = parts.db
        self.present = present
        self.prefix = parts.settings.web_prefix
        paperless = parts.settings.paperless_public_url or parts.settings.paperless_url
        self.shell = Shell(self.prefix, paperless, parts.budgets[Kind.TAGGING].zone)
        self.live = Live()
        self.doorbell = Doorbell(parts.db, self.ring)
        self.throttle = Throttle()
        self.rights = Rights(parts.paperless.http, parts.db)
        self.titles = Titles(parts.paperless.http)
        self.called = ShownNames(parts.paperless.http, parts.tag_names)
        self.pictures = Pictures(parts)
        self.observer = Observer(parts, present)
        #: What was spent in days and months that are over, added up once.
        self.spent: dict[tuple[Period, datetime], list[Spending]] = {}
        #: One trial of the prompts at a time: each looks first whether the budget has room.
        self.trying = asyncio.Lock()
        self.readiness = Readiness(parts, present)
        self.counters = Counters(parts.db, parts.settings.data_dir / FILE)
        self._tags: tuple[Sidecar | None, Tags] | None = None

    async def tags(self) -> Tags:
        """Return the ids of our tags, asked for once for each start of the worker."""
        if self._tags is None or self._tags[0] is not self.present.sidecar:
            self._tags = (self.present.sidecar, await self.parts.tags())
        return self._tags[1]

    def worker(self) -> Sidecar:
        """Return the worker. Raises OutageError while it starts, which it does until Paperless can be reached."""
        if self.present.sidecar is None:
            raise OutageError("paperless", "The sidecar is starting; it waits for Paperless. Try again in a moment.")
        return self.present.sidecar

    def wake(self) -> None:
        """Let the runner look for work at once."""
        if self.present.sidecar is not None:
            self.present.sidecar.runner.wake()

    def ring(self) -> None:
        """Let the poller look for tagged documents at once."""
        if self.present.sidecar is not None:
            self.present.sidecar.poller.ring()

    def now(self) -> datetime:
        """Return the time (aware UTC)."""
        return datetime.now(UTC)

    def is_secure(self, request: Request) -> bool:
        """Say whether the browser may send the login over https alone."""
        wish = self.parts.settings.web_secure_cookies.value
        return wish == "always" or (wish == "auto" and request.url.scheme == "https")


def site_of(request: Request) -> Site:
    """Return the site that a request came to."""
    site = request.app.state.site
    assert isinstance(site, Site)  # noqa: S101 - put there where the app is made
    return site


def path_of(request: Request) -> str:
    """Return the path as the routes see it: without the prefix, whether the proxy took that off or not."""
    path, prefix = str(request.scope["path"]), str(request.scope.get("root_path", ""))
    return path.removeprefix(prefix) if prefix and f"{path}/".startswith(f"{prefix}/") else path


def own_target(target: str) -> str:
    """Return an address of our own to go on to, the overview for any other."""
    is_own = target.startswith("/") and not target.startswith(("//", "/\\", "/login", "/logout"))
    return target if is_own and target.isprintable() and "\\" not in target else "/"


#: The site, as a parameter of a route.
Here = Annotated[Site, Depends(site_of)]
