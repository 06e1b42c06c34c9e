"""DATABASE_URL: it holds a password, which may stand in no text, however it was mistyped."""

from __future__ import annotations

import pytest

from sidecar import settings
from sidecar.domain.errors import SettingsError, StoreError
from sidecar.store import listing
from sidecar.store.postgres import PostgresDatabase

OTHERS = {"paperless_url": "http://paperless:8000", "paperless_token": "token"}
#: A port of this machine on which nobody listens.
NOBODY = "127.0.0.1:1"


@pytest.mark.parametrize("password", ["hunter2", "hun%2Fter2", "hun:ter2", "hunter2!$&'()*+,;=-._~"])
def test_an_error_names_the_place_and_not_the_password(password: str) -> None:
    db = PostgresDatabase(f"postgresql+psycopg://me:{password}@{NOBODY}/papers", schema="desk")
    assert db.place == f"postgresql://{NOBODY}/papers (schema desk)"
    for use in (db.migrate, db.exists, db.check, lambda: db.run_now(listing.jobs)):
        with pytest.raises(StoreError, match="Is the PostgreSQL server there") as said:
            use()
        assert "hun" not in str(said.value)
    db.close()


@pytest.mark.parametrize(
    "url",
    [
        *(f"postgresql://me:hun{mark}ter2@host/db" for mark in "/#?[]@% "),
        "postgresql://me:12/ter2@host/db",
        "postgresql://me:hunter2@host:port/db",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_at_the_start_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as said:
        settings.load(database_url=url, **OTHERS)
    (problem,) = said.value.problems
    assert problem.startswith("DATABASE_URL is wrong")
    assert "hun" not in problem
    assert "ter2" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db",
        "postgres://me@host/db",
        "postgresql://me:hun%40ter2@host:5433/db?sslmode=require",
        "postgresql://me:hunter2@[::1]:5432/db",
        "postgresql:///db?host=/run/postgresql&user=me",
    ],
)
def test_an_address_that_can_be_read_is_taken(url: str) -> None:
    taken = settings.load(database_url=url, **OTHERS).database_url
    assert taken is not None
    assert taken.get_secret_value() == url
