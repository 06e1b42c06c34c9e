"""Files: whole, bounded in size, time and memory, and never half a success."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import respx

from sidecar.domain.errors import CancelledError, MisconfiguredError, OutageError, PermanentError, TemporaryError
from sidecar.paperless.client import CHUNK_BYTES, Paperless
from sidecar.paperless.http import Http
from tests.paperless.conftest import Local, transport
from tests.paperless.recorded import TOKEN, URL, answer, html

PIECE = b"\0" * 65_536
PLENTY = 100_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a place for the file."""
    return tmp_path / "original"


def size_of(file: Path) -> int:
    """Say how much is on disk; 0 without a file."""
    return file.stat().st_size if file.exists() else 0


def holds(file: Path, data: bytes) -> bool:
    """Say whether the file has exactly these bytes."""
    return file.read_bytes() == data


async def test_a_file_arrives_whole_with_its_size_and_hash(
    server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    server.get("/documents/2/download/").mock(answer("download_original_doc2"))
    download = await paperless.download(2, file, original=True, max_bytes=PLENTY)
    sent = answer("download_original_doc2").content
    assert download.file == file
    assert download.sha256 == hashlib.sha256(sent).hexdigest()
    assert holds(file, sent)


@pytest.mark.parametrize(("original", "params"), [(True, {"original": "true"}), (False, {})])
async def test_the_original_or_the_archive_pdf_is_asked_for_and_uncompressed(
    original: bool, params: dict[str, str], server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    route = server.get("/documents/5/download/").mock(answer("download_doc5"))
    await paperless.download(5, file, original=original, max_bytes=PLENTY)
    request = route.calls.last.request
    assert dict(request.url.params) == params
    assert request.headers["accept-encoding"] == "identity"


class Flow:
    """A long answer; it looks at how much of itself is on disk whenever it is asked for more."""

    def __init__(self, pieces: int, file: Path) -> None:
        self._pieces = pieces
        self._file = file
        self.sent = 0
        self.most_in_memory = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._pieces):
            self.most_in_memory = max(self.most_in_memory, self.sent - size_of(self._file))
            self.sent += len(PIECE)
            yield PIECE


async def test_a_large_file_is_never_whole_in_memory(
    server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    flow = Flow(pieces=160, file=file)
    server.get("/documents/2/download/").mock(httpx.Response(200, content=flow))
    download = await paperless.download(2, file, original=True, max_bytes=PLENTY)
    assert download.file.stat().st_size == flow.sent == 160 * len(PIECE)
    assert flow.most_in_memory <= 2 * CHUNK_BYTES


async def test_a_file_that_is_too_large_is_refused_and_not_read_to_its_end(
    server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    flow = Flow(pieces=160, file=file)
    server.get("/documents/2/download/").mock(httpx.Response(200, content=flow))
    with pytest.raises(PermanentError, match="larger than 2 MB, the limit of MAX_FILE_MB"):
        await paperless.download(2, file, original=True, max_bytes=2_000_000)
    assert flow.sent <= 2_000_000 + 2 * CHUNK_BYTES
    assert size_of(file) <= 2_000_000


@pytest.mark.parametrize(("limit", "fits"), [(73_825, True), (73_824, False)])
async def test_the_limit_is_meant_to_the_byte(
    limit: int, fits: bool, server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    server.get("/documents/2/download/").mock(answer("download_original_doc2"))
    try:
        download = await paperless.download(2, file, original=True, max_bytes=limit)
    except PermanentError:
        assert not fits
    else:
        assert fits
        assert download.file.stat().st_size == limit


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        pytest.param(answer("404_download"), CancelledError, id="gone"),
        pytest.param(answer("403_download_other_owner"), PermanentError, id="not allowed, in html"),
        pytest.param(answer("401_download"), MisconfiguredError, id="no token"),
        pytest.param(answer("302_unknown_endpoint"), MisconfiguredError, id="redirect"),
        pytest.param(html(503, **{"retry-after": "9"}), OutageError, id="away"),
        pytest.param(answer("500_patch_cf_float_bad"), TemporaryError, id="server error"),
    ],
)
async def test_a_refused_download_leaves_no_file(
    refusal: httpx.Response, error: type[Exception], server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    route = server.get("/documents/1/download/").mock(refusal)
    with pytest.raises(error):
        await paperless.download(1, file, original=False, max_bytes=PLENTY)
    assert route.call_count == 1
    assert size_of(file) == 0


async def test_a_download_cut_short_is_no_success(local: Local, file: Path) -> None:
    async def cut_short(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n%PDF-1.3")
        await writer.drain()

    paperless = Paperless(await local.start(cut_short))
    with pytest.raises(TemporaryError, match="hung up"):
        await paperless.download(2, file, original=True, max_bytes=PLENTY)


async def test_a_download_that_trickles_ends_by_ten_times_the_usual_deadline(
    server: respx.MockRouter, file: Path
) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"%"
            await asyncio.sleep(0)

    server.get("/documents/2/download/").mock(httpx.Response(200, content=trickle()))
    paperless = Paperless(Http(URL, TOKEN, timeout_s=0.02, transport=transport()))
    async with asyncio.timeout(5):
        with pytest.raises(TemporaryError, match="gave no answer in time"):
            await paperless.download(2, file, original=True, max_bytes=PLENTY)


async def test_what_a_broken_download_left_behind_is_no_part_of_the_next(
    server: respx.MockRouter, paperless: Paperless, file: Path
) -> None:
    server.get("/documents/2/download/").mock(answer("download_original_doc2"))
    for _ in range(2):
        await paperless.download(2, file, original=True, max_bytes=PLENTY)
    assert size_of(file) == 73_825
