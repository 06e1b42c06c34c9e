"""How a command ends: errors in words on standard error, and the documented exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Coroutine, Iterator
from enum import IntEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

import typer

from sidecar import logs, settings
from sidecar.domain.errors import SettingsError, SidecarError, StoreError
from sidecar.settings import LogFormat, Settings

T = TypeVar("T")

SHORT = 8


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
    secrets = [loaded.paperless_token, loaded.openai_api_key, loaded.database_url]
    hidden = [secret.get_secret_value() for secret in secrets if secret]
    if (
        loaded.database_url
        and (password := urlsplit(loaded.database_url.get_secret_value()).password)
        and len(password) >= SHORT
    ):  # a short one may be a word of every line
        hidden.append(password)
    logs.configure(loaded.log_level, json=loaded.log_format is LogFormat.JSON, secrets=hidden)
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
