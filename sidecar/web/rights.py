"""Whether a person who is logged in may still be here: asked of Paperless now and then, with the sidecar's own token.

So no password and no token of theirs is kept. An account's rights are asked for anew before a change when they were
confirmed more than BEFORE_ACT_S ago, and before a page after BEFORE_PAGE_S; all requests of a person share a question.

- Paperless says no (deleted, switched off, no longer may change documents, another name): all their logins end.
- Paperless is away: what it said last holds for GRACE_S, an hour, from the first question about this person on that it
  did not answer. A restart of Paperless, a nightly backup or a broken line is over by then, and that is when one wants
  to see what the sidecar does; whoever lost a right meanwhile cannot use the outage for longer. After that they do not
  get in until it answers. A start of this program while Paperless is away begins the hour anew.
- The sidecar's user may not look at accounts (`view_user`): then a login holds for UNSEEN, twelve hours, and no longer.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sidecar.domain.errors import ForbiddenError, OutageError, WorkError
from sidecar.paperless.http import PROVIDER, Http
from sidecar.paperless.login import Person, look_up
from sidecar.store import sessions
from sidecar.store.database import Database
from sidecar.store.sessions import Session

_log = logging.getLogger(__name__)

BEFORE_ACT_S = 60.0
BEFORE_PAGE_S = 300.0
#: What Paperless said last holds so long while it is away, in seconds.
GRACE_S = 3600.0
#: After no answer it is asked again this much later, in seconds, so that pages stay quick.
PAUSE_S = 20.0
#: A login holds so long where accounts cannot be looked at.
UNSEEN = timedelta(hours=12)
#: A request waits so long for Paperless, in seconds; then it counts as away.
PATIENCE_S = 5.0


@dataclass(slots=True)
class _Known:
    """What is known of an account; times are those of the loop, which nobody can set."""

    #: When Paperless last said yes.
    confirmed: float
    #: When it was last asked; None for not by this program yet.
    asked: float | None = None
    #: What it said then; None for what the login knows.
    is_staff: bool | None = None
    #: Whether it said no, and whether it lets us ask at all.
    is_over: bool = False
    is_hidden: bool = False
    #: Which question was the first that it did not answer; None while it answers.
    unheard: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rights:
    """What Paperless said last of everybody who is logged in."""

    def __init__(self, http: Http, db: Database) -> None:
        self._http = http
        self._db = db
        self._known: dict[int, _Known] = {}

    def confirm(self, person: Person) -> None:
        """Note what Paperless said at a login."""
        time = asyncio.get_running_loop().time()
        self._known[person.id] = _Known(time, asked=time, is_staff=person.is_staff)

    async def of(self, session: Session, *, acts: bool, now: datetime) -> Session | None:
        """Return the session as its rights are now, None where it is over.

        Raises OutageError where Paperless is away for too long to believe what it said, and StoreError.
        """
        time = asyncio.get_running_loop().time
        known = self._known.setdefault(session.user_id, _Known(time()))
        async with known.lock:
            if _is_due(known, BEFORE_ACT_S if acts else BEFORE_PAGE_S, time()):
                await self._ask(session, known)
        if known.is_over or (known.is_hidden and now - session.created_at > UNSEEN):
            return None
        if known.is_staff is not None:
            session = replace(session, is_staff=known.is_staff)
        if known.is_hidden:
            return session
        if known.unheard is not None and time() - known.unheard > GRACE_S:
            raise OutageError(PROVIDER, "Paperless cannot be asked whether you may still come in. Try again later.")
        return session

    async def _ask(self, session: Session, known: _Known) -> None:
        time = asyncio.get_running_loop().time
        known.asked = time()
        try:
            async with asyncio.timeout(PATIENCE_S):
                person = await look_up(self._http, session.user_id)
        except TimeoutError:
            _log.info("Paperless does not say in time what %s may do", session.username)
            known.unheard = known.asked if known.unheard is None else known.unheard
            return
        except ForbiddenError:
            if not known.is_hidden:
                _log.info("the sidecar's user may not look at accounts (view_user): a login holds for 12 hours")
            known.is_hidden = True
            return
        except WorkError as error:
            _log.info("Paperless does not say what %s may do: %s", session.username, error)
            known.unheard = known.asked if known.unheard is None else known.unheard
            return
        known.is_hidden, known.unheard = False, None
        if person is None or person.username != session.username or not person.may_enter:
            known.is_over = True
            await self._end(session)
            return
        known.confirmed, known.is_staff = time(), person.is_staff
        if person.is_staff is not session.is_staff:
            await self._db.run(sessions.set_staff, session.user_id, is_staff=person.is_staff)

    async def _end(self, session: Session) -> None:
        await self._db.run(sessions.close_of, session.user_id)
        self._known.pop(session.user_id, None)
        _log.warning("%s may not come in any more, says Paperless: all their logins ended", session.username)


def _is_due(known: _Known, after_s: float, time: float) -> bool:
    if known.asked is None:
        return True
    if known.is_hidden:
        return time - known.asked > BEFORE_PAGE_S
    if known.asked > known.confirmed:  # and heard nothing
        return time - known.asked > PAUSE_S
    return time - known.confirmed > after_s
