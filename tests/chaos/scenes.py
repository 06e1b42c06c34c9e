"""What goes on when a program comes to its point: daily work, or what a point that daily work never comes to needs."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf

from sidecar.domain.document import VERSION_LABEL
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.scans import scan_pdf
from tests.chaos import people
from tests.chaos.company import DPI
from tests.chaos.points import Point
from tests.chaos.walk import PAGES, Walk
from tests.postgres import drop_schema, new_schema
from tests.scenarios.jobs import FileStore
from tests.scenarios.letters import letter
from tests.scenarios.program import Program
from tests.scenarios.world import OCR, OCR_DONE, TAG, World, assert_reads
from tests.waiting import until


def work(walk: Walk) -> None:
    """A bit of everything."""
    walk.fill()
    walk.run_into_it()


def leap(walk: Walk) -> None:
    """The clock is set by an hour in the middle of it."""
    walk.fill()
    walk.run_into_it(CHAOS_LEAP_S=3600)


def set_back(walk: Walk) -> None:
    """The clock was set back by an hour while nothing ran, and a job waits for a time that comes after that."""
    walk.fill()
    run = walk.start(CHAOS_CLOCK_S=3600)
    until(lambda: any(job.state in ("scheduled", "running") for job in walk.world.store.jobs()), "a job waits")
    run.kill()
    walk.note_losses()
    walk.run_into_it()


def orphans(walk: Walk) -> None:
    """A program died before, in the middle of its work."""
    walk.fill()
    run = walk.world.sidecar.start()
    until(lambda: walk.world.model.begun() >= 1, "the model thinks")
    run.kill()
    walk.note_losses()
    walk.run_into_it()


def hasten(walk: Walk) -> None:
    """A person asks at the command line for what is waiting already."""
    document_id = walk.world.add_letter(letter(1), tags=[])
    walk.letters, walk.tag_changes = {document_id: 1}, 3
    assert walk.world.sidecar.call("enqueue", str(document_id), "--kind", "tagging").returncode == 0
    walk.run_into_it("enqueue", str(document_id), "--kind", "tagging")


def withdraw(walk: Walk) -> None:
    """A person takes back at the command line what is waiting."""
    document_id = walk.world.add_letter(letter(1), tags=[])
    assert walk.world.sidecar.call("enqueue", str(document_id), "--kind", "tagging").returncode == 0
    (job,) = walk.world.store.jobs()
    walk.run_into_it("cancel", str(job.id))
    until(lambda: walk.world.store.jobs()[0].state == "cancelled", "the job is cancelled")
    if any(entry - {"tags"} for entry in walk.world.our_history(document_id)):
        walk.find("wrong content", "something was written all the same")


def budget(walk: Walk) -> None:
    """What filing may cost is limited, so that each call is reckoned with before it is made."""
    walk.world.sidecar.settings |= {"TAGGING_BUDGET_MONTH": "1000000000 tokens"}
    work(walk)


def suggest(walk: Walk) -> None:
    """A person tries at the command line what a model would say."""
    document_id = walk.world.add_letter(letter(1), tags=[])
    walk.run_into_it("suggest", str(document_id))
    if walk.world.our_history(document_id):
        walk.find("wrong content", "something was written all the same")


def measure(walk: Walk) -> None:
    """A person measures at the command line how well a model files what they have filed."""
    document_id = walk.world.add_letter(letter(1), tags=["Energy"])
    walk.run_into_it("eval")
    if walk.world.our_history(document_id):
        walk.find("wrong content", "something was written all the same")


def prune(walk: Walk) -> None:
    """There are jobs so old that they are forgotten."""
    old, _newer = (walk.world.add_letter(letter(number)) for number in (4, 5))
    assert walk.world.sidecar.drain() == 0
    walk.world.store.age_by_days(500)
    walk.fill()
    walk.run_into_it()
    if walk.action != "raise":  # then it is tried again hours later
        until(lambda: not walk.world.store.jobs(old), "the old job is forgotten")


def move(walk: Walk) -> None:
    """A store with work under way is moved from a file to the server, by a command that comes to no good end."""
    world, server = walk.world, walk.world.store
    in_file = {name: value for name, value in world.sidecar.settings.items() if not name.startswith("DATABASE_")}
    walk.fill()
    world.store = FileStore(world.folder / "data")
    run = Program(world.folder, in_file, path=world.ledger.bin).start()
    until(lambda: world.store.answered() and world.store.pages(walk.scan), "a page and an answer are kept")
    run.kill()
    walk.note_losses()
    jobs = world.store.jobs()
    walk.meet("db", "copy")
    is_there = walk.point.name.endswith("after the commit")
    if server.jobs() != (jobs if is_there else []):
        walk.find("lost" if is_there else "wrong content", f"the server holds {server.jobs()} of {jobs}")
    again = world.sidecar.call("db", "copy")
    if (again.returncode == 0) is is_there:
        walk.find("wrong content", f"the second copy ended with {again.returncode}: {again.stdout}{again.stderr}")
    world.store = server
    walk.remember()
    world.sidecar.start()


def layer(walk: Walk) -> None:
    """A scan is to get a searchable version."""
    world = walk.world
    world.sidecar.settings |= {"SEARCHABLE_PDF": "version", "RETRY_BASE_S": 0.2}
    world.archive.state.consume_delay_s = 0.5
    document_id = world.add_scan_with(scan_pdf(PAGES, dpi=DPI), [OCR])
    walk.scan = document_id
    walk.run_into_it()
    world.until_finished(document_id)
    labels = [version["version_label"] for version in world.archive.versions(document_id)]
    if labels != [VERSION_LABEL, None]:
        walk.find("doubled" if len(labels) > 2 else "lost", f"the versions are {labels}")
    try:
        assert_reads(world.archive.document(document_id)["content"], " ".join(PAGES))
    except AssertionError as error:
        walk.find("wrong content", f"the scan reads {error}")
    entries = world.archive.whole_history(document_id)
    written = sum("content" in entry["changes"] and entry["action"] == "update" for entry in entries)
    if written > 1:
        walk.find("doubled", f"the text was written {written} times")
    if (tags := world.archive.tag_names(document_id)) != {OCR_DONE}:
        walk.find("lost", f"the tags are {tags}")


def second(walk: Walk) -> None:
    """A vision model reads a signed scan: it refuses the second page, and the file cannot be made searchable."""
    world = walk.world
    world.sidecar.settings |= {"OCR_ENGINE": "vision", "VISION_MODEL": "practice", "SEARCHABLE_PDF": "local"}
    world.model.misbehave("refuse", matching="second page")
    walk.scan = document_id = world.add_scan_with(signed(scan_pdf(PAGES, dpi=DPI)), [OCR])
    goes_on = walk.meet()
    kept, asked = world.store.pages(document_id), Counter(world.model.documents())
    if not goes_on:
        world.sidecar.start()
    world.until_finished(document_id)
    try:
        assert_reads(world.archive.document(document_id)["content"], " ".join(PAGES))
    except AssertionError as error:
        walk.find("wrong content", f"the scan reads {error}")
    for text, times in Counter(world.model.documents()).items():
        is_kept = (2 if "second page" in text else 1) in kept
        if times > 2 or (is_kept and times > asked[text]):
            walk.find("paid twice", f"the model was asked {times} times about {text[:40]!r}")
    if (tags := world.archive.tag_names(document_id)) != {OCR_DONE}:
        walk.find("lost", f"the tags are {tags}")
    written = sum("content" in entry for entry in world.our_history(document_id))
    if written != 1:
        walk.find("doubled" if written else "lost", f"the text was written {written} times")


def new_names(walk: Walk) -> None:
    """A document's correspondent does not exist yet, and may be made."""
    world = walk.world
    world.sidecar.settings |= {"CREATE_NAMES": "tags", "RETRY_BASE_S": 0.2}
    answer = {"title": "A bill", "tags": ["Brand new"], "correspondent": None, "document_type": None, "created": None}
    world.model.faults.add(Fault("POST", "/chat/", answer=chat_answer(answer)))
    document_id = world.add_letter(letter(1), tags=[TAG])
    walk.run_into_it()
    world.until_finished(document_id)
    if "Brand new" not in (tags := world.archive.tag_names(document_id)):
        walk.find("lost", f"the tags are {tags}")
    made = world.archive.state.rows("SELECT id FROM names WHERE kind = 'tags' AND name = 'Brand new'")
    if len(made) != 1:
        walk.find("doubled", f"the tag was made {len(made)} times")
    if not world.store.made_names():
        walk.find("lost", "nobody knows that the tag was made")


