"""Jobs: the list with its filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.desk.jobs import Wish
from sidecar.domain.job import Kind, State
from sidecar.store import listing
from sidecar.web.api.shapes import LARGEST
from sidecar.web.site import Here, Site
from sidecar.web.texts import asked
from sidecar.web.who import Reader

router = APIRouter(include_in_schema=False)

#: Jobs on one page of the list.
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are listed; empty texts are what a form sends for no wish."""

    state: State | None
    kind: Kind | None
    document: int | None
    before: int | None

    def query(self, **changed: object) -> str:
        """Return it as the query of an address, with some of it changed."""
        wishes = {"state": self.state, "kind": self.kind, "document": self.document, "before": self.before} | changed
        return urlencode({name: str(value) for name, value in wishes.items() if value is not None})


def _filter(
    state: str = "",
    kind: str = "",
    document: Annotated[str, Query(max_length=12)] = "",
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Filter:
    """Read a filter from an address; a wish that nobody can have is no wish."""
    number = int(document) if document.isascii() and document.isdigit() else 0
    return Filter(
        state=State(state) if state in set(State) else None,
        kind=Kind(kind) if kind in set(Kind) else None,
        document=number if 1 <= number <= LARGEST else None,
        before=before,
    )


Wished = Annotated[Filter, Depends(_filter)]


@router.get("/jobs")
async def jobs(request: Request, here: Here, who: Reader, wished: Wished) -> Response:
    """List jobs, the newest first."""
    part = await _list(here, asked(request), wished)
    return here.shell.page(
        request,
        "jobs.html",
        who=who,
        here="jobs",
        part=part,
        wished=wished,
        states=list(State),
        kinds=list(Kind),
        wishes=list(Wish),
    )


@router.get("/jobs/events")
async def list_events(request: Request, here: Here, _: Reader, wished: Wished) -> Response:
    """Send the list anew whenever it is another."""
    language = asked(request)
    return here.live.stream(("jobs", language, wished), lambda: _list(here, language, wished))


async def _list(here: Site, language: str, wished: Filter) -> str:
    found = await here.db.run(
        listing.jobs,
        states=[wished.state] if wished.state else [],
        kind=wished.kind,
        document_id=wished.document,
        before=wished.before,
        limit=AT_ONCE + 1,
    )
    shown = found[:AT_ONCE]
    older = wished.query(before=shown[-1].id) if len(found) > AT_ONCE else None
    titles = await here.titles.of_jobs(shown)
    return here.shell.part("_jobs.html", language, jobs=shown, titles=titles, older=older, wished=wished)
