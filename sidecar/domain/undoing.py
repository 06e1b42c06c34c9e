"""What taking write-backs back comes to, decided from the journal alone; the comparison with the document is as always.

A field is put back to what it held before the newest write-back that is to go. If that one began where an older one
that is to go as well had ended, the older one's beginning is taken, and so on; a person's edit between two of them is
where this ends, since it stands there as the newer one's old value. Whatever was changed after the newest write-back
does not equal what it wrote, so the delivery keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.domain.job import Kind
from sidecar.domain.trigger import Tags
from sidecar.domain.writeback import same

#: In `taken_back` the word for the tags of a write-back.
TAGS = "tags"
#: In what a work began with: the content before a version of ours changed what Paperless shows.
BEFORE_VERSION = "content.before"


@dataclass(frozen=True, slots=True)
class WriteBack:
    """What one job wrote to a document."""

    job_id: int
    kind: Kind
    #: What stood there before, and what was sent, by field.
    old: Mapping[str, Any]
    written: Mapping[str, Any]
    #: Tags that were put on.
    added: frozenset[int] = frozenset()
    #: Tags that came along, put on by Paperless or a person.
    appeared: frozenset[int] = frozenset()
    note: str | None = None
    #: What custom fields are called.
    words: Mapping[str, str] = field(default_factory=dict)
    #: By field, documents that it linked and that did not have the field before.
    linked: Mapping[str, Collection[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepBack:
    """One field on its way back."""

    #: What the newest write-back that goes left there.
    base: Any
    wanted: Any
    #: Whose write-backs are taken back by it.
    jobs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to go, of a document's history."""

    #: The document's write-backs, the oldest first, without those of undos.
    history: Sequence[WriteBack]
    #: Jobs that are to go now.
    asked: frozenset[int]
    #: What went already, by job and field.
    gone: Collection[tuple[int, str]] = frozenset()
    #: Jobs that were to go earlier. What a younger write-back had covered then goes with that one.
    asked_before: frozenset[int] = frozenset()

    def steps(self) -> dict[str, StepBack]:
        """Return the way back of every field that is touched."""
        names = {name: None for one in self.history if one.job_id in self.asked for name in one.written}
        found = {name: self._step(name) for name in names}
        return {name: step for name, step in found.items() if step is not None}

    def _step(self, name: str) -> StepBack | None:
        touching = [
            one for one in reversed(self.history) if name in one.written and (one.job_id, name) not in self.gone
        ]
        start = next((at for at, one in enumerate(touching) if one.job_id in self.asked), None)
        if start is None:
            return None
        newest, jobs = touching[start], [touching[start].job_id]
        wanted = newest.old[name]
        for older in touching[start + 1 :]:
            if older.job_id not in self.asked | self.asked_before or not same(name, older.written[name], wanted):
                break
            wanted = older.old[name]
            jobs.append(older.job_id)
        return StepBack(newest.written[name], wanted, tuple(jobs))

    def tags_off(self, on: frozenset[int], parents: Mapping[int, int | None], tags: Tags) -> frozenset[int]:
        """Return the tags to be taken off a document that has these `on`.

        Those that we put on, and parents that came along with them; the mark that the work is done, if no such work
        is left. A tag under which another one stays does too: Paperless takes children off with their parent.
        """
        newest: dict[int, int] = {}
        for one in self._with_tags():
            above = {parent for tag in one.added for parent in ancestors(tag, parents)}
            newest |= dict.fromkeys(one.added | (one.appeared & above), one.job_id)
        off = {tag for tag, job_id in newest.items() if job_id in self.asked}
        left = {one.kind for one in self._with_tags() if one.job_id not in self.asked}
        for kind in {one.kind for one in self.history if one.job_id in self.asked} - left:
            off |= tags.done(kind)
        off &= on
        while held := {tag for tag in off if any(tag in ancestors(other, parents) for other in on - off)}:
            off -= held
        return frozenset(off)

    def taken(self, fields: Iterable[str]) -> set[tuple[int, str]]:
        """Return, by job and field, what is gone once these fields were written and the tags changed."""
        steps = self.steps()
        found = {(job_id, name) for name in fields if name in steps for job_id in steps[name].jobs}
        return found | {(one.job_id, TAGS) for one in self._with_tags() if one.job_id in self.asked}

    def left_behind(self, taken: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
        """Return other documents, each with a field that Paperless put on it for a link that is taken back by this."""
        return {
            (other, name)
            for one in self.history
            for name, others in one.linked.items()
            for other in others
            if (one.job_id, name) in taken
        }

    def notes(self) -> set[str]:
        """Return the texts of the notes that go, too."""
        return {one.note for one in self.history if one.job_id in self.asked and one.note is not None}

    def words(self) -> dict[str, str]:
        """Return what custom fields are called, in the newest words for each."""
        return {name: word for one in self.history for name, word in one.words.items()}

    def _with_tags(self) -> list[WriteBack]:
        return [one for one in self.history if one.added and (one.job_id, TAGS) not in self.gone]


def ancestors(tag: int, parents: Mapping[int, int | None]) -> set[int]:
    """Return all tags above this one."""
    found: set[int] = set()
    above = parents.get(tag)
    while above is not None and above not in found:
        found.add(above)
        above = parents.get(above)
    return found
