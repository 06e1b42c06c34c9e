"""Ways in which comparable programs lose text, by name: none of them can be had here."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pikepdf
import pytest

from sidecar.domain.errors import TooSlowError
from sidecar.domain.job import State
from sidecar.domain.page import PageText
from sidecar.engines.raster import Source
from sidecar.practice.samples import pdf_with_damaged_scan, scan_pdf, text_pdf
from sidecar.store import listing
from tests.worker.conftest import World
from tests.worker.test_vision import PAGES, VISION, kept, outcomes, read, scan

OLD = "What stood there before, three pages of it, and nobody wants to lose a word of that."


def content(world: World, document: int) -> str:
    return str(world.archive.document(document)["content"])


async def test_a_page_limit_never_cuts_the_text(world: World) -> None:
    document = scan(world, content=OLD)
    (job,), pages, calls = await read(world, ocr_max_pages=2)
    assert (job.state, content(world, document), pages, calls) == (State.FAILED, OLD, [], [])
    assert "OCR_MAX_PAGES allows 2" in str(job.reason)


@pytest.mark.parametrize("mode", ["refuse", "empty", "cut_off"])
async def test_what_a_model_failed_to_say_never_replaces_the_text(world: World, mode: str) -> None:
    document = scan(world, PAGES, content=" ".join(PAGES))
    world.model.misbehave(mode)  # type: ignore[arg-type]
    (job,), _, calls = await read(world)
    assert job.state is State.SUCCEEDED
    assert content(world, document).split() == " ".join(PAGES).split()
    assert "answered" not in calls


async def test_a_page_that_fails_costs_neither_the_text_nor_the_other_pages(world: World) -> None:
    document = world.letter("auto-ocr", content=OLD, data=pdf_with_damaged_scan(PAGES, broken=2))
    (job,), pages, calls = await read(world)
    assert (job.state, content(world, document)) == (State.FAILED, OLD)
    assert "Page 2 of 3" in str(job.reason)
    assert [page.page for page in pages] == [1, 3]
    assert calls == ["answered"] * 2

    world.archive.edit(document, add_tags=["auto-ocr"])
    await read(world)
    assert len(world.model.calls()) == 2, "what was read is not paid for again"


@pytest.mark.parametrize("mode", ["off", "local"])
async def test_the_file_itself_is_never_replaced(world: World, mode: str) -> None:
    data = scan_pdf(PAGES[:1], dpi=150)
    document = world.letter("auto-ocr", content="", data=data)
    await read(world, searchable_pdf=mode)
    assert world.archive.document(document)["versions"][-1]["checksum"] == hashlib.sha256(data).hexdigest()
    assert len(world.archive.document(document)["versions"]) == 1


async def test_of_forty_mixed_pages_exactly_the_scanned_ones_reach_an_engine(world: World) -> None:
    texts = [f"{PAGES[number % 3]} Sheet {number}." for number in range(13)]
    parts = [text_pdf(texts), scan_pdf(texts, dpi=100), text_pdf([""] * 13), pdf_with_damaged_scan(["x"], broken=1)]
    with pikepdf.new() as mixed:
        for part in parts:
            with pikepdf.open(io.BytesIO(part)) as pdf:
                mixed.pages.extend(pdf.pages)
        out = io.BytesIO()
        mixed.save(out)
    document = world.letter("auto-ocr", content=OLD, data=out.getvalue())
    async with world.sidecar(**{**VISION, "ocr_dpi": 100}) as sidecar:
        await sidecar.run(drain=True)
        pages = await sidecar.parts.db.run(kept)
        calls = await sidecar.parts.db.run(outcomes)
    engines = [page.engine for page in pages]
    assert engines == ["text layer"] * 13 + ["practice"] * 13 + ["blank"] * 13
    assert calls == ["answered"] * 13
    assert content(world, document) == OLD, "the fortieth is damaged, so the text stays as it was"


async def test_a_document_of_pages_that_take_for_ever_is_given_up_soon(world: World) -> None:
    document = world.letter("auto-ocr", content=OLD, data=scan_pdf(PAGES * 4, dpi=100))
    begun: list[int] = []
    async with world.sidecar(ocr_dpi=100, ocr_cores=1) as sidecar:
        read_page = sidecar.parts.readers.read

        def slowly(source: Source, page: int, folder: Path) -> PageText:
            begun.append(page)
            if page > 2:
                raise TooSlowError(f"Page {page} took longer than 300 s to read.")
            return read_page(source, page, folder)

        sidecar.parts.readers.read = slowly  # type: ignore[method-assign]
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
        pages = await sidecar.parts.db.run(kept)
    assert begun == [1, 2, 3, 4, 5]
    assert (job.state, content(world, document), [page.page for page in pages]) == (State.FAILED, OLD, [1, 2])
    assert "Page 3 and 9 more of 12 could not be read" in str(job.reason)
