"""Review on a real archive over real HTTP: what would be written is shown, waits, and is written as it was shown."""

from __future__ import annotations

from sidecar.domain.job import State
from tests.worker.conftest import World

FIELDS = "correspondent+created+document_type+title"


async def test_a_proposal_waits_as_a_note_and_is_written_once_when_it_is_approved(world: World) -> None:
    document = world.letter("auto-tag", "auto-review", "Keep")
    (job,) = await world.drain()
    (note,) = world.archive.notes(document)
    assert job.state is State.REVIEW
    assert world.archive.document(document)["title"] == "scan"
    assert world.archive.tag_names(document) == {"auto-tag", "auto-review", "Keep"}
    assert "Correspondent: none -> Ambervale Energy" in note
    assert "Tags: + Invoice" in note
    assert "Date: 2026-01-02 -> 2026-05-12" in note

    world.archive.edit(document, add_tags=["auto-approve"])
    (job,) = await world.drain()
    assert job.state is State.SUCCEEDED
    assert world.archive.tag_names(document) == {"Keep", "Invoice", "auto-tagged"}
    assert world.archive.document(document)["created"] == "2026-05-12"
    assert world.archive.notes(document) == []
    assert [entry for entry in world.writes(document) if entry == FIELDS] == [FIELDS]
    assert len(world.model.calls()) == 1
