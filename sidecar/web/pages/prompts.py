"""The prompts in effect, and a trial on a document of one's choice that writes nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from sidecar.desk import suggest as desk
from sidecar.desk.suggest import Trial
from sidecar.domain.errors import SettingsError, WorkError
from sidecar.engines.prompts import NAMES, Source
from sidecar.web.api.shapes import LARGEST
from sidecar.web.problems import Problem
from sidecar.web.site import Here, Site
from sidecar.web.who import Reader, Who, Worker

router = APIRouter(include_in_schema=False)


@router.get("/prompts")
async def prompts(request: Request, here: Here, who: Reader, document: str = "") -> Response:
    """Show each prompt as it is in effect."""
    return _page(request, here, who, document[:12] if document.isdigit() else "")


@router.post("/prompts/try")
async def trial(
    request: Request, here: Here, who: Worker, document: Annotated[str, Form(max_length=12)] = ""
) -> Response:
    """Ask the models how they would file a document and show it; loading the page again would ask again."""
    number = int(document) if document.isascii() and document.isdigit() else 0
    if not 1 <= number <= LARGEST:
        raise Problem(422, "problem.document")
    async with here.trying:
        try:
            found = await desk.suggest(here.parts, await here.tags(), number, today=here.now().date())
        except (WorkError, SettingsError) as error:
            return _page(request, here, who, document, wrong=str(error))
    return _page(request, here, who, document, found=found)


def _source(here: Site, name: str) -> Source:
    try:
        return here.parts.prompts.source(name)
    except SettingsError as error:  # its file was broken or taken away meanwhile
        return Source(name, str(error), "", is_own=True)


def _page(
    request: Request, here: Site, who: Who, document: str, *, found: Trial | None = None, wrong: str = ""
) -> Response:
    return here.shell.page(
        request,
        "prompts.html",
        who=who,
        here="prompts",
        prompts=[_source(here, name) for name in NAMES],
        own_folder=here.parts.settings.prompts_dir,
        has_model=bool(here.parts.model.name),
        document=document,
        wrong=wrong,
        trial=found,
        rows=list(desk.beside(found)) if found else [],
        left_out=desk.left_out(found) if found else [],
        currency=here.parts.settings.currency,
        back="/prompts",
    )
