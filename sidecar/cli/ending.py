"""How a command ends: errors in words on standard error, and the documented exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Coroutine, Iterator
from enum import IntEnum
from typing import Any, TypeVar

import typer

from sidecar import logs, settings
from sidecar.cli.hidden import secrets_of
from sidecar.domain.errors import SettingsError, SidecarError, StoreError
from sidecar.settings import Settings
from sidecar.settings.values import LogFormat

T = TypeVar("T")


class Exit(IntEnum):
    """Exit codes; 2 is wrong usage, as everywhere."""

    DONE = 0
    NOT_DONE = 1
    SETTINGS = 3
    STORE = 4
    WORK_LEFT = 5


def load_settings(**given: Any) -> Settings:
    """Read the settings and set up logging. Raises SettingsError."""
    loaded = settings.load(**given)
    logs.configure(loaded.log_level, json=loaded.log_format is LogFormat.JSON, secrets=secrets_of(loaded))
    return loaded


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Turn our errors into sentences and exit codes."""
    try:
        yield
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise typer.Exit(Exit.SETTINGS) from error
    except StoreError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(Exit.STORE) from error
    except SidecarError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(Exit.NOT_DONE) from error


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine, with `in_words` around it."""
    with in_words():
        return asyncio.run(main)
