"""Documents: what was written into them, and what was read on their pages."""

from __future__ import annotations

from fastapi import APIRouter

from sidecar.store import listing
from sidecar.web.api.shapes import ERRORS, Number, PageOut, WriteBackOut
from sidecar.web.site import Here
from sidecar.web.who import Reader

router = APIRouter(prefix="/api/documents", tags=["documents"])


@router.get("/{document_id}/write-backs", responses=ERRORS)
async def write_backs(document_id: Number, here: Here, _: Reader) -> list[WriteBackOut]:
    """List what jobs wrote into a document and what stood there before, the newest first; at most 100."""
    return [WriteBackOut.of(found) for found in await here.db.run(listing.write_backs, document_id)]


@router.get("/{document_id}/pages", responses=ERRORS)
async def pages(document_id: Number, here: Here, _: Reader) -> list[PageOut]:
    """List the pages of a document with their texts, each as it was read last. None were read: an empty list."""
    return [PageOut.of(page) for page in await here.db.run(listing.kept_pages, document_id)]
