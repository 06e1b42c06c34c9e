"""One request to Paperless and what its answer means.

What to know of the server (measured on 3.0.5, see docs/paperless.md): a wrong path answers 302 to the login page
even with a good token; errors may be HTML; a 400 or 500 to a write may hide that the write happened; there is no
throttling, but a proxy before it may throttle.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from sidecar import __version__
from sidecar.domain.errors import (
    CancelledError,
    ForbiddenError,
    MisconfiguredError,
    OutageError,
    PermanentError,
    TemporaryError,
    UncertainWriteError,
)
from sidecar.observe import work

PROVIDER = "paperless"
API_VERSIONS = (10, 9)
#: Idle connections are dropped before a server drops them, so that a write rarely meets a closed one.
KEEPALIVE_S = 2.0

_log = logging.getLogger(__name__)


class RefusedError(PermanentError):
    """Paperless refused the values (400). `fields` has its words for each field it named, `body` its whole answer."""

    def __init__(self, message: str, fields: Mapping[str, str], body: object = None) -> None:
        super().__init__(message)
        self.fields = dict(fields)
        self.body = body


class BrokeDownError(UncertainWriteError):
    """Paperless broke down over a write (500). The request is over, and may have been written in part."""


class Http:
    """Requests to one Paperless, each with a deadline in all (`timeout_s`, seconds) and redirects never followed.

    An empty token sends none: that is how a person logs in.
    """

    def __init__(
        self, url: str, token: str, *, timeout_s: float = 60.0, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.timeout_s = timeout_s
        self._version = API_VERSIONS[0]
        self._client = httpx.AsyncClient(
            base_url=_base(self.url),
            headers={
                "User-Agent": f"paperless-sidecar/{__version__}",
                **({"Authorization": f"Token {token}"} if token else {}),
            },
            timeout=httpx.Timeout(timeout_s, connect=min(10.0, timeout_s)),
            limits=httpx.Limits(max_connections=16, keepalive_expiry=KEEPALIVE_S),
            follow_redirects=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET; asks once more where the connection broke, since asking changes nothing."""
        try:
            return await self._json("GET", path, params=params)
        except TemporaryError:
            return await self._json("GET", path, params=params)

    async def pages(self, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
        """Give all rows of a list, page after page; a page that is gone by the time it is asked for ends it."""
        page = 1
        while True:
            try:
                answer = await self.get(path, **params, page=page)
            except CancelledError:  # rows went away while we read, so the last page did too
                if page == 1:
                    raise
                return
            if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
                raise MisconfiguredError(PROVIDER, f"{self.url} answers, but not as Paperless. Check PAPERLESS_URL.")
            for row in answer["results"]:
                yield row
            if not answer.get("next"):
                return
            page += 1

    async def log_in(self, values: Mapping[str, str]) -> Any:
        """Ask for a person's token and return the answer, or raise as `send`. Nothing in the archive is changed."""
        return await self._json("POST", "token/", json=dict(values))

    async def send(self, method: str, path: str, body: object) -> Any:
        """Send a write once and return the JSON of its answer, or raise.

        RefusedError and OutageError: nothing was written. UncertainWriteError: it may have been, or still may be.
        """
        return await self._json(method, path, json=body)

    async def send_file(self, path: str, file: Path, *, name: str, values: Mapping[str, str]) -> Any:
        """POST a file under this name, with values of a form, and return the JSON of the answer, or raise as `send`."""
        data = await asyncio.to_thread(file.read_bytes)
        return await self._json("POST", path, data=dict(values), files={"document": (name, data, "application/pdf")})

    @contextlib.asynccontextmanager
    async def stream(self, path: str, **params: Any) -> AsyncIterator[httpx.Response]:
        """Open a download; the whole of it, reading included, has ten times the usual deadline."""
        headers = {"Accept-Encoding": "identity"}  # else even a PDF comes compressed, and without its length
        with _in_words(self.url, writes=False), work.paperless_request("GET") as asked:
            async with (
                asyncio.timeout(10 * self.timeout_s),
                self._client.stream("GET", path, params=params, headers=headers) as response,
            ):
                asked.status = response.status_code
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    _refuse(response, writes=False)
                yield response

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        version = self._version
        response = await self._request(method, path, **options)
        if response.status_code == httpx.codes.NOT_ACCEPTABLE and version != API_VERSIONS[-1]:
            self._version = API_VERSIONS[-1]
            _log.info("Paperless does not speak API version %s; using %s", API_VERSIONS[0], self._version)
            response = await self._request(method, path, **options)
        writes = method != "GET"
        if not response.is_success:
            _refuse(response, writes=writes)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        if "json" not in response.headers.get("content-type", ""):
            raise MisconfiguredError(PROVIDER, _no_api(response))
        return _decoded(response, writes=writes)

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Accept": f"application/json; version={self._version}"}
        with _in_words(self.url, writes=method != "GET"):
            async with asyncio.timeout(self.timeout_s):
                with work.paperless_request(method) as asked:
                    response = await self._client.request(method, path, headers=headers, **options)
                    asked.status = response.status_code
                    return response


@contextlib.contextmanager
def _in_words(url: str, *, writes: bool) -> Any:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise OutageError(
            PROVIDER, f"Paperless at {url} cannot be reached: {str(error) or 'no connection'}."
        ) from error
    except (httpx.HTTPError, TimeoutError) as error:
        what = "gave no answer in time" if isinstance(error, TimeoutError | httpx.TimeoutException) else "hung up"
        kind = UncertainWriteError if writes else TemporaryError
        raise kind(f"Paperless at {url} {what}.", suspect=PROVIDER) from error


def _base(url: str) -> httpx.URL:
    try:
        base = httpx.URL(f"{url}/api/")
    except httpx.InvalidURL as error:
        raise MisconfiguredError(PROVIDER, f"PAPERLESS_URL is not an address: {error}.") from error
    if base.userinfo:  # httpx would send it in place of the token, and our messages would tell it
        raise MisconfiguredError(PROVIDER, "PAPERLESS_URL must not hold a user name or a password.")
    return base


def _decoded(response: httpx.Response, *, writes: bool) -> Any:
    try:
        return response.json()
    except ValueError as error:
        kind = UncertainWriteError if writes else TemporaryError
        raise kind(f"Paperless gave an answer that breaks off ({response.status_code}).", suspect=PROVIDER) from error


def _refuse(response: httpx.Response, *, writes: bool) -> None:
    """Raise what an answer that is no success means."""
    status = response.status_code
    words = _words(response)
    if status in (429, 503):
        wait = _retry_after(response)
        raise OutageError(PROVIDER, f"Paperless is not available now (status {status}).", retry_after_s=wait)
    if status == httpx.codes.UNAUTHORIZED:
        raise MisconfiguredError(PROVIDER, f"Paperless refused the token: check PAPERLESS_TOKEN ({words}).")
    is_json = "json" in response.headers.get("content-type", "")
    if response.is_redirect or status == httpx.codes.NOT_ACCEPTABLE or (status == 404 and not is_json):
        raise MisconfiguredError(PROVIDER, _no_api(response))
    if status == httpx.codes.FORBIDDEN:
        kind_of_no = ForbiddenError if is_json else PermanentError
        raise kind_of_no(f"Paperless does not allow the sidecar's user to do this: {words}")
    if status == httpx.codes.NOT_FOUND:
        raise CancelledError("The document is no longer in Paperless.")
    if status == httpx.codes.BAD_REQUEST and is_json:
        body = _decoded(response, writes=writes)
        raise RefusedError(f"Paperless refused the values: {words}", _fields(body), body)
    if writes:  # a 400 that is no JSON too: with its redis away, Paperless writes and then answers 400 in HTML
        kind = BrokeDownError if status == httpx.codes.INTERNAL_SERVER_ERROR else UncertainWriteError
        raise kind(f"Paperless answered {status} to a write: {words}", suspect=PROVIDER)
    raise TemporaryError(f"Paperless answered {status}: {words}", suspect=PROVIDER)


def _no_api(response: httpx.Response) -> str:
    target = response.headers.get("location")
    went = f"redirects to {target}" if target else f"answered {response.status_code} without an API answer"
    return (
        f"{response.request.url} {went}. Check PAPERLESS_URL: it must be the address of Paperless itself, "
        "with http or https as it is served, and nothing behind it but a sub-path of its own."
    )


def _words(response: httpx.Response) -> str:
    text = " ".join(response.text.split())
    return "an HTML page" if text.startswith("<") else text[:300]


def _fields(body: Any) -> dict[str, str]:
    if not isinstance(body, dict):
        return {}
    return {str(name): " ".join(map(str, said)) if isinstance(said, list) else str(said) for name, said in body.items()}


def _retry_after(response: httpx.Response) -> float | None:
    try:
        wait_s = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return wait_s if math.isfinite(wait_s) else None
