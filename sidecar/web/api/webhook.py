"""The doorbell's button: Paperless calls here when a document was added or tagged.

Open to who knows WEBHOOK_SECRET, and not there at all without that setting. Nothing of what is sent is believed but a
document's number, and the answer says nothing.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.paperless.doorbell import HEADER
from sidecar.web.api.shapes import ERRORS, LARGEST, problem
from sidecar.web.problems import Problem
from sidecar.web.site import Here, Site

router = APIRouter(tags=["doorbell"])

PATH = "/api/webhook"
#: What Paperless sends of ours is a few dozen bytes.
MAX_BYTES = 8 * 1024
_ANSWERS: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    401: problem("The secret is missing or wrong."),
    404: problem("No WEBHOOK_SECRET is set, so nobody can ring."),
    413: problem("The request is too large."),
}


@router.post(PATH, status_code=204, responses=_ANSWERS)
async def ring(request: Request, here: Here) -> Response:
    """Ring: JSON with the document's number as `id`, and the secret as the header X-Sidecar-Secret or in the query."""
    _let_in(request, here)
    document_id = _number(await _body(request))
    if document_id is None:
        raise Problem(422, "problem.no-document")
    await here.doorbell.rung(document_id)
    return Response(status_code=204)


def _let_in(request: Request, here: Site) -> None:
    secret = here.parts.settings.webhook_secret
    if secret is None:
        raise Problem(404, "problem.not-found")
    sent = request.headers.get(HEADER) or request.query_params.get("secret", "")
    if not hmac.compare_digest(sent.encode(), secret.get_secret_value().encode()):
        raise Problem(401, "problem.secret")


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > MAX_BYTES:
            raise Problem(413, "problem.too-large")
    return bytes(found)


def _number(body: bytes) -> int | None:
    """Return the document's number; None for anything else."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    number = sent.get("id") if isinstance(sent, dict) else None
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) <= len(str(LARGEST)):
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return number if 1 <= number <= LARGEST else None
