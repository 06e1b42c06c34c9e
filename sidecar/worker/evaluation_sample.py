"""Which documents a measurement is made on: some that a person filed, drawn by lot but the same ones each time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.domain.document import Document, Neighbour
from sidecar.domain.errors import CancelledError
from sidecar.domain.filed import filing_of, is_filed
from sidecar.domain.scoring import likeness
from sidecar.domain.vocabulary import Vocabulary
from sidecar.paperless import finding
from sidecar.paperless.client import Paperless
from sidecar.paperless.finding import Search
from sidecar.paperless.names import NameList
from sidecar.paperless.similar import LOOKED_AT

OURS = "filed or to be filed by the sidecar"
PRIVATE = "private, and a model is not in your own network"
EMPTY = "without text"
UNFILED = "not filed by anybody"
GONE = "gone meanwhile"
#: Of the same day and with so much of the words the same, two documents are one that was read twice.
SAME_WORDS = 0.9


@dataclass(frozen=True, slots=True)
class Case:
    """A document that a person filed."""

    document: Document
    #: Documents like it, the likest first: neither itself nor another copy of it, which would tell the answer.
    like: tuple[Neighbour, ...] = ()
    #: Those of them that must not be shown to a model outside the owner's network.
    private: frozenset[int] = frozenset()


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

    search: Search
    count: int
    #: The same seed on the same documents gives the same sample.
    seed: int
    #: Our own tags by their names: documents with one of them may have been filed by us alone.
    own: Mapping[str, int]
    #: PRIVATE_TAGS.
    private: tuple[str, ...] = ()
    #: Whether documents with one of those may be taken: no model is outside the owner's network.
    is_at_home: bool = True
    #: How many documents like it are to be shown with each.
    examples: int = 0


async def draw(paperless: Paperless, names: NameList, vocabulary: Vocabulary, wanted: Draw) -> Sample:
    """Draw a sample. Nothing is written. Raises the errors of `Http`."""
    found = await finding.find(paperless.http, wanted.search)
    sample, own = Sample(found=len(found)), frozenset(wanted.own.values())
    random.Random(wanted.seed).shuffle(found)  # noqa: S311 - a lot, not a secret
    for one in found:
        if len(sample.cases) >= wanted.count:
            break
        if own & one.tags:
            sample.skipped[OURS] += 1
        elif not wanted.is_at_home and await names.is_among(wanted.private, one.tags):
            sample.skipped[PRIVATE] += 1
        else:
            await _look(paperless, names, vocabulary, one.id, sample, wanted)
    return sample


async def _look(
    paperless: Paperless, names: NameList, vocabulary: Vocabulary, document_id: int, sample: Sample, wanted: Draw
) -> None:
    try:
        document = await paperless.document(document_id)
    except CancelledError:
        sample.skipped[GONE] += 1
        return
    if not any(character.isalnum() for character in document.content):
        sample.skipped[EMPTY] += 1
    elif not is_filed(filing_of(document, vocabulary)):
        sample.skipped[UNFILED] += 1
    else:
        like = await _others(paperless, document, wanted.examples)
        private = [one.id for one in like if await names.is_among(wanted.private, one.tags)]
        sample.cases.append(Case(document, tuple(like), frozenset(private)))


async def _others(paperless: Paperless, document: Document, examples: int) -> Sequence[Neighbour]:
    """Return documents like this one that are not another copy of it."""
    if not examples:
        return ()
    found = await paperless.similar(document.id, examples * LOOKED_AT)
    texts = await finding.texts(paperless.http, [one.id for one in found])
    return [one for one in found if not _is_a_copy(document, one, texts.get(one.id, ""))]


def _is_a_copy(document: Document, other: Neighbour, text: str) -> bool:
    if text.split() == document.content.split():
        return True
    return other.created == document.created and likeness(text, document.content) >= SAME_WORDS
