"""How well documents are filed, and for how many tokens: ours beside two other ways to ask, same model, same papers.

`make bench-filing` with BENCH_LLM_URL, BENCH_LLM_MODEL and, where it takes one, BENCH_LLM_KEY; without them on a few
papers with SmolLM2 on llama.cpp, which says that it runs and what it costs in tokens, but hardly anything of accuracy:
the model is far too small, and what is right was found by code. BENCH_SROIE names the public set, BENCH_DOCUMENTS how
many papers. Ours is the whole product: papers in a practice archive, tagged, filed by the program, and read back.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.found import found_in
from sidecar.domain.vocabulary import Name, Names, Vocabulary, fold
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.samples import text_pdf
from tests.benchmarks.figures import Figure
from tests.benchmarks.filing_rivals import Answered, Rivals
from tests.benchmarks.filing_set import Paper, PaperSet, papers
from tests.scenarios.program import Program

DOCUMENTS, FEW = 120, 6
CONTEXT_TOKENS = 8192
AMOUNT = "Amount"


@dataclass(slots=True)
class Tally:
    """One way, over all papers."""

    right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("correspondent", "date", "amount"), 0))
    asked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("correspondent", "date", "amount"), 0))
    papers: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def add(self, paper: Paper, found: Answered) -> None:
        """Count one paper."""
        self.papers += 1
        self.calls += found.calls
        self.input_tokens += found.input_tokens
        self.output_tokens += found.output_tokens
        is_right = {
            "correspondent": fold(found.company or "") == fold(paper.company),
            "date": found.day == paper.day,
            "amount": found.amount == paper.amount,
        }
        known = {"correspondent": True, "date": paper.day is not None, "amount": paper.amount is not None}
        for name, right in is_right.items():
            self.asked[name] += known[name]
            self.right[name] += known[name] and right

    @property
    def tokens(self) -> float:
        """Tokens a paper, in and out."""
        return (self.input_tokens + self.output_tokens) / max(self.papers, 1)

    def in_words(self) -> str:
        """Say how it did."""
        parts = [f"{name} {self.right[name]} of {self.asked[name]}" for name in self.right]
        each = f"{self.calls / max(self.papers, 1):.1f} calls and {self.tokens:.0f} tokens a paper"
        return f"{', '.join(parts)}; {each}; {self.seconds / max(self.papers, 1):.1f} s a paper"


def measure(folder: Path) -> Iterator[Figure]:
    """File the papers in three ways."""
    with _endpoint() as (url, model, key, is_small):
        count = int(os.environ.get("BENCH_DOCUMENTS") or (FEW if is_small else DOCUMENTS))
        chosen = papers(count)
        yield Figure("papers", f"{len(chosen.papers)}, {chosen.name}; {len(chosen.companies)} correspondents")
        yield Figure("model", f"{model}{' (far too small to judge anything)' if is_small else ''}")
        ours = _ours(folder, chosen, url, model, key)
        yield Figure("ours: one call with lists", ours.in_words())
        yield Figure("what code finds, no model asked", _found(chosen).in_words())
        rivals = Rivals(url, model, key, chosen.companies)
        with closing(rivals):
            suggestions = _rival(chosen, rivals.suggestions)
            yield Figure("suggestions: first 4,000 characters, no lists", suggestions.in_words(), "less than ours")
            single = _rival(chosen, rivals.field_by_field)
            yield Figure("field by field", single.in_words(), "less than ours")
    yield Figure("tokens, ours of field by field", f"{ours.tokens / max(single.tokens, 1):.2f}", "0.33 at most")


@contextlib.contextmanager
def _endpoint() -> Iterator[tuple[str, str, str, bool]]:
    """Give the endpoint that is set up, or one with the small model."""
    url = os.environ.get("BENCH_LLM_URL")
    if url:
        yield url, os.environ.get("BENCH_LLM_MODEL", ""), os.environ.get("BENCH_LLM_KEY", "none"), False
        return
    server = importlib.import_module("tests.engines.llama_server")
    with server.serving(CONTEXT_TOKENS) as (small, _):
        yield small, "smollm2", "none", True


def _found(chosen: PaperSet) -> Tally:
    """Take what the question says code found in the text for the answer."""
    field = CustomField(1, AMOUNT, DataType.MONETARY, currency=chosen.currency)
    names = [Name(number, company) for number, company in enumerate(chosen.companies, start=1)]
    vocabulary = Vocabulary(names={Names.CORRESPONDENTS: names}, fields=(field,))
    tally = Tally()
    for paper in chosen.papers:
        found = found_in(paper.text, vocabulary, ("correspondent", "created"), [field], today=datetime.now(UTC).date())
        custom, day = found.get("custom_fields"), found.get("created")
        amount = re.search(r"\d[\d,]*\.?\d*", custom[AMOUNT]) if isinstance(custom, dict) else None
        tally.add(
            paper,
            Answered(
                company=str(found.get("correspondent") or ""),
                day=date.fromisoformat(day) if isinstance(day, str) else None,
                amount=Decimal(amount[0].replace(",", "")) if amount else None,
            ),
        )
    return tally


def _rival(chosen: PaperSet, ask: Callable[[str], Answered]) -> Tally:
    tally, began_s = Tally(), time.monotonic()
    for paper in chosen.papers:
        tally.add(paper, ask(paper.text))
    tally.seconds = time.monotonic() - began_s
    return tally


def _ours(folder: Path, chosen: PaperSet, url: str, model: str, key: str) -> Tally:
    """File all papers with the program, and read from the archive and the ledger what came of it."""
    tally = Tally()
    with PracticeArchive(folder / "archive") as archive:
        for name in chosen.companies:
            archive.add_name("correspondents", name)
        extra = {"default_currency": chosen.currency, "select_options": []}
        amount = archive.add_name("custom_fields", AMOUNT, data_type="monetary", extra_data=extra)
        page = text_pdf(["A paper."])
        numbers = {
            archive.add_document(page, title="scan", content=paper.text, tags=["auto-tag"]): paper
            for paper in chosen.papers
        }
        program = Program(
            folder,
            {
                "PAPERLESS_URL": archive.url, "PAPERLESS_TOKEN": archive.token, "OPENAI_BASE_URL": url,
                "LLM_MODEL": model, "OPENAI_API_KEY": key, "LLM_TIMEOUT_S": 600, "DATA_DIR": folder / "data",
                "ADD_TAGS": "false", "DOCUMENT_TYPE_POLICY": "off", "CUSTOM_FIELDS": AMOUNT, "SIMILAR_DOCUMENTS": 0,
                "NAMES_LIMIT": 500, "TAGGING_CONCURRENCY": 1, "MAX_ATTEMPTS": 2, "RETRY_BASE_S": 1, "RETRY_CAP_S": 2,
                "LLM_MAX_TOKENS": 300,
            },
        )  # fmt: skip
        began_s = time.monotonic()
        program.drain(within_s=36_000)
        for number, paper in numbers.items():
            tally.add(paper, _filed(archive, number, amount))
        tally.seconds = time.monotonic() - began_s
    with closing(sqlite3.connect(folder / "data" / "sidecar.db")) as store:
        sums = "SELECT COUNT(*), SUM(input_tokens), SUM(output_tokens) FROM ledger"
        tally.calls, tally.input_tokens, tally.output_tokens = (one or 0 for one in store.execute(sums).fetchone())
    return tally


def _filed(archive: PracticeArchive, number: int, amount: int) -> Answered:
    document = archive.document(number)
    row = archive.state.row(
        "SELECT name FROM names WHERE kind = 'correspondents' AND id = ?", (document["correspondent"],)
    )
    values = {one["field"]: one["value"] for one in document["custom_fields"]}
    held = str(values.get(amount) or "")
    return Answered(
        company=row["name"] if row else None,
        day=date.fromisoformat(document["created"]),
        amount=Decimal(held.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) if held else None,
    )
