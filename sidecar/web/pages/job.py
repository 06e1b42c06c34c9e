"""One job: its story try by try, what it wrote, and its pages, each as a picture beside its text, old beside new."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.desk import jobs as desk
from sidecar.desk.history import is_taken_back
from sidecar.domain.difference import Difference, beside, compare
from sidecar.domain.job import Job, Kind
from sidecar.store import listing, review, undoing
from sidecar.store.listing import Event, KeptPage
from sidecar.web.api.shapes import LARGEST, Number
from sidecar.web.rows import Values, ids, needed, written
from sidecar.web.site import Here, Site
from sidecar.web.texts import asked, words
from sidecar.web.who import Reader

router = APIRouter(include_in_schema=False)

#: The page of the document that is opened.
Opened = Annotated[int | None, Query(ge=1, le=LARGEST)]

#: Pages of a document that are listed, around the one that is opened; of a longer one the rest is in the API.
PAGES = 60
#: Of a page's text so much is shown, in characters.
EXCERPT = 10_000
#: How sentences begin with which a try ends that is not the last one (store/queue.py, store/rescue.py).
ENDINGS = ("Put off until ", "Handed back: ", "The sidecar died")


@dataclass(frozen=True, slots=True)
class PageShown:
    """One page of the document, opened."""

    number: int
    #: None where nothing is kept of it.
    page: KeptPage | None
    #: The text that stood there before beside the one that was read; None where the old one is not known.
    difference: Difference | None
    before: int | None
    after: int | None


@router.get("/jobs/{job_id}")
async def job(
    request: Request,
    here: Here,
    who: Reader,
    job_id: Number,
    page: Opened = None,
) -> Response:
    """Show a job; with `page`, that page of its document too."""
    part = await _job(here, asked(request), job_id, page)
    found = await desk.existing(here.parts, job_id)
    opened = await _page(here, found, page) if page else None
    return here.shell.page(request, "job.html", who=who, here="jobs", part=part, job=found, opened=opened)


@router.get("/jobs/{job_id}/events")
async def job_events(request: Request, here: Here, _: Reader, job_id: Number, page: Opened = None) -> Response:
    """Send the job anew whenever something of it is another."""
    await desk.existing(here.parts, job_id)
    language = asked(request)
    return here.live.stream(("job", language, job_id, page), lambda: _job(here, language, job_id, page))


async def _job(here: Site, language: str, job_id: int, opened: int | None) -> str:
    job = await desk.existing(here.parts, job_id)
    events = await here.db.run(listing.story, job_id)
    write = await here.db.run(listing.write_back, job_id)
    pages = await here.db.run(listing.kept_pages, job.document_id) if job.kind is Kind.OCR else []
    titles = await here.titles.of_jobs([job])
    wanted = needed(write.entry.proposal) | ids(write.entry.old) if write else set()
    spoken = await here.called.spoken(wanted) if write else await here.called.spoken()
    values = Values(words(language), spoken, write.entry.proposal.custom_words if write else None)
    is_undoable = write is not None and job.kind is not Kind.UNDO and write.entry.state != "intended"
    if write is not None and is_undoable:
        is_undoable = not is_taken_back(write, await here.db.run(undoing.taken, job.document_id))
    start = max(0, min((opened or 1) - PAGES // 2, len(pages) - PAGES))
    return here.shell.part(
        "_job.html",
        language,
        job=job,
        title=titles.get(job.document_id),
        tries=tries(events),
        write=write,
        rows=written(write.entry, values) if write else [],
        label=values.label,
        is_undoable=is_undoable,
        pages=pages[start : start + PAGES],
        more_pages=max(0, len(pages) - PAGES),
    )


def tries(events: Sequence[Event]) -> list[list[Event]]:
    """Return a job's story in parts, one for each time that a runner took it up."""
    found: list[list[Event]] = [[]]
    for event in events:
        found[-1].append(event)
        if event.text.startswith(ENDINGS):
            found.append([])
    return [one for one in found if one]


async def _page(here: Site, job: Job, number: int) -> PageShown:
    pages = await here.db.run(listing.kept_pages, job.document_id)
    numbers = [page.page for page in pages]
    before = max((one for one in numbers if one < number), default=None)
    after = min((one for one in numbers if one > number), default=None)
    if number not in numbers:
        return PageShown(number, None, None, before, after)
    at = numbers.index(number)
    old = await _old_text(here, job)
    found = None
    if old is not None:
        found = await asyncio.to_thread(_beside, old, [page.text for page in pages], at + 1)
    return PageShown(number, pages[at], found, before, after)


def _beside(old: str, texts: Sequence[str], number: int) -> Difference:
    return compare(beside(old, texts, number)[:EXCERPT], texts[number - 1][:EXCERPT])


async def _old_text(here: Site, job: Job) -> str | None:
    """Return the document's text before this job: what it overwrote, or would."""
    write = await here.db.run(listing.write_back, job.id)
    if write is not None and "content" in write.entry.old:
        return str(write.entry.old["content"] or "")
    kept = await here.db.run(review.find, job.id)
    base = kept.proposal.base.get("content") if kept is not None else (job.base or {}).get("content")
    return None if base is None else str(base)
