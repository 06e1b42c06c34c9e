"""The web server, inside the loop of the program: it answers from before the worker's start until after its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from sidecar.app import Present
from sidecar.domain.errors import SettingsError
from sidecar.parts import Parts
from sidecar.web.app import bare_app, guarded
from sidecar.web.site import Site
from sidecar.web.warm import warm

_log = logging.getLogger(__name__)

#: How long requests that are under way may take once the program stops, in seconds. Streams end at once.
LAST_GRACE_S = 3
#: Connections that may wait to be taken up.
BACKLOG = 512


@contextlib.asynccontextmanager
async def dashboard(parts: Parts, present: Present) -> AsyncIterator[None]:
    """Serve the dashboard as long as the block runs. Raises SettingsError where the port cannot be had."""
    s = parts.settings
    listening = _listening(s.web_host, s.web_port)
    site = Site(parts, present)
    bare = bare_app(site)
    app = guarded(site, bare)
    server = _Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(s.web_trusted_proxies),
            forwarded_allow_ips=list(s.web_trusted_proxies),
            timeout_graceful_shutdown=LAST_GRACE_S,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="dashboard")
    warming = asyncio.create_task(warm(site, bare, app), name="warm-up of the dashboard")
    host = f"[{s.web_host}]" if ":" in s.web_host else s.web_host
    _log.info("dashboard at http://%s:%s%s/", host, listening.getsockname()[1], s.web_prefix)
    try:
        yield
    finally:
        warming.cancel()
        site.live.close()
        site.doorbell.close()
        server.should_exit = True
        await asyncio.wait({serving, warming}, timeout=2 * LAST_GRACE_S)
        serving.cancel()
        await site.pictures.close()
        listening.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the program, which stops the server itself."""
        yield


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket. It is made as TCP by name: only then asyncio sends small answers at once (NODELAY)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        return listening
    except OSError as error:
        listening.close()
        said = error.strerror or str(error)
        advice = "Another program listens there: name another WEB_PORT, or 0 for no dashboard."
        if "in use" not in said:
            advice = "WEB_HOST must be an address of this machine, and small ports need rights of their own."
        raise SettingsError([f"The dashboard cannot listen at {host}, port {port}: {said}. {advice}"]) from error
