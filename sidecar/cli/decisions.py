"""`sidecar reviews`, `approve`, `edit`, `reject` and `undo`: what a person decides on what the sidecar writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, TypeVar

import typer

from sidecar.cli import show
from sidecar.cli.ending import in_words, run_async
from sidecar.cli.jobs import opened
from sidecar.desk import jobs as jobs_desk
from sidecar.desk import review as desk
from sidecar.desk import undo as undo_desk
from sidecar.desk.jobs import Done
from sidecar.desk.undo import Preview
from sidecar.domain.editing import Edit
from sidecar.domain.errors import PermanentError
from sidecar.domain.job import Kind
from sidecar.domain.telling import Spoken, field_words, lines, spoken
from sidecar.parts import Parts
from sidecar.store import review, undoing
from sidecar.store.review import Review

T = TypeVar("T")

_TITLE = typer.Option(None, help="Another title.")
_CORRESPONDENT = typer.Option(None, help="Another correspondent, by name.")
_TYPE = typer.Option(None, "--document-type", help="Another document type, by name.")
_CREATED = typer.Option(None, help="Another date, as 2026-05-12.")
_TAG = typer.Option([], help="Put this tag on in place of those proposed; several times for several.")
_WITHOUT = typer.Option([], help="Leave this field of the document as it is; also: tags.")
_BY = "the command line"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example:  sidecar reviews --json")(reviews)
    app.command(epilog='Examples:  sidecar approve 7 8   |   sidecar approve 7 --title "Invoice" --without tags')(
        approve
    )
    app.command(epilog='Example:  sidecar edit 7 --title "Invoice of May" --tag Tax')(edit)
    app.command(epilog="Example:  sidecar reject 7")(reject)
    app.command(
        epilog="Examples:  sidecar undo --document 12   |   sidecar undo --since 2026-11-24 --kind tagging --dry-run"
    )(undo)


def reviews(as_json: bool = show.AS_JSON) -> None:
    """List what waits for approval, the oldest first."""
    with in_words(), opened() as parts:
        found = parts.db.run_now(review.open_ones)
    if as_json:
        show.print_json([_as_json(one) for one in found])
    elif not found:
        print("Nothing waits for approval.")
    for one in found if not as_json else ():
        print(f"Document {one.document_id}{', changed by a person' if one.is_edited else ''}. {one.shown}\n")


def approve(
    job_ids: list[int] = typer.Argument(help="Numbers of jobs that wait for approval."),
    title: str | None = _TITLE,
    correspondent: str | None = _CORRESPONDENT,
    document_type: str | None = _TYPE,
    created: str | None = _CREATED,
    tag: list[str] = _TAG,
    without: list[str] = _WITHOUT,
    as_json: bool = show.AS_JSON,
) -> None:
    """Have a proposal written as it is shown, or with changes. The running sidecar does it."""
    changes = Edit(title, correspondent, document_type, created, tuple(tag), tuple(without))
    if changes and len(job_ids) > 1:
        raise typer.BadParameter("Changes are for one job at a time.")
    now = datetime.now(UTC)
    _end([_steer(partial(desk.approve, job_id=one, changes=changes, by=_BY, now=now)) for one in job_ids], as_json)


def edit(
    job_id: int = typer.Argument(help="Number of a job that waits for approval."),
    title: str | None = _TITLE,
    correspondent: str | None = _CORRESPONDENT,
    document_type: str | None = _TYPE,
    created: str | None = _CREATED,
    tag: list[str] = _TAG,
    without: list[str] = _WITHOUT,
    as_json: bool = show.AS_JSON,
) -> None:
    """Change a proposal; it is shown anew and goes on waiting."""
    changes = Edit(title, correspondent, document_type, created, tuple(tag), tuple(without))
    if not changes:
        raise typer.BadParameter("Say what is to be different.")
    _end([_steer(partial(desk.edit, job_id=job_id, changes=changes, by=_BY, now=datetime.now(UTC)))], as_json)


def reject(
    job_ids: list[int] = typer.Argument(help="Numbers of jobs that wait for approval."), as_json: bool = show.AS_JSON
) -> None:
    """Drop a proposal: nothing is written, and the tag that asked for it goes off."""
    _end([_steer(partial(desk.reject, job_id=job_id, by=_BY, now=datetime.now(UTC))) for job_id in job_ids], as_json)


def undo(
    document: int | None = typer.Option(None, help="Take back all that was written to this document."),
    job: int | None = typer.Option(None, help="Take back what this job wrote."),
    since: str | None = typer.Option(None, help="Take back what was written since then: 2026-11-24, or with a time."),
    until: str | None = typer.Option(None, help="With --since: up to then; a day counts whole."),
    kind: Kind | None = typer.Option(None, help="Only what jobs of this kind wrote."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be taken back, and do nothing."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Take back what the sidecar wrote; what a person changed since stays. The running sidecar does it."""
    if sum(one is not None for one in (document, job, since)) != 1:
        raise typer.BadParameter("Say one of --document, --job and --since.")
    with in_words():
        start, end = _moment(since, ends=False), _moment(until, ends=True)
    done = _steer(partial(_undo, document, job, since=start, until=end, kind=kind, dry_run=dry_run))
    _end(done, as_json, nothing="Nothing was written that could be taken back.")


