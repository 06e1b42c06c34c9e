"""Taking back what was written: what it would come to. `jobs.ask_back` asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.desk.jobs import existing
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.job import Kind
from sidecar.domain.writeback import Plan, Proposal, TagDelta, decide
from sidecar.parts import Parts
from sidecar.store import undoing


@dataclass(frozen=True, slots=True)
class Preview:
    """What an undo would write into a document as that is now."""

    document_id: int
    #: None where the document is gone.
    plan: Plan | None
    #: Why the document cannot be looked at, "" if it can.
    gone: str = ""
    #: What custom fields were called, by id.
    custom_words: Mapping[int, str] = field(default_factory=dict)

    @property
    def proposal(self) -> Proposal:
        """What would be written, with what stands there now as its base."""
        plan = self.plan
        return Proposal(plan.old, plan.write, plan.delta) if plan else Proposal({}, {}, TagDelta())

    @property
    def kept(self) -> tuple[str, ...]:
        """The fields that stay, since they were changed after us."""
        return tuple(conflict.field for conflict in self.plan.conflicts) if self.plan else ()

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is left to be taken back."""
        return self.plan is None or not (self.plan.write or self.plan.delta)


async def require_undoable(parts: Parts, job_id: int, document_id: int | None = None) -> None:
    """Raise UnknownJobError for no such job (of this document), and PermanentError for an undo."""
    job = await existing(parts, job_id)
    if document_id not in (None, job.document_id):
        raise PermanentError(f"Job {job_id} was about another document.")
    if job.kind is Kind.UNDO:
        raise PermanentError(f"Job {job_id} is an undo itself; tag the document again to have it done anew.")


async def writers(parts: Parts, document_id: int, jobs: Collection[int] = ()) -> list[int]:
    """Return the jobs that wrote something into a document; of `jobs`, if any are given, those.

    Raises as `require_undoable`, and PermanentError where nothing was written.
    """
    for job_id in jobs:
        await require_undoable(parts, job_id, document_id)
    found = await parts.db.run(undoing.writers, document_id=document_id)
    wrote = [one for one in found.get(document_id, ()) if not jobs or one in jobs]
    if not wrote:
        raise PermanentError("Nothing was written that could be taken back.")
    return wrote


async def preview(parts: Parts, document_id: int, jobs: Sequence[int]) -> Preview:
    """Compare with the document as it is, and return what would be written. Raises the errors of asking Paperless."""
    tags = await parts.tags()
    request = await parts.db.run(undoing.preview, document_id, jobs)
    try:
        document = await parts.paperless.document(document_id)
    except CancelledError as gone:
        return Preview(document_id, None, str(gone))
    steps = request.steps()
    base, wanted = ({name: getattr(step, what) for name, step in steps.items()} for what in ("base", "wanted"))
    off = request.tags_off(document.tags, await parts.names.parents(), tags)
    proposal = Proposal(base, wanted, TagDelta(remove=off), words=request.words())
    return Preview(document_id, decide(proposal, document), custom_words=proposal.custom_words)
