"""Searchable files: made once, from the pages as they are, and never at the cost of the text."""

from __future__ import annotations

import asyncio
import io
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
from pikepdf import Dictionary, Name

from sidecar.domain.document import VERSION_LABEL
from sidecar.domain.errors import TemporaryError
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.writeback import Proposal
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import scan_pdf
from sidecar.store import listing
from sidecar.worker import searchable
from tests.worker.conftest import World, running, until

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
        (job,) = await sidecar.parts.db.run(listing.jobs)
        story = await sidecar.parts.db.run(listing.story, job.id)
    assert job.state is State.SUCCEEDED
    assert any("No searchable file was made" in event.text and "sign" in event.text for event in story)
    assert str(world.archive.document(document)["content"]).split() == TEXT.split()
    assert not (world.folder / "store" / "searchable").exists()


# -- as a version in Paperless

VERSION = {**LOCAL, "searchable_pdf": "version"}


async def read(world: World, document: int, **given: Any) -> Job:
    jobs = await world.drain(**{**VERSION, **given})
    return [job for job in jobs if job.document_id == document][-1]


def scan(world: World, content: str = "~~ nearly n0thing") -> int:
    return world.letter("auto-ocr", content=content, data=scan_pdf([TEXT], dpi=150))


def content(world: World, document: int) -> list[str]:
    """Give what Paperless shows as the document's text: that of its newest version."""
    answer = httpx.get(f"{world.archive.url}/api/documents/{document}/", headers=AUTHORITY)
    return str(answer.raise_for_status().json()["content"]).split()


AUTHORITY = {"Authorization": "Token practice-token"}


async def test_a_scan_gets_a_version_once_and_its_text_once(world: World) -> None:
    document = scan(world)
    assert (await read(world, document)).state is State.SUCCEEDED
    newest, root = world.archive.versions(document)
    assert (newest["version_label"], root["is_root"]) == (VERSION_LABEL, True)
    assert content(world, document) == TEXT.split()
    written = [entry for entry in world.archive.whole_history(document) if "content" in entry["changes"]]
    assert [entry["action"] for entry in written].count("update") <= 1

    world.archive.edit(document, add_tags=["auto-ocr"])
    assert (await read(world, document)).state is State.SUCCEEDED
    assert world.archive.versions(document) == [newest, root]
    assert content(world, document) == TEXT.split()


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_an_upload_whose_answer_is_lost_makes_no_second_version(world: World, drop: Any) -> None:
    document = scan(world)
    world.archive.faults.add(Fault("POST", "/update_version/", times=1, drop=drop))
    assert (await read(world, document, retry_base_s=0.1)).state in (State.SUCCEEDED, State.SCHEDULED)
    for _ in range(50):
        if (await read(world, document, retry_base_s=0.1)).state is State.SUCCEEDED:
            break
        await asyncio.sleep(0.2)
    assert [version["version_label"] for version in world.archive.versions(document)] == [VERSION_LABEL, None]
    assert content(world, document) == TEXT.split()


async def test_a_slow_paperless_is_waited_for_and_asked_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searchable, "WAIT_S", 0.5)
    world.archive.state.consume_delay_s = 4.0
    document = scan(world)
    for _ in range(100):
        if (await read(world, document, retry_base_s=0.1)).state is State.SUCCEEDED:
            break
        await asyncio.sleep(0.2)
    assert len(world.archive.versions(document)) == 2
    assert len([one for one in world.archive.requests() if one.path.endswith("/update_version/")]) == 1
    assert content(world, document) == TEXT.split()


async def test_what_a_person_wrote_while_pages_were_read_gets_no_version_over_it(world: World) -> None:
    document = scan(world)
    async with world.sidecar(**VERSION) as sidecar:
        add_layer = sidecar.parts.readers.add_layer

        def edit_first(*given: Any) -> None:
            add_layer(*given)
            world.archive.edit(document, content="My own words about it.")

        sidecar.parts.readers.add_layer = edit_first  # type: ignore[method-assign]
        await sidecar.run(drain=True)
        (job,) = await sidecar.parts.db.run(listing.jobs)
    assert "Kept what somebody changed meanwhile" in str(job.reason)
    assert len(world.archive.versions(document)) == 1
    assert content(world, document) == ["My", "own", "words", "about", "it."]


