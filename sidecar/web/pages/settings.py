"""The settings as they are in effect."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.desk import settings as desk
from sidecar.web.site import Here
from sidecar.web.who import Admin

router = APIRouter(include_in_schema=False)


@router.get("/settings")
async def settings(request: Request, here: Here, who: Admin, only: str = "") -> Response:
    """Show all settings; with `only=set` those that are not left at their defaults."""
    groups = desk.in_effect(here.parts)
    number = sum(one.origin != "default" for group in groups.values() for one in group)
    if only == "set":
        groups = {name: [one for one in group if one.origin != "default"] for name, group in groups.items()}
    shown = {name: group for name, group in groups.items() if group}
    return here.shell.page(
        request, "settings.html", who=who, here="settings", groups=shown, number=number, only=only == "set"
    )
