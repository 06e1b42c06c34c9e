"""Who asks, and what they may: people with a session, machines with an API token.

A route takes `Reader`, `Worker` or `Admin` as a parameter, and is closed to all others. Changes that come with a
session must bring its CSRF token, as the form's field `csrf` or as the header X-CSRF-Token.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from sidecar.store import api_tokens
from sidecar.store.api_tokens import USED_EVERY, Scope, digest
from sidecar.web import session
from sidecar.web.guard import SAFE
from sidecar.web.problems import Problem, StrangerError
from sidecar.web.session import Login
from sidecar.web.site import Site, site_of

_ORDER = list(Scope)
_bearer = HTTPBearer(auto_error=False, description="An API token, made by `sidecar token create`.")


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who was let in."""

    #: The person's name in Paperless, or the token's.
    name: str
    scope: Scope
    #: None for machines.
    login: Login | None = None

    def may(self, scope: Scope) -> bool:
        """Say whether that is allowed to them."""
        return _ORDER.index(self.scope) >= _ORDER.index(scope)

    @property
    def csrf(self) -> str:
        """What this person's forms send along; empty for machines."""
        return self.login.csrf if self.login else ""


async def find(site: Site, request: Request) -> Who | None:
    """Return who asks; None for somebody unknown. Raises as `Rights.of`.

    A header that is no token of ours may be that of a login which a proxy has of its own, and browsers send it along.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and (machine := await _machine(site, token.strip())) is not None:
        return machine
    login = await session.find(site, request, site.now())
    if login is None:
        return None
    return Who(login.session.username, Scope.ADMIN if login.session.is_staff else Scope.WORK, login)


async def _machine(site: Site, token: str) -> Who | None:
    found = await site.db.run(api_tokens.find, digest(token))
    if found is None:
        return None
    now = site.now()
    if found.used_at is None or now - found.used_at > USED_EVERY:
        await site.db.run(api_tokens.use, found.id, now=now)
    return Who(found.name, found.scope)


def _needs(scope: Scope) -> Callable[..., Awaitable[Who]]:
    async def let_in(
        request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None
    ) -> Who:
        who = await find(site_of(request), request)
        if who is None:
            raise StrangerError
        request.state.who = who  # for the page around what may go wrong
        if request.method not in SAFE and who.login is not None:
            await check_csrf(request, who.login)
        if not who.may(scope):
            raise Problem(403, f"problem.needs-{scope}")
        return who

    return let_in


async def check_csrf(request: Request, login: Login) -> None:
    """Raise Problem for a change that does not come from one of this login's own pages."""
    sent = request.headers.get("x-csrf-token", "")
    if not sent and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        sent = str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(sent.encode(), login.csrf.encode()):
        raise Problem(403, "problem.csrf")


#: May look.
Reader = Annotated[Who, Depends(_needs(Scope.READ))]
#: May steer jobs: a person who may change documents, or a token with the scope work.
Worker = Annotated[Who, Depends(_needs(Scope.WORK))]
#: May change how the sidecar works: staff, or a token with the scope admin.
Admin = Annotated[Who, Depends(_needs(Scope.ADMIN))]
