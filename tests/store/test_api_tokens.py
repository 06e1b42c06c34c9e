"""What machines log in with."""

from __future__ import annotations

from sidecar.store import api_tokens
from sidecar.store.api_tokens import ApiToken, Scope
from sidecar.store.database import Database
from sidecar.store.transaction import Transaction, reading
from tests.store.conftest import NOW


def test_a_token_is_found_by_its_hash_until_it_is_revoked(db: Database) -> None:
    number = db.run_now(api_tokens.create, "a", name="cron", scope=Scope.WORK, now=NOW)
    assert db.run_now(api_tokens.find, "a") == ApiToken(number, "cron", Scope.WORK, NOW, None)
    assert db.run_now(api_tokens.find, "b") is None
    assert db.run_now(api_tokens.revoke, number)
    assert db.run_now(api_tokens.find, "a") is None
    assert not db.run_now(api_tokens.revoke, number)


def test_a_token_for_figures_is_known_as_one_and_opens_nothing_to_an_older_sidecar(db: Database) -> None:
    digest = api_tokens.digest("secret")
    number = db.run_now(api_tokens.create, digest, name="prometheus", scope=Scope.METRICS, now=NOW)
    found = ApiToken(number, "prometheus", Scope.METRICS, NOW, None)
    assert db.run_now(api_tokens.find, digest) == found
    assert db.run_now(api_tokens.tokens) == [found]
    assert db.run_now(api_tokens.find, api_tokens.digest("other")) is None

    @reading
    def hashes(tx: Transaction) -> list[str]:
        return [row.token_hash for row in tx.rows("SELECT token_hash FROM api_token")]

    assert digest not in db.run_now(hashes), "which is what an older one looks for"


def test_tokens_are_listed_with_their_last_use(db: Database) -> None:
    first, second = (db.run_now(api_tokens.create, name, name=name, scope=Scope.READ, now=NOW) for name in "ab")
    db.run_now(api_tokens.use, second, now=NOW)
    assert [(token.id, token.used_at) for token in db.run_now(api_tokens.tokens)] == [(first, None), (second, NOW)]
