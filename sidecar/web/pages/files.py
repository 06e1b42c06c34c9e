"""Our own stylesheet, script and pictures: under a name that changes with their content, so browsers keep them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from sidecar.web.problems import Problem
from sidecar.web.site import Here

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}")
async def static(name: str, here: Here) -> Response:
    """Return a file. It is open to all: it holds nothing of the owner's."""
    found = here.shell.static(name)
    if found is None:
        raise Problem(404, "problem.not-found")
    return found
