"""A vision model of known quality: a server that answers with what stands on the page, and errs as often as it says.

It stands in for a real model where the question is which pages to send, not which model to take. It is told beforehand
what each picture says, and knows the picture again by its bytes.
"""

import asyncio
import base64
import hashlib
import random
import string
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sidecar.domain.acceptance import cleaned, complaint
from sidecar.domain.witness import PageAnswer, Seen
from sidecar.engines import raster
from sidecar.engines.llm import Model, Reply
from sidecar.engines.prompts import Prompts
from sidecar.engines.raster import Limits
from sidecar.engines.reading import PageReader
from sidecar.engines.tesseract import tesseract
from sidecar.engines.vision import MAX_BYTES, PROVIDER, Vision
from sidecar.practice.model import NAME, PracticeModel
from sidecar.practice.model_prompt import ImageReader
from tests.benchmarks.ocr_reading import AT_A_TIME, Reading, Sheet

#: Characters in a hundred that it gets wrong: what good vision models do on printed pages, by their makers' word.
WRONG = 0.7
PIXELS = 2000


class KnownPictures(ImageReader):
    """Knows what pictures say, nearly."""

    def __init__(self, wrong: float = WRONG) -> None:
        super().__init__()
        self._wrong = wrong

    def learn(self, picture: bytes, truth: str) -> None:
        """Remember what a JPEG says; always misread in the same places."""
        self._known[hashlib.sha256(picture).hexdigest()] = misread(truth, self._wrong)

    def read(self, data_url: str) -> str:
        """Give the text of a picture. Raises KeyError for one it was not told of."""
        return self._known[hashlib.sha256(base64.b64decode(data_url.partition(",")[2])).hexdigest()]


def misread(truth: str, wrong: float) -> str:
    """Return the text with `wrong` percent of its characters replaced, left out or followed by one too many."""
    chance, out = random.Random(f"misread {truth}"), []
    for letter in truth:
        kind = chance.choice(("replaced", "left out", "one more")) if chance.random() * 100 < wrong else ""
        out += [] if kind == "left out" else [chance.choice(string.ascii_letters) if kind == "replaced" else letter]
        out += [chance.choice(string.ascii_lowercase)] if kind == "one more" else []
    return "".join(out)


@dataclass(frozen=True)
class Answer:
    """What asking about a page comes to."""

    #: The page's text afterwards: the model's, or Tesseract's where the answer is not taken.
    text: str
    #: Why the answer was not taken.
    problem: str | None


def asked(readings: Sequence[Reading], folder: Path) -> list[Answer]:
    """Ask about every page over HTTP, with the product's picture, question and checks."""
    images = KnownPictures()
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        pictures = list(threads.map(lambda one: picture(one.sheet, folder, one.found.turned), readings))
    for reading, jpeg in zip(readings, pictures, strict=True):
        images.learn(jpeg, reading.sheet.truth)
    with PracticeModel(images=images) as server:
        replies = asyncio.run(_ask_all(server.url, pictures))
    return [_judged(reading, reply) for reading, reply in zip(readings, replies, strict=True)]


def picture(sheet: Sheet, folder: Path, turned: int) -> bytes:
    """Return the picture of a page as the product sends it."""
    reader = PageReader(tesseract("auto", "eng"), Limits())
    try:
        source = raster.inspect(sheet.file, Limits())
        with tempfile.TemporaryDirectory(dir=folder) as own:  # two pages are drawn at a time
            return reader.picture(source, 1, Path(own), pixels=PIXELS, max_bytes=MAX_BYTES, turned=turned)
    finally:
        reader.close()


async def _ask_all(url: str, pictures: Sequence[bytes]) -> list[Reply]:
    model = Model(NAME, base_url=url, api_key=None, timeout_s=60.0, max_tokens=6000, provider=PROVIDER)
    vision = Vision([model], Prompts(None), pixels=PIXELS, below=None)
    model.prepare()
    try:
        return [await vision.ask(model, one) for one in pictures]
    finally:
        await vision.close()


def _judged(reading: Reading, reply: Reply) -> Answer:
    found = reading.found
    seen = Seen(found.text, found.confidence, is_blank=False, words=found.words)
    problem = complaint(PageAnswer(reply.text, reply.cut_off), seen)
    return Answer(found.text if problem else cleaned(reply.text), problem)
