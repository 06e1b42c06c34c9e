"""`sidecar jobs`, `enqueue`, `retry`, `cancel`: looking at the queue and steering it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from sidecar.cli import show
from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.desk import jobs as desk
from sidecar.desk.jobs import Done, Wish
from sidecar.domain.errors import StoreError
from sidecar.domain.job import State
from sidecar.domain.trigger import Tags
from sidecar.parts import Parts
from sidecar.store import listing

jobs_app = typer.Typer(help="Look at the jobs.", invoke_without_command=True)


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
    as_json: bool = show.AS_JSON,
) -> None:
    """List jobs, the newest first."""
    if context.invoked_subcommand:
        return
    with in_words(), opened() as parts:
        found = parts.db.run_now(listing.jobs, states=[state] if state else (), document_id=document, limit=limit)
        if as_json:
            show.print_json([show.job_json(job) for job in found])
        elif found:
            show.console().print(show.jobs_table(found))
        else:
            print("No jobs. Tag a document in Paperless to make one.")


@jobs_app.command("show", epilog="Example:  sidecar jobs show 7")
def show_job(job_id: int = typer.Argument(help="The job's number."), as_json: bool = show.AS_JSON) -> None:
    """Show one job and its story."""
    with in_words(), opened() as parts:
        job = asyncio.run(desk.existing(parts, job_id))
        events = parts.db.run_now(listing.story, job_id)
        if as_json:
            told = [{"at": event.at.isoformat(), "text": event.text} for event in events]
            show.print_json({**show.job_json(job), "events": told})
            return
        show.console().print(show.jobs_table([job]))
        show.console().print(show.story(events))


def enqueue(
    documents: list[int] = typer.Argument(help="Numbers of documents in Paperless."),
    kind: Wish = typer.Option(Wish.BOTH, help="What to do with them."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Tag documents and put them first in the queue."""

    async def work(parts: Parts, tags: Tags) -> list[Done]:
        return [await desk.enqueue(parts, tags, document, kind.kinds, now=datetime.now(UTC)) for document in documents]

    _steer(work, as_json)


def retry(
    job_id: int = typer.Argument(help="Number of a finished job."),
    page: list[int] = typer.Option([], min=1, help="Read this page anew, counted from 1; the others stay as they are."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Ask once more for what a job could not do, or for pages that it read badly."""

    async def work(parts: Parts, tags: Tags) -> list[Done]:
        return [await desk.retry(parts, tags, job_id, page, now=datetime.now(UTC))]

    _steer(work, as_json)


def cancel(job_id: int = typer.Argument(help="Number of an unfinished job."), as_json: bool = show.AS_JSON) -> None:
    """Withdraw a job: take the trigger tag off. A running one stops before it writes."""

    async def work(parts: Parts, tags: Tags) -> list[Done]:
        reason = "Withdrawn at the command line."
        return [await desk.cancel(parts, tags, job_id, reason=reason, now=datetime.now(UTC))]

    _steer(work, as_json)


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


def _steer(work: Callable[[Parts, Tags], Awaitable[list[Done]]], as_json: bool) -> None:
    with in_words():
        settings = load_settings()

    async def steer() -> list[Done]:
        async with Parts(settings) as parts:
            parts.db.migrate()
            return await work(parts, await parts.tags())

    done = run_async(steer())
    if as_json:
        show.print_json([asdict(one) for one in done])
    else:
        for one in done:
            print(one.said)
