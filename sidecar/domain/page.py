"""A page's text, how it was got, and how pages become a document's content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PageText:
    """What an engine read on one page."""

    #: Counted from 1.
    page: int
    text: str = field(repr=False)
    engine: str
    #: Mean word confidence from 0 to 100 where the engine gives one; None for no words or no figure.
    confidence: float | None
    #: Seconds of wall time from the start of rendering to the text.
    seconds: float


def page_key(file_sha256: str, page: int, reading: object) -> str:
    """Return the checkpoint key of a page: same file, page and way of reading, same key.

    `reading` holds everything that changes the pixels or the text: engine, version, languages, dpi, and so on.
    """
    parts = json.dumps([file_sha256, page, reading], sort_keys=True, default=str)
    return hashlib.sha256(parts.encode()).hexdigest()


def assemble(pages: Sequence[PageText]) -> str:
    """Join the pages' texts, in page order, with blank lines, as content is shown and searched in Paperless."""
    texts = (page.text.strip() for page in sorted(pages, key=lambda page: page.page))
    return "\n\n".join(text for text in texts if text)


def keeps_enough(old: str, new: str) -> bool:
    """Say whether `new` may replace `old`: it is not empty where there was text, nor has lost most letters.

    Counted in letters and digits, so that layout and white space do not matter. Losing half of them is taken as a
    bad reading, whatever the engine says.
    """
    before, after = (sum(character.isalnum() for character in text) for text in (old, new))
    return after * 2 >= before
