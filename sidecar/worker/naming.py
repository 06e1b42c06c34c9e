"""Names made in Paperless, when a proposal is delivered and not before, and never one that is there already.

The list is read anew inside the door for writes, and inside a door of their own, which only one program of all on the
store passes at a time: between that look and the making nobody of ours makes another one. What a person would call the
same name is taken instead. A name that somebody else makes in this moment under the same spelling is found by
Paperless's refusal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from sidecar.domain.errors import TemporaryError
from sidecar.domain.filing import Owner
from sidecar.domain.job import Job
from sidecar.domain.suggestion import near_duplicates
from sidecar.domain.vocabulary import Name, the_one_of
from sidecar.domain.writeback import NewName
from sidecar.paperless.client import Paperless
from sidecar.paperless.names import NOBODYS, NameList
from sidecar.store import made_names
from sidecar.store.database import Database
from sidecar.worker.clock import Clock
from sidecar.worker.gate import Door, Gate
from sidecar.worker.lease import Leases

_log = logging.getLogger(__name__)

#: The slots' name of the door that names alone pass.
DOOR = "names made in Paperless"
#: A look at the list counts for so long: the request that makes the name must end while the door is still held.
LOOK = timedelta(seconds=5)
#: So many times the list may take longer than that.
LOOKS = 10


class _LateError(Exception):
    """The list took so long that the look at it counts for nothing."""


class NameMaker:
    """Makes what is missing, for one Paperless."""

    def __init__(  # noqa: PLR0913 - it looks, makes, and writes down
        self,
        paperless: Paperless,
        names: NameList,
        db: Database,
        gate: Gate,
        leases: Leases,
        clock: Clock,
        *,
        door: Door,
        hidden: Collection[int] = (),
        owner: Owner = Owner.NONE,
        refuses: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`hidden` are tags that no document may get from here, the sidecar's own; `refuses` says it of other names."""
        self._refuses = refuses
        self._paperless = paperless
        self._names = names
        self._db = db
        self._gate = gate
        self._leases = leases
        self._clock = clock
        self._door = door
        self._hidden = frozenset(hidden)
        self._owner = owner

    async def make(self, job: Job, wanted: Collection[NewName], *, again: bool) -> dict[NewName, int]:
        """Return the ids of these names, made if nothing of the same meaning is there; some may be left out.

        `again` says that an earlier attempt may have made them. Raises LeaseLostError and the errors of `Http`.
        """
        rights = await self._rights(job) if wanted else NOBODYS
        found: dict[NewName, int] = {}
        for new in wanted:
            number = await self._one(job, new, rights, again=again)
            if number is not None:
                found[new] = number
        return found

    async def _rights(self, job: Job) -> Mapping[str, Any]:
        match self._owner:
            case Owner.NONE:
                return NOBODYS
            case Owner.ME:
                return {}
            case Owner.DOCUMENT:
                return await self._paperless.rights(job.document_id)

    async def _one(self, job: Job, new: NewName, rights: Mapping[str, Any], *, again: bool) -> int | None:
        for _ in range(LOOKS):
            try:
                return await self._gate.write(
                    lambda: self._leases.assure(job, self._paperless.timeout_s),
                    lambda: self._look_and_make(job, new, rights, again=again),
                )
            except _LateError:
                continue
        raise TemporaryError(f'Paperless takes too long to list its {new.kind}, so "{new.name}" could not be made.')

    async def _look_and_make(self, job: Job, new: NewName, rights: Mapping[str, Any], *, again: bool) -> int | None:
        began = self._clock.now()
        async with self._door.passing():
            names = await self._names.now(new.kind)
            exact = [name for name in names if name.name == new.name]
            near = exact or near_duplicates(new.kind, new.name, names)
            if near:
                known = the_one_of(near)
                if known is None:  # under several tags there is one of this name: which is meant cannot be told
                    return None
                return await self._known(job, new, known, again=again and bool(exact))
            if self._clock.now() - began > LOOK:
                raise _LateError
            await self._leases.assure(job, self._paperless.timeout_s)
            number = await self._names.make(new.kind, new.name, rights)
            await self._db.run(made_names.record, job, new.kind, number, new.name, now=self._clock.now())
        _log.info("document %s: made %s %r", job.document_id, new.kind, new.name)
        return number

    async def _known(self, job: Job, new: NewName, known: Name, *, again: bool) -> int | None:
        if known.is_inbox or (new.field == "tags" and known.id in self._hidden) or self._refuses(known.name):
            return None
        if again and not known.documents:  # an earlier attempt of ours died between making it and saying so
            await self._db.run(made_names.record, job, new.kind, known.id, known.name, now=self._clock.now())
        return known.id
