"""What is wrong with the address and the token of Paperless, and what would be right.

An address that does not answer as Paperless is varied (http and https, without its path, with the path that the
server itself redirects to) until one does. Those tries carry no token.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from sidecar.domain.errors import MisconfiguredError, OutageError
from sidecar.paperless.http import API_VERSIONS, PROVIDER

PATH = "/api/ui_settings/"
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
TRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What Paperless says of itself and of the token's user."""

    #: Such as "3.0.5"; empty where Paperless does not say.
    version: str
    #: How far its clock is ahead of ours, in seconds; None where it does not say.
    ahead_s: float | None
    username: str
    #: Global rights such as "change_document"; None where the user may not even ask for them (`view_uisettings`).
    rights: frozenset[str] | None


async def diagnose(url: str, token: str, *, timeout_s: float = 15.0) -> Answered:
    """Ask Paperless who the token's user is. Raises OutageError and MisconfiguredError, with the fix in one line."""
    try:
        async with _client(timeout_s) as client:
            headers = {"Authorization": f"Token {token}", "Accept": f"application/json; version={API_VERSIONS[-1]}"}
            response = await client.get(url + PATH, headers=headers)
    except (httpx.HTTPError, TimeoutError) as error:
        await _unreachable(url, error)
    if response.status_code == httpx.codes.UNAUTHORIZED and _is_json(response):
        hint = " It must be the token alone, without a word before it." if " " in token else ""
        raise MisconfiguredError(
            PROVIDER,
            "Paperless does not know this token: make a new one in Paperless (your name, My Profile, API Auth Token) "
            f"and set PAPERLESS_TOKEN.{hint}",
        )
    if not response.headers.get("x-api-version", "").isdecimal():
        await _elsewhere(url, response)
    if response.status_code == httpx.codes.NOT_ACCEPTABLE or int(response.headers["x-api-version"]) < API_VERSIONS[-1]:
        raise MisconfiguredError(
            PROVIDER,
            f"Paperless {response.headers.get('x-version', '')} is too old: it speaks API version "
            f"{response.headers['x-api-version']}, the sidecar needs {API_VERSIONS[-1]} or newer. Update Paperless.",
        )
    return _answered(response)


def _answered(response: httpx.Response) -> Answered:
    said: Any = response.json() if response.is_success and _is_json(response) else {}
    user, rights = said.get("user") or {}, said.get("permissions")
    return Answered(
        version=response.headers.get("x-version", ""),
        ahead_s=_ahead_s(response),
        username=str(user.get("username", "")),
        rights=frozenset(map(str, rights)) if isinstance(rights, list) else None,
    )


def _ahead_s(response: httpx.Response) -> float | None:
    dates = response.headers.get_list("date")
    try:
        return (parsedate_to_datetime(dates[-1]) - datetime.now(UTC)).total_seconds()
    except (IndexError, TypeError, ValueError):
        return None


async def _unreachable(url: str, error: Exception) -> NoReturn:
    """Raise what it means that nobody answers, or not in this way."""
    said, host = str(error), urlsplit(url).hostname
    if "CERTIFICATE_VERIFY_FAILED" in said:
        raise MisconfiguredError(
            PROVIDER,
            f"The certificate of {url} is not trusted here: use Paperless's own address in the container network "
            "(http://webserver:8000), or name your authority's certificate in SSL_CERT_FILE.",
        )
    if isinstance(error, httpx.ConnectTimeout | TimeoutError | httpx.ReadTimeout):
        raise OutageError(PROVIDER, f"{url} gives no answer: a firewall between, a wrong host, or Paperless hangs.")
    async for right in _answering(_other_scheme(urlsplit(url))):
        _say_scheme(url, right)
    if not isinstance(error, httpx.ConnectError):
        raise OutageError(PROVIDER, f"{url} hangs up: is that Paperless's port, and http or https right?")
    if any(words in said for words in ("Name or service", "No address", "name resolution", "nodename", "not known")):
        raise MisconfiguredError(
            PROVIDER,
            f'No host "{host}" is known here: use the name of Paperless\'s service, and put the sidecar into its '
            "network (PAPERLESS_NETWORK; `docker network ls` lists them).",
        )
    if host in HERE:
        raise OutageError(
            PROVIDER,
            f"Nothing answers at {url}. In a container, {host} is the container itself: use the name of Paperless's "
            "service, as in http://webserver:8000.",
        )
    raise OutageError(PROVIDER, f"Nothing answers at {url}: is Paperless running, and is that its port?")