async def test_the_newest_version_that_is_not_ours_is_read(world: World) -> None:
    document = scan(world)
    await read(world, document)
    other = TEXT.replace("May 3", "June 8")
    world.archive.add_version(document, scan_pdf([other], dpi=150), content="", label="scanned again")
    world.archive.edit(document, add_tags=["auto-ocr"])
    await read(world, document)
    assert content(world, document) == other.split()
    labels = [version["version_label"] for version in world.archive.versions(document)]
    assert labels == [VERSION_LABEL, "scanned again", VERSION_LABEL, None]


async def test_an_edit_of_one_word_under_a_version_of_an_earlier_attempt_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = scan(world)
    died = asyncio.Event()

    async def die(*_: Any) -> Any:
        died.set()
        await asyncio.Event().wait()

    async with world.sidecar(**VERSION, stop_grace_s=0.5) as sidecar:
        with monkeypatch.context() as broken:
            broken.setattr(searchable.Searchable, "_moved", die)
            async with running(sidecar):
                await until(died.is_set, "the version is there")
    edited = " ".join(content(world, document)).replace("customer", "Ms Miller")
    world.archive.edit(document, content=edited)
    job = await read(world, document)
    assert content(world, document) == edited.split()
    assert "Kept what somebody changed meanwhile: text" in str(job.reason)
    assert len(world.archive.versions(document)) == 2


async def test_a_paperless_that_does_not_take_the_file_gets_the_text(world: World) -> None:
    document = scan(world)
    said = '{"detail":"You do not have permission to perform this action."}'
    world.archive.faults.add(Fault("POST", "/update_version/", answer=Answer(403, body=said)))
    job = await read(world, document)
    assert (job.state, content(world, document)) == (State.SUCCEEDED, TEXT.split())
    assert len(world.archive.versions(document)) == 1


@pytest.mark.parametrize("way", ["the setting", "the tag"])
async def test_a_version_comes_only_once_a_person_has_approved_the_text(world: World, way: str) -> None:
    tags = ["auto-ocr", "auto-review"] if way == "the tag" else ["auto-ocr"]
    given = {"searchable_pdf": "version", **({} if way == "the tag" else {"review": "ocr"})}
    one, other = (
        world.letter(*tags, content="What a person typed, word by word.", data=scan_pdf([f"{TEXT} {number}"]))
        for number in (1, 2)
    )
    jobs = await world.drain(**given)
    assert [job.state for job in jobs] == [State.REVIEW, State.REVIEW]
    for document in (one, other):
        assert world.archive.document(document)["content"] == "What a person typed, word by word."
        assert len(world.archive.versions(document)) == 1
    world.archive.edit(one, add_tags=["auto-approve"])
    world.archive.edit(other, add_tags=["auto-reject"])
    approved, rejected = await world.drain(**given)
    assert (approved.state, rejected.state) == (State.SUCCEEDED, State.CANCELLED)
    assert "deliver the following items" in world.archive.document(one)["content"]
    assert world.archive.document(other)["content"] == "What a person typed, word by word."
    assert [len(world.archive.versions(document)) for document in (one, other)] == [2, 1]
    assert "Kept what somebody changed" not in str(approved.reason)

    world.archive.edit(one, add_tags=["auto-undo"])
    await world.drain(**given)
    assert world.archive.document(one)["content"] == "What a person typed, word by word."


async def test_a_program_that_dies_between_the_version_and_the_approved_text_makes_no_second_one(world: World) -> None:
    document = world.letter("auto-ocr", "auto-review", content="As a person typed it.", data=scan_pdf([TEXT]))
    async with world.sidecar(searchable_pdf="version", retry_base_s=0.1) as sidecar:
        await sidecar.run(drain=True)
        lanes = sidecar.runner._lanes
        lane, made = lanes[Kind.OCR], []

        async def dies_once(job: Job, proposal: Proposal) -> Proposal:
            assert lane.approved is not None
            made.append(await lane.approved(job, proposal))
            if len(made) == 1:
                raise TemporaryError("It died.")
            return made[-1]

        lanes[Kind.OCR] = replace(lane, approved=dies_once)  # type: ignore[index]
        world.archive.edit(document, add_tags=["auto-approve"])
        async with running(sidecar):
            await until(lambda: len(made) == 2, "it comes again")
            await until(lambda: "auto-ocr-done" in world.archive.tag_names(document), "it is done")
        world.archive.edit(document, add_tags=["auto-undo"])
        await sidecar.run(drain=True)
    assert len(world.archive.versions(document)) == 2
    assert world.archive.document(document)["content"] == "As a person typed it."
