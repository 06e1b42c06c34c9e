"""`sidecar jobs`, `enqueue`, `retry`, `cancel`: looking at the queue and steering it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

import typer

from sidecar.cli import show
from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.domain.errors import PermanentError, StoreError
from sidecar.domain.job import Job, Kind, Priority, State
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import TagDelta
from sidecar.paperless.http import RefusedError
from sidecar.parts import Parts
from sidecar.store import pages, queue, report

jobs_app = typer.Typer(help="Look at the jobs.", invoke_without_command=True)

_JSON = typer.Option(False, "--json", help="Print JSON for scripts.")


class Wish(StrEnum):
    """What a person may ask for at the command line."""

    OCR = "ocr"
    TAGGING = "tagging"
    BOTH = "both"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(jobs_app, name="jobs")
    app.command(epilog="Example:  sidecar enqueue 12 13 --kind both")(enqueue)
    app.command(epilog="Examples:  sidecar retry 7   |   sidecar retry 7 --page 3")(retry)
    app.command(epilog="Example:  sidecar cancel 7")(cancel)


@jobs_app.callback(epilog="Examples:  sidecar jobs --state failed   |   sidecar jobs show 7   |   sidecar jobs --json")
def list_jobs(
    context: typer.Context,
    state: State | None = typer.Option(None, help="Only jobs in this state."),
    document: int | None = typer.Option(None, help="Only jobs of this document."),
    limit: int = typer.Option(50, min=1, help="How many, the newest first."),
    as_json: bool = _JSON,
) -> None:
    """List jobs, the newest first."""
    if context.invoked_subcommand:
        return
    with in_words(), opened() as parts:
        found = parts.db.run_now(report.jobs, state=state, document_id=document, limit=limit)
        if as_json:
            show.print_json([show.job_json(job) for job in found])
        elif found:
            show.console().print(show.jobs_table(found))
        else:
            print("No jobs. Tag a document in Paperless to make one.")


@jobs_app.command("show", epilog="Example:  sidecar jobs show 7")
def show_job(job_id: int = typer.Argument(help="The job's number."), as_json: bool = _JSON) -> None:
    """Show one job and its story."""
    with in_words(), opened() as parts:
        job = _existing(parts, job_id)
        events = parts.db.run_now(report.story, job_id)
        if as_json:
            told = [{"at": event.at.isoformat(), "text": event.text} for event in events]
            show.print_json({**show.job_json(job), "events": told})
            return
        show.console().print(show.jobs_table([job]))
        show.console().print(show.story(events))


def enqueue(
    documents: list[int] = typer.Argument(help="Numbers of documents in Paperless."),
    kind: Wish = typer.Option(Wish.BOTH, help="What to do with them."),
    as_json: bool = _JSON,
) -> None:
    """Tag documents and put them first in the queue."""
    kinds = [Kind(kind.value)] if kind is not Wish.BOTH else [Kind.OCR, Kind.TAGGING]

    async def work(parts: Parts, tags: Tags) -> list[_Done]:
        return [await _ask_for(parts, tags, document, kinds) for document in documents]

    _steer(work, as_json)


def retry(
    job_id: int = typer.Argument(help="Number of a finished job."),
    page: list[int] = typer.Option([], min=1, help="Read this page anew, counted from 1; the others stay as they are."),
    as_json: bool = _JSON,
) -> None:
    """Ask once more for what a job could not do, or for pages that it read badly."""

    async def work(parts: Parts, tags: Tags) -> list[_Done]:
        job = _existing(parts, job_id)
        if page:
            _require_pages(job, page)
            parts.db.run_now(pages.forget, job.document_id, page)
        elif job.state not in (State.FAILED, State.CANCELLED):
            raise PermanentError(f"Job {job_id} is {job.state}; only failed and cancelled jobs can be asked for again.")
        if job.kind is Kind.UNDO and job.ask is not None:
            return [_undo_again(parts, job)]
        return [await _ask_for(parts, tags, job.document_id, [job.kind])]

    _steer(work, as_json)


def _undo_again(parts: Parts, job: Job) -> _Done:
    """Ask for the same once more; by its tag it would be all that was ever written to the document."""
    now = datetime.now(UTC)
    made = parts.db.run_now(queue.enqueue, job.document_id, job.kind, priority=Priority.NOW, now=now, ask=job.ask)
    said = f"job {made} (undo) is waiting for its turn." if made else "an undo is waiting already."
    return _Done(job.document_id, made, f"Document {job.document_id}: {said}")


def _require_pages(job: Job, numbers: list[int]) -> None:
    if job.kind is not Kind.OCR:
        raise PermanentError(f"Job {job.id} reads no pages: its kind is {job.kind}.")
    if job.finished_at is None:
        raise PermanentError(f"Job {job.id} is {job.state}; its pages can be read anew when it has ended.")
    beyond = [number for number in numbers if job.pages_total is not None and number > job.pages_total]
    if beyond:
        raise PermanentError(f"There is no page {beyond[0]}: the document has {job.pages_total}.")


def cancel(job_id: int = typer.Argument(help="Number of an unfinished job."), as_json: bool = _JSON) -> None:
    """Withdraw a job: take the trigger tag off. A running one stops before it writes."""

    async def work(parts: Parts, tags: Tags) -> list[_Done]:
        job = _existing(parts, job_id)
        if job.finished_at is not None:
            raise PermanentError(f"Job {job_id} is {job.state} already.")
        if job.state is State.REVIEW:
            raise PermanentError(f"Job {job_id} waits for approval: drop it with `sidecar reject {job_id}`.")
        with contextlib.suppress(RefusedError):  # the document is gone
            await parts.paperless.modify_tags([job.document_id], TagDelta(remove=frozenset({tags.trigger(job.kind)})))
        now = datetime.now(UTC)
        withdrawn = parts.db.run_now(queue.withdraw, job_id, reason="Withdrawn at the command line.", now=now)
        said = f"Job {job_id} is cancelled." if withdrawn else f"Job {job_id} is running and stops before it writes."
        return [_Done(job.document_id, job_id, said)]

    _steer(work, as_json)


@dataclass(frozen=True, slots=True)
class _Done:
    """What a command did for one document."""

    document_id: int
    #: None where there was nothing to make.
    job_id: int | None
    said: str


class opened:  # noqa: N801 - reads as a word after `with`
    """The parts with an existing store, for commands that only look."""

    def __enter__(self) -> Parts:
        self._parts = Parts(load_settings())
        if not self._parts.db.exists():
            raise StoreError(f"There is no store at {self._parts.db.place} yet; `sidecar run` makes it.")
        self._parts.db.migrate()
        return self._parts

    def __exit__(self, *_: object) -> None:
        self._parts.db.close()


def _existing(parts: Parts, job_id: int) -> Job:
    job = parts.db.run_now(report.job, job_id)
    if job is None:
        raise PermanentError(f"There is no job {job_id}.")
    return job


def _steer(work: Callable[[Parts, Tags], Awaitable[list[_Done]]], as_json: bool) -> None:
    with in_words():
        settings = load_settings()

    async def steer() -> list[_Done]:
        async with Parts(settings) as parts:
            parts.db.migrate()
            return await work(parts, await parts.tags())

    done = run_async(steer())
    if as_json:
        show.print_json([asdict(one) for one in done])
    else:
        for one in done:
            print(one.said)


async def _ask_for(parts: Parts, tags: Tags, document: int, kinds: list[Kind]) -> _Done:
    """Tag the document and enqueue what comes first; the rest follows when that is done."""
    await parts.paperless.document(document)  # says so if it does not exist
    triggers = frozenset(tags.trigger(kind) for kind in kinds)
    await parts.paperless.modify_tags([document], TagDelta(add=triggers))
    now = datetime.now(UTC)
    job_id = parts.db.run_now(queue.enqueue, document, kinds[0], priority=Priority.NOW, now=now)
    if job_id is None:
        parts.db.run_now(queue.hasten, document, kinds[0], priority=Priority.NOW)
        return _Done(document, None, f"Document {document}: {kinds[0]} is waiting already; it goes first now.")
    return _Done(document, job_id, f"Document {document}: job {job_id} ({kinds[0]}) is waiting for its turn.")
