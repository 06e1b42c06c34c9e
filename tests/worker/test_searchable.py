"""Searchable files: made once, from the pages as they are, and never at the cost of the text."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from sidecar.domain.job import State
from sidecar.practice.samples import scan_pdf
from sidecar.store import report
from tests.worker.conftest import World

TEXT = (
    "Dear customer,\nwe thank you for your order of May 3 and deliver the following items.\n"
    "The total of 1,234.50 EUR is due within thirty days."
)
LOCAL = {"searchable_pdf": "local", "ocr_dpi": 150, "tesseract": "library"}


def text_of(file: Path) -> list[str]:
    return subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("vision", [False, True])
async def test_a_scan_gets_its_words_laid_over_it_in_a_file(world: World, vision: bool) -> None:
    document = world.letter("auto-ocr", content="", data=scan_pdf([TEXT, "Second page."], dpi=150))
    more = {"ocr_engine": "vision", "vision_model": "practice"} if vision else {}
    (job,) = await world.drain(**LOCAL, **more)
    file = world.folder / "store" / "searchable" / f"document-{document}.pdf"
    assert job.state is State.SUCCEEDED
    assert text_of(file) == [*TEXT.split(), "Second", "page."]
    with pikepdf.open(file) as pdf:
        assert pdf.check_pdf_syntax() == []
    assert str(world.archive.document(document)["content"]).split() == [*TEXT.split(), "Second", "page."]


async def test_the_same_words_over_the_same_file_are_the_same_bytes(world: World) -> None:
    document = world.letter("auto-ocr", content="", data=scan_pdf([TEXT], dpi=150))
    file = world.folder / "store" / "searchable" / f"document-{document}.pdf"
    made = []
    for _ in range(2):
        await world.drain(**LOCAL)
        made.append(file.read_bytes())
        file.unlink()
        world.archive.edit(document, add_tags=["auto-ocr"])
    assert made[0] == made[1]


async def test_a_signed_file_is_left_alone_and_the_text_is_written_all_the_same(world: World) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(scan_pdf([TEXT], dpi=150))) as pdf:
        signature = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=b"signed")
        field = pdf.make_indirect(Dictionary(FT=Name.Sig, T="signature", V=signature))
        pdf.Root.AcroForm = Dictionary(Fields=[field], SigFlags=3)
        pdf.save(out)
    document = world.letter("auto-ocr", content="", data=out.getvalue())
    async with world.sidecar(**LOCAL) as sidecar:
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(report.jobs)
        story = await sidecar.parts.db.run(report.story, job.id)
    assert job.state is State.SUCCEEDED
    assert any("No searchable file was made" in event.text and "sign" in event.text for event in story)
    assert str(world.archive.document(document)["content"]).split() == TEXT.split()
    assert not (world.folder / "store" / "searchable").exists()
