"""`sidecar run`: the program itself."""

from __future__ import annotations

import typer

from sidecar.app import Beside, serve
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.parts import Parts


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:  sidecar run   |   sidecar run --drain (from cron: do what is due, then end)",
    )(run)


def run(drain: bool = typer.Option(False, "--drain", help="Do what is due now, then end.")) -> None:
    """Work: find tagged documents, read and file them, until stopped."""
    with in_words():
        parts = Parts(load_settings())
    done = run_async(_run(parts, drain))
    raise typer.Exit(Exit.DONE if done or not drain else Exit.WORK_LEFT)


async def _run(parts: Parts, drain: bool) -> bool:
    async with parts:
        return await serve(parts, drain=drain, beside=None if drain else _dashboard(parts))


def _dashboard(parts: Parts) -> Beside | None:
    if not parts.settings.web_port:
        return None
    from sidecar.web.server import dashboard  # noqa: PLC0415 - a program without it does not load it

    return lambda present: dashboard(parts, present)
