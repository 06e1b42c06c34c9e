"""`sidecar reviews`, `approve`, `edit`, `reject` and `undo`: what a person decides on what the sidecar writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import typer

from sidecar.cli import show
from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.cli.jobs import opened
from sidecar.domain.editing import Edit, edited
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.job import Kind, Priority, State
from sidecar.domain.suggestion import may_be_made
from sidecar.domain.telling import field_words, lines, spoken, tell
from sidecar.domain.trigger import Tags
from sidecar.domain.undoing import Request
from sidecar.domain.vocabulary import Names
from sidecar.domain.writeback import Proposal, TagDelta, decide
from sidecar.parts import Parts
from sidecar.store import queue, report, review, undoing
from sidecar.store.review import Decision, Review

_JSON = typer.Option(False, "--json", help="Print JSON for scripts.")
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


def reviews(as_json: bool = _JSON) -> None:
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
    as_json: bool = _JSON,
) -> None:
    """Have a proposal written as it is shown, or with changes. The running sidecar does it."""
    changes = Edit(title, correspondent, document_type, created, tuple(tag), tuple(without))
    if changes and len(job_ids) > 1:
        raise typer.BadParameter("Changes are for one job at a time.")
    _end([_approve(job_id, changes) for job_id in job_ids], as_json)


def edit(
    job_id: int = typer.Argument(help="Number of a job that waits for approval."),
    title: str | None = _TITLE,
    correspondent: str | None = _CORRESPONDENT,
    document_type: str | None = _TYPE,
    created: str | None = _CREATED,
    tag: list[str] = _TAG,
    without: list[str] = _WITHOUT,
    as_json: bool = _JSON,
) -> None:
    """Change a proposal; it is shown anew and goes on waiting."""
    changes = Edit(title, correspondent, document_type, created, tuple(tag), tuple(without))
    if not changes:
        raise typer.BadParameter("Say what is to be different.")
    with in_words(), opened() as parts:
        kept = _waiting(parts, job_id)
    proposal, shown = _changed(kept, changes)
    with in_words(), opened() as parts:
        if not parts.db.run_now(review.edit, job_id, proposal, shown, seen=kept.shown, by=_BY, now=datetime.now(UTC)):
            raise PermanentError(_MOVED.format(job_id))
    _end([_Done(kept.document_id, job_id, f"Job {job_id} is shown anew.\n{shown}")], as_json)


def reject(
    job_ids: list[int] = typer.Argument(help="Numbers of jobs that wait for approval."), as_json: bool = _JSON
) -> None:
    """Drop a proposal: nothing is written, and the tag that asked for it goes off."""
    done = []
    for job_id in job_ids:
        with in_words(), opened() as parts:
            kept = _waiting(parts, job_id)
            _decide(parts, kept, Decision.REJECTED)
        done.append(_Done(kept.document_id, job_id, f"Job {job_id} is rejected; nothing is written."))
    _end(done, as_json)


def undo(
    document: int | None = typer.Option(None, help="Take back all that was written to this document."),
    job: int | None = typer.Option(None, help="Take back what this job wrote."),
    since: str | None = typer.Option(None, help="Take back what was written since then: 2026-11-24, or with a time."),
    until: str | None = typer.Option(None, help="With --since: up to then; a day counts whole."),
    kind: Kind | None = typer.Option(None, help="Only what jobs of this kind wrote."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be taken back, and do nothing."),
    as_json: bool = _JSON,
) -> None:
    """Take back what the sidecar wrote; what a person changed since stays. The running sidecar does it."""
    if sum(one is not None for one in (document, job, since)) != 1:
        raise typer.BadParameter("Say one of --document, --job and --since.")
    with in_words():
        start, end = _moment(since, ends=False), _moment(until, ends=True)
        with opened() as parts:
            if job is not None:
                _require_undoable(parts, job)
            found = parts.db.run_now(
                undoing.writers, document_id=document, job_id=job, kind=kind, since=start, until=end
            )
            requests = {one: parts.db.run_now(undoing.preview, one, jobs) for one, jobs in found.items()}
            done = [] if dry_run else [_ask_back(parts, one, jobs) for one, jobs in found.items()]
    if dry_run:
        done = run_async(_preview(requests))
    _end(done, as_json, nothing="Nothing was written that could be taken back.")


@dataclass(frozen=True, slots=True)
class _Done:
    """What a command did for one document."""

    document_id: int
    #: None where there was nothing to make.
    job_id: int | None
    said: str


def _end(done: Sequence[_Done], as_json: bool, nothing: str = "") -> None:
    if as_json:
        show.print_json([asdict(one) for one in done])
    else:
        print("\n".join(one.said for one in done) or nothing)


_MOVED = "Job {} was changed or decided on meanwhile; look again with `sidecar reviews`."


def _approve(job_id: int, changes: Edit) -> _Done:
    """Check the changes first; they are kept with the approval or not at all."""
    with in_words(), opened() as parts:
        kept = _waiting(parts, job_id)
    new = _changed(kept, changes) if changes else None
    with in_words(), opened() as parts:
        _decide(parts, kept, Decision.APPROVED, new)
    said = f"Job {job_id} is approved and will be written by the running sidecar."
    return _Done(kept.document_id, job_id, f"{said}\n{new[1]}" if new else said)


def _changed(kept: Review, changes: Edit) -> tuple[Proposal, str]:
    """Return the proposal with the changes, and the words for it. A second change begins with the first."""
    with in_words():
        settings = load_settings()

    async def work() -> tuple[Proposal, str]:
        async with Parts(settings) as parts:
            tags = await parts.tags()
            known, rules = await parts.names.vocabulary(hidden=tags.all), parts.tagger.rules

            def may_make(kind: Names, name: str) -> bool:
                return may_be_made(kind, name, rules, known)

            proposal = edited(kept.proposal, changes, known, may_make)
            words = spoken(await parts.names.vocabulary(hidden=()), parts.tag_names, kept.kind)
            return proposal, tell(kept.job_id, kept.kind, proposal, words)

    return run_async(work())


def _decide(parts: Parts, kept: Review, decision: Decision, new: tuple[Proposal, str] | None = None) -> None:
    now = datetime.now(UTC)
    if not parts.db.run_now(review.decide, kept.job_id, decision, by=_BY, now=now, edited=new, seen=kept.shown):
        raise PermanentError(_MOVED.format(kept.job_id))


def _waiting(parts: Parts, job_id: int) -> Review:
    job, kept = parts.db.run_now(report.job, job_id), parts.db.run_now(review.find, job_id)
    if job is None:
        raise PermanentError(f"There is no job {job_id}.")
    if job.state is not State.REVIEW or kept is None:
        raise PermanentError(f"Job {job_id} is {job.state} and does not wait for approval.")
    return kept


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


def _require_undoable(parts: Parts, job_id: int) -> None:
    job = parts.db.run_now(report.job, job_id)
    if job is None:
        raise PermanentError(f"There is no job {job_id}.")
    if job.kind is Kind.UNDO:
        raise PermanentError(f"Job {job_id} is an undo itself; tag the document again to have it done anew.")


def _ask_back(parts: Parts, document_id: int, jobs: Sequence[int]) -> _Done:
    now = datetime.now(UTC)
    made = parts.db.run_now(queue.enqueue, document_id, Kind.UNDO, priority=Priority.NOW, now=now, ask=jobs)
    if made is None:
        return _Done(document_id, None, f"Document {document_id}: an undo is waiting already.")
    of = ", ".join(map(str, jobs))
    return _Done(document_id, made, f"Document {document_id}: job {made} (undo) takes back what jobs {of} wrote.")


async def _preview(requests: Mapping[int, Request]) -> list[_Done]:
    """Compare with the documents as they are, and say what would be written."""
    async with Parts(load_settings()) as parts:
        tags = await parts.tags()
        words = spoken(await parts.names.vocabulary(hidden=()), parts.tag_names, Kind.UNDO)
        parents = await parts.names.parents()
        return [await _seen(parts, one, request, tags, words, parents) for one, request in requests.items()]


async def _seen(
    parts: Parts, document_id: int, request: Request, tags: Tags, words: Any, parents: Mapping[int, int | None]
) -> _Done:
    try:
        document = await parts.paperless.document(document_id)
    except CancelledError as gone:
        return _Done(document_id, None, f"Document {document_id}: {gone}")
    steps = request.steps()
    base, wanted = ({name: getattr(step, what) for name, step in steps.items()} for what in ("base", "wanted"))
    off = request.tags_off(document.tags, parents, tags)
    plan = decide(Proposal(base, wanted, TagDelta(remove=off)), document)
    shown = lines(Proposal(plan.old, plan.write, plan.delta), words)
    shown += [f"{field_words(one.field).capitalize()}: stays, it was changed since." for one in plan.conflicts]
    told = "".join(f"\n  {line}" for line in shown) or " nothing is left to take back."
    return _Done(document_id, None, f"Document {document_id}:{told}")


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
