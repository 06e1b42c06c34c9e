"""Documents under chaos, and the people who edit them at the very moment somebody works on them.

Letters to file, scans to read, scans to read and then file, files that are no PDF. People give titles, put tags on
and take them off, type the text themselves or take the trigger back: while the model thinks, while the file is being
fetched, and once all is done. What they did is noted with the document, for the verdict.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

from sidecar.practice.faults import Fault
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import not_a_pdf, scan_pdf, text_pdf
from tests.scenarios.letters import Letter, letter
from tests.scenarios.world import OCR, TAG, TAG_DONE, TRIGGERS, World
from tests.waiting import until

#: Words that Tesseract does not mistake, to tell papers apart by.
WORDS = (
    *("Anchor", "Basket", "Dragon", "Engine", "Forest", "Garden", "Hammer", "Jacket", "Mirror", "Orange"),
    *("Rocket", "Timber", "Window", "Yogurt", "Copper", "Market", "Number", "Pepper", "Summer", "Winter"),
)
SECOND_PAGE = "The second page says no more than the first one, and it is the last."
THEIRS = "What I typed in myself, because I know what the scan says and no machine does."
DPI = 100


class Sort(StrEnum):
    """What a document is, and what is asked for."""

    LETTER = "letter"
    SCAN = "scan"
    BOTH = "scan to be filed"
    BAD = "no PDF"


@dataclass
class Paper:
    """A document, what a person means to do with it, and what people have done."""

    number: int
    sort: Sort
    plan: str = ""
    title: str | None = None
    content: str | None = None
    tags: set[str] = field(default_factory=set)
    is_withdrawn: bool = False

    @property
    def letter(self) -> Letter:
        """The letter that it is; no two are alike."""
        plain = letter(self.number % 60)
        lines = plain.text.splitlines()
        lines.insert(2, f"\n{reference(self.number)}")
        return replace(plain, text="\n".join(lines))

    @property
    def pages(self) -> list[str]:
        """What its scan shows; short, since reading takes time."""
        if self.sort is Sort.SCAN:
            return [f"# {reference(self.number)}\n\nThat is all there is to read here.", SECOND_PAGE]
        return ["\n".join(self.letter.text.splitlines()[:4]) + f"\n\nThe subject is {min(self.letter.tags).lower()}."]

    @property
    def jobs(self) -> dict[str, str]:
        """The jobs that are asked for, and how each has to end."""
        filed = "cancelled" if self.is_withdrawn else "succeeded"
        return {
            Sort.LETTER: {"tagging": filed},
            Sort.SCAN: {"ocr": "succeeded"},
            Sort.BOTH: {"ocr": "succeeded", "tagging": filed},
            Sort.BAD: {"ocr": "failed"},
        }[self.sort]


def reference(number: int) -> str:
    """Write a number in words."""
    return "Reference " + " ".join(WORDS[number // len(WORDS) ** place % len(WORDS)] for place in (2, 1, 0))


def number_in(text: str) -> int | None:
    """Find the number in a text that the model was shown."""
    found = re.search(r"Reference (\w+) (\w+) (\w+)", text)
    if found is None or not set(found.groups()) <= set(WORDS):
        return None
    return sum(WORDS.index(word) * len(WORDS) ** place for place, word in zip((2, 1, 0), found.groups(), strict=True))


class AttentiveModel(PracticeModel):
    """A model whose owner hears of every question before it is answered."""

    def __init__(self, on_question: Callable[[str], None]) -> None:
        super().__init__()
        self._on_question = on_question

    def _reply(self, body: dict[str, Any], prompt: Any) -> Any:
        self._on_question(prompt.document)
        return super()._reply(body, prompt)


@dataclass(frozen=True)
class Overheard(Fault):
    """A rule that leaves requests alone, but somebody hears of each before it is answered."""

    tell: Callable[[str], None] = print

    def meets(self, method: str, path: str, query: str) -> bool:
        """Tell; the rule never applies."""
        if super().meets(method, path, query):
            self.tell(path)
        return False


class Company:
    """As many documents as there is work wanted, and people."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self.papers: dict[int, Paper] = {}
        self._by_number: dict[int | None, int] = {}
        self._editing = threading.Lock()
        for name in ("urgent", "old"):  # before any question: a new name makes each of them another question
            world.archive.add_name("tags", name)
        world.model = AttentiveModel(self._asked_about)
        world.archive.faults.add(Overheard("GET", r"/documents/\d+/download/$", tell=self._fetched))

    # -- work

    def add(self, letters: int = 0, scans: int = 0, both: int = 0, bad: int = 0) -> list[int]:
        """Put more documents into the archive; every third has somebody who will meddle."""
        sorts = [Sort.LETTER] * letters + [Sort.SCAN] * scans + [Sort.BOTH] * both + [Sort.BAD] * bad
        return [self._add(sort) for sort in sorts]

    def _add(self, sort: Sort) -> int:
        paper = Paper(len(self.papers), sort)
        if self.random.random() < 1 / 3:
            plans = {Sort.SCAN: ["type"], Sort.BAD: [""]}.get(sort, ["name", "name", "withdraw"])
            paper.plan = self.random.choice(plans)
        triggers = {Sort.LETTER: [TAG], Sort.BOTH: [OCR, TAG]}.get(sort, [OCR])
        data, content = not_a_pdf(), ""
        if sort is Sort.LETTER:
            data, content = text_pdf([paper.letter.text]), paper.letter.text.removeprefix("# ")
        elif sort is not Sort.BAD:
            data = scan_pdf(paper.pages, dpi=DPI)
        with self._editing:
            document_id = self.world.archive.add_document(
                data, title="as it came", content=content, tags=[*triggers, *(["old"] if paper.plan == "name" else [])]
            )
            self.papers[document_id] = paper
            self._by_number[paper.number] = document_id
        return document_id

    def keep_busy(self, least: int = 6) -> None:
        """See to it that there is work."""
        if len(self.waiting()) < least:
            self.add(letters=3, scans=1, both=1, bad=int(self.random.random() < 0.3))

    def waiting(self) -> set[int]:
        """Give the documents whose triggers are on."""
        rows = self.world.archive.state.rows(
            "SELECT document_id FROM document_tags JOIN names ON names.id = tag_id AND kind = 'tags' "
            "WHERE name IN (?, ?)",
            sorted(TRIGGERS),
        )
        return {row[0] for row in rows}

    def until_over(self, within_s: float = 300.0) -> bool:
        """Wait until all is done, and say whether it is; after so long it is clear that something never will be."""
        try:
            until(
                lambda: not self.waiting() and not self.world.store.unfinished(),
                "all is done", within_s=within_s, every_s=0.3,
            )  # fmt: skip
            polls = self.world.polls()
            until(lambda: self.world.polls() > polls and not self.world.store.unfinished(), "one more look")
        except BaseException as error:  # pytest's own way to fail is no Exception
            if type(error).__name__ != "Failed":
                raise
            return False
        return True

    # -- people

    def people_edit(self) -> None:
        """Let a person put a tag on some document, and give another title to one that is done."""
        archive = self.world.archive
        with self._editing:
            one = self.random.choice(list(self.papers))
            archive.edit(one, add_tags=["Household"])
            self.papers[one].tags.add("Household")
            filed = [one for one, paper in self.papers.items() if paper.title is None and "tagging" in paper.jobs]
            one = self.random.choice(filed)
            if TAG_DONE in archive.tag_names(one) and one not in self.world.store.unfinished():
                self.papers[one].title = f"a person's title for {one}"
                archive.edit(one, title=self.papers[one].title)

    def _asked_about(self, text: str) -> None:
        """Meddle while the model thinks about a document: nothing was written to it yet, and its job looked at it."""
        with self._editing:
            document_id = self._by_number.get(number_in(text))
            if document_id is None:
                return
            paper = self.papers[document_id]
            if paper.plan == "name":
                paper.title = f"what I call {document_id}"
                paper.tags.add("urgent")
                self.world.archive.edit(document_id, title=paper.title, add_tags=["urgent"], remove_tags=["old"])
            elif paper.plan == "withdraw":
                paper.is_withdrawn = True
                self.world.archive.edit(document_id, remove_tags=[TAG])
            paper.plan = ""

    def _fetched(self, path: str) -> None:
        """Type the text of a scan while its file is fetched, after its job looked at it."""
        document_id = int(path.split("/")[3])
        with self._editing:
            paper = self.papers.get(document_id)
            if paper is not None and paper.plan == "type":
                paper.content, paper.plan = THEIRS, ""
                self.world.archive.edit(document_id, content=THEIRS)
