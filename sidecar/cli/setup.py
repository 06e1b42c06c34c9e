"""`sidecar setup`: what can be done in Paperless by itself: the tags, and the workflows that ring the sidecar."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated

import typer

from sidecar.cli.ending import in_words, load_settings, run_async
from sidecar.domain.errors import SettingsError
from sidecar.paperless.doorbell import Bell, Change, Workflows
from sidecar.parts import Parts


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:  docker compose run --rm sidecar setup   |   sidecar setup --webhook --url http://sidecar:8400"
    )(setup)


def setup(
    webhook: Annotated[
        bool | None,
        typer.Option("--webhook/--no-webhook", help="Make, or remove, the workflows by which Paperless rings."),
    ] = None,
    url: Annotated[
        str, typer.Option(help="Address of the sidecar as Paperless reaches it, in place of WEBHOOK_URL.")
    ] = "",
) -> None:
    """Make the tags in Paperless, and with --webhook the workflows by which it rings. Doing it again is harmless."""
    with in_words():
        parts = Parts(load_settings(**({"webhook_url": url} if url else {})))
        if webhook and parts.settings.webhook_secret is None:
            raise SettingsError([_no_secret()])
    run_async(_setup(parts, webhook, url))


def _no_secret() -> str:
    """Say what to do about the secret, with a good one to copy."""
    return (
        "WEBHOOK_SECRET is missing: Paperless sends it along when it rings. Add this line to .env, start the sidecar "
        f"anew, and say this again: WEBHOOK_SECRET={secrets.token_hex(24)}"
    )


async def _setup(parts: Parts, webhook: bool | None, url: str) -> None:
    async with parts:
        tags = await parts.tags()
        if webhook is not None:
            bell = parts.bell(tags) or Bell("", "", frozenset(), parts.bell_label)
            workflows = Workflows(parts.paperless.http)
            _tell(await (workflows.put(bell) if webhook else workflows.remove(bell)))
            if webhook:
                print(f"Paperless rings at {bell.url}.")
            if webhook and url:
                print(f"Set WEBHOOK_URL={parts.settings.webhook_url} as well, so that `sidecar check` knows.")
    s = parts.settings
    print(f'Ready. Tag a document "{s.auto_ocr_tag}" to have it read, "{s.auto_tag}" to have it filed.')


def _tell(done: Mapping[str, Change]) -> None:
    for name, change in done.items():
        print(f"{change.value.capitalize()}: workflow {name}")
    if not done:
        print("No workflow had to be touched.")
