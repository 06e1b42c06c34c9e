"""Connections that fail: never made, broken, silent or endless."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import respx

from sidecar.domain.errors import MisconfiguredError, OutageError, TemporaryError, UncertainWriteError
from sidecar.paperless.http import PROVIDER, Http
from tests.paperless.conftest import Local
from tests.paperless.recorded import TITLE, TOKEN

#: Short, yet long enough for a connection to be made on a busy machine.
TIGHT_S = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Ask = Callable[[Http], Awaitable[Any]]


async def read(http: Http) -> Any:
    """Ask for something."""
    return await http.get("documents/8/")


async def write(http: Http) -> Any:
    """Send something."""
    return await http.send("PATCH", "documents/8/", TITLE)


#: How to ask, the error that ends it, and how often the server is asked.
READ_OR_WRITE = pytest.mark.parametrize(
    ("ask", "error", "times"),
    [pytest.param(read, TemporaryError, 2, id="read"), pytest.param(write, UncertainWriteError, 1, id="write")],
)


async def be_silent(writer: asyncio.StreamWriter, number: int) -> None:
    await asyncio.Event().wait()


async def trickle(writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(HEAD + b"Content-Length: 1000000000\r\n\r\n")
    while True:  # never long enough between two bytes for a time-out of its own
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0)


async def hang_up(writer: asyncio.StreamWriter, number: int) -> None:
    pass


async def hang_up_in_the_middle(writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(HEAD + b'Content-Length: 100\r\n\r\n{"id": 8')
    await writer.drain()


async def hang_up_once(writer: asyncio.StreamWriter, number: int) -> None:
    if number > 1:
        writer.write(HEAD + b'Content-Length: 9\r\n\r\n{"id": 8}')
        await writer.drain()


@READ_OR_WRITE
async def test_no_answer_in_time(ask: Ask, error: type[TemporaryError], times: int, local: Local) -> None:
    http = await local.start(be_silent, timeout_s=TIGHT_S)
    async with asyncio.timeout(5):
        with pytest.raises(error, match="gave no answer in time") as caught:
            await ask(http)
    assert type(caught.value) is error
    assert caught.value.suspect == PROVIDER
    assert len(local.requests) == times


@READ_OR_WRITE
async def test_a_slow_trickle_ends_by_the_deadline_of_the_whole_request(
    ask: Ask, error: type[TemporaryError], times: int, local: Local
) -> None:
    http = await local.start(trickle, timeout_s=TIGHT_S)
    async with asyncio.timeout(5):
        with pytest.raises(error, match="gave no answer in time"):
            await ask(http)
    assert len(local.requests) == times


@READ_OR_WRITE
@pytest.mark.parametrize("behave", [hang_up, hang_up_in_the_middle])
async def test_a_dropped_connection(
    behave: Any, ask: Ask, error: type[TemporaryError], times: int, local: Local
) -> None:
    http = await local.start(behave)
    with pytest.raises(error, match="hung up") as caught:
        await ask(http)
    assert type(caught.value) is error
    assert caught.value.suspect == PROVIDER
    assert len(local.requests) == times


async def test_a_read_whose_connection_drops_is_asked_once_more(local: Local) -> None:
    http = await local.start(hang_up_once)
    assert await http.get("documents/8/") == {"id": 8}
    assert len(local.requests) == 2


@pytest.mark.parametrize("ask", [read, write])
async def test_a_refused_connection_is_an_outage(ask: Ask, local: Local) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        with pytest.raises(OutageError, match=f"http://127.0.0.1:{port} cannot be reached") as caught:
            await ask(local.client(port))
    assert caught.value.provider == PROVIDER
    assert not isinstance(caught.value, MisconfiguredError)


@pytest.mark.parametrize("ask", [read, write])
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_a_request_that_never_left_is_an_outage(
    ask: Ask, error: type[httpx.TransportError], server: respx.MockRouter, http: Http
) -> None:
    route = server.route().mock(side_effect=error(""))
    with pytest.raises(OutageError, match="no connection"):
        await ask(http)
    assert route.call_count == 1


async def test_an_address_that_is_none_is_the_owners_to_mend() -> None:
    with pytest.raises(MisconfiguredError, match="PAPERLESS_URL"):
        await Http("http://paperless.test:80a", TOKEN).get("documents/")
