"""Documents: what jobs did to one, how that stands by now, and taking it back, which is seen first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sidecar.desk import history
from sidecar.desk import jobs as jobs_desk
from sidecar.desk import undo as desk
from sidecar.desk.history import Stand
from sidecar.desk.jobs import Wish
from sidecar.domain.job import Job, Kind
from sidecar.domain.vocabulary import Names
from sidecar.store import listing, undoing
from sidecar.store.listing import WriteBack
from sidecar.web.api.shapes import LARGEST, Number
from sidecar.web.pages.jobs import Filter
from sidecar.web.rows import Row, Values, ids, needed, proposed, written
from sidecar.web.site import Here, Site
from sidecar.web.texts import Words, asked, words
from sidecar.web.who import Reader, Worker

router = APIRouter(include_in_schema=False)

#: Jobs of a document that are shown, the newest.
AT_ONCE = 20
#: Of texts only the beginning is shown here, in characters; a job's own page has more of them.
EXCERPT = 700


@dataclass(frozen=True, slots=True)
class Deed:
    """A job of the document, with what it wrote."""

    job: Job
    write: WriteBack | None
    rows: list[Row]
    #: How each field stands, in words.
    states: dict[str, str]
    #: Whether it wrote something that can be taken back.
    is_undoable: bool


@router.get("/documents/{document_id}")
async def show(request: Request, here: Here, who: Reader, document_id: Number) -> Response:
    """Show a document's history, the newest first."""
    jobs = await here.db.run(listing.jobs, document_id=document_id, limit=AT_ONCE + 1)
    writes = await here.db.run(listing.write_backs, document_id, limit=2 * AT_ONCE)
    titles = await here.titles.of_jobs(jobs)  # of others even that is not for everybody
    deeds = await _deeds(here, asked(request), document_id, jobs[:AT_ONCE], writes)
    return here.shell.page(
        request,
        "document.html",
        who=who,
        here="jobs",
        document_id=document_id,
        title=titles.get(document_id),
        deeds=deeds,
        wishes=list(Wish),
        more=Filter(None, None, document_id, jobs[AT_ONCE - 1].id).query() if len(jobs) > AT_ONCE else None,
    )


async def _deeds(here: Site, language: str, document_id: int, jobs: list[Job], writes: list[WriteBack]) -> list[Deed]:
    stands = await history.stands(here.parts, document_id, writes) if writes else {}
    wanted = {one for write in writes for one in needed(write.entry.proposal) | ids(write.entry.old)}
    spoken, t = await here.called.spoken(wanted), words(language)
    gone = set(await here.db.run(undoing.taken, document_id)) if writes else set()
    gone |= {key for key, stand in stands.items() if stand.how == "changed"}
    by_job = {write.entry.job_id: write for write in writes}
    deeds = []
    for job in jobs:
        write = by_job.get(job.id)
        if write is None:
            deeds.append(Deed(job, None, [], {}, is_undoable=False))
            continue
        values = Values(t, spoken, write.entry.proposal.custom_words, excerpt=EXCERPT)
        states = {field: _said(here, t, stand) for (one, field), stand in stands.items() if one == job.id}
        is_undoable = job.kind is not Kind.UNDO and write.entry.state != "intended"
        is_undoable = is_undoable and not history.is_taken_back(write, gone)
        deeds.append(Deed(job, write, written(write.entry, values), states, is_undoable))
    return deeds


def _said(here: Site, t: Words, stand: Stand) -> str:
    """Say in a few words how a field stands."""
    match stand.how:
        case "there":
            return t("documents.there")
        case "again":
            return t("documents.again", n=stand.job_id)
        case "taken-back":
            return t("documents.taken-back", n=stand.job_id)
        case _ if stand.by and stand.at:
            return t.html("documents.changed-by", name=stand.by, at=here.shell.at(stand.at))
        case _:
            return t("documents.changed")


@router.get("/documents/{document_id}/undo")
async def preview(
    request: Request,
    here: Here,
    who: Worker,
    document_id: Number,
    job: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Response:
    """Show what taking back would write, of one job or of all."""
    jobs = await desk.writers(here.parts, document_id, [job] if job else [])
    seen = await desk.preview(here.parts, document_id, jobs)
    wanted = needed(seen.proposal) | {(str(Names.TAGS), tag) for tag in seen.proposal.delta.remove}
    values = Values(words(asked(request)), await here.called.spoken(wanted), seen.custom_words)
    titles = await here.titles.of({document_id})
    return here.shell.page(
        request,
        "undo.html",
        who=who,
        here="jobs",
        document_id=document_id,
        job=job,
        jobs=jobs,
        title=titles.get(document_id),
        seen=seen,
        rows=proposed(seen.proposal, values),
        kept=[values.label(name) for name in seen.kept],
    )


@router.post("/documents/{document_id}/undo")
async def undo(
    here: Here, _: Worker, document_id: Number, job: Annotated[int | None, Form(ge=1, le=LARGEST)] = None
) -> Response:
    """Ask for it to be taken back."""
    jobs = await desk.writers(here.parts, document_id, [job] if job else [])
    done = await jobs_desk.ask_back(here.parts, document_id, jobs, now=here.now())
    here.wake()
    return RedirectResponse(here.shell.url(f"/jobs/{done.job_id}" if done.job_id else f"/documents/{document_id}"), 303)
