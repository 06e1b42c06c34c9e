"""`sidecar token`: what machines log in with, and the end of people's logins."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import typer

from sidecar.cli import show
from sidecar.cli.ending import in_words
from sidecar.cli.jobs import opened
from sidecar.desk import tokens
from sidecar.domain.errors import PermanentError
from sidecar.store import api_tokens, sessions
from sidecar.store.api_tokens import Scope

tokens_app = typer.Typer(
    help="Make, list and revoke tokens for the API.", epilog="Example:  sidecar token create cron --scope work"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(tokens_app, name="token")


@tokens_app.command(epilog="Example:  sidecar token create cron --scope work")
def create(
    name: str = typer.Argument(help="What it is for.", metavar="NAME"),
    scope: Scope = typer.Option(
        Scope.READ, help="metrics: the figures at /metrics alone; read: look; work: steer jobs too; admin: everything."
    ),
    as_json: bool = show.AS_JSON,
) -> None:
    """Make a token and print it; it is shown this once."""
    with in_words(), opened() as parts:
        number, token = asyncio.run(tokens.create(parts, name, scope, now=datetime.now(UTC)))
    _tell(token, {"id": number, "name": name, "scope": scope.value, "token": token}, as_json)


def _tell(said: str, value: object, as_json: bool) -> None:
    if as_json:
        show.print_json(value)
    else:
        print(said)


@tokens_app.command("list", epilog="Example:  sidecar token list")
def list_tokens(as_json: bool = show.AS_JSON) -> None:
    """List the tokens, without what they are made of."""
    with in_words(), opened() as parts:
        found = parts.db.run_now(api_tokens.tokens)
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "scope": one.scope.value,
            "created_at": one.created_at.isoformat(timespec="seconds"),
            "used_at": one.used_at.isoformat(timespec="seconds") if one.used_at else None,
        }
        for one in found
    ]
    if as_json:
        show.print_json(rows)
        return
    for row in rows:
        print(
            f"{row['id']:>4}  {row['scope']:<7} {row['name']}  (made {row['created_at']}, used {row['used_at'] or '-'})"
        )


@tokens_app.command(epilog="Example:  sidecar token revoke 3")
def revoke(token: int = typer.Argument(help="Its number, from the list."), as_json: bool = show.AS_JSON) -> None:
    """Make a token worthless."""
    with in_words(), opened() as parts:
        if not parts.db.run_now(api_tokens.revoke, token):
            raise PermanentError(f"There is no token {token}.")
    _tell(f"Token {token} is worthless now.", {"revoked": token}, as_json)


@tokens_app.command(epilog="Examples:  sidecar token logout --user anna   |   sidecar token logout")
def logout(
    user: str | None = typer.Option(None, help="Only this person's, by the name in Paperless."),
    as_json: bool = show.AS_JSON,
) -> None:
    """End logins to the dashboard, for when somebody's rights in Paperless were taken or a password leaked."""
    with in_words(), opened() as parts:
        ended = parts.db.run_now(sessions.close_all, user)
    _tell(f"Logins ended: {ended}.", {"ended": ended}, as_json)
