"""Processes that read pages: what happens to them happens to a page, and to nothing else."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf
import psutil
import pytest
from pikepdf import Array, Dictionary, Name

from sidecar.domain.errors import PermanentError, TemporaryError, TooSlowError
from sidecar.engines import raster, readers
from sidecar.engines.raster import Limits, Source
from sidecar.engines.readers import Readers
from sidecar.engines.tesseract import tesseract
from sidecar.practice import samples, scans

TEXT = "The quick brown fox jumps over the lazy dog near the river bank."


@pytest.fixture
def pool() -> Iterator[Readers]:
    found = Readers("auto", tesseract("auto", "eng"), Limits(dpi=150))
    yield found
    found.close()


def source(folder: Path, data: bytes) -> Source:
    file = folder / "file"
    file.write_bytes(data)
    (folder / "pages").mkdir(exist_ok=True)
    return raster.inspect(file, Limits())


def children() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # one that has just ended
            if "sidecar.engines.child" in " ".join(one.cmdline()):
                found.append(one)
    return found


def test_pages_are_read_side_by_side_and_come_back_whole(tmp_path: Path, pool: Readers) -> None:
    texts = [f"{TEXT} Number {number}." for number in range(1, 5)]
    file = source(tmp_path, scans.scan_pdf(texts, dpi=150))
    with ThreadPoolExecutor(2) as two:
        found = list(two.map(lambda page: pool.read(file, page, tmp_path / "pages"), range(1, 5)))
    assert [page.text.split() for page in found] == [text.split() for text in texts]
    assert all(page.words and page.reason and page.confidence for page in found)
    assert 1 <= len(children()) <= 2
    pool.close()
    assert children() == []


def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, pool: Readers) -> None:
    file = source(tmp_path, samples.pdf_with_damaged_scan([TEXT] * 3, broken=2))
    with pytest.raises(PermanentError, match="Page 2 is damaged"):
        pool.read(file, 2, tmp_path / "pages")
    assert TEXT.split() == pool.read(file, 1, tmp_path / "pages").text.split()


#: So long a page has been on its way to its text when its reader is killed: longer than the file takes to open.
KILLED_AFTER_S = 0.4


def killed(monkeypatch: pytest.MonkeyPatch, number: int, *, times: int) -> None:
    """Let so many readers be killed while they are at a page."""
    ask, left = readers._Child.ask, [number] * times

    def asked(child: Any, request: Any, patience_s: float) -> Any:
        if left:
            threading.Timer(KILLED_AFTER_S, os.kill, (child._process.pid, left.pop())).start()
        return ask(child, request, patience_s)

    monkeypatch.setattr(readers._Child, "ask", asked)


@pytest.mark.parametrize(
    ("number", "error", "said"),
    [
        (signal.SIGKILL, TemporaryError, "is there enough memory"),
        (signal.SIGSEGV, PermanentError, "crashes what read"),
    ],
)
def test_a_process_that_dies_costs_its_page_and_no_other(
    tmp_path: Path, pool: Readers, number: int, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = source(tmp_path, scans.scan_pdf([TEXT * 30] * 2, dpi=300))
    killed(monkeypatch, number, times=1 if number == signal.SIGKILL else 2)
    with pytest.raises(error, match=said):
        pool.read(file, 1, tmp_path / "pages")
    assert "fox" in pool.read(file, 2, tmp_path / "pages").text


def test_a_process_that_dies_once_of_itself_is_given_a_second_chance(
    tmp_path: Path, pool: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = source(tmp_path, scans.scan_pdf([TEXT * 30], dpi=300))
    killed(monkeypatch, signal.SIGSEGV, times=1)
    assert "fox" in pool.read(file, 1, tmp_path / "pages").text


def nested(depth: int, wide: int) -> bytes:
    """Return a PDF of two pages, the first one of forms in forms in forms."""
    with pikepdf.new() as pdf:
        form = pdf.make_stream(b"0 0 10 10 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 500, 500]))
        for _ in range(depth):
            form = pdf.make_stream(
                b"/F Do " * wide, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 500, 500]),
                Resources=Dictionary(XObject=Dictionary(F=form)),
            )  # fmt: skip
        page = pdf.add_blank_page(page_size=(500, 500))
        page.obj.Resources = Dictionary(XObject=Dictionary(F=form))
        page.obj.Contents = pdf.make_stream(b"/F Do")
        with pikepdf.open(io.BytesIO(samples.text_pdf([f"{TEXT} {TEXT}"]))) as plain:
            pdf.pages.extend(plain.pages)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def test_a_page_made_to_be_looked_at_for_ever_costs_itself_and_no_other(tmp_path: Path) -> None:
    pool = Readers("auto", tesseract("auto", "eng"), Limits(dpi=150, look_timeout_s=1.0))
    file = source(tmp_path, nested(9, 10))
    with pytest.raises(TooSlowError, match="too long to look at"):
        pool.read(file, 1, tmp_path / "pages")
    assert pool.read(file, 2, tmp_path / "pages").engine == "text layer"
    pool.close()


def test_a_page_that_takes_for_ever_is_given_up(tmp_path: Path, pool: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    file = source(tmp_path, scans.scan_pdf([TEXT * 30], dpi=300))
    monkeypatch.setattr(pool, "_patience_s", 2.0)
    killed(monkeypatch, signal.SIGSTOP, times=1)
    with pytest.raises(TooSlowError, match="took longer than 2 s"):
        pool.read(file, 1, tmp_path / "pages")
    assert children() == []


def test_a_page_that_needs_too_much_memory_is_said_so(tmp_path: Path) -> None:
    pool = Readers("auto", tesseract("auto", "eng"), Limits(memory_bytes=150_000_000))
    file = source(tmp_path, scans.scan_page("big", dpi=600))
    with pytest.raises(PermanentError, match="needs more memory than a page may have"):
        pool.read(file, 1, tmp_path / "pages")
    pool.close()


def test_idle_processes_end_by_themselves(tmp_path: Path, pool: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "IDLE_S", 0.3)
    pool.read(source(tmp_path, samples.text_pdf([TEXT])), 1, tmp_path / "pages")
    assert len(children()) == 1
    while pool._ending is not None:
        pool._ending.join(20)
    assert children() == []


PARENT = """
import sys
from pathlib import Path
from sidecar.engines import raster
from sidecar.engines.readers import Readers
from sidecar.engines.tesseract import tesseract
file, folder = map(Path, sys.argv[1:])
pool = Readers("auto", tesseract("auto", "eng"), raster.Limits(dpi=150))
pool.read(raster.inspect(file, pool.limits), 1, folder)
print(pool._idle[0]._process.pid, flush=True)
sys.stdin.read()
"""


def test_a_process_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    file = source(tmp_path, samples.text_pdf([TEXT])).file
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(file), str(tmp_path / "pages")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_a_thousand_pages_with_text_take_no_engine(tmp_path: Path, pool: Readers) -> None:
    file = source(tmp_path, samples.text_pdf([f"{TEXT} Page {number}." for number in range(1, 1001)]))
    found = [pool.read(file, page, tmp_path / "pages") for page in range(1, 1001)]
    assert {page.engine for page in found} == {"text layer"}
    assert found[-1].text.split()[-1] == "1000."


def test_a_long_scan_takes_no_more_memory_than_a_short_one(tmp_path: Path, pool: Readers) -> None:
    """Pictures that pdfium has come across are let go: 500 kB and more for each page of an ordinary scan."""
    file = source(tmp_path, scans.scan_pdf([TEXT] * 48, dpi=150, noise=60.0))
    sizes = []
    for page in range(1, 49):
        pool.picture(file, page, tmp_path / "pages", pixels=200, max_bytes=1_000_000)
        if page in (16, 48):
            (child,) = children()
            sizes.append(child.memory_full_info().uss)
    assert file.file.stat().st_size > 48 * 500_000
    assert sizes[1] - sizes[0] < 8 * 500_000, sizes
