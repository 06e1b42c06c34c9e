"""What is left of a delivery that broke off, decided from values alone.

Between its end and the moment when somebody goes on with it a person may edit the document. What they put back then
looks just as it did before our write, so what stands there does not tell whether a field was sent. These do:

- the journal: a mark once all fields were sent, another one once the tags were changed;
- the tags: they are changed after the fields and all at once, so if a part of the change is true, all was sent;
- Paperless's log of the document, where it may be read: fields that are columns of its own are saved in one go, and
  make one entry that sets all of them to our values;
- without it, the fields: if one of those columns holds our value, all may have been sent, and are taken for it. It may
  have been a person who set that one, but then nothing of theirs is lost.

What was sent is never sent again: whatever stands there now is somebody's will.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sidecar.domain.document import Document, custom_id, timestamp
from sidecar.domain.writeback import Conflict, Plan, Proposal, TagDelta, decide, same


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A delivery that broke off, as its journal knows it."""

    #: What was missing of its tags before its first change of them.
    delta: TagDelta
    #: The values that it had decided to send, without those that were refused.
    chosen: Mapping[str, Any]
    fields_sent: bool = False
    tags_sent: bool = False
    #: An answer said for sure that nothing came of the change of tags.
    tags_unsent: bool = False
    #: Whether Paperless's log shows that the fields were sent; None where nobody could look or had to.
    is_in_log: bool | None = None
    #: What goes on is not its proposal but one that was made anew, which may have fields of its own.
    is_dropped: bool = False


def rest(proposal: Proposal, broken: BrokenOff, current: Document, *, trigger: int, marks: Collection[int]) -> Plan:
    """Return what is left to be sent of `proposal`.

    `marks` are our tags that say that such work is done. Fields that it had not decided to send stay as they are.
    """
    plan = decide(proposal, current)
    is_open = not broken.tags_unsent and broken.is_in_log is not False  # tags are sent after the fields
    tags_sent = broken.tags_sent or (is_open and _tags_show(broken.delta, current.tags, trigger, marks))
    fields_sent = tags_sent or broken.fields_sent
    sent = {name: value for name, value in broken.chosen.items() if fields_sent or is_column(name)}
    if not fields_sent and not (
        _one_is_ours(proposal, sent, current) if broken.is_in_log is None else broken.is_in_log
    ):
        sent = {}
    theirs = [name for name in plan.write if name not in broken.chosen and not broken.is_dropped]
    left = plan.write.keys() - sent.keys() - set(theirs)
    return replace(
        plan,
        write={name: value for name, value in plan.write.items() if name in left},
        old={name: value for name, value in plan.old.items() if name in left},
        conflicts=(
            *(conflict for conflict in plan.conflicts if conflict.field not in sent),
            *(Conflict(name, proposal.base[name], current.value(name), proposal.wanted[name]) for name in theirs),
        ),
        delta=TagDelta() if tags_sent else plan.delta,
        sent=sent,
        is_all_sent=tags_sent,
    )


def _tags_show(delta: TagDelta, tags: frozenset[int], trigger: int, marks: Collection[int]) -> bool:
    """Say whether a part of the change of tags is true that only we can have made.

    While the trigger is on, a person may have put on other tags of the change, but hardly the one that says that the
    work is done. Where tags were only to go off, one that is gone may have been taken off by a person: the trigger
    and another one must be, or all of them where there is no trigger. Where nothing but the trigger was to go off,
    its absence is taken for our doing.
    """
    if delta.add:
        return bool(delta.add & tags & frozenset(marks)) if trigger in tags else bool(delta.add & tags)
    others = delta.remove - {trigger}
    if trigger in delta.remove:
        return trigger not in tags and (not others or not others <= tags)
    return bool(others) and not others & tags


def is_in_log(log: Iterable[Mapping[str, Any]], since: str, columns: Mapping[str, Any]) -> bool:
    """Say whether Paperless's log has an entry, not older than `since`, that sets all these columns to these values.

    Both times are Paperless's own, in ISO format. An entry that cannot be read proves nothing.
    """
    begun = timestamp(since)
    return begun is not None and any(
        isinstance(changes := entry.get("changes"), Mapping)
        and (at := timestamp(entry.get("timestamp"))) is not None
        and at >= begun
        and all(_sets(changes.get(name), name, value) for name, value in columns.items())
        for entry in log
    )


def _sets(change: Any, name: str, value: Any) -> bool:
    """Say whether a change, old value and new one, is one to this value; Paperless writes values as words there."""
    if not isinstance(change, list | tuple) or len(change) != 2:
        return False
    words = str(change[1]).strip()
    return words[:10] == str(value)[:10] if name == "created" else words == str(value).strip()


def is_column(name: str) -> bool:
    """Say whether Paperless saves the field together with others; the text may belong to a version."""
    return custom_id(name) is None and name != "content"


def _one_is_ours(proposal: Proposal, names: Iterable[str], current: Document) -> bool:
    return any(
        same(name, current.value(name), proposal.wanted[name])
        and not same(name, proposal.base[name], proposal.wanted[name])
        for name in names
    )
