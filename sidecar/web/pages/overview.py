"""The overview: what runs, what waits, what went wrong, and who is away."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.job import Kind
from sidecar.store.api_tokens import Scope
from sidecar.web.site import Here, Site
from sidecar.web.texts import asked
from sidecar.web.who import Reader

router = APIRouter(include_in_schema=False)


@router.get("/")
async def overview(request: Request, here: Here, who: Reader) -> Response:
    """Show how things stand."""
    part = await _part(here, asked(request), staff=who.may(Scope.ADMIN))
    return here.shell.page(request, "overview.html", who=who, here="overview", part=part)


@router.get("/events")
async def events(request: Request, here: Here, who: Reader) -> Response:
    """Send the overview anew whenever it is another."""
    language, staff = asked(request), who.may(Scope.ADMIN)
    return here.live.stream(("overview", language, staff), lambda: _part(here, language, staff=staff))


async def _part(here: Site, language: str, *, staff: bool) -> str:
    standing = await here.observer.look(here.now())
    titles = await here.titles.of_jobs([*standing.running, *standing.ended])
    return here.shell.part(
        "_overview.html",
        language,
        now=standing,
        titles=titles,
        staff=staff,
        kinds=list(Kind),
        currency=here.parts.settings.currency,
    )
