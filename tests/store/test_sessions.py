"""Who is logged in: sessions end by time, by use and by their owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sidecar.store import sessions
from sidecar.store.database import Database
from sidecar.store.sessions import IDLE, LONGEST, Session
from tests.store.conftest import NOW

ANNA = Session(3, "anna", is_staff=False, created_at=NOW, seen_at=NOW)
SECOND = timedelta(seconds=1)


def test_a_session_is_found_until_nobody_used_it_for_a_day(db: Database) -> None:
    db.run_now(sessions.open_session, "a", ANNA)
    assert db.run_now(sessions.find, "a", now=NOW + IDLE - SECOND) == ANNA
    assert db.run_now(sessions.find, "a", now=NOW + IDLE) is None
    assert db.run_now(sessions.find, "b", now=NOW) is None


def test_use_keeps_a_session_for_a_week_and_no_longer(db: Database) -> None:
    db.run_now(sessions.open_session, "a", ANNA)
    seen = NOW
    while (seen := seen + IDLE - SECOND) < NOW + LONGEST:
        assert db.run_now(sessions.find, "a", now=seen) is not None
        db.run_now(sessions.touch, "a", now=seen)
    assert db.run_now(sessions.find, "a", now=NOW + LONGEST) is None


def test_a_session_that_was_closed_is_gone_and_no_other(db: Database) -> None:
    db.run_now(sessions.open_session, "a", ANNA)
    db.run_now(sessions.open_session, "b", replace(ANNA, username="boss", is_staff=True))
    db.run_now(sessions.close_session, "a")
    assert db.run_now(sessions.find, "a", now=NOW) is None
    assert db.run_now(sessions.find, "b", now=NOW) == replace(ANNA, username="boss", is_staff=True)


def test_what_paperless_says_of_an_account_counts_in_all_its_sessions_and_in_no_other(db: Database) -> None:
    bert = replace(ANNA, user_id=4, username="bert")
    for key, session in (("a", ANNA), ("b", ANNA), ("c", bert)):
        db.run_now(sessions.open_session, key, session)
    db.run_now(sessions.set_staff, ANNA.user_id, is_staff=True)
    found = [db.run_now(sessions.find, key, now=NOW) for key in "abc"]
    assert found == [replace(ANNA, is_staff=True), replace(ANNA, is_staff=True), bert]
    db.run_now(sessions.close_of, ANNA.user_id)
    assert [db.run_now(sessions.find, key, now=NOW) for key in "abc"] == [None, None, bert]


def test_a_login_forgets_sessions_whose_time_is_over(db: Database) -> None:
    db.run_now(sessions.open_session, "a", ANNA)
    later = NOW + IDLE
    db.run_now(sessions.open_session, "b", replace(ANNA, created_at=later, seen_at=later))
    assert db.run_now(sessions.find, "a", now=NOW) is None, "it would be found if it were there"
