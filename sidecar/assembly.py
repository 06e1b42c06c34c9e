"""Puts the worker together from its parts: what runs, the steps of each kind of job, and what they share."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from datetime import timedelta

from sidecar.domain.job import Kind
from sidecar.domain.retry import RetryPolicy
from sidecar.domain.trigger import Tags
from sidecar.parts import Parts, cores
from sidecar.worker.attempt import Attempts, Rules
from sidecar.worker.budget import Purse
from sidecar.worker.chain import Chain, probes_of, providers_of
from sidecar.worker.clock import Clock
from sidecar.worker.delivery import Delivery
from sidecar.worker.folder import WorkFolder
from sidecar.worker.gate import DOOR, Door, Gate, SharedDoor
from sidecar.worker.intake import Intake
from sidecar.worker.lane import Lane
from sidecar.worker.lease import Leases
from sidecar.worker.naming import DOOR as NAMES_DOOR
from sidecar.worker.naming import NameMaker
from sidecar.worker.ocr import Ocr
from sidecar.worker.poller import Poller
from sidecar.worker.providers import Providers
from sidecar.worker.review import Reviews
from sidecar.worker.runner import Runner
from sidecar.worker.searchable import Searchable
from sidecar.worker.second_reader import SecondReader
from sidecar.worker.settling import Settling
from sidecar.worker.tagging import Tagging
from sidecar.worker.turnstile import Allowed, Rates, put_turnstiles, rates_of
from sidecar.worker.undo import Undo
from sidecar.worker.upkeep import Bounds, Upkeep
from sidecar.worker.writer import Writer

#: A write without an answer may take effect for so much longer than its request may take.
SETTLE_SLACK_S = 5.0
#: A file in DATA_DIR that is touched at least once a minute while the program is well (the container's health check).
ALIVE = "alive"
#: The folder in DATA_DIR for files while they are read; what a killed program left there goes at the next start.
WORK = "work"
#: The folder in DATA_DIR for searchable files that are not to become versions.
SEARCHABLE = "searchable"
#: Documents of which writes are taken back at a time; they wait for Paperless alone.
UNDOS = 4
#: Kinds of work that are shown before they are written, by the setting REVIEW.
REVIEWED = {
    "off": frozenset[Kind](),
    "tagging": frozenset({Kind.TAGGING}),
    "ocr": frozenset({Kind.OCR}),
    "all": frozenset({Kind.OCR, Kind.TAGGING}),
}


class Worker:
    """The worker, put together and at rest: nothing runs yet, and nothing was asked of anybody."""

    def __init__(self, parts: Parts, tags: Tags, clock: Clock, *, on_strange_tags: Callable[[], None]) -> None:
        """`on_strange_tags` is told when Paperless did not take a tag, so that one of ours may be gone."""
        self._parts, self._tags, self._clock = parts, tags, clock
        s, db, paperless = parts.settings, parts.db, parts.paperless
        #: After a write without an answer, how long until the document may be touched again.
        self._settle = timedelta(seconds=s.paperless_timeout_s + SETTLE_SLACK_S)
        self._owner = uuid.uuid4().hex
        self._seeing = parts.vision.models if parts.vision is not None else ()
        self._reviewed = REVIEWED[s.review]

        # what all steps share
        self.providers = Providers(
            {"paperless": paperless.probe, **probes_of([*parts.models, *self._seeing])}, clock=clock,
            on_return=self.look_again, shared=db if db.is_shared else None,
            chains=providers_of(parts.models) | providers_of(self._seeing),
        )  # fmt: skip
        length = timedelta(seconds=max(s.lease_s, 2 * s.paperless_timeout_s))
        self.leases = Leases(db, self._owner, length=length, clock=clock)
        self.folder = WorkFolder(s.data_dir / WORK, self._owner)
        self.purse = Purse(db, parts.budgets, parts.prices, clock, owner=self._owner)
        self._gate = Gate(paperless.modify_tags, self._door(DOOR, s.paperless_writes))
        self._writer = Writer(paperless, self._gate, self.leases)
        self._intake = Intake(paperless, db, tags, clock)
        put_turnstiles(_rates(parts), db, clock, self._owner)

        # what runs
        delivery = Delivery(paperless, db, self._gate, self.leases, tags, clock, on_strange_tags, self._name_maker())
        reviews = Reviews(paperless, parts.names, db, self._writer, tags, parts.tag_names, clock)
        retry = RetryPolicy(s.max_attempts, s.max_crashes, s.retry_base_s, s.retry_cap_s)
        settling = Settling(db, self.providers, retry, settle=self._settle, clock=clock)
        lanes = {Kind.UNDO: self._undo(), Kind.OCR: self._ocr(), Kind.TAGGING: self._tagging()}
        attempts = Attempts(
            db, lanes, delivery, reviews, self.providers, tags, rules=Rules(s.fail_note, self._reviewed), clock=clock
        )
        self.runner = Runner(db, lanes, attempts, settling, self.leases, self.providers, clock)
        self.poller = Poller(
            paperless, db, self.providers, reviews, tags, clock, interval_s=s.poll_interval_s, on_new=self.runner.wake
        )
        bounds = Bounds(self._settle, length, timedelta(days=s.keep_days), s.max_crashes)
        self.upkeep = Upkeep(
            db, clock, bounds, alive_file=s.data_dir / ALIVE, on_ready=self.runner.wake, renew=self.leases.renew,
            on_leap=self.providers.shift,
        )  # fmt: skip

    def look_again(self) -> None:
        """Look for work at once, in the store and in Paperless: a provider is back."""
        self.runner.wake()
        self.poller.ring()

    def _door(self, name: str, width: int = 1) -> Door:
        db = self._parts.db
        if not db.is_shared:
            return Door(width)
        return SharedDoor(db, self._owner, self._clock, hold=self._settle, width=width, name=name)

    def _name_maker(self) -> NameMaker:
        parts = self._parts
        return NameMaker(
            parts.paperless, parts.names, parts.db, self._gate, self.leases, self._clock, door=self._door(NAMES_DOOR),
            hidden=self._tags.all, owner=parts.settings.names_owner, refuses=parts.tagger.rules.refuses,
        )  # fmt: skip

    # the lanes: how one kind of job is run

    def _undo(self) -> Lane:
        parts = self._parts
        undo = Undo(parts.paperless, parts.names, parts.db, self._writer, self._tags, self._clock)
        return Lane(undo.propose, UNDOS, ("paperless",), after=undo.finish)

    def _ocr(self) -> Lane:
        parts, s = self._parts, self._parts.settings
        ocr = Ocr(
            parts.paperless, parts.db, self._intake, self.leases, parts.readers, self._tags, self._clock,
            folder=self.folder.path, cores=cores(s), max_file_bytes=s.max_file_mb * 1_000_000,
            second=self._second_reader(), searchable=self._searchable(),
            is_private=functools.partial(parts.names.is_among, parts.privacy.tags),
            is_reviewed=lambda document: Kind.OCR in self._reviewed or self._tags.review in document.tags,
        )  # fmt: skip
        needs = ("paperless",) if parts.vision is None else ("paperless", parts.vision.provider)
        return Lane(ocr.propose, s.ocr_concurrency, needs, approved=ocr.approved)

    def _second_reader(self) -> SecondReader | None:
        parts = self._parts
        if parts.vision is None:
            return None
        return SecondReader(
            parts.vision, parts.db, self.leases, self._clock, self.purse, parts.privacy,
            width=parts.settings.vision_concurrency, providers=self.providers,
        )  # fmt: skip

    def _searchable(self) -> Searchable | None:
        parts, s = self._parts, self._parts.settings
        if s.searchable_pdf == "off":
            return None
        place = s.data_dir / SEARCHABLE if s.searchable_pdf == "local" else None
        return Searchable(
            parts.paperless, parts.db, self._gate, self.leases, parts.readers, self._clock, folder=place
        )  # fmt: skip

    def _tagging(self) -> Lane:
        parts = self._parts
        chain = Chain(parts.models, self.providers, privacy=parts.privacy)
        tagging = Tagging(
            parts.paperless, parts.names, parts.db, self._intake, self.leases, parts.tagger.asking(chain), self._tags,
            self._clock, purse=self.purse, private_tags=parts.privacy.tags, all_at_home=parts.is_all_at_home,
        )  # fmt: skip
        # Pages are read by this machine's processor, but all machines ask the same model.
        needs, width = ("paperless", parts.model.provider), parts.settings.tagging_concurrency
        return Lane(tagging.propose, width, needs, together=parts.db.is_shared)


def _rates(parts: Parts) -> list[Allowed]:
    """Return what may be asked of each endpoint in a minute."""
    s = parts.settings
    wanted = rates_of(parts.models, Rates(s.llm_rpm, s.llm_tpm), [(one.rpm, one.tpm) for one in s.llm_fallbacks])
    if parts.vision is not None:
        own = [(one.rpm, one.tpm) for one in s.vision_fallbacks]
        wanted += rates_of(parts.vision.models, Rates(s.vision_rpm, s.vision_tpm), own)
    return wanted
