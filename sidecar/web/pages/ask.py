"""Asking for a document to be read, filed or both, by its number; it is tagged in Paperless as a person would do it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from sidecar.desk import jobs as desk
from sidecar.desk.jobs import Wish
from sidecar.web.api.shapes import LARGEST
from sidecar.web.problems import Problem
from sidecar.web.site import Here
from sidecar.web.who import Worker

router = APIRouter(include_in_schema=False)


@router.post("/documents/ask")
async def ask(
    here: Here, _: Worker, kind: Annotated[Wish, Form()], document: Annotated[str, Form(max_length=12)] = ""
) -> Response:
    """Ask for a document, and show the job that is made; where one waits already that goes first, and all are shown."""
    number = int(document) if document.isascii() and document.isdigit() else 0
    if not 1 <= number <= LARGEST:
        raise Problem(422, "problem.document")
    done = await desk.enqueue(here.parts, await here.tags(), number, kind.kinds, now=here.now())
    here.wake()
    here.observer.forget()
    return RedirectResponse(here.shell.url(f"/jobs/{done.job_id}" if done.job_id else f"/documents/{number}"), 303)
