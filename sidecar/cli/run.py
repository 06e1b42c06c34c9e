"""`sidecar run`: the program itself."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager, nullcontext

import typer

from sidecar.app import Beside, serve
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.cli.hidden import secrets_of
from sidecar.domain.errors import SettingsError
from sidecar.logs import Redaction
from sidecar.notify import MISSING, Telephone, is_installed, telling
from sidecar.observe import spans
from sidecar.parts import Parts
from sidecar.settings import Settings
from sidecar.settings.values import secret

_log = logging.getLogger(__name__)


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
    with spans.traced() as problem:
        if problem:
            _log.warning("%s", problem)
        async with _telling(parts.settings), parts:
            return await serve(parts, drain=drain, beside=None if drain else dashboard(parts))


def _telling(settings: Settings) -> AbstractAsyncContextManager[None]:
    """Return what tells people what happens; nothing where nobody is to be told. Raises SettingsError."""
    urls = secret(settings.notify_urls)
    if not urls:
        return nullcontext()
    if not is_installed():
        raise SettingsError([MISSING])
    telephone = Telephone(urls, Redaction(secrets_of(settings)))
    return telling(telephone, settings.notify_on, every_s=60 * settings.notify_every_min)


def dashboard(parts: Parts) -> Beside | None:
    """Return the dashboard, to be served beside the work; None where WEB_PORT is 0."""
    if not parts.settings.web_port:
        return None
    from sidecar.web import server  # noqa: PLC0415 - a program without it does not load it

    return lambda present: server.dashboard(parts, present)
