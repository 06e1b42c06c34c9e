"""`sidecar db`: looking after the store: copies, checks, and moving it to PostgreSQL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from sidecar import parts
from sidecar.cli import show
from sidecar.cli.ending import Exit, in_words, load_settings
from sidecar.domain.errors import SettingsError, StoreError
from sidecar.store import copying, keeping
from sidecar.store.database import Database
from sidecar.store.sqlite import SqliteDatabase

db_app = typer.Typer(
    help="Look after the store: back it up, check it, move it to PostgreSQL.",
    epilog="Examples:  sidecar db backup FILE   |   sidecar db check   |   sidecar db copy",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(db_app, name="db")


@db_app.command(epilog="Example:  sidecar db backup /backup/sidecar-monday.db")
def backup(
    file: Path = typer.Argument(help="The copy to make; must not exist yet."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Copy the store as it is at one moment, while the sidecar works on.

    The copy is a SQLite file in either case: put it in the place of DATA_DIR/sidecar.db to go on from it, or bring it
    into PostgreSQL with `sidecar db copy --from`.
    """
    with in_words(), _opened() as db:
        if file.exists():
            raise StoreError(f"{file} exists already; name a file that does not.")
        if not file.parent.is_dir():
            raise StoreError(f"There is no folder {file.parent}.")
        db.backup(file)
        size_bytes = file.stat().st_size
    if as_json:
        show.print_json({"file": str(file), "bytes": size_bytes})
    else:
        print(f"{db.place} was copied to {file} ({size_bytes / 1e6:.1f} MB).")


@db_app.command(epilog="Example:  sidecar db check")
def check(as_json: bool = show.AS_JSON) -> None:
    """Look whether the store is sound. Nothing is changed."""
    with in_words(), _opened() as db:
        found = db.check() or db.run_now(keeping.contradictions)
    if as_json:
        show.print_json({"place": db.place, "found": found})
    elif found:
        for line in found:
            print(line)
        print("Restore a copy, or move the store away: what is tagged in Paperless starts anew.")
    else:
        print(f"{db.place} is sound.")
    raise typer.Exit(Exit.NOT_DONE if found else Exit.DONE)


@db_app.command(epilog="Examples:  sidecar db copy   |   sidecar db copy --from /backup/sidecar-monday.db")
def copy(
    file: Path | None = typer.Option(None, "--from", help="The SQLite file to copy; DATA_DIR/sidecar.db if not named."),
    as_json: bool = show.AS_JSON,
) -> None:
    """Copy a SQLite store into the empty PostgreSQL store that DATABASE_URL names, and compare the two.

    Stop the sidecar first. The file stays as it is.
    """
    with in_words():
        settings = load_settings()
        if settings.database_url is None:
            raise SettingsError(["DATABASE_URL is missing: name the PostgreSQL store to copy into."])
        source = SqliteDatabase(file) if file else parts.sqlite_file(settings)
        target = parts.database(settings)
        try:
            if not source.exists():
                raise StoreError(f"There is no store {source.file}.")
            if file is None:
                source.hold_instance()
            with tempfile.TemporaryDirectory(prefix="sidecar-", dir=_room(settings.data_dir)) as folder:
                source.backup(Path(folder) / "copy.db")
                copied = _pour(SqliteDatabase(Path(folder) / "copy.db"), target)
        finally:
            source.close()
            target.close()
    if as_json:
        show.print_json({"from": source.place, "to": target.place, "rows": copied})
    else:
        rows = ", ".join(f"{number} of {table}" for table, number in copied.items() if number)
        print(f"{source.place} was copied to {target.place} and compared: {rows or 'no rows'}.")


def _room(folder: Path) -> Path | None:
    """Return the folder if files can be made in it, None for the system's own for what goes away again."""
    return folder if os.access(folder, os.W_OK) else None


def _pour(source: SqliteDatabase, target: Database) -> dict[str, int]:
    """Pour a copy of the store, which may be upgraded on the way, so that the file it was made of stays as it is."""
    try:
        source.migrate()
        target.migrate()
        return copying.pour(source, target)
    finally:
        source.close()


@contextmanager
def _opened() -> Iterator[Database]:
    """Give the store the settings name, as it is; it must be of this program's schema to be read."""
    db = parts.database(load_settings())
    try:
        if not db.exists():
            raise StoreError(f"There is no store at {db.place} yet; `sidecar run` makes it.")
        yield db
    finally:
        db.close()
