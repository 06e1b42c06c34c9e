"""What every request to the practice archive goes through: versions, login, routes, paging, error shapes."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sidecar.practice.archive_errors import HTML, RefusedError, refuse
from sidecar.practice.archive_pages import CSRF_PAGE
from sidecar.practice.archive_rights import check_rights
from sidecar.practice.archive_state import NOBODY, State, User, user_of
from sidecar.practice.faults import Answer
from sidecar.practice.serving import Request, json_answer

VERSIONS = ("9", "10")
DEFAULT_VERSION = "10"
MAX_PAGE_SIZE = 100_000
NOT_LOGGED_IN = "Authentication credentials were not provided."


@dataclass(frozen=True)
class Call:
    """One request of a known user to a known route."""

    request: Request
    state: State
    user: User
    #: "9" or "10".
    version: str
    #: The numbers in the path.
    ids: tuple[int, ...]

    @property
    def params(self) -> dict[str, str]:
        """The query's names and values."""
        return self.request.params

    def wants(self, param: str) -> bool:
        """Say whether a switch such as full_perms is on."""
        return self.params.get(param, "").lower() in ("true", "1")

    def json(self) -> Any:
        """Read the body as JSON, or refuse it as Django REST framework does."""
        content_type = self.request.header("Content-Type").split(";")[0].strip()
        if content_type != "application/json" and self.request.body:
            refuse(415, {"detail": f'Unsupported media type "{content_type}" in request.'})
        return parse_json(self.request.body)


Route = tuple[str, str, Callable[[Call], Answer]]


class Router:
    """Answers requests by the first route that fits."""

    def __init__(self, state: State, routes: Sequence[Route], open_routes: Sequence[Route] = ()) -> None:
        self._state = state
        #: Answered without a login and without the version headers.
        self._open_routes = {path: function for _, path, function in open_routes}
        self._routes = [(method, re.compile(path), function) for method, path, function in routes]

    def answer(self, request: Request) -> Answer:
        """Do what the request asks; errors become answers in Paperless's shapes."""
        if request.path in self._open_routes:
            return self._answer_open(request)
        fitting = [
            (method, match, function)
            for method, path, function in self._routes
            if (match := path.fullmatch(request.path))
        ]
        if not fitting:
            return _unknown_path(request)
        try:
            version = negotiate(request.header("Accept", "*/*"))
            user = log_in(self._state, request.header("Authorization"))
        except RefusedError as refused:
            return refused.answer
        return _with_versions(self._answer_known(request, version, user, fitting))

    def _answer_open(self, request: Request) -> Answer:
        try:
            version = negotiate(request.header("Accept", "*/*"))
            return self._open_routes[request.path](Call(request, self._state, NOBODY, version, ()))
        except RefusedError as refused:
            return refused.answer

    def _answer_known(
        self,
        request: Request,
        version: str,
        user: User,
        fitting: list[tuple[str, re.Match[str], Callable[[Call], Answer]]],
    ) -> Answer:
        wanted = "GET" if request.method == "HEAD" else request.method
        for method, match, function in fitting:
            if method == wanted:
                ids = tuple(int(group) for group in match.groups())
                try:
                    check_rights(user, method, request.path)
                    return function(Call(request, self._state, user, version, ids))
                except RefusedError as refused:
                    return refused.answer
        return json_answer({"detail": f'Method "{request.method}" not allowed.'}, 405)


def _unknown_path(request: Request) -> Answer:
    """Answer as Paperless does off its routes: never 404 (trap 9)."""
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return Answer(403, HTML, CSRF_PAGE)
    if request.path == "/api/":
        return Answer(302, HTML, headers={"Location": "schema/view/"})
    target = f"{request.path}?{request.query}" if request.query else request.path
    return Answer(302, HTML, headers={"Location": f"/accounts/login/?next={quote(target, safe='/')}"})


def _with_versions(answer: Answer) -> Answer:
    return replace(answer, headers={"X-Api-Version": "10", "X-Version": "3.0.5", **answer.headers})


def negotiate(accept: str) -> str:
    """Give the API version the Accept header asks for, or refuse it with 406."""
    for media_range in accept.split(","):
        media, *parameters = (part.strip() for part in media_range.split(";"))
        if media in ("application/json", "application/*", "*/*", "text/html", "text/*"):
            version = dict(part.split("=", 1) for part in parameters if "=" in part).get("version")
            if version not in (None, *VERSIONS):
                refuse(406, {"detail": 'Invalid version in "Accept" header.'})
            return version or DEFAULT_VERSION
    refuse(406, {"detail": "Could not satisfy the request Accept header."})


def log_in(state: State, authorization: str) -> User:
    """Give the user of an Authorization header, or refuse it with 401."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "token" and credentials:
        row = state.row("SELECT * FROM users WHERE token = ?", (credentials,))
        return _user_or_401(row, "Invalid token.", "Token")
    if scheme.lower() == "basic" and credentials:
        name, _, password = base64.b64decode(credentials).decode(errors="replace").partition(":")
        row = state.row("SELECT * FROM users WHERE username = ? AND password = ?", (name, password))
        return _user_or_401(row, "Invalid username/password.", 'Basic realm="api"')
    return _user_or_401(None, NOT_LOGGED_IN, "Token")


def _user_or_401(row: Any, detail: str, scheme: str) -> User:
    if row is None:
        answer = json_answer({"detail": detail}, 401)
        raise RefusedError(replace(answer, headers={"WWW-Authenticate": scheme}))
    user = user_of(row)
    return user if user.is_active else _user_or_401(None, "User inactive or deleted.", scheme)


def page_of(call: Call, ids: Sequence[int], shape: Callable[[Sequence[int]], list[Any]]) -> dict[str, Any]:
    """Cut one page out of the ids and shape it, with links built from the Host header."""
    size = _page_size(call.params.get("page_size", ""))
    pages = max(1, -(-len(ids) // size))
    wanted = call.params.get("page", "1")
    number = pages if wanted == "last" else int(wanted) if wanted.isdigit() else 0
    if not 1 <= number <= pages:
        refuse(404, {"detail": "Invalid page."})
    page = {
        "count": len(ids),
        "next": _link(call, number + 1) if number < pages else None,
        "previous": _link(call, number - 1) if number > 1 else None,
    }
    everything = {"all": list(ids)} if call.version == "9" else {}
    return {**page, **everything, "results": shape(ids[(number - 1) * size : number * size])}


def _page_size(text: str) -> int:
    size = int(text) if text.isdigit() else 0
    return min(size, MAX_PAGE_SIZE) or 25


def _link(call: Call, page: int) -> str:
    params = parse_qsl(call.request.query, keep_blank_values=True)
    kept = [(name, value) for name, value in params if name != "page"]
    if page > 1:
        kept.append(("page", str(page)))
    query = urlencode(sorted(kept))
    return f"http://{call.request.header('Host')}{call.request.path}" + (f"?{query}" if query else "")


def parse_json(body: bytes) -> Any:
    """Read JSON, or refuse it in Django REST framework's words."""
    try:
        return json.loads(body or b"{}")
    except ValueError as problem:
        refuse(400, {"detail": f"JSON parse error - {problem}"})
