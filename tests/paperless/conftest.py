"""The client before a mocked transport (`server`), and before a real socket (`local`)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
import respx

from sidecar.paperless.client import Paperless
from sidecar.paperless.http import Http
from sidecar.paperless.names import NameList
from tests.paperless.recorded import TOKEN, URL

#: Knows no certificates: loading those of the world takes longer than a test.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

#: What a local server does with the n-th request (from 1), whose head it has read; then it hangs up.
Behaviour = Callable[[asyncio.StreamWriter, int], Awaitable[None]]


def transport() -> httpx.AsyncHTTPTransport:
    """Make the real transport, below which `server` answers; proxies of the environment are not used."""
    return httpx.AsyncHTTPTransport(verify=NO_CERTIFICATES)


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    """Answer at the transport; a request nobody expected fails the test, and so does a route nobody asked for."""
    with respx.mock(base_url=f"{URL}/api/") as router:
        yield router


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    """Give the client's lowest layer."""
    client = Http(URL, TOKEN, timeout_s=5.0, transport=transport())
    yield client
    await client.close()


@pytest.fixture
def paperless(http: Http) -> Paperless:
    """Give the client."""
    return Paperless(http)


class Watch:
    """A clock that goes only when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    """Give the clock of `names`."""
    return Watch()


@pytest.fixture
def names(http: Http, watch: Watch) -> NameList:
    """Give the list of names."""
    return NameList(http, monotonic=watch)


class Local:
    """Starts real servers on this machine that behave as told."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        #: The heads of all requests so far.
        self.requests: list[bytes] = []

    async def start(self, behave: Behaviour, *, timeout_s: float = 5.0) -> Http:
        """Start a server and return a client of it."""
        running: set[asyncio.Task[None]] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            running.add(task)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await behave(writer, len(self.requests))
            writer.close()

        async def stop() -> None:
            listener.close()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

        listener = await asyncio.start_server(handle, "127.0.0.1", 0)
        self._stack.push_async_callback(stop)
        port = listener.sockets[0].getsockname()[1]
        return self.client(port, timeout_s=timeout_s)

    def client(self, port: int, *, timeout_s: float = 5.0) -> Http:
        """Return a client of a port of this machine."""
        http = Http(f"http://127.0.0.1:{port}", TOKEN, timeout_s=timeout_s, transport=transport())
        self._stack.push_async_callback(http.close)
        return http


@pytest.fixture
async def local() -> AsyncIterator[Local]:
    """Give real servers, stopped afterwards."""
    async with contextlib.AsyncExitStack() as stack:
        yield Local(stack)
