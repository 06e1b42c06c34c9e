"""One point, one action, one world: what is wrong in the end, counted by sort.

The world holds a bit of everything, so that a program comes to every point: a scan to read and file, letters, a field
that Paperless refuses, tags it refuses, a document that is gone for a moment, a file that is no PDF, a model that is
away for a moment.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import not_a_pdf, scan_pdf
from tests.chaos.company import DPI
from tests.chaos.points import POINTS, Point
from tests.chaos.verdict import CORES
from tests.scenarios.jobs import FINISHED
from tests.scenarios.letters import letter
from tests.scenarios.program import Run
from tests.scenarios.world import FAILED, FILING, OCR, OCR_DONE, TAG, TAG_DONE, TRIGGERS, World, assert_reads
from tests.waiting import until

ACTIONS = ("kill", "raise", "hang")
#: What the scan says: enough of letter 0 to be filed like it, and little to read.
PAGES = (
    "\n".join([*letter(0).text.splitlines()[:4], "", f"The subject is {min(letter(0).tags).lower()}."]),
    "The second page says no more.",
)
WITHIN_S = 120.0


@dataclass
class Walk:
    """A world, the documents in it, and what was found wrong."""

    world: World
    point: Point
    action: str
    #: At its how-manieth passing of the point something happens to the program.
    at: int = 1
    wrong: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    #: Letters by document.
    letters: dict[int, int] = field(default_factory=dict)
    scan: int = 0
    broken: int = 0
    #: How often our user changes the tags of a letter: at the command line too, where the scene is about that.
    tag_changes: int = 1
    #: Letters whose answer was kept when the program died, and how often each had been asked about by then.
    kept: set[int] = field(default_factory=set)
    asked: Counter[int] = field(default_factory=Counter)
    #: Pages of the scan that were kept then, and how often each had been begun.
    pages: set[int] = field(default_factory=set)
    begun: Counter[int] = field(default_factory=Counter)
    #: Letters and pages under way at a death, which may be asked about and begun once more for each.
    lost_answers: Counter[int] = field(default_factory=Counter)
    lost_pages: Counter[int] = field(default_factory=Counter)

    def find(self, sort: str, words: str) -> None:
        """Note something wrong."""
        self.wrong[sort] += 1
        self.said.append(f"{sort}: {words}")

    @property
    def folder(self) -> Path:
        """Where the program says what it passed, and that it came to its point."""
        return self.world.folder / "chaos"

    # -- going

    def fill(self) -> None:
        """Put a bit of everything into the archive."""
        world, faults = self.world, self.world.archive.faults
        self.scan = world.add_scan_with(scan_pdf(PAGES, dpi=DPI), [OCR, TAG])
        self.letters = {self.scan: 0} | {world.add_letter(letter(number)): number for number in (1, 2, 3)}
        refused, gone = list(self.letters)[2:4]
        self.broken = world.add_scan_with(not_a_pdf(), [OCR])
        title, tags = '{"title":["No."]}', '{"non_field_errors":["Some tags are gone."]}'
        faults.add(Fault("PATCH", rf"/documents/{refused}/$", times=1, answer=Answer(400, body=title)))
        faults.add(Fault("POST", "bulk_edit", times=2, answer=Answer(400, body=tags)))  # if it is for several: each
        detail = '{"detail":"No Document matches the given query."}'
        faults.add(Fault("GET", rf"/documents/{gone}/$", times=1, answer=Answer(404, body=detail)))
        busy = Answer(503, body="{}", headers={"Retry-After": "1"})
        world.model.faults.add(Fault("POST", "/chat/", times=1, answer=busy))
        world.model.delay_s = 1.2  # long enough for a lease to be renewed

    def start(self, *arguments: str, **environment: Any) -> Run:
        """Start the program that comes to the point."""
        self.folder.mkdir(exist_ok=True)
        return self.world.sidecar.start(
            *arguments,
            module="tests.chaos.launcher",
            CHAOS_POINT=self.point.name,
            CHAOS_ACTION=self.action,
            CHAOS_AT=self.at,
            CHAOS_FOLDER=self.folder,
            **environment,
        )

    def meet(self, *arguments: str, **environment: Any) -> bool:
        """Start the program, let it come to the point, and say whether it goes on by itself after that."""
        run = self.start(*arguments, **environment)
        hit = self.folder / "hit"
        until(lambda: hit.exists() or run.ended, f"it comes to {self.point.name}", within_s=WITHIN_S)
        assert hit.exists(), f"it never came to {self.point.name}"
        if self.action == "raise":
            if arguments:
                run.wait()
            return run.goes_on(2.0)  # an error at the start ends it
        if self.action == "hang":
            run.goes_on(0.5)
        if not run.ended:
            run.kill()
        run.wait()
        return False

    def run_into_it(self, *arguments: str, **environment: Any) -> None:
        """Start the program, let it come to the point, and see to it that one runs afterwards, as an engine does."""
        goes_on = self.meet(*arguments, **environment)
        if self.action == "raise":
            self.remember()  # it goes on, and has lost what met the error and nothing else
        else:
            self.note_losses()
        if not goes_on:
            self.world.sidecar.start()

    def remember(self) -> None:
        """Note what was paid for and kept by now. What is kept is looked at first, then what was begun."""
        store = self.world.store
        self.kept = {self.letters[one] for one in store.answered() if one in self.letters}
        self.pages = store.pages(self.scan)
        self.asked, self.begun = self._asked(), self._begun()

    def note_losses(self) -> None:
        """Let what was under way when the program died be done once more."""
        self.remember()
        for done, kept, lost in (
            (self.asked, self.kept, self.lost_answers),
            (self.begun, self.pages, self.lost_pages),
        ):
            lost.update({one: 1 for one, times in done.items() if one not in kept and times > lost[one]})

    def _asked(self) -> Counter[int]:
        """Count the questions about each letter, answered or not."""
        texts = self.world.model.documents()
        return Counter(number for text in texts for number in self.letters.values() if letter(number).title in text)

    def _begun(self) -> Counter[int]:
        """Count how often reading each page of the scan was begun."""
        starts = self.world.ledger.starts().items()
        return Counter({page: times for (document_id, page), times in starts if document_id == self.scan})

    def until_over(self) -> None:
        """Wait until nothing is left to do, or it is clear that something is stuck."""
        documents = [*self.letters, *([self.broken] if self.broken else [])]
        try:
            self.world.until_finished(*documents, within_s=WITHIN_S)
        except BaseException as error:  # pytest's own way to fail is no Exception
            if type(error).__name__ != "Failed":
                raise

    # -- looking

    def look(self) -> None:
        """Compare everything with what has to be."""
        self.look_at_jobs()
        self.look_at_costs()
        for document_id, number in self.letters.items():
            self.look_at_letter(document_id, number)
        if self.broken:
            self.look_at_broken()
        if self.action != "raise" and "Traceback" in self.world.sidecar.log:
            self.said.append("the log holds a traceback")

    def look_at_letter(self, document_id: int, number: int) -> None:
        """Look at tags, fields, history and text of a letter or the scan."""
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
                assert_reads(world.archive.document(document_id)["content"], " ".join(PAGES))
            except AssertionError as error:
                self.find("wrong content", f"the scan reads {error}")

    def look_at_broken(self) -> None:
        """Look at what was left on the file that is no PDF: a tag and a note, once each."""
        tags, notes = self.world.archive.tag_names(self.broken), self.world.archive.notes(self.broken)
        if tags != {FAILED}:
            self.find("lost", f"the broken document carries {tags}")
        if len(notes) != 1:
            self.find("doubled" if notes else "lost", f"the broken document has {len(notes)} notes")
        seen = [entry for entry in self.world.our_history(self.broken) if entry == frozenset({"tags"})]
        if len(seen) != 1:
            self.find("doubled" if seen else "lost", f"the broken document's tags changed {len(seen)} times")

    def look_at_jobs(self) -> None:
        """Each job that was asked for has come to its end once, and every other one to some end."""
        for job in self.world.store.jobs():
            if job.state not in FINISHED:
                self.find("stuck", f"job {job.id} is {job.state}: {job.reason}")
        ends = Counter((job.document_id, job.kind, job.state) for job in self.world.store.jobs())
        wanted = {(one, "tagging", "succeeded") for one in self.letters}
        if self.scan:
            wanted |= {(self.scan, "ocr", "succeeded"), (self.broken, "ocr", "failed")}
        for document_id, kind, state in wanted:
            if (times := ends[document_id, kind, state]) != 1:
                self.find("doubled" if times else "lost", f"{kind} of document {document_id} {state} {times} times")

    def look_at_costs(self) -> None:
        """What was kept is never paid for again, and of what was not, only what was under way when it died."""
        for what, done, before, kept, lost, spare in (
            ("letter {} was asked about", self._asked(), self.asked, self.kept, self.lost_answers, 1),
            ("page {} was begun", self._begun(), self.begun, self.pages, self.lost_pages, CORES),
        ):
            more: Counter[int] = Counter()
            for one, times in done.items():
                if one in kept and times > before[one]:
                    self.find("paid twice", f"{what.format(one)} {times - before[one]} times after it was kept")
                elif times > 1 + lost[one]:
                    more[one] = times - 1 - lost[one]
            if more.total() > (spare if self.action == "raise" else 0):
                self.find("paid twice", f"times more than there had to be: {what.format(dict(more))}")

    def look_at_table(self) -> None:
        """Every point that was passed stands in the table."""
        if unknown := self.passed() - POINTS.keys():
            self.said.append(f"the table knows nothing of {unknown}")

    def passed(self) -> set[str]:
        """Give the points that were passed."""
        file = self.folder / "passed"
        return set(file.read_text().splitlines()) if file.exists() else set()
