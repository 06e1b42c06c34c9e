"""Kinds that are paused: nobody claims them, and nothing else is kept from its work."""

from __future__ import annotations

from sidecar.domain.job import Job, Kind
from sidecar.store import listing, pauses, queue
from sidecar.store.database import Database
from sidecar.store.pauses import Pause
from tests.store.conftest import LEASE, NOW, another


def claim(db: Database, kind: Kind, most: int | None = None) -> Job | None:
    return db.run_now(queue.claim, kind, owner="me", now=NOW, lease=LEASE, most=most)


def test_no_program_claims_a_kind_that_is_paused_until_it_is_resumed(db: Database) -> None:
    other = another(db)
    for document in (1, 2):
        for kind in (Kind.OCR, Kind.TAGGING):
            db.run_now(queue.enqueue, document, kind, priority=10, now=NOW)
    db.run_now(pauses.pause, [Kind.OCR], by_whom="anna", now=NOW)
    assert claim(other, Kind.OCR) is None
    assert claim(other, Kind.OCR, most=2) is None
    assert claim(other, Kind.TAGGING) is not None
    assert db.run_now(listing.ready) == {Kind.TAGGING}, "a drain does not wait for what is paused"
    db.run_now(pauses.resume, [Kind.OCR])
    assert claim(other, Kind.OCR) is not None
    other.close()


def test_who_paused_first_is_kept(db: Database) -> None:
    db.run_now(pauses.pause, [Kind.OCR], by_whom="anna", now=NOW)
    db.run_now(pauses.pause, [Kind.OCR, Kind.TAGGING], by_whom="boss", now=NOW + LEASE)
    assert db.run_now(pauses.paused) == {
        Kind.OCR: Pause(Kind.OCR, NOW, "anna"), Kind.TAGGING: Pause(Kind.TAGGING, NOW + LEASE, "boss")
    }  # fmt: skip
    db.run_now(pauses.resume, list(Kind))
    assert db.run_now(pauses.paused) == {}
