"""Reviews: what waits for approval, one proposal with its document beside it, and the form in which it is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sidecar.desk import jobs as job_desk
from sidecar.desk import review as desk
from sidecar.domain.errors import PermanentError, WorkError
from sidecar.domain.job import Kind
from sidecar.store import review
from sidecar.store.review import Decision, Review
from sidecar.web.api.shapes import LARGEST, Number
from sidecar.web.pages.review_form import Filled, fields_of, read_form, suggestions
from sidecar.web.rows import EXCERPT as TEXT
from sidecar.web.rows import Row, Values, needed, proposed
from sidecar.web.site import Here, Site
from sidecar.web.texts import asked, words
from sidecar.web.who import Reader, Who, Worker

router = APIRouter(include_in_schema=False)

#: Proposals on one page of the list.
AT_ONCE = 25
#: Of a text the list only says that it changes, so no more of it is looked at there, in characters.
EXCERPT = 200
#: Beside the filing of a document stands so much of its text, in characters.
BEGINNING = 1_500
#: Paperless is waited for at most so long, in seconds; without it that text is left out.
PATIENCE_S = 2.0

#: The version of the words that somebody decided on, as the button sent it.
Seen = Annotated[str | None, Form(max_length=64)]
After = Annotated[int, Query(ge=0, le=LARGEST)]
#: The job that was decided on right before this page.
Decided = Annotated[int, Query(ge=0, le=LARGEST)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal as it is shown."""

    kept: Review
    version: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Last:
    """What was decided right before."""

    job_id: int
    document_id: int
    decision: Decision
    title: str | None


@router.get("/reviews")
async def reviews(request: Request, here: Here, who: Reader, after: After = 0, decided: Decided = 0) -> Response:
    """List what waits for approval, the oldest first."""
    part, last = await _list(here, asked(request), after), await _last(here, decided)
    return here.shell.page(request, "reviews.html", who=who, here="reviews", part=part, after=after, last=last)


@router.get("/reviews/events")
async def list_events(request: Request, here: Here, _: Reader, after: After = 0) -> Response:
    """Send the list anew whenever something else waits."""
    language = asked(request)
    return here.live.stream(("reviews", language, after), _watching(here, language, after))


def _watching(here: Site, language: str, after: int) -> Callable[[], Awaitable[str]]:
    """Return what makes the list, and makes it anew only when other jobs wait: proposals of texts are large."""
    last: tuple[object, str] = (None, "")

    async def make() -> str:
        nonlocal last
        waiting = await here.db.run(review.waiting)
        if last[0] != waiting:
            last = (waiting, await _list(here, language, after))
        return last[1]

    return make


async def _list(here: Site, language: str, after: int) -> str:
    found = await here.db.run(review.open_ones, after=after, limit=AT_ONCE + 1)
    kept = found[:AT_ONCE]
    titles = await here.titles.of({one.document_id for one in kept})
    shown = [await _shown(here, language, one, excerpt=EXCERPT) for one in kept]
    more = kept[-1].job_id if len(found) > AT_ONCE else None
    return here.shell.part("_reviews.html", language, reviews=shown, titles=titles, more=more, after=after)


@router.get("/reviews/{job_id}")
async def show(request: Request, here: Here, who: Reader, job_id: Number, decided: Decided = 0) -> Response:
    """Show a proposal; one that was decided on leads to its job."""
    kept = await _waiting(here, job_id)
    if kept is None:
        return _to(here, f"/jobs/{job_id}")
    waiting = [number for number, _, _ in await here.db.run(review.waiting)]
    titles = await here.titles.of({kept.document_id})
    return here.shell.page(
        request,
        "review.html",
        who=who,
        here="reviews",
        review=await _shown(here, asked(request), kept),
        title=titles.get(kept.document_id),
        beginning=await _beginning(here, kept),
        last=await _last(here, decided),
        before=max((number for number in waiting if number < job_id), default=None),
        after=min((number for number in waiting if number > job_id), default=None),
    )


async def _last(here: Site, job_id: int) -> Last | None:
    """Return what was decided on a job, None where nothing was."""
    kept = await here.db.run(review.find, job_id) if job_id else None
    if kept is None or kept.decision is None:
        return None
    titles = await here.titles.of({kept.document_id})
    return Last(job_id, kept.document_id, kept.decision, titles.get(kept.document_id))


