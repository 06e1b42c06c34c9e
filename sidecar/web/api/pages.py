"""Pages of documents as pictures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from sidecar.domain.errors import CancelledError
from sidecar.store import listing
from sidecar.web.api.shapes import STEERING, Number
from sidecar.web.site import Here
from sidecar.web.who import Reader

router = APIRouter(prefix="/api/documents", tags=["documents"])

#: A browser may show it again for so long without asking, and nobody else may keep it.
KEEPING = {"Cache-Control": "private, max-age=180"}
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}, "description": "The page as a grey JPEG."}
}


@router.get("/{document_id}/pages/{page}/image", response_class=Response, responses={**STEERING, **JPEG})
async def image(document_id: Number, page: Number, here: Here, _: Reader) -> Response:
    """Draw a page, counted from 1, of the file as it is in Paperless now. Only of documents that there are jobs of."""
    if not await here.db.run(listing.is_known, document_id):  # it is nobody's way to look at all of Paperless
        raise CancelledError(f"There is no job of document {document_id}, so its pages are not shown.")
    return Response(await here.pictures.of(document_id, page), media_type="image/jpeg", headers=KEEPING)
