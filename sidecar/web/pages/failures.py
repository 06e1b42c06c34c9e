"""Failures grouped by cause, and trying them again: one, a group, or all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sidecar.desk import failures as desk
from sidecar.store import failures, statistics
from sidecar.store.failures import Group
from sidecar.web.problems import Problem
from sidecar.web.site import Here, Site
from sidecar.web.who import Reader, Worker

router = APIRouter(include_in_schema=False)

#: Jobs of one cause that are listed.
LISTED = 100
#: Causes on one page.
GROUPS = 50
Key = Annotated[str, Query(pattern="^([0-9a-f]{16})?$")]
Count = Annotated[int | None, Query(ge=0, le=10**9)]


@router.get("/failures")
async def show(
    request: Request, here: Here, who: Reader, asked: Count = None, gone: Count = None, left: Count = None
) -> Response:
    """Show why jobs failed, the most frequent cause first."""
    groups = await here.db.run(failures.groups)
    titles = await here.titles.of({job.document_id for group in groups[:GROUPS] for job in group.examples})
    return here.shell.page(
        request,
        "failures.html",
        who=who,
        here="failures",
        groups=groups[:GROUPS],
        more=max(0, len(groups) - GROUPS),
        number=await here.db.run(statistics.open_failures) if groups else 0,
        titles=titles,
        asked=asked,
        gone=gone,
        left=left,
        back="/failures",
    )


@router.get("/failures/again")
async def confirm(request: Request, here: Here, who: Worker, cause: Key = "") -> Response:
    """Ask whether all of a cause, or all there are, are meant."""
    groups = await _meant(here, cause)
    number = sum(group.jobs for group in groups) if cause else await here.db.run(statistics.open_failures)
    return here.shell.page(
        request, "failures_again.html", who=who, here="failures", groups=groups[:GROUPS], number=number, cause=cause
    )


@router.post("/failures/again")
async def again(here: Here, _: Worker, cause: Annotated[str, Form(pattern="^([0-9a-f]{16})?$")] = "") -> Response:
    """Ask once more for all of a cause, or for all there are."""
    done = await desk.retry_all(here.parts, await here.tags(), cause or None, now=here.now())
    here.wake()
    here.observer.forget()
    return RedirectResponse(here.shell.url(f"/failures?asked={done.jobs}&gone={done.gone}&left={done.left}"), 303)


@router.get("/failures/{cause}")
async def one(request: Request, here: Here, who: Reader, cause: str) -> Response:
    """Show the jobs of one cause."""
    group = (await _meant(here, cause))[0]
    jobs = await here.db.run(failures.of_cause, cause, limit=LISTED)
    titles = await here.titles.of({job.document_id for job in jobs})
    return here.shell.page(
        request,
        "failure.html",
        who=who,
        here="failures",
        group=group,
        jobs=jobs,
        titles=titles,
        more=group.jobs - len(jobs),
    )


async def _meant(here: Site, cause: str) -> list[Group]:
    groups = await here.db.run(failures.groups)
    meant = [group for group in groups if not cause or group.key == cause]
    if not meant:
        raise Problem(404, "problem.no-failures")
    return meant
