"""How jobs and documents look on a terminal and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from sidecar.domain.job import Job, State
from sidecar.store.listing import Event

#: The option of every command whose answer scripts read.
AS_JSON = typer.Option(False, "--json", help="Print JSON for scripts.")

STYLES = {
    State.READY: "cyan",
    State.RUNNING: "blue",
    State.SCHEDULED: "yellow",
    State.REVIEW: "magenta",
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.CANCELLED: "dim",
}


def console() -> Console:
    """Return the console for results (standard output)."""
    return Console(file=sys.stdout, highlight=False)


def print_json(value: object) -> None:
    """Print a result for scripts."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def job_json(job: Job) -> dict[str, Any]:
    """Return a job as JSON values; times in ISO 8601, UTC."""
    return {
        "id": job.id,
        "document_id": job.document_id,
        "kind": job.kind.value,
        "state": job.state.value,
        "priority": job.priority,
        "attempt": job.attempt,
        "crashes": job.crashes,
        "reason": job.reason,
        "changed": job.changed,
        "pages_done": job.pages_done,
        "pages_total": job.pages_total,
        "run_after": _iso(job.run_after),
        "created_at": _iso(job.created_at),
        "finished_at": _iso(job.finished_at),
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="milliseconds") if time else None


def jobs_table(jobs: Sequence[Job]) -> Table:
    """Return a table of jobs, one a line."""
    table = Table(box=None, pad_edge=False)
    for column in ("job", "document", "kind", "state", "pages", "tries", "reason"):
        table.add_column(column, no_wrap=column != "reason")
    for job in jobs:
        table.add_row(
            str(job.id),
            str(job.document_id),
            job.kind.value,
            f"[{STYLES[job.state]}]{job.state.value}[/]",
            pages(job),
            str(job.attempt),
            plain(job.reason),
        )
    return table


def pages(job: Job) -> str:
    """Return a job's progress in pages, empty where there are none."""
    return f"{job.pages_done}/{job.pages_total}" if job.pages_total else ""


def plain(text: str | None) -> str:
    """Return text that is not ours so that the console does not read marks of style in it."""
    return (text or "").replace("[", r"\[")


def story(events: Sequence[Event]) -> Table:
    """Return a job's events as a table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for event in events:
        table.add_row(f"[dim]{event.at:%Y-%m-%d %H:%M:%S}[/]", plain(event.text))
    return table
