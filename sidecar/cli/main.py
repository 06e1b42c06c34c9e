"""The `sidecar` command: what it can do, and how its endings are numbered."""

from __future__ import annotations

import typer

from sidecar import __version__
from sidecar.cli import (
    check,
    db,
    decisions,
    demo,
    dry_run,
    estimate,
    evaluate,
    jobs,
    names,
    notify,
    run,
    setup,
    spending,
    tokens,
)

app = typer.Typer(
    name="sidecar",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The companion beside your paperless-ngx: tag a document, get its text and its filing.",
    epilog="Exit codes: 0 done, 1 not done, 2 wrong usage, 3 wrong settings, 4 store not usable, 5 work is left.",
)


@app.callback(invoke_without_command=True)
def _root(context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


for room in (
    run,
    demo,
    check,
    setup,
    jobs,
    decisions,
    names,
    dry_run,
    estimate,
    evaluate,
    spending,
    tokens,
    notify,
    db,
):
    room.register(app)