async def _elsewhere(url: str, response: httpx.Response) -> NoReturn:
    """Raise what it means that something else than Paperless answers."""
    target = urljoin(str(response.request.url), response.headers.get("location", ""))
    if response.is_redirect and urlsplit(target).hostname != urlsplit(url).hostname:
        raise MisconfiguredError(
            PROVIDER,
            f"{url} sends everybody to a login page at {urlsplit(target).hostname}: use Paperless's own address "
            "(http://webserver:8000), or let /api/ pass there without a login.",
        )
    places = [*_other_scheme(urlsplit(url)), *_shorter(urlsplit(url))]
    async for right in _answering([*places, *await _where_it_leads(url)]):
        if urlsplit(right)[1:] == urlsplit(url)[1:]:
            _say_scheme(url, right)
        what = "has a path too much" if len(right) < len(url) else "lacks the path that Paperless has there"
        raise MisconfiguredError(PROVIDER, f"{url} {what}: set PAPERLESS_URL={right}")
    if response.is_redirect and urlsplit(target).scheme != urlsplit(url).scheme:
        _say_scheme(url, f"{urlsplit(target).scheme}://{urlsplit(target).netloc}{urlsplit(url).path}")
    status = response.status_code
    if status in (502, 503, 504):
        raise OutageError(PROVIDER, f"{url} answers {status}: there is a proxy, but Paperless behind it is away.")
    if status == httpx.codes.BAD_REQUEST and "https" in response.text.lower():  # nginx's and Go's words
        _say_scheme(url, *_other_scheme(urlsplit(url)))
    if status == httpx.codes.BAD_REQUEST:
        raise MisconfiguredError(
            PROVIDER,
            f"{url} answers 400: Paperless may not know the host name. Add {urlsplit(url).hostname} to "
            "PAPERLESS_ALLOWED_HOSTS, or set PAPERLESS_URL, there.",
        )
    if response.is_redirect:
        raise MisconfiguredError(
            PROVIDER, f"{url} redirects to {target}, a login page: it is not the address of Paperless's API."
        )
    raise MisconfiguredError(
        PROVIDER, f"{url} answers ({status}), but it is no Paperless: check host, port and path of PAPERLESS_URL."
    )


def _say_scheme(url: str, right: str) -> NoReturn:
    scheme = urlsplit(right).scheme
    raise MisconfiguredError(PROVIDER, f"Paperless speaks {scheme} there: set PAPERLESS_URL={right} (not {url}).")


def _other_scheme(url: SplitResult) -> Iterator[str]:
    yield url._replace(scheme="http" if url.scheme == "https" else "https").geturl()


def _shorter(url: SplitResult) -> Iterator[str]:
    """Give the address with ever less of its path."""
    path = url.path.rstrip("/")
    while path:
        path = path.rpartition("/")[0]
        yield url._replace(path=path).geturl()


async def _where_it_leads(url: str) -> list[str]:
    """Return the address that the server's first page leads to, if that is a login page of a Paperless."""
    parts = urlsplit(url)
    try:
        async with _client(TRY_S) as client:
            response = await client.get(parts._replace(path="/").geturl())
    except (httpx.HTTPError, TimeoutError):
        return []
    target = urlsplit(urljoin(str(response.request.url), response.headers.get("location", "")))
    path = target.path.removesuffix("/").removesuffix("/accounts/login").removesuffix("/dashboard")
    return [parts._replace(scheme=target.scheme, path=path.rstrip("/")).geturl()] if response.is_redirect else []


async def _answering(places: Iterator[str] | list[str]) -> AsyncIterator[str]:
    """Give those of the addresses at which a Paperless answers. It is asked without the token."""
    async with _client(TRY_S) as client:
        for place in places:
            with contextlib.suppress(httpx.HTTPError, TimeoutError):
                response = await client.get(place + PATH)
                if response.status_code == httpx.codes.UNAUTHORIZED and _is_json(response):
                    yield place


@contextlib.asynccontextmanager
async def _client(timeout_s: float) -> AsyncIterator[httpx.AsyncClient]:
    async with asyncio.timeout(4 * timeout_s), httpx.AsyncClient(timeout=timeout_s, follow_redirects=False) as client:
        yield client


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")
