"""The journal of write-backs: what is about to be written, and what stood there before, full content included."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from types import EllipsisType
from typing import Any

from sidecar.domain.job import Job, Kind
from sidecar.domain.resuming import BrokenOff
from sidecar.domain.vocabulary import Names
from sidecar.domain.writeback import NewName, Plan, Proposal, TagDelta
from sidecar.store import job_row
from sidecar.store.transaction import Transaction, durable, reading, relaxed

#: How far a write-back came, kept beside its proposal.
_MARKS = ("fields_sent", "tags_sent")


@dataclass(frozen=True, slots=True)
class Entry:
    """One job's write-back."""

    job_id: int
    document_id: int
    state: str
    proposal: Proposal
    #: Values that were (or may have been) overwritten, as they stood before our first write.
    old: Mapping[str, Any]
    #: Values that were (or may have been) sent.
    written: Mapping[str, Any]
    conflicts: tuple[Mapping[str, Any], ...]
    #: Fields that Paperless refused, with its words.
    refused: Mapping[str, str]
    #: The document's tags before our first change of them; None in an entry of an older sidecar.
    tags: frozenset[int] | None = None
    #: Tags that were there on reading back, and that we had not put on: parents of ours, or a person's.
    appeared: frozenset[int] = frozenset()
    kind: Kind = Kind.TAGGING
    #: How far it came: all fields were sent, and the tags were changed.
    fields_sent: bool = False
    tags_sent: bool = False
    #: Nothing came of it for sure: it is to be delivered as if for the first time.
    is_unsent: bool = False
    #: Nothing came of its change of tags for sure.
    tags_unsent: bool = False
    #: Fields that its intent had decided to send; None in an entry of an older sidecar.
    sends: frozenset[str] | None = None
    #: When the document had been changed last by then, in Paperless's words; empty in an entry of an older sidecar.
    modified: str = ""
    #: By field, documents that were linked and did not have the field before: Paperless put it on them.
    linked: Mapping[str, Collection[int]] = field(default_factory=dict)

    @property
    def is_under_way(self) -> bool:
        """Whether it was begun and has not come to its end, and something of it may have been sent."""
        return self.state == "intended" and not self.is_unsent

    @property
    def broken_off(self) -> BrokenOff | None:
        """What is known of the delivery, for whoever goes on with it; None if nothing can have been sent of it.

        As long as names are to be made nothing was. Of one that was dropped only the fields can have been, and of
        one of which nothing came for sure only those of one that was dropped before it.
        """
        if self.fields_sent and (self.state == "dropped" or self.is_unsent):
            return BrokenOff(TagDelta(), self.written, fields_sent=True, is_dropped=True)
        if self.state != "intended" or self.is_unsent or self.proposal.names:
            return None
        chosen = self.proposal.wanted.keys() & (self.written.keys() if self.sends is None else self.sends)
        values = {name: value for name, value in self.written.items() if name in chosen}
        return BrokenOff(self.proposal.delta, values, self.fields_sent, self.tags_sent, self.tags_unsent)


@reading
def find(tx: Transaction, job_id: int) -> Entry | None:
    """Return the job's write-back, None if it never came to one."""
    row = tx.row("SELECT * FROM write WHERE job_id = :job", job=job_id)
    return to_entry(row) if row else None


