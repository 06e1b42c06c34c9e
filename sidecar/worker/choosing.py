"""Which documents a measurement is made on: some that a person filed, drawn by lot but the same ones each time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError
from sidecar.domain.filed import filing_of, is_filed
from sidecar.domain.scoring import Filing
from sidecar.domain.vocabulary import Vocabulary
from sidecar.paperless import finding
from sidecar.paperless.client import Paperless
from sidecar.paperless.finding import Wish
from sidecar.paperless.names import NameList

OURS = "filed or to be filed by the sidecar"
PRIVATE = "private, and a model is not in your own network"
EMPTY = "without text"
UNFILED = "not filed by anybody"
GONE = "gone meanwhile"


@dataclass(frozen=True, slots=True)
class Case:
    """A document and how a person filed it."""

    document: Document
    truth: Filing


@dataclass(slots=True)
class Sample:
    """The documents that were drawn, and how many were not taken, by reason."""

    cases: list[Case] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    #: How many documents were meant before any was drawn.
    found: int = 0


@dataclass(frozen=True, slots=True)
class Draw:
    """How a sample is drawn."""

    wish: Wish
    count: int
    #: The same seed on the same documents gives the same sample.
    seed: int
    #: Our own tags, by their role: documents with one of them may have been filed by us alone.
    own: Mapping[str, int]
    #: PRIVATE_TAGS, if documents with them may not be taken; empty if they may.
    private: tuple[str, ...] = ()


async def draw(paperless: Paperless, names: NameList, vocabulary: Vocabulary, wanted: Draw) -> Sample:
    """Draw a sample. Nothing is written. Raises the errors of `Http`."""
    found = await finding.find(paperless.http, wanted.wish)
    sample, own = Sample(found=len(found)), frozenset(wanted.own.values())
    random.Random(wanted.seed).shuffle(found)  # noqa: S311 - a lot, not a secret
    for one in found:
        if len(sample.cases) >= wanted.count:
            break
        if own & one.tags:
            sample.skipped[OURS] += 1
        elif await names.is_among(wanted.private, one.tags):
            sample.skipped[PRIVATE] += 1
        else:
            await _look(paperless, vocabulary, one.id, sample)
    return sample


async def _look(paperless: Paperless, vocabulary: Vocabulary, document_id: int, sample: Sample) -> None:
    try:
        document = await paperless.document(document_id)
    except CancelledError:
        sample.skipped[GONE] += 1
        return
    truth = filing_of(document, vocabulary)
    if not any(character.isalnum() for character in document.content):
        sample.skipped[EMPTY] += 1
    elif not is_filed(truth):
        sample.skipped[UNFILED] += 1
    else:
        sample.cases.append(Case(document, truth))
