"""What came of the documents, counted from outside alone.

The archive's own history, the model's own calls and the ledger of Tesseract say:

    lost            a trigger is still on, or a document has come to no end
    doubled         a field, the tags or a note were written twice for one job, or a job was done twice
    paid twice      a page or an answer that was kept was read or asked for again
    stuck           a job has not ended
    wrong content   a document is not as it has to be, or a person's edit is gone
"""

import json
from collections import Counter
from itertools import pairwise
from typing import Any

from tests.chaos.company import Company, Paper, Sort, number_in
from tests.scenarios.world import FAILED, FILING, OCR_DONE, TAG_DONE, TRIGGERS

SORTS = ("lost", "doubled", "paid twice", "stuck", "wrong content")
#: Of a letter that nobody has filed.
UNFILED = {"title": "as it came", "correspondent": None, "document_type": None, "created": "2026-01-02"}
#: A program that was frozen between its last look and its request sends it in the first moment after it woke.
AT_ONCE_S = 1.0
#: Pages that a program reads at a time, as the worlds set it.
CORES = 2


class Verdict:
    """Remembers what was kept, and compares everything with what has to be in the end."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.world = company.world
        self.counts: Counter[str] = Counter()
        self.said: list[str] = []
        #: What a program that woke up did before it could find out that it had been replaced: put tags on that were on
        #: already, read the pages or sent the question that it was about to read or to send when it was frozen.
        self.again: list[str] = []
        #: When programs were thawed, by time.monotonic().
        self.thaws: list[float] = []
        #: How many readings there were, and how often a paper had been asked about, when it was first seen to be kept.
        self._pages: dict[tuple[int, int], int] = {}
        self._answers: dict[int, int] = {}

    def find(self, sort: str, words: str) -> None:
        """Note something wrong."""
        self.counts[sort] += 1
        self.said.append(f"{sort}: {words}")

    def remember(self) -> None:
        """Note what is paid for and kept by now. What is kept is looked at first, then what was begun."""
        store = self.world.store
        pages, answered = store.all_pages(), store.answered()
        readings, asked = len(self.world.ledger.readings()), self._asked()
        for page in pages - self._pages.keys():
            self._pages[page] = readings
        for document_id in answered - self._answers.keys():
            self._answers[document_id] = asked[self.company.papers[document_id].number]

    def _asked(self) -> Counter[int]:
        """Count the calls about each paper, answered or not."""
        return Counter(number for text in self.world.model.documents() if (number := number_in(text)) is not None)

    # -- in the end

    def judge(self) -> Counter[str]:
        """Compare everything with what has to be, and count what is wrong."""
        for job in self.world.store.jobs():
            if job.finished_at is None:
                self.find("stuck", f"job {job.id} of document {job.document_id} is {job.state}: {job.reason}")
        ends = Counter((job.document_id, job.kind, job.state) for job in self.world.store.jobs())
        for document_id, paper in self.company.papers.items():
            self._judge_jobs(document_id, paper, ends)
            self._judge_tags(document_id, paper)
            self._judge_fields(document_id, paper)
            self._judge_history(document_id, paper)
            notes = len(self.world.archive.notes(document_id))
            if notes != int(paper.sort is Sort.BAD):
                self.find("doubled" if notes else "lost", f"document {document_id} has {notes} notes")
        self._judge_costs()
        return self.counts

    def _judge_jobs(self, document_id: int, paper: Paper, ends: Counter[tuple[int, str, str]]) -> None:
        for kind, end in paper.jobs.items():
            times = sum(ends[document_id, kind, state] for state in ("succeeded", "failed"))
            if ends[document_id, kind, end] == 0:
                self.find("lost", f"{kind} of document {document_id} has not {end}")
            elif times > int(end != "cancelled"):
                self.find("doubled", f"{kind} of document {document_id} was done {times} times")

    def _judge_tags(self, document_id: int, paper: Paper) -> None:
        tags = self.world.archive.tag_names(document_id)
        filed = set() if paper.is_withdrawn else {TAG_DONE, *paper.letter.tags}
        wanted = {Sort.LETTER: filed, Sort.SCAN: {OCR_DONE}, Sort.BOTH: {OCR_DONE, *filed}, Sort.BAD: {FAILED}}
        if tags & TRIGGERS:
            self.find("lost", f"document {document_id} carries {tags}")
        elif tags != wanted[paper.sort] | paper.tags:
            self.find("wrong content", f"document {document_id} ({paper}) carries {tags}")

    def _judge_fields(self, document_id: int, paper: Paper) -> None:
        filed = "tagging" in paper.jobs and not paper.is_withdrawn
        wanted = {**(paper.letter.fields if filed else UNFILED)}
        if paper.title is not None:
            wanted["title"] = paper.title
        if (filing := self.world.filing(document_id)) != wanted:
            self.find("wrong content", f"document {document_id} ({paper}): {filing}")
        text = {
            Sort.LETTER: paper.letter.text,
            Sort.SCAN: "\n".join(paper.pages),
            Sort.BOTH: "\n".join(paper.pages),
            Sort.BAD: "",
        }[paper.sort]
        text = paper.content or text.removeprefix("# ")
        if (content := self.world.archive.document(document_id)["content"]).split() != text.split():
            self.find("wrong content", f"document {document_id} reads {content!r}, not {text!r}")

    def _judge_history(self, document_id: int, paper: Paper) -> None:
        """Look at what Paperless saw: each job writes each field once at the most, and the tags once."""
        filed = "tagging" in paper.jobs and not paper.is_withdrawn
        most = Counter({"tags": len(paper.jobs) - paper.is_withdrawn, "content": int("ocr" in paper.jobs)})
        most.update({name: int(filed) for name in FILING})
        most["content"] -= int(paper.content is not None or paper.sort is Sort.BAD)
        written = Counter(name for entry in self.world.our_history(document_id) for name in entry)
        for name, times in written.items():
            if times <= most[name]:
                continue
            words = f"document {document_id} ({paper}): {name} written {times} times"
            if name == "tags" and times == most[name] + 1 and self._is_again(document_id):
                self.again.append(words)
            else:
                self.find("doubled" if most[name] else "wrong content", words)

    def _is_again(self, document_id: int) -> bool:
        """Say whether one change of tags came from a program that had just woken up, and changed nothing."""
        if not self.thaws:
            return False
        entries = [entry["changes"]["tags"] for entry in self.world.archive.history(document_id)
                   if "tags" in entry["changes"] and isinstance(entry["changes"]["tags"], list)]  # fmt: skip
        after = [frozenset(tags) for _, tags in reversed(entries)]
        same = any(one >= other for other, one in pairwise(after))
        sent = [one for one in self.world.requests("POST", "/bulk_edit/") if document_id in _documents(one.json)]
        woken = any(0 < one.started_s - thaw < AT_ONCE_S for one in sent[1:] for thaw in self.thaws)
        return same and woken

    def _judge_costs(self) -> None:
        asked = self._asked()
        for document_id, times in self._answers.items():
            number = self.company.papers[document_id].number
            if asked[number] <= times:
                continue
            words = f"the model was asked {asked[number] - times} times more about document {document_id}"
            last_s = max(call.started_s for call in self.world.model.calls() if number_in(call.document) == number)
            is_woken = any(0 < last_s - thaw < AT_ONCE_S for thaw in self.thaws)
            if is_woken and asked[number] == times + 1:
                self.again.append(words)
            else:
                self.find("paid twice", words)
        for job_id, times in self.world.store.usable_answers().items():
            if times > 1 and not self.thaws:  # whoever was frozen while the model thought pays for what comes too late
                self.find("paid twice", f"job {job_id} paid for {times} usable answers")
        readings = self.world.ledger.readings()
        newest: Counter[int] = Counter()
        for one in readings:
            newest[one.document] = max(newest[one.document], one.lease)
        under_way: Counter[tuple[int, int]] = Counter()
        for index, one in enumerate(readings):
            if one.ended or index < self._pages.get((one.document, one.page), index + 1):
                continue
            words = f"page {one.page} of document {one.document} was read again, under lease {one.lease}"
            under_way[one.document, one.lease] += 1
            if self.thaws and one.lease < newest[one.document] and under_way[one.document, one.lease] <= CORES:
                self.again.append(words)
            else:
                self.find("paid twice", words)


def _documents(body: Any) -> list[int]:
    body = json.loads(body) if isinstance(body, str | bytes) else body
    return list((body or {}).get("documents", []))
