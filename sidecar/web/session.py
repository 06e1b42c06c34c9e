"""The login of a browser: a random value in a cookie, of which the store knows the SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from sidecar.paperless.login import Person
from sidecar.store import sessions
from sidecar.store.api_tokens import digest
from sidecar.store.sessions import LONGEST, Session
from sidecar.web.guard import SAFE
from sidecar.web.site import Site

COOKIE = "sidecar_session"
#: The last use is noted this exactly, so that looking at pages writes seldom.
SEEN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Login:
    """A session, with what only the browser and this request know."""

    session: Session
    secret: str

    @property
    def csrf(self) -> str:
        """What a form or a script must send along to show that it is one of our own pages."""
        return hmac.new(self.secret.encode(), b"csrf", hashlib.sha256).hexdigest()


async def begin(site: Site, person: Person, now: datetime) -> str:
    """Log a person in and return the value for the cookie. Whether they are staff now counts in all their logins."""
    secret = secrets.token_urlsafe(32)
    session = Session(person.id, person.username, person.is_staff, created_at=now, seen_at=now)
    await site.db.run(sessions.set_staff, person.id, is_staff=person.is_staff)
    await site.db.run(sessions.open_session, digest(secret), session)
    site.rights.confirm(person)
    return secret


async def kept(site: Site, request: Request, now: datetime) -> Login | None:
    """Return the login that a request comes with, None if it has none or its time is over. Raises StoreError."""
    secret = request.cookies.get(COOKIE, "")
    if not 20 < len(secret) < 100:
        return None
    session = await site.db.run(sessions.find, digest(secret), now=now)
    return Login(session, secret) if session is not None else None


async def find(site: Site, request: Request, now: datetime) -> Login | None:
    """Return the login that counts: with rights that Paperless confirmed of late. Raises as `Rights.of`."""
    login = await kept(site, request, now)
    if login is None:
        return None
    session = await site.rights.of(login.session, acts=request.method not in SAFE, now=now)
    if session is None:
        return None
    if now - session.seen_at > SEEN_EVERY:
        await site.db.run(sessions.touch, digest(login.secret), now=now)
    return Login(session, login.secret)


async def end(site: Site, login: Login) -> None:
    """Log a person out."""
    await site.db.run(sessions.close_session, digest(login.secret))


def set_cookie(site: Site, request: Request, response: Response, secret: str) -> None:
    """Give the browser its cookie: for this site alone, and for no script."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(LONGEST.total_seconds()),
        path=site.prefix or "/",
        secure=site.is_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(site: Site, response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path=site.prefix or "/", httponly=True, samesite="lax")
