"""One point, one action, one world: what is wrong in the end, counted by sort.

The world holds a bit of everything, so that a program comes to every point: a scan to read and file, letters, a field
that Paperless refuses, tags it refuses, a document that is gone for a moment, a file that is no PDF, a model that is
away for a moment.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import not_a_pdf
from tests.chaos.points import Point
from tests.postgres import drop_schema, new_schema
from tests.scenarios.letters import letter
from tests.scenarios.program import Run
from tests.scenarios.waiting import until
from tests.scenarios.world import FAILED, FILING, OCR, OCR_DONE, TAG, TAG_DONE, TRIGGERS, World, assert_reads

ACTIONS = ("kill", "raise", "hang")
SORTS = ("lost", "doubled", "paid twice", "stuck", "wrong content")
LAST_WORDS = "The second page says no more."
WITHIN_S = 120.0


def refusal(body: str) -> Answer:
    return Answer(400, body=body)


@dataclass
class Walk:
    """A world, the documents in it, and what was found wrong."""

    world: World
    point: Point
    action: str
    wrong: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    #: Letters by document.
    letters: dict[int, int] = field(default_factory=dict)
    scan: int = 0
    broken: int = 0
    #: Titles whose answer, and pages whose text, were kept when the program died, and what had been begun by then.
    kept: set[str] = field(default_factory=set)
    pages: set[int] = field(default_factory=set)
    asked: int = 0
    starts: Counter[tuple[int, int]] = field(default_factory=Counter)

    def find(self, sort: str, words: str) -> None:
        """Note something wrong."""
        self.wrong[sort] += 1
        self.said.append(f"{sort}: {words}")

    #: How often our user changes the tags of a letter: at the command line too, where the scene is about that.
    tag_changes: int = 1

    # -- going

    def fill(self) -> None:
        """Put a bit of everything into the archive."""
        world, faults = self.world, self.world.archive.faults
        self.scan = world.add_scan([letter(0).text, LAST_WORDS], tags=[OCR, TAG])
        self.letters = {self.scan: 0} | {world.add_letter(letter(number)): number for number in (1, 2, 3)}
        refused, gone = list(self.letters)[2:4]
        self.broken = world.add_scan_with(not_a_pdf(), [OCR])
        faults.add(Fault("PATCH", rf"/documents/{refused}/$", times=1, answer=refusal('{"title":["No."]}')))
        faults.add(Fault("POST", "bulk_edit", times=4, answer=refusal('{"non_field_errors":["Some tags are gone."]}')))
        detail = '{"detail":"No Document matches the given query."}'
        faults.add(Fault("GET", rf"/documents/{gone}/$", times=1, answer=Answer(404, body=detail)))
        world.model.faults.add(Fault("POST", "/chat/", times=1, answer=Answer(503, body="{}")))
        world.model.delay_s = 1.2  # long enough for a lease to be renewed

    def start(self, *arguments: str, **environment: Any) -> Run:
        """Start the program that comes to the point."""
        folder = self.world.folder / "chaos"
        folder.mkdir(exist_ok=True)
        return self.world.sidecar.start(
            *arguments,
            module="tests.chaos.launcher",
            CHAOS_POINT=self.point.name,
            CHAOS_ACTION=self.action,
            CHAOS_FOLDER=folder,
            **environment,
        )

    def run_into_it(self, *arguments: str, **environment: Any) -> None:
        """Start the program, let it come to the point, and see to it that one runs afterwards, as an engine does."""
        run = self.start(*arguments, **environment)
        hit = self.world.folder / "chaos" / "hit"
        until(lambda: hit.exists() or run.ended, f"it comes to {self.point.name}", within_s=WITHIN_S)
        assert hit.exists(), f"it never came to {self.point.name}"
        if self.action == "hang":
            run.goes_on(0.5)
        if self.action != "raise":
            if not run.ended:
                run.kill()
            run.wait()
        elif arguments:
            run.wait()
        self.remember()
        if arguments or not run.goes_on(2.0):  # an error at the start ends it
            self.world.sidecar.start()

    def remember(self) -> None:
        """Note what was paid for and kept by now."""
        self.kept = {letter(self.letters[one]).title for one in self.world.store.answered() if one in self.letters}
        self.pages = self.world.store.pages(self.scan) if self.scan else set()
        self.asked = self.world.model.begun()
        self.starts = self.world.ledger.starts()

    def until_over(self) -> None:
        """Wait until nothing is left to do, or it is clear that something is stuck."""
        documents = [*self.letters, *([self.broken] if self.broken else [])]
        try:
            self.world.until_finished(*documents, within_s=WITHIN_S)
        except BaseException as error:  # pytest's own way to fail is no Exception
            if type(error).__name__ != "Failed":
                raise
        for job in self.world.store.jobs():
            if job.state in ("ready", "running", "scheduled"):
                self.find("stuck", f"job {job.id} is {job.state}: {job.reason}")

    # -- looking

    def look(self) -> None:
        """Compare everything with what has to be."""
        self.look_at_work()
        for document_id, number in self.letters.items():
            self.look_at_letter(document_id, number)
        if self.broken:
            self.look_at_broken()

    def look_at_letter(self, document_id: int, number: int) -> None:
        world, wanted = self.world, letter(number)
        tags, filing = world.archive.tag_names(document_id), world.filing(document_id)
        done = {TAG_DONE, OCR_DONE} if document_id == self.scan else {TAG_DONE}
        if tags & TRIGGERS or not done <= tags:
            self.find("lost", f"document {document_id} carries {tags}")
        if tags - TRIGGERS != done | wanted.tags:
            self.find("wrong content", f"document {document_id} carries {tags}")
        refused = document_id in list(self.letters)[2:3]
        if {**filing, "title": wanted.title if refused else filing["title"]} != wanted.fields:
            self.find("wrong content", f"document {document_id}: {filing}")
        entries = world.our_history(document_id)
        written = Counter(name for entry in entries if entry <= FILING for name in entry)
        fields = max(written.values(), default=0)
        seen = Counter("+".join(sorted(entry)) for entry in entries if not entry <= FILING)
        expected = Counter(["tags", "tags", "content"] if document_id == self.scan else ["tags"] * self.tag_changes)
        if fields > 1 or seen - expected:
            self.find("doubled", f"document {document_id}: {fields} times fields, {dict(seen)}")
        if fields < 1 or expected - seen:
            self.find("lost", f"document {document_id}: {fields} times fields, {dict(seen)}")
        if document_id == self.scan:
            try:
                assert_reads(
                    world.archive.document(document_id)["content"], f"{letter(0).text} The second page says no more."
                )
            except AssertionError as error:
                self.find("wrong content", f"the scan reads {error}")

    def look_at_broken(self) -> None:
        tags, notes = self.world.archive.tag_names(self.broken), self.world.archive.notes(self.broken)
        if tags != {FAILED}:
            self.find("lost", f"the broken document carries {tags}")
        if len(notes) != 1:
            self.find("doubled" if notes else "lost", f"the broken document has {len(notes)} notes")
        seen = [entry for entry in self.world.our_history(self.broken) if entry == frozenset({"tags"})]
        if len(seen) != 1:
            self.find("doubled" if seen else "lost", f"the broken document's tags changed {len(seen)} times")

    def look_at_work(self) -> None:
        ends = Counter((job.document_id, job.kind, job.state) for job in self.world.store.jobs())
        wanted = {(one, "tagging") for one in self.letters} | ({(self.scan, "ocr")} if self.scan else set())
        for document_id, kind in wanted:
            if (times := ends[document_id, kind, "succeeded"]) != 1:
                self.find("doubled" if times else "lost", f"{kind} of document {document_id} succeeded {times} times")
        again = [call.document.strip().splitlines()[0] for call in self.world.model.calls()[self.asked :]]
        for title in sorted(self.kept & set(again)):
            self.find("paid twice", f"the model was asked again about {title}")
        for document_id, page in self.world.ledger.starts() - self.starts:
            if document_id == self.scan and page in self.pages:
                self.find("paid twice", f"page {page} was read again")


# -- scenes


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
    walk.run_into_it()


def orphans(walk: Walk) -> None:
    """A program died before, in the middle of its work."""
    walk.fill()
    run = walk.world.sidecar.start()
    until(lambda: walk.world.model.begun() >= 1, "the model thinks")
    run.kill()
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


def prune(walk: Walk) -> None:
    """There are jobs so old that they are forgotten."""
    old, _newer = (walk.world.add_letter(letter(number)) for number in (4, 5))
    assert walk.world.sidecar.drain() == 0
    walk.world.store.age_by_days(500)
    walk.fill()
    walk.run_into_it()
    if walk.action != "raise":  # then it is tried again hours later
        until(lambda: not walk.world.store.jobs(old), "the old job is forgotten")


SCENES = {scene.__name__: scene for scene in (work, leap, set_back, orphans, hasten, withdraw, prune)}


def walk_through(folder: Path, point: Point, action: str, backend: str) -> Walk:
    """Walk one point, and give what is wrong."""
    with _world(folder, backend) as world:
        walk = Walk(world, point, action)
        SCENES[point.scene](walk)
        if walk.letters:
            walk.until_over()
            walk.look()
        return walk


@contextmanager
def _world(folder: Path, backend: str) -> Iterator[World]:
    schema = new_schema() if backend == "postgres" else None
    with World(folder, schema=schema) as world:
        world.sidecar.settings |= {"LEASE_S": 3, "PAPERLESS_TIMEOUT_S": 1, "MAX_CRASHES": 50}
        try:
            yield world
        finally:
            print(world.sidecar.log, *world.store.stories(), sep="\n")
    if schema:
        drop_schema(schema)
