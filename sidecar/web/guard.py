"""What holds for every request: headers that bind the browser, and no change that another site's page asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing but our own files, nothing inside the page itself, and in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With "no-referrer" browsers would say of our own forms that they come from nowhere.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Stands before the whole application. `prefix` is where a reverse proxy shows it; that may take it off or not.

    Of a program a body of more than `largest` bytes is refused in the shape of all other problems.
    """

    def __init__(self, app: ASGIApp, prefix: str = "", largest: int = 256 * 1024) -> None:
        self._app = app
        self._prefix = prefix
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes from another site, and send the headers with every answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                headers.add_vary_header("Cookie, Accept-Language")
            await send(message)

        if scope["method"] not in SAFE and _is_foreign(Headers(scope=scope)):
            refused = PlainTextResponse("This request came from a page of another site.", 403)
            await refused(scope, receive, send_guarded)
            return
        length = Headers(scope=scope).get("content-length", "")
        if "/api/" in scope["path"] and length.isdigit() and int(length) > self._largest:
            said = {"title": "Content Too Large", "status": 413, "detail": "That is more than is taken here."}
            await JSONResponse(said, 413, media_type="application/problem+json")(scope, receive, send_guarded)
            return
        await self._app({**scope, "root_path": self._prefix}, receive, send_guarded)


def _is_foreign(headers: Headers) -> bool:
    """Say whether a browser says that the request came from a page that is not ours. Other programs say nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    ours = {headers.get("host"), headers.get("x-forwarded-host")}
    return urlsplit(origin).netloc not in ours
