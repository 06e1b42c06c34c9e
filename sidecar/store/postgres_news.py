"""News from the other programs on one PostgreSQL schema: who made a job ready, and whether this program leads.

A thread with a connection of its own listens for announcements and holds the advisory lock of the one that leads; the
server frees the lock when the connection ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg import sql

from sidecar.store.database import in_words

_log = logging.getLogger(__name__)

#: How often it is looked whether this program may lead, and whether listening is to end, in seconds.
LOOK_S = 1.0

Connect = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]


class News:
    """Listens from `start` to `end`; a connection that breaks is made anew."""

    def __init__(
        self,
        connect: Connect,
        channel: str,
        place: str,
        *,
        on_ready: Callable[[], object],
        on_lead: Callable[[], object],
    ) -> None:
        #: Whether this program leads, as far as it knows.
        self.leads = False
        self._connect = connect
        self._channel = channel
        self._place = place
        self._on_ready = on_ready
        self._on_lead = on_lead
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._live, name="store-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen; what was announced before is told at once."""
        self._thread.start()

    def end(self) -> None:
        """Stop listening and leading, within `LOOK_S`; does not wait for that."""
        self._ending.set()
        self.leads = False

    def _live(self) -> None:
        while not self._ending.is_set():
            try:
                with self._connect() as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                self.leads = False  # before the wait, in which another one takes over
                _log.warning("%s", in_words(self._place, str(error)))
                self._ending.wait(LOOK_S)
            except RuntimeError:  # the event loop is closed
                return
            finally:
                self.leads = False

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        self._on_ready()
        while not self._ending.is_set():
            if not self.leads:
                self._try_to_lead(connection)
            for _ in connection.notifies(timeout=LOOK_S, stop_after=1):
                self._on_ready()

    def _try_to_lead(self, connection: psycopg.Connection[Any]) -> None:
        row = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s), 1)", (self._channel,)).fetchone()
        self.leads = bool(row and row[0])
        if self.leads:
            self._on_lead()
