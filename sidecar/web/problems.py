"""What went wrong, as a page for people and as JSON for machines (RFC 9457, application/problem+json)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sidecar.desk.jobs import UnknownJobError
from sidecar.domain.errors import CancelledError, OutageError, PermanentError, StoreError, TemporaryError
from sidecar.web.site import path_of, site_of
from sidecar.web.texts import asked, words

_log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 - it is the answer, in the words of RFC 9457
    """Ends a request with this status and a sentence: the key of a text, or the sentence itself."""

    def __init__(self, status: int, said: str, *, headers: Mapping[str, str] | None = None, **values: Any) -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.values = values
        self.headers = dict(headers or {})


class StrangerError(Exception):
    """Somebody unknown asks for what is not open to all."""


def install(app: FastAPI) -> None:
    """Let every error end in words."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(StrangerError, _stranger)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(CancelledError, _gone)
    app.add_exception_handler(UnknownJobError, _gone)
    app.add_exception_handler(PermanentError, _not_so)
    app.add_exception_handler(OutageError, _away)
    app.add_exception_handler(TemporaryError, _away)
    app.add_exception_handler(Exception, _fault)


def answer(
    request: Request,
    status: int,
    said: str,
    *,
    headers: Mapping[str, str] | None = None,
    is_english: bool = False,
    **extra: Any,
) -> Response:
    """Return the answer for a machine or for a person, by the address they asked for.

    `is_english` says that `said` is a sentence of the program, in no language but English.
    """
    title = HTTPStatus(status).phrase
    if path_of(request).startswith("/api/"):
        body = {"title": title, "status": status, "detail": said, **extra}
        return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")
    return site_of(request).shell.page(
        request,
        "problem.html",
        status=status,
        headers=headers,
        said=said,
        is_english=is_english,
        number=status,
        who=getattr(request.state, "who", None),
        here="",
    )


def _words(request: Request, key: str, **values: Any) -> str:
    """Return the text of this key; machines get English. A sentence that is no key stays as it is."""
    language = "en" if path_of(request).startswith("/api/") else asked(request)
    t = words(language)
    return t(key, **values) if key in t.keys else key


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - as it was installed
    said = _words(request, error.said, **error.values)
    return answer(request, error.status, said, headers=error.headers)


async def _stranger(request: Request, _error: Exception) -> Response:
    if path_of(request).startswith("/api/"):
        headers = {"WWW-Authenticate": "Bearer"}
        return answer(request, 401, _words(request, "problem.stranger"), headers=headers)
    target = path_of(request)
    if request.url.query:
        target += f"?{request.url.query}"
    back = f"?next={quote(target, safe='/')}" if request.method == "GET" and target != "/" else ""
    return RedirectResponse(site_of(request).shell.url(f"/login{back}"), 303)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as it was installed
    wrong = [_wrong(one) for one in error.errors()]
    return answer(request, 422, " ".join(wrong), is_english=True, wrong=wrong)


def _wrong(one: Mapping[str, Any]) -> str:
    """Say in a sentence which value is wrong and why; the value itself is not repeated."""
    where = [str(part) for part in one["loc"] if part not in ("body", "query", "path")]
    return f"{'.'.join(where) or 'The body'}: {one['msg']}."


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as it was installed
    known = {404: "problem.not-found", 405: "problem.method", 413: "problem.too-large"}
    said = _words(request, known.get(error.status_code, "problem.other"))
    # A body that is no text at all is to be told like one that is no JSON.
    status = 422 if error.status_code == 400 else error.status_code
    return answer(request, status, said, headers=error.headers)


async def _store(request: Request, error: Exception) -> Response:
    _log.error("%s", error)
    return answer(request, 500, str(error), is_english=True)


async def _gone(request: Request, error: Exception) -> Response:
    return answer(request, 404, str(error), is_english=True)


async def _not_so(request: Request, error: Exception) -> Response:
    return answer(request, 409, str(error), is_english=True)


async def _away(request: Request, error: Exception) -> Response:
    return answer(request, 503, str(error), is_english=True, headers={"Retry-After": "30"})


async def _fault(request: Request, error: Exception) -> Response:
    """Answer a fault of ours; the server has it in its log."""
    return answer(request, 500, _words(request, "problem.fault"))
