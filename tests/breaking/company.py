"""Documents under chaos, the people who edit them meanwhile, and the verdict in the end, told from outside alone.

The verdict counts what the archive's own history, the model's own calls and the ledger of Tesseract say:

    lost            a trigger is still on, or a document was never done
    doubled         a field or the tags of a document were written twice for one job
    paid twice      a page or an answer that was kept was read or asked for again
    stuck           a job has not ended
    wrong content   a document is not as it has to be, or a person's edit is gone
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from tests.scenarios.letters import Letter, letter
from tests.scenarios.waiting import until
from tests.scenarios.world import FILING, OCR, OCR_DONE, TAG_DONE, TRIGGERS, World

SORTS = ("lost", "doubled", "paid twice", "stuck", "wrong content")
SCAN_WORDS = "The quick brown fox jumps over the lazy dog and reads the letter to the end."


def numbered(number: int) -> Letter:
    """Write a letter that no other one is mistaken for."""
    plain = letter(number % 60)
    return replace(plain, text=f"{plain.text}\n\nReference {number:06d}")


@dataclass
class Kept:
    """What was paid for and kept at one moment."""

    asked: Counter[int]
    answers: set[int]
    starts: Counter[tuple[int, int]]
    pages: set[tuple[int, int]]


@dataclass
class Company:
    """Letters to file and scans to read, as many as there is work wanted."""

    world: World
    random: Random
    letters: dict[int, int] = field(default_factory=dict)
    scans: set[int] = field(default_factory=set)
    #: Titles that people gave to documents that were done, and the documents they put a tag of their own on.
    titles: dict[int, str] = field(default_factory=dict)
    tagged: set[int] = field(default_factory=set)
    moments: list[Kept] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)

    # -- work

    def add(self, letters: int = 0, scans: int = 0) -> None:
        """Put more documents into the archive."""
        for _ in range(letters):
            number = len(self.letters)
            self.letters[self.world.add_letter(numbered(number))] = number
        for _ in range(scans):
            self.scans.add(self.world.add_scan([SCAN_WORDS, SCAN_WORDS], tags=[OCR]))

    @property
    def documents(self) -> list[int]:
        """All of them."""
        return [*self.letters, *self.scans]

    def waiting(self) -> list[int]:
        """Give the documents whose triggers are on."""
        return [one for one in self.documents if self.world.waiting_triggers(one)]

    def keep_busy(self, least: int = 6) -> None:
        """See to it that there is work."""
        if len(self.waiting()) < least:
            self.add(letters=4, scans=1)

    def people_edit(self) -> None:
        """Let a person put a tag on some document, and give another title to one that is done."""
        archive = self.world.archive
        if self.letters:
            one = self.random.choice(list(self.letters))
            archive.edit(one, add_tags=["Household"])
            self.tagged.add(one)
        done = [one for one in self.letters if one not in self.titles and TAG_DONE in archive.tag_names(one)]
        if done:
            one = self.random.choice(done)
            if not self.unfinished(one):
                self.titles[one] = f"a person's title for {one}"
                archive.edit(one, title=self.titles[one])

    def unfinished(self, document_id: int) -> bool:
        """Say whether a job of the document has not ended."""
        return any(job.finished_at is None for job in self.world.store.jobs(document_id))

    def remember(self) -> None:
        """Note what was paid for and kept by now: what is kept first, then what was begun."""
        store = self.world.store
        answers = {self.letters[one] for one in store.answered() if one in self.letters}
        pages = {(one, page) for one in self.scans if self.world.waiting_triggers(one) for page in store.pages(one)}
        self.moments.append(Kept(self._asked(), answers, self.world.ledger.starts(), pages))

    def _asked(self) -> Counter[int]:
        found = (re.search(r"Reference (\d{6})", text) for text in self.world.model.documents())
        return Counter(int(match[1]) for match in found if match)

    # -- the verdict

    def until_over(self, within_s: float = 300.0) -> None:
        """Wait until all is done, or it is clear that something is not going to be."""
        try:
            self.world.until_finished(*self.documents, within_s=within_s)
        except BaseException as error:  # pytest's own way to fail is no Exception
            if type(error).__name__ != "Failed":
                raise
        polls = self.world.polls()
        until(lambda: self.world.polls() > polls, "one more look")

    def find(self, sort: str, words: str) -> None:
        """Note something wrong."""
        self.counts[sort] += 1
        self.said.append(f"{sort}: {words}")

    def judge(self) -> Counter[str]:
        """Compare everything with what has to be, and count what is wrong."""
        for job in self.world.store.jobs():
            if job.finished_at is None:
                self.find("stuck", f"job {job.id} of document {job.document_id} is {job.state}: {job.reason}")
        for document_id in self.letters:
            self._judge_letter(document_id)
        for document_id in self.scans:
            self._judge_scan(document_id)
        asked, starts = self._asked(), self.world.ledger.starts()
        for number in {n for kept in self.moments for n in kept.answers if asked[n] > kept.asked[n]}:
            self.find("paid twice", f"the model was asked again about letter {number}")
        for page in {p for kept in self.moments for p in kept.pages if starts[p] > kept.starts[p]}:
            self.find("paid twice", f"document and page {page} were read again")
        return self.counts

    def _judge_letter(self, document_id: int) -> None:
        wanted = numbered(self.letters[document_id])
        tags, filing = self.world.archive.tag_names(document_id), self.world.filing(document_id)
        if tags & TRIGGERS or TAG_DONE not in tags:
            self.find("lost", f"document {document_id} carries {tags}")
        elif tags != {TAG_DONE, *wanted.tags} | ({"Household"} if document_id in self.tagged else set()):
            self.find("wrong content", f"document {document_id} carries {tags}")
        if filing != {**wanted.fields, "title": self.titles.get(document_id, wanted.title)}:
            self.find("wrong content", f"document {document_id}: {filing}")
        self._judge_history(document_id, {"tags": 1})

    def _judge_scan(self, document_id: int) -> None:
        tags = self.world.archive.tag_names(document_id)
        if tags != {OCR_DONE}:
            self.find("lost", f"document {document_id} carries {tags}")
        content = self.world.archive.document(document_id)["content"]
        if Counter(content.split()) != Counter(f"{SCAN_WORDS} {SCAN_WORDS}".split()):
            self.find("wrong content", f"document {document_id} reads {content}")
        self._judge_history(document_id, {"tags": 1, "content": 1})

    def _judge_history(self, document_id: int, once: dict[str, int]) -> None:
        entries = self.world.our_history(document_id)
        written = Counter(name for entry in entries for name in entry)
        more = {name: times for name, times in written.items() if times > once.get(name, 1)}
        if more:
            self.find("doubled", f"document {document_id}: {more}")
        extra = set(written) - FILING - set(once)
        if extra:
            self.find("wrong content", f"document {document_id}: {extra} was written")
