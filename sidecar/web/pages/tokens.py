"""API tokens: list, make, revoke. A token is shown on the page that answers its making, and nowhere again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sidecar.desk import tokens as desk
from sidecar.store import api_tokens
from sidecar.store.api_tokens import Scope
from sidecar.web.api.shapes import Number
from sidecar.web.problems import Problem
from sidecar.web.site import Here, Site
from sidecar.web.who import Admin, Who

router = APIRouter(include_in_schema=False)


@router.get("/tokens")
async def tokens(request: Request, here: Here, who: Admin) -> Response:
    """List the tokens, without what they are made of."""
    return await _page(request, here, who)


@router.post("/tokens")
async def create(
    request: Request,
    here: Here,
    who: Admin,
    scope: Annotated[Scope, Form()],
    name: Annotated[str, Form(max_length=desk.NAME_MAX)] = "",
) -> Response:
    """Make a token and show it, this once: loading the page again would make another one, and browsers ask first."""
    name = desk.tidy(name)
    if not name:
        raise Problem(422, "problem.token-name")
    number, token = await desk.create(here.parts, name, scope, now=here.now())
    return await _page(request, here, who, number=number, token=token)


@router.get("/tokens/{token_id}/revoke")
async def sure(request: Request, here: Here, who: Admin, token_id: Number) -> Response:
    """Ask whether this token is meant."""
    found = next((one for one in await here.db.run(api_tokens.tokens) if one.id == token_id), None)
    if found is None:
        raise Problem(404, "problem.no-token")
    return here.shell.page(request, "token_revoke.html", who=who, here="tokens", token=found)


@router.post("/tokens/{token_id}/revoke")
async def revoke(here: Here, _: Admin, token_id: Number) -> Response:
    """Make a token worthless."""
    if not await desk.revoke(here.parts, token_id):
        raise Problem(404, "problem.no-token")
    return RedirectResponse(here.shell.url("/tokens"), 303)


async def _page(request: Request, here: Site, who: Who, *, number: int = 0, token: str = "") -> Response:
    found = await here.db.run(api_tokens.tokens)
    return here.shell.page(
        request,
        "tokens.html",
        who=who,
        here="tokens",
        tokens=found,
        scopes=list(Scope),
        number=number,
        token=token,
        name_max=desk.NAME_MAX,
        back="/tokens",
    )