def chat_answer(answer: dict[str, object]) -> Answer:
    """Make a model's answer of what it is to say."""
    message = {"role": "assistant", "content": json.dumps(answer)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return Answer(200, body=json.dumps({"id": "1", "object": "chat.completion", "model": "m", "choices": choices}))


def again(walk: Walk) -> None:
    """A person asks at the command line for a page to be read anew, and once more, since the command died."""
    world = walk.world
    document_id = world.add_scan_with(scan_pdf(PAGES, dpi=DPI), [OCR])
    assert world.sidecar.drain() == 0
    (job,) = world.store.jobs()
    walk.run_into_it("retry", str(job.id), "--page", "1")
    world.until_finished(document_id)
    assert world.sidecar.call("retry", str(job.id), "--page", "1").returncode == 0
    world.until_finished(document_id)
    try:
        assert_reads(world.archive.document(document_id)["content"], " ".join(PAGES))
    except AssertionError as error:
        walk.find("wrong content", f"the scan reads {error}")
    if sorted(set(world.store.pages(document_id))) != [1, 2]:
        walk.find("lost", f"the pages that are kept are {world.store.pages(document_id)}")


def signed(data: bytes) -> bytes:
    """Put a signature's field into a PDF."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, Contents=b"signed")
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="signature", V=signature)
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)], SigFlags=3)
        pdf.save(out)
    return out.getvalue()


SCENES: dict[str, Callable[[Walk], None]] = {
    scene.__name__: scene
    for scene in (
        work,
        leap,
        set_back,
        orphans,
        hasten,
        withdraw,
        budget,
        suggest,
        measure,
        prune,
        move,
        layer,
        second,
        again,
        new_names,
        *people.SCENES,
    )
}


def walk_through(folder: Path, point: Point, action: str, backend: str, *, at: int = 1) -> Walk:
    """Walk one point, and give what is wrong."""
    with world_of(folder, backend) as world:
        walk = Walk(world, point, action, at)
        SCENES[point.scene](walk)
        walk.look_at_table()
        if walk.letters:
            walk.until_over()
            walk.look()
        return walk


@contextmanager
def world_of(folder: Path, backend: str) -> Iterator[World]:
    """Set a world up on a store of its own; its log is printed for the reader of a failed test."""
    schema = new_schema() if backend == "postgres" else None
    with World(folder, schema=schema) as world:
        world.sidecar.settings |= {"LEASE_S": 3, "PAPERLESS_TIMEOUT_S": 1, "MAX_CRASHES": 50, "OCR_DPI": DPI}
        try:
            yield world
        finally:
            print(world.sidecar.log, *world.store.stories(), sep="\n")
    if schema:
        drop_schema(schema)