@durable
def intend(
    tx: Transaction,
    job: Job,
    proposal: Proposal,
    plan: Plan,
    *,
    now: datetime,
    earlier: Entry | EllipsisType | None = ...,
    linked: Mapping[str, Collection[int]] | None = None,
) -> None:
    """Record what is about to be sent; on the disk when this returns, before the first byte goes out.

    Coming again after a crash, proposal, old values and marks of the first time are kept: what stands there now may be
    ours.
    `earlier`, if given, is what the journal said before an intent of this delivery of which nothing was sent: that
    one is replaced. `linked` are documents that will be linked and do not have the field, by field. Raises
    LeaseLostError, and then nothing may be sent.
    """
    job_row.assert_mine(tx, job)
    if earlier is ...:
        earlier = find(tx, job.id)
    resumed = earlier is not None and earlier.is_under_way and not job.giving_up
    old = {**plan.old, **(earlier.old if earlier else {})}
    written = {**(earlier.written if earlier else {}), **plan.write}
    first = tx.row("SELECT intended_at FROM write WHERE job_id = :job", job=job.id) if resumed else None
    tx.run("DELETE FROM write WHERE job_id = :job", job=job.id)
    tx.run(
        "INSERT INTO write (job_id, document_id, kind, state, lease_token, proposal, old, written, conflicts, refused, "
        "intended_at) VALUES (:job, :document, :kind, 'intended', :token, :proposal, :old, :written, "
        ":conflicts, :refused, :now)",
        job=job.id,
        document=job.document_id,
        kind=job.kind.value,
        token=job.lease_token,
        proposal=_dump(
            {
                **plain(earlier.proposal if earlier and resumed else replace(proposal, delta=plan.delta)),
                "tags": sorted(earlier.tags if earlier and resumed and earlier.tags is not None else plan.tags),
                **_linked(linked or {}, earlier.linked if earlier else {}),
                **_marks(earlier, resumed=resumed, sends=bool(plan.write)),
                **_decided(plan, earlier if resumed else None),
            }
        ),
        old=_dump(old),
        written=_dump(written),
        conflicts=_dump([asdict(conflict) for conflict in plan.conflicts]),
        refused=_dump(dict(earlier.refused) if earlier and resumed else {}),
        now=first.intended_at if first else now.timestamp(),
    )


@durable
def fields_sent(tx: Transaction, job: Job, refused: Mapping[str, str]) -> None:
    """Record that all fields were sent, and those that Paperless did not take, with its words.

    Whoever comes after a crash sends none of them again. Old values of refused ones are no longer needed.
    """
    job_row.assert_mine(tx, job)
    row = tx.row("SELECT proposal, refused, written FROM write WHERE job_id = :job", job=job.id)
    if row is None:
        return
    written = {name: value for name, value in json.loads(row.written).items() if name not in refused}
    tx.run(
        "UPDATE write SET proposal = :proposal, refused = :refused, written = :written WHERE job_id = :job",
        proposal=_dump({**json.loads(row.proposal), "fields_sent": True}),
        refused=_dump({**json.loads(row.refused), **refused}), written=_dump(written), job=job.id,
    )  # fmt: skip


@relaxed
def tags_sent(tx: Transaction, job: Job, *, came_true: bool = True, is_sure: bool = False) -> None:
    """Record that Paperless answered to the change of tags; or, of an answer that nothing came of, that it did not.

    `is_sure` says of the latter that nothing can come of it later either, until the next intent.
    After a power cut the mark may be missing: then what the tags show has to do.
    """
    job_row.assert_mine(tx, job)
    row = tx.row("SELECT proposal FROM write WHERE job_id = :job", job=job.id)
    if row is not None:
        marks = {"tags_sent": came_true, "tags_unsent": is_sure and not came_true}
        proposal = _dump({**json.loads(row.proposal), **marks})
        tx.run("UPDATE write SET proposal = :proposal WHERE job_id = :job", proposal=proposal, job=job.id)


@durable
def drop(
    tx: Transaction, job: Job, *, earlier: Entry | EllipsisType | None = ..., is_delivered_again: bool = False
) -> None:
    """Forget the job's proposal, so that the next attempt makes a new one; old and written values stay.

    `earlier`, if given, is what the journal said before an intent of which nothing was sent: its values come back.
    `is_delivered_again` keeps the proposal then, so that the next attempt delivers it as if for the first time.
    """
    job_row.assert_mine(tx, job)
    if is_delivered_again and earlier is not ...:
        _take_back(tx, job, earlier)
        return
    if earlier is None:
        tx.run("DELETE FROM write WHERE job_id = :job AND state = 'intended'", job=job.id)
        return
    tx.run("UPDATE write SET state = 'dropped' WHERE job_id = :job AND state = 'intended'", job=job.id)
    if earlier is not ...:
        values = {"old": _dump(earlier.old), "written": _dump(earlier.written)}
        tx.run("UPDATE write SET old = :old, written = :written WHERE job_id = :job", job=job.id, **values)


