"""What machines log in with."""

from __future__ import annotations

import pytest

from sidecar.store import api_tokens
from sidecar.store.api_tokens import ApiToken, Scope
from sidecar.store.database import Database
from tests.store.conftest import NOW


def test_a_token_is_found_by_its_hash_until_it_is_revoked(db: Database) -> None:
    number = db.run_now(api_tokens.create, "a", name="cron", scope=Scope.WORK, now=NOW)
    assert db.run_now(api_tokens.find, "a") == ApiToken(number, "cron", Scope.WORK, NOW, None)
    assert db.run_now(api_tokens.find, "b") is None
    assert db.run_now(api_tokens.revoke, number)
    assert db.run_now(api_tokens.find, "a") is None
    assert not db.run_now(api_tokens.revoke, number)


@pytest.mark.parametrize("scope", Scope)
def test_a_token_keeps_its_scope(db: Database, scope: Scope) -> None:
    number = db.run_now(api_tokens.create, "a", name="prometheus", scope=scope, now=NOW)
    assert db.run_now(api_tokens.find, "a") == ApiToken(number, "prometheus", scope, NOW, None)


def test_tokens_are_listed_with_their_last_use(db: Database) -> None:
    first, second = (db.run_now(api_tokens.create, name, name=name, scope=Scope.READ, now=NOW) for name in "ab")
    db.run_now(api_tokens.use, second, now=NOW)
    assert [(token.id, token.used_at) for token in db.run_now(api_tokens.tokens)] == [(first, None), (second, NOW)]
