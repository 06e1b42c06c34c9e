"""`sidecar names`: the names that the sidecar made in Paperless, and those of them that nobody uses any more."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import typer

from sidecar.cli import show
from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.cli.jobs import opened
from sidecar.domain.errors import CancelledError
from sidecar.paperless.unused import UnusedNames
from sidecar.parts import Parts
from sidecar.store import made_names
from sidecar.store.made_names import MadeName


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples:  sidecar names   |   sidecar names --unused --remove")(names)


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    id: int
    name: str
    job_id: int
    #: What is the matter with it, in words.
    said: str


def names(
    unused: bool = typer.Option(False, "--unused", help="Only those that nothing in Paperless needs any more."),
    remove: bool = typer.Option(False, "--remove", help="With --unused: remove them from Paperless."),
    as_json: bool = show.AS_JSON,
) -> None:
    """List the names that were made for documents, and remove those that were left unused."""
    if remove and not unused:
        raise typer.BadParameter("--remove goes with --unused.")
    with in_words(), opened() as parts:
        made = parts.db.run_now(made_names.made)
    found = run_async(_look(made, remove=remove)) if unused else [_found(one, f"job {one.job_id}") for one in made]
    if as_json:
        show.print_json([asdict(one) for one in found])
        return
    for one in found:
        print(f"{one.kind} {one.id}: {one.name} ({one.said})")
    if not found:
        print("No name was left unused." if unused else "No name was made.")


async def _look(made: list[MadeName], *, remove: bool) -> list[_Found]:
    """Return the names that may go, removed if that is wanted. One that is gone already is forgotten."""
    found = []
    async with Parts(load_settings()) as parts:
        paperless = UnusedNames(parts.paperless.http)
        for one in made:
            try:
                if await paperless.why_kept(one.kind, one.id, one.name) is not None:
                    continue
                if remove:
                    await paperless.remove(one.kind, one.id)
            except CancelledError:
                parts.db.run_now(made_names.forget, one.kind, one.id)
                continue
            if remove:
                parts.db.run_now(made_names.forget, one.kind, one.id)
            found.append(_found(one, "removed" if remove else "unused"))
    return found


def _found(one: MadeName, said: str) -> _Found:
    return _Found(one.kind, one.id, one.name, one.job_id, said)
