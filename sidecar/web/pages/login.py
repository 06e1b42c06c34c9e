"""Logging in with the Paperless account, and out."""

from __future__ import annotations

import contextlib
import logging
import math
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sidecar.domain.errors import OutageError
from sidecar.paperless.login import LoginRefusedError, Person, Refusal, log_in
from sidecar.web import session
from sidecar.web.problems import Problem, StrangerError
from sidecar.web.site import Here, Site, own_target
from sidecar.web.who import check_csrf, find

router = APIRouter(include_in_schema=False)
_log = logging.getLogger(__name__)

#: Paperless may take so long over a login, in seconds: a person waits for it.
LONGEST_S = 15.0


@router.get("/login")
async def form(request: Request, here: Here, next: str = "") -> Response:  # noqa: A002 - the name in the address
    """Show the form; who is logged in already goes on."""
    with contextlib.suppress(OutageError):  # Paperless cannot be asked about an old login
        if await find(here, request) is not None:
            return RedirectResponse(here.shell.url(own_target(next)), 303)
    return _page(request, here, target=next)


class _Refused(Exception):  # noqa: N818 - no error: the form is shown again
    """Nobody is let in, and what the form says."""

    def __init__(self, status: int, said: str, *, wait_s: int = 0, why: Refusal | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.wait_s = wait_s
        self.why = why


@router.post("/login")
async def enter(
    request: Request,
    here: Here,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002 - the name of the field
) -> Response:
    """Ask Paperless whether that is the person, and let them in if they may change documents."""
    address = request.client.host if request.client else ""
    try:
        person = await _person(here, address, username, password, code.strip())
    except _Refused as refused:
        return _page(request, here, refused, username=username, target=next)
    response = RedirectResponse(here.shell.url(own_target(next)), 303)
    session.set_cookie(here, request, response, await session.begin(here, person, here.now()))
    _log.info("%s logged in to the dashboard", person.username)
    return response


async def _person(here: Site, address: str, username: str, password: str, code: str) -> Person:
    """Return who that is. Raises _Refused for who does not come in, and counts those who guess."""
    now = here.now()
    wait_s = math.ceil(here.throttle.wait(username, address, now).total_seconds())
    if wait_s:
        raise _Refused(429, "login.throttled", wait_s=wait_s)
    if not username or not password:
        raise _Refused(422, "login.empty")
    s = here.parts.settings
    try:
        person = await log_in(
            s.paperless_url, username, password, code=code, timeout_s=min(LONGEST_S, s.paperless_timeout_s)
        )
    except LoginRefusedError as error:
        if error.why is not Refusal.CODE_NEEDED:
            here.throttle.failed(username, address, now)
            _log.warning("a login was refused (%s) from %s", error.why, address)
        raise _Refused(401, f"login.{error.why}", why=error.why) from error
    except OutageError as error:
        _log.warning("a login was not possible: %s", error)
        if error.retry_after_s:
            raise _Refused(429, "login.throttled", wait_s=math.ceil(error.retry_after_s)) from error
        raise _Refused(503, "login.away") from error
    here.throttle.succeeded(username, address)
    if not person.may_enter:
        raise _Refused(403, "login.rights")
    return person


@router.post("/logout")
async def leave(request: Request, here: Here) -> Response:
    """End the session. Paperless is not asked: one can always leave."""
    login = await session.kept(here, request, here.now())
    if login is None:  # a program has nothing to leave
        raise StrangerError if await find(here, request) is None else Problem(403, "problem.csrf")
    await check_csrf(request, login)
    await session.end(here, login)
    response = RedirectResponse(here.shell.url("/login"), 303)
    session.drop_cookie(here, response)
    return response


def _page(
    request: Request, here: Site, refused: _Refused | None = None, *, username: str = "", target: str = ""
) -> Response:
    said = refused or _Refused(200, "")
    return here.shell.page(
        request,
        "login.html",
        status=said.status,
        headers={"Retry-After": str(said.wait_s)} if said.wait_s else None,
        who=None,
        here="",
        said=said.said,
        wait_s=said.wait_s,
        code=said.why in (Refusal.CODE_NEEDED, Refusal.CODE_WRONG),
        username=username,
        target=own_target(target),
    )