async def _undo(
    document: int | None,
    job: int | None,
    parts: Parts,
    *,
    since: datetime | None,
    until: datetime | None,
    kind: Kind | None,
    dry_run: bool,
) -> list[Done]:
    if job is not None:
        await undo_desk.require_undoable(parts, job)
    found = await parts.db.run(undoing.writers, document_id=document, job_id=job, kind=kind, since=since, until=until)
    if not dry_run:
        return [await _ask_back(parts, one, jobs) for one, jobs in found.items()]
    previews = [await undo_desk.preview(parts, one, jobs) for one, jobs in found.items()]
    words = spoken(await parts.names.vocabulary(hidden=()), parts.tag_names, Kind.UNDO) if found else Spoken()
    return [Done(one.document_id, None, _said(one, words)) for one in previews]


async def _ask_back(parts: Parts, document_id: int, jobs: Collection[int]) -> Done:
    """Ask, or say why that cannot be: the other documents are asked for all the same."""
    try:
        return await jobs_desk.ask_back(parts, document_id, jobs, now=datetime.now(UTC))
    except PermanentError as error:
        return Done(document_id, None, str(error))


def _end(done: Sequence[Done], as_json: bool, nothing: str = "") -> None:
    if as_json:
        show.print_json([asdict(one) for one in done])
    else:
        print("\n".join(one.said for one in done) or nothing)


def _steer(work: Callable[[Parts], Awaitable[T]]) -> T:
    """Do something with the parts and an existing store."""

    async def steer() -> T:
        with opened() as parts:
            async with parts:
                return await work(parts)

    return run_async(steer())


def _as_json(one: Review) -> dict[str, Any]:
    return {
        "job_id": one.job_id,
        "document_id": one.document_id,
        "kind": one.kind.value,
        "old": {name: one.proposal.base.get(name) for name in one.proposal.wanted},
        "new": dict(one.proposal.wanted),
        "add_tags": sorted(one.proposal.delta.add),
        "is_edited": one.is_edited,
        "shown": one.shown,
        "created_at": one.created_at.isoformat(timespec="milliseconds"),
    }


def _said(one: Preview, words: Spoken) -> str:
    """Say what an undo would write."""
    if one.plan is None:
        return f"Document {one.document_id}: {one.gone}"
    shown = lines(one.proposal, words)
    shown += [f"{field_words(name).capitalize()}: stays, it was changed since." for name in one.kept]
    told = "".join(f"\n  {line}" for line in shown) or " nothing is left to take back."
    return f"Document {one.document_id}:{told}"


def _moment(text: str | None, *, ends: bool) -> datetime | None:
    """Read a day or a time, in this machine's zone where none is said; a day's end where `ends`."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            return datetime.fromisoformat(text).astimezone()
        except ValueError as error:
            raise PermanentError(f'"{text}" is no time: write 2026-11-24 or 2026-11-24T15:30.') from error
    return datetime.combine(day + timedelta(days=1) if ends else day, time()).astimezone()
