"""`sidecar notify`: whether messages reach people."""

from __future__ import annotations

import typer

from sidecar.cli import show
from sidecar.cli.ending import Exit, in_words, load_settings
from sidecar.domain.errors import SettingsError
from sidecar.notify import NOT_TAKEN, Telephone
from sidecar.settings.values import secret

TITLE = "Paperless Sidecar: a test"
TEXT = "If you can read this, you will be told when you are needed."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example:  docker compose exec sidecar sidecar notify --test")(notify)


def notify(
    test: bool = typer.Option(False, "--test", help="Send a message to all services."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Look whether NOTIFY_URLS can be used; with --test a message goes to all of them."""
    with in_words():
        settings = load_settings()
        urls = secret(settings.notify_urls)
        if not urls:
            raise SettingsError(["NOTIFY_URLS is missing: name a service, ntfy://ntfy.sh/your-topic for instance."])
        telephone = Telephone(urls)
        if problem := telephone.problem():
            raise SettingsError([problem])
    good = not test or telephone.send(TITLE, TEXT)
    causes = ", ".join(settings.notify_on) or "nothing"
    said = (
        f"All services took the message; you will be told of: {causes}." if test else f"You will be told of: {causes}."
    )
    if as_json:
        show.print_json({"good": good, "on": [str(cause) for cause in settings.notify_on], "sent": test and good})
    else:
        print(said if good else NOT_TAKEN)
    raise typer.Exit(Exit.DONE if good else Exit.NOT_DONE)
