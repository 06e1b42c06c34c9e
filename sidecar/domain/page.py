"""A page's text, how it was got, and how pages become a document's content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.domain.word import Word

#: What stands for the engine of a page that no engine had to read.
TEXT_LAYER = "text layer"
BLANK = "blank"
ASSUMED = frozenset({TEXT_LAYER, BLANK})


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
    #: Why it was read this way, in words.
    reason: str = ""
    #: The words with their places, where the engine gives them.
    words: tuple[Word, ...] = field(repr=False, default=())
    #: By how many degrees clockwise it had to be turned to be read; not kept in the store.
    turned: int = 0


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
