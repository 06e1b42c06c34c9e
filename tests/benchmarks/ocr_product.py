"""The product itself with OCR_ENGINE=auto, from the tag to the text: does it send the pages the benchmark says?"""

import asyncio
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pikepdf

from sidecar import settings
from sidecar.app import Sidecar
from sidecar.domain.page import ASSUMED
from sidecar.engines.prompts import Prompts
from sidecar.engines.vision import Vision
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import NAME, PracticeModel
from sidecar.store import listing
from sidecar.store.transaction import Transaction, reading
from tests.benchmarks.figures import Figure
from tests.benchmarks.ocr_reading import FAST, Reading, data_of
from tests.benchmarks.ocr_stand_in import PIXELS, KnownPictures, picture

#: Pages of the document; each costs a reading.
PAGES = 20


@reading
def _engines(tx: Transaction) -> dict[int, str]:
    return {row.page: row.engine for row in tx.rows("SELECT page, engine FROM page")}


def measure(folder: Path, readings: Sequence[Reading], below: float) -> Iterator[Figure]:
    """Read a document of some of the pages, and compare who read each with what the benchmark decides."""
    some = _spread([one for one in readings if one.sheet.languages == ("eng",) and one.sheet.file.suffix == ".pdf"])
    wants = Vision([], Prompts(None), pixels=PIXELS, below=below).wants
    expected = {number: wants(one.found) and one.found.engine not in ASSUMED for number, one in enumerate(some, 1)}
    (folder / "product").mkdir()
    engines = asyncio.run(_read(folder / "product", some, below))
    same = sum((engines.get(number) == NAME) == goes for number, goes in expected.items())
    yield Figure("the product's own choice, the same as here", f"{same} of {len(some)} pages", "all")
    yield Figure("pages that the product sent", f"{sum(engine == NAME for engine in engines.values())}")


def _spread(readings: Sequence[Reading]) -> list[Reading]:
    return list(readings[:: max(1, len(readings) // PAGES)])[:PAGES]


async def _read(folder: Path, readings: Sequence[Reading], below: float) -> dict[int, str]:
    images = KnownPictures(wrong=0)  # an answer that is refused would hide that it was asked for
    for one in readings:
        images.learn(picture(one.sheet, folder, one.found.turned), one.sheet.truth)
    data = data_of(FAST)
    with PracticeArchive(folder / "archive") as archive, PracticeModel(images=images) as model:
        archive.add_document(
            _document(readings), title="scan", content="", tags=("auto-ocr",), original_file_name="scan.pdf"
        )
        given = settings.load(
            paperless_url=archive.url, paperless_token="practice-token", data_dir=folder / "store",
            ocr_engine="auto", ocr_auto_confidence=below, vision_model=NAME, vision_base_url=model.url,
            vision_pixels=PIXELS, **({"ocr_data_dir": data} if data else {}),
        )  # fmt: skip
        async with Parts(given) as parts:
            sidecar = await Sidecar.start(parts)
            await sidecar.run(drain=True)
            (job,) = await parts.db.run(listing.jobs, limit=10)
            assert job.pages_done == len(readings), f"the document was not read: {job.reason}"
            return await parts.db.run(_engines)


def _document(readings: Sequence[Reading]) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for one in readings:
            with pikepdf.open(one.sheet.file) as single:
                pdf.pages.extend(single.pages)
        pdf.save(out)
    return out.getvalue()
