"""How what jobs wrote into a document stands by now: still there, written anew, taken back, or changed by somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidecar.domain.document import Document, custom_id, timestamp
from sidecar.domain.errors import WorkError
from sidecar.domain.job import Kind
from sidecar.domain.undoing import TAGS
from sidecar.domain.writeback import same
from sidecar.parts import Parts
from sidecar.store import undoing
from sidecar.store.listing import WriteBack

#: Paperless is waited for at most so long, in seconds; without it that part stays unsaid. Its log can be megabytes.
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Stand:
    """How one field of a write-back stands."""

    #: "there", "again" (a later job wrote it), "taken-back" or "changed".
    how: str
    #: Of the job that wrote it again or took it back.
    job_id: int | None = None
    #: Who changed it, as far as Paperless says, and when.
    by: str | None = None
    at: datetime | None = None


async def stands(parts: Parts, document_id: int, writes: Sequence[WriteBack]) -> dict[tuple[int, str], Stand]:
    """Return how every field of a document's write-backs (the newest first) stands, by job and field.

    What cannot be said, since Paperless is away or the document gone, is not among them.
    """
    taken = await parts.db.run(undoing.taken, document_id)
    try:
        async with asyncio.timeout(PATIENCE_S):
            document = await parts.paperless.document(document_id)
    except (WorkError, TimeoutError):
        return decide(writes, taken, None)
    found = decide(writes, taken, document)
    changed = {field for (_, field), stand in found.items() if stand.how == "changed"}
    if not changed:
        return found
    authors = _authors(changed, await _log(parts, document_id))
    return {
        (job_id, field): authors.get(field, stand) if stand.how == "changed" else stand
        for (job_id, field), stand in found.items()
    }


def is_taken_back(write: WriteBack, taken: Iterable[tuple[int, str]]) -> bool:
    """Say whether nothing of a write-back is left that could be taken back; `taken` as `undoing.taken` gives it."""
    job_id, gone = write.entry.job_id, set(taken)
    has_tags = write.entry.state == "verified" and write.entry.proposal.delta.add
    fields = [*write.entry.written, *([TAGS] if has_tags else [])]
    return bool(fields) and all((job_id, field) in gone for field in fields)


def decide(
    writes: Sequence[WriteBack], taken: Mapping[tuple[int, str], int], document: Document | None
) -> dict[tuple[int, str], Stand]:
    """Return how fields stand, from values alone; nobody is known yet who changed one."""
    found: dict[tuple[int, str], Stand] = {}
    later: dict[str, int] = {}
    for write in writes:
        entry = write.entry
        if write.kind is not Kind.UNDO and (by := taken.get((entry.job_id, TAGS))) is not None:
            found[entry.job_id, TAGS] = Stand("taken-back", by)
        for field, value in entry.written.items():
            key = (entry.job_id, field)
            if key in taken:
                found[key] = Stand("taken-back", taken[key])
            elif field in later:
                found[key] = Stand("again", later[field])
            elif document is not None:
                found[key] = Stand("there" if same(field, document.value(field), value) else "changed")
            later.setdefault(field, entry.job_id)
    return found


async def _log(parts: Parts, document_id: int) -> list[dict[str, Any]]:
    """Return Paperless's log of the document, nothing where it cannot be had: that takes a right of its own."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await parts.paperless.history(document_id)
    except (WorkError, TimeoutError):
        return []


def _authors(fields: Iterable[str], log: Iterable[Mapping[str, Any]]) -> dict[str, Stand]:
    """Return who changed each field last."""
    wanted, found = set(fields), dict[str, Stand]()
    for entry in log:
        changes = entry.get("changes")
        names = set(changes) if isinstance(changes, Mapping) else set()
        for field in wanted - set(found):
            if (field if custom_id(field) is None else "custom_fields") in names:
                actor = entry.get("actor")
                by = str(actor.get("username") or "") if isinstance(actor, Mapping) else ""
                found[field] = Stand("changed", by=by or None, at=timestamp(entry.get("timestamp")))
    return found