async def _beginning(here: Site, kept: Review) -> str | None:
    """Return how the text of a document that is filed begins; None where Paperless does not give it now."""
    if kept.kind is not Kind.TAGGING:
        return None
    try:
        async with asyncio.timeout(PATIENCE_S):
            text = (await here.parts.paperless.document(kept.document_id)).content.strip()
    except (WorkError, TimeoutError):
        return None
    return text if len(text) <= BEGINNING else f"{text[:BEGINNING]} …"


async def _waiting(here: Site, job_id: int) -> Review | None:
    try:
        return await desk.waiting(here.parts, job_id)
    except PermanentError:
        await job_desk.existing(here.parts, job_id)  # says so if there is no such job
        return None


async def _shown(here: Site, language: str, kept: Review, *, excerpt: int = TEXT) -> Shown:
    spoken = await here.called.spoken(needed(kept.proposal))
    values = Values(words(language), spoken, kept.proposal.custom_words, excerpt=excerpt)
    return Shown(kept, desk.version(kept), proposed(kept.proposal, values))


@router.post("/reviews/{job_id}/approve")
async def approve(
    here: Here, who: Worker, job_id: Number, seen: Seen = None, back: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Have it written as it is shown."""
    await desk.approve(here.parts, job_id, by=who.name, now=here.now(), seen=seen)
    here.wake()
    return await _on(here, job_id, back)


@router.post("/reviews/{job_id}/reject")
async def reject(
    here: Here, who: Worker, job_id: Number, seen: Seen = None, back: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Drop it."""
    await desk.reject(here.parts, job_id, by=who.name, now=here.now(), seen=seen)
    here.wake()
    return await _on(here, job_id, back)


@router.get("/reviews/{job_id}/edit")
async def form(request: Request, here: Here, who: Worker, job_id: Number) -> Response:
    """Show the form in which it is changed."""
    kept = await _waiting(here, job_id)
    if kept is None:
        return _to(here, f"/jobs/{job_id}")
    return await _form(request, here, who, kept)


@router.post("/reviews/{job_id}/edit")
async def edit(request: Request, here: Here, who: Worker, job_id: Number) -> Response:
    """Keep the changes and have them shown anew, or approve with them; what cannot be written comes back with why."""
    sent = {str(name): [str(one) for one in values] for name, values in _lists(await request.form()).items()}
    kept = await desk.waiting(here.parts, job_id)
    try:
        await desk.waiting(here.parts, job_id, seen=(sent.get("seen") or [""])[0])
        values = Values(words(asked(request)), await here.called.spoken(needed(kept.proposal)))
        changes = read_form(sent, fields_of(kept, values))
        if "approve" in sent:
            await desk.approve(
                here.parts, job_id, changes or None, by=who.name, now=here.now(), seen=desk.version(kept)
            )
            here.wake()
            return await _on(here, job_id, "")
        if changes:
            await desk.edit(here.parts, job_id, changes, by=who.name, now=here.now(), seen=desk.version(kept))
            here.wake()
    except PermanentError as error:
        return await _form(request, here, who, kept, sent=sent, said=str(error))
    return _to(here, f"/jobs/{job_id}" if changes else f"/reviews/{job_id}")


async def _form(
    request: Request,
    here: Site,
    who: Who,
    kept: Review,
    *,
    sent: Mapping[str, list[str]] | None = None,
    said: str | None = None,
) -> Response:
    values = Values(words(asked(request)), await here.called.spoken(needed(kept.proposal)), kept.proposal.custom_words)
    titles = await here.titles.of({kept.document_id})
    fields = fields_of(kept, values)
    return here.shell.page(
        request,
        "review_edit.html",
        status=409 if said else 200,
        who=who,
        here="reviews",
        review=kept,
        seen=desk.version(kept),
        title=titles.get(kept.document_id),
        beginning=await _beginning(here, kept),
        filled=Filled(fields, sent),
        offers=suggestions(fields, await here.called.vocabulary()),
        said=said,
    )


def _lists(sent: Any) -> dict[str, list[Any]]:
    return {name: sent.getlist(name) for name in sent}


async def _on(here: Site, job_id: int, back: str) -> Response:
    """Go on to the next proposal, or back to the list where the button stood there."""
    path, _, query = back.partition("?")
    if path == "/reviews":
        after = parse_qs(query).get("after", [""])[0]
        return _to(here, f"/reviews?{f'after={after}&' if after.isdecimal() else ''}decided={job_id}")
    waiting = [number for number, _, _ in await here.db.run(review.waiting)]
    following = min((number for number in waiting if number > job_id), default=None)
    return _to(here, f"/reviews{f'/{following}' if following else ''}?decided={job_id}")


def _to(here: Site, path: str) -> Response:
    return RedirectResponse(here.shell.url(path), 303)
