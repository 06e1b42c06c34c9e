"""The overview: what runs, what waits, what went wrong, and who is away."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.web.site import Here
from sidecar.web.who import Reader

router = APIRouter(include_in_schema=False)


@router.get("/")
async def overview(request: Request, here: Here, who: Reader) -> Response:
    """Show how things stand."""
    return here.shell.page(request, "overview.html", who=who, here="overview")