def _take_back(tx: Transaction, job: Job, earlier: Entry | None) -> None:
    row = tx.row("SELECT proposal FROM write WHERE job_id = :job AND state = 'intended'", job=job.id)
    if row is not None:
        marks = {"unsent": True, "fields_sent": earlier is not None and earlier.fields_sent}
        tx.run(
            "UPDATE write SET proposal = :proposal, old = :old, written = :written WHERE job_id = :job",
            proposal=_dump({**json.loads(row.proposal), **marks}),
            old=_dump(earlier.old if earlier else {}), written=_dump(earlier.written if earlier else {}), job=job.id,
        )  # fmt: skip


def _marks(earlier: Entry | None, *, resumed: bool, sends: bool) -> dict[str, bool]:
    """Return how far the write-back came, as the part of an entry's JSON that it is.

    Of one that was dropped the fields stay sent as long as no others are.
    """
    if earlier is None or not (resumed or (not earlier.is_under_way and not sends)):
        return {}
    return {mark: True for mark in (_MARKS if resumed else _MARKS[:1]) if getattr(earlier, mark)}


def _decided(plan: Plan, resumed: Entry | None) -> dict[str, Any]:
    """Return the fields that the write-back decided to send, and on what, as the part of an entry's JSON that they are.

    A try of which nothing came is decided anew: what a person did since then is theirs, and stays so.
    """
    if resumed is None or not (plan.sent or resumed.fields_sent or resumed.tags_sent):
        return {"sends": sorted(plan.write), "modified": plan.modified}
    return {} if resumed.sends is None else {"sends": sorted(resumed.sends), "modified": resumed.modified}


def _linked(*many: Mapping[str, Collection[int]]) -> dict[str, dict[str, list[int]]]:
    """Return them all together, as the part of an entry's JSON that they are; most entries have none."""
    found = {name: sorted({one for linked in many for one in linked.get(name, ())}) for name in {*many[0], *many[1]}}
    return {"linked": found} if found else {}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def plain(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON values."""
    delta = {"add": sorted(proposal.delta.add), "remove": sorted(proposal.delta.remove)}
    return {
        "base": dict(proposal.base), "wanted": dict(proposal.wanted), "delta": delta, "note": proposal.note,
        "names": [[name.kind.value, name.name, name.field] for name in proposal.names],
        "words": dict(proposal.words), "remarks": list(proposal.remarks),
    }  # fmt: skip


def proposal_of(values: Mapping[str, Any]) -> Proposal:
    """Return the proposal that `plain` made these of; what an older sidecar did not keep is empty."""
    return Proposal(
        base=values["base"],
        wanted=values["wanted"],
        delta=TagDelta(frozenset(values["delta"]["add"]), frozenset(values["delta"]["remove"])),
        note=values["note"],
        names=tuple(NewName(Names(kind), name, field) for kind, name, field in values.get("names", ())),
        words=values.get("words", {}),
        remarks=tuple(values.get("remarks", ())),
    )


def to_entry(row: Any) -> Entry:
    """Make an entry of a whole row of the table."""
    values = json.loads(row.proposal)
    return Entry(
        job_id=row.job_id,
        document_id=row.document_id,
        state=row.state,
        proposal=proposal_of(values),
        old=json.loads(row.old),
        written=json.loads(row.written),
        conflicts=tuple(json.loads(row.conflicts)),
        refused=json.loads(row.refused),
        tags=frozenset(values["tags"]) if "tags" in values else None,
        appeared=frozenset(json.loads(row.appeared)),
        kind=Kind(row.kind),
        fields_sent=values.get("fields_sent", False),
        tags_sent=values.get("tags_sent", False),
        is_unsent=values.get("unsent", False),
        tags_unsent=values.get("tags_unsent", False),
        sends=frozenset(values["sends"]) if "sends" in values else None,
        modified=values.get("modified", ""),
        linked=values.get("linked", {}),
    )
