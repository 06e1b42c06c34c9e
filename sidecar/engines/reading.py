"""One page of a file to its text: draw it, read it, and doubt a page without a word."""

from __future__ import annotations

import time
from pathlib import Path

from sidecar.domain.errors import PermanentError
from sidecar.domain.page import PageText
from sidecar.engines import raster
from sidecar.engines.raster import Limits, Source
from sidecar.engines.tesseract import Tesseract


def read_page(source: Source, page: int, folder: Path, limits: Limits, engine: Tesseract) -> PageText:
    """Read page `page` (from 1); files in `folder` are gone afterwards. Blocks for seconds.

    Raises PermanentError for a page that cannot be read, TemporaryError where trying again may help.
    """
    started = time.monotonic()
    image = raster.render(source, page, folder, limits)
    try:
        text, confidence = engine.read(image)
    finally:
        image.unlink(missing_ok=True)
    if confidence is None and raster.lost_images(source, page, folder):
        raise PermanentError(f"Page {page} is damaged: it holds a picture that breaks off.")
    return PageText(page, text, engine.name, confidence, round(time.monotonic() - started, 3))
