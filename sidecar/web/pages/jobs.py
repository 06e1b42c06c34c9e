"""Jobs: the list with its filters, and one job with its story, its pages and what it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.desk import jobs as desk
from sidecar.domain.job import Kind, State
from sidecar.store import listing, report
from sidecar.web.api.shapes import LARGEST, Number
from sidecar.web.site import Here, Site
from sidecar.web.texts import asked
from sidecar.web.who import Reader

router = APIRouter(include_in_schema=False)

#: Jobs on one page of the list.
AT_ONCE = 50
#: Pages of a document that are listed; of a longer one the rest is in the API.
PAGES = 300
#: Of a text that was written, so much is shown, in characters.
EXCERPT = 3_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are listed; empty texts are what a form sends for no wish."""

    state: State | None
    kind: Kind | None
    document: int | None
    before: int | None

    def query(self, **changed: object) -> str:
        """Return it as the query of an address, with some of it changed."""
        wishes = {"state": self.state, "kind": self.kind, "document": self.document, "before": self.before} | changed
        return urlencode({name: str(value) for name, value in wishes.items() if value is not None})


def _filter(
    state: str = "",
    kind: str = "",
    document: Annotated[str, Query(max_length=12)] = "",
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Filter:
    """Read a filter from an address; a wish that nobody can have is no wish."""
    number = int(document) if document.isascii() and document.isdigit() else 0
    return Filter(
        state=State(state) if state in set(State) else None,
        kind=Kind(kind) if kind in set(Kind) else None,
        document=number if 1 <= number <= LARGEST else None,
        before=before,
    )


Wished = Annotated[Filter, Depends(_filter)]


@router.get("/jobs")
async def jobs(request: Request, here: Here, who: Reader, wished: Wished) -> Response:
    """List jobs, the newest first."""
    part = await _list(here, asked(request), wished)
    return here.shell.page(
        request, "jobs.html", who=who, here="jobs", part=part, wished=wished, states=list(State), kinds=list(Kind)
    )


@router.get("/jobs/events")
async def list_events(request: Request, here: Here, _: Reader, wished: Wished) -> Response:
    """Send the list anew whenever it is another."""
    language = asked(request)
    return here.live.stream(("jobs", language, wished), lambda: _list(here, language, wished))


async def _list(here: Site, language: str, wished: Filter) -> str:
    found = await here.db.run(
        listing.jobs,
        states=[wished.state] if wished.state else [],
        kind=wished.kind,
        document_id=wished.document,
        before=wished.before,
        limit=AT_ONCE + 1,
    )
    shown = found[:AT_ONCE]
    older = wished.query(before=shown[-1].id) if len(found) > AT_ONCE else None
    titles = await here.titles.of({job.document_id for job in shown})
    return here.shell.part("_jobs.html", language, jobs=shown, titles=titles, older=older, wished=wished)


@router.get("/jobs/{job_id}")
async def job(
    request: Request,
    here: Here,
    who: Reader,
    job_id: Number,
    page: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Response:
    """Show a job; with `page`, the text of that page of its document too."""
    part = await _job(here, asked(request), job_id)
    found = await desk.existing(here.parts, job_id)
    text = await here.db.run(listing.kept_pages, found.document_id, page=page) if page else []
    return here.shell.page(
        request, "job.html", who=who, here="jobs", part=part, job=found, text=text[0] if text else None, page=page
    )


@router.get("/jobs/{job_id}/events")
async def job_events(request: Request, here: Here, _: Reader, job_id: Number) -> Response:
    """Send the job anew whenever something of it is another."""
    await desk.existing(here.parts, job_id)
    language = asked(request)
    return here.live.stream(("job", language, job_id), lambda: _job(here, language, job_id))


async def _job(here: Site, language: str, job_id: int) -> str:
    job = await desk.existing(here.parts, job_id)
    events = await here.db.run(report.story, job_id)
    writes = await here.db.run(listing.write_backs, job.document_id)
    write = next((one for one in writes if one.entry.job_id == job_id), None)
    pages = await here.db.run(listing.kept_pages, job.document_id) if job.kind is Kind.OCR else []
    titles = await here.titles.of({job.document_id})
    return here.shell.part(
        "_job.html",
        language,
        job=job,
        title=titles.get(job.document_id),
        events=events,
        write=write,
        fields=sorted(write.entry.written) if write else (),
        pages=pages[:PAGES],
        more_pages=max(0, len(pages) - PAGES),
        excerpt=_excerpt,
    )


def _excerpt(value: Any) -> str:
    """Return a field's value as it is shown: long texts with their beginning."""
    text = "–" if value is None or value == "" else str(value)
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]} …"
