"""Scenes with a person in them: what is shown is changed, approved and rejected, and what was written is taken back."""

import json

from sidecar.practice.faults import Answer, Fault
from tests.chaos.walk import Walk
from tests.scenarios.letters import letter
from tests.scenarios.world import FILING, TAG, TAG_DONE
from tests.waiting import until

REVIEW, APPROVE, UNDO = "auto-review", "auto-approve", "auto-undo"
#: Points that come after a person has decided.
LATER = ("review.decide_all", "unnote")


def shown(walk: Walk) -> None:
    """A filing is shown, approved, and written."""
    document_id = walk.world.add_letter(letter(1), tags=[TAG, REVIEW])
    if walk.point.name.startswith(LATER):
        assert walk.world.sidecar.drain() == 0
        walk.world.archive.edit(document_id, add_tags=[APPROVE])
        walk.run_into_it()
    else:
        walk.run_into_it()
        _until_waiting(walk, document_id, notes=1)
        walk.world.archive.edit(document_id, add_tags=[APPROVE])
    _look(walk, document_id, letter(1).fields, notes=1)


def approved(walk: Walk) -> None:
    """A filing is shown, approved at the command line, and written."""
    document_id = walk.world.add_letter(letter(1), tags=[TAG, REVIEW])
    assert walk.world.sidecar.drain() == 0
    (job,) = walk.world.store.jobs()
    walk.run_into_it("approve", str(job.id))
    if walk.world.store.jobs()[0].state == "review":  # the command died before it was kept
        assert walk.world.sidecar.call("approve", str(job.id)).returncode == 0
    _look(walk, document_id, letter(1).fields, notes=1)


def changed(walk: Walk) -> None:
    """A proposal is changed at the command line, shown anew, approved, and written."""
    document_id = walk.world.add_letter(letter(1), tags=[TAG, REVIEW])
    assert walk.world.sidecar.drain() == 0
    (job,) = walk.world.store.jobs()
    title = "As a person wants it"
    walk.run_into_it("edit", str(job.id), "--title", title)
    if title not in "".join(walk.world.archive.notes(document_id)):  # the command may have died before it was kept
        until(lambda: walk.world.store.jobs()[0].state == "review", "it waits")
        walk.world.sidecar.call("edit", str(job.id), "--title", title)
    _until_waiting(walk, document_id, notes=2, words=title)
    walk.world.archive.edit(document_id, add_tags=[APPROVE])
    _look(walk, document_id, {**letter(1).fields, "title": title}, notes=2)


def take_back(walk: Walk) -> None:
    """What was written is taken back."""
    world = walk.world
    document_id = world.add_letter(letter(1))
    before = world.filing(document_id)
    assert world.sidecar.drain() == 0
    world.archive.edit(document_id, add_tags=[UNDO])
    walk.run_into_it()
    until(lambda: [job.state for job in world.store.jobs(document_id, "undo")] == ["succeeded"], "it is taken back")
    if world.filing(document_id) != before or world.archive.tag_names(document_id):
        walk.find("wrong content", f"{world.filing(document_id)}, {world.archive.tag_names(document_id)}")
    _look_at_entries(walk, document_id, fields=2, tags=2)


def ask_back(walk: Walk) -> None:
    """It is asked for at the command line that what was written be taken back; in doubt a person asks again."""
    world = walk.world
    document_id = world.add_letter(letter(1))
    before = world.filing(document_id)
    assert world.sidecar.drain() == 0
    walk.run_into_it("undo", "--document", str(document_id))
    is_asked = bool(world.store.jobs(document_id, "undo"))
    if is_asked is not walk.point.name.endswith("after the commit"):
        walk.find("wrong content", f"asked for: {is_asked}")
    if not is_asked:
        assert world.sidecar.call("undo", "--document", str(document_id)).returncode == 0
    until(lambda: [job.state for job in world.store.jobs(document_id, "undo")] == ["succeeded"], "it is taken back")
    if world.filing(document_id) != before or world.archive.tag_names(document_id):
        walk.find("wrong content", f"{world.filing(document_id)}, {world.archive.tag_names(document_id)}")
    _look_at_entries(walk, document_id, fields=2, tags=2)


def leftover(walk: Walk) -> None:
    """A tag that was made for a document is left over after an undo, and removed at the command line."""
    world = walk.world
    world.sidecar.settings |= {"CREATE_NAMES": "tags"}
    answer = {"title": "A bill", "tags": ["Brand new"], "correspondent": None, "document_type": None, "created": None}
    choice = {"index": 0, "message": {"role": "assistant", "content": json.dumps(answer)}, "finish_reason": "stop"}
    said = {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]}
    world.model.faults.add(Fault("POST", "/chat/", answer=Answer(200, body=json.dumps(said))))
    document_id = world.add_letter(letter(1))
    assert world.sidecar.drain() == 0
    world.archive.edit(document_id, add_tags=[UNDO])
    assert world.sidecar.drain() == 0
    walk.run_into_it("names", "--unused", "--remove")
    assert world.sidecar.call("names", "--unused", "--remove").returncode == 0
    if world.archive.state.rows("SELECT 1 FROM names WHERE kind = 'tags' AND name = 'Brand new'"):
        walk.find("lost", "the name is still there")
    if "Brand new" in world.sidecar.call("names").stdout:
        walk.find("lost", "the name is not forgotten")


def _until_waiting(walk: Walk, document_id: int, *, notes: int, words: str = "") -> None:
    def is_shown() -> bool:
        standing = walk.world.archive.notes(document_id)
        return [job.state for job in walk.world.store.jobs()] == ["review"] and words in "".join(standing)

    until(is_shown, "the proposal waits")
    if _posted(walk, document_id) > notes:
        walk.find("doubled", f"the proposal was shown {_posted(walk, document_id)} times")


def _look(walk: Walk, document_id: int, fields: dict[str, object], *, notes: int) -> None:
    """It was written once, as it was shown, and no note stands there."""
    world = walk.world
    until(lambda: [job.state for job in world.store.jobs()] == ["succeeded"], "it is written")
    if world.filing(document_id) != fields or world.archive.tag_names(document_id) != {TAG_DONE, *letter(1).tags}:
        walk.find("wrong content", f"{world.filing(document_id)}, {world.archive.tag_names(document_id)}")
    if world.archive.notes(document_id):
        walk.find("lost", f"these notes were left: {world.archive.notes(document_id)}")
    if _posted(walk, document_id) != notes:
        walk.find("doubled", f"notes were posted {_posted(walk, document_id)} times")
    _look_at_entries(walk, document_id, fields=1, tags=1)


def _look_at_entries(walk: Walk, document_id: int, *, fields: int, tags: int) -> None:
    entries = walk.world.our_history(document_id)
    seen = sum(entry <= FILING for entry in entries), entries.count(frozenset({"tags"}))
    if seen != (fields, tags):
        walk.find("doubled" if max(seen) > max(fields, tags) else "lost", f"{seen} entries of fields and of tags")


def _posted(walk: Walk, document_id: int) -> int:
    return sum("Note Added" in entry["changes"] for entry in walk.world.archive.history(document_id))


SCENES = (shown, approved, changed, take_back, ask_back, leftover)
