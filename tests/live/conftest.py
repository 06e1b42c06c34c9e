"""A real Paperless, the practice model, and a sidecar between them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.practice.model import NAME, PracticeModel
from tests.live.paperless import LivePaperless
from tests.scenarios.jobs import FileStore
from tests.scenarios.letters import NAMES
from tests.scenarios.program import Program


@dataclass(frozen=True)
class Live:
    """The three of them, and the tags by which they talk."""

    paperless: LivePaperless
    model: PracticeModel
    sidecar: Program
    store: FileStore
    ocr: str
    tag: str
    ocr_done: str
    tag_done: str
    failed: str
    review: str
    approve: str
    reject: str
    undo: str


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """Everything for one journey; what was made in Paperless is removed afterwards."""
    url, token = os.environ.get("PAPERLESS_URL"), os.environ.get("PAPERLESS_TOKEN")
    if not url or not token:
        pytest.skip("PAPERLESS_URL and PAPERLESS_TOKEN name no Paperless")  # only a real one can be tested against
    with LivePaperless(url, token) as paperless, PracticeModel() as model:
        for kind, names in NAMES.items():
            for name in names:
                paperless.ensure(kind, name)
        words = ("ocr", "tag", "ocr-done", "tag-done", "failed", "review", "approve", "reject", "undo")
        tags = {word: paperless.tag(word) for word in words}
        settings = {
            "PAPERLESS_URL": url,
            "PAPERLESS_TOKEN": token,
            "OPENAI_BASE_URL": model.url,
            "LLM_MODEL": NAME,
            "DATA_DIR": tmp_path / "data",
            "OCR_DPI": 150,
            "POLL_INTERVAL_S": 1,
            "AUTO_OCR_TAG": tags["ocr"],
            "AUTO_TAG": tags["tag"],
            "OCR_DONE_TAG": tags["ocr-done"],
            "TAG_DONE_TAG": tags["tag-done"],
            "FAIL_TAG": tags["failed"],
            "AUTO_REVIEW_TAG": tags["review"],
            "AUTO_APPROVE_TAG": tags["approve"],
            "AUTO_REJECT_TAG": tags["reject"],
            "AUTO_UNDO_TAG": tags["undo"],
        }
        sidecar = Program(tmp_path, settings)
        try:
            yield Live(paperless, model, sidecar, FileStore(tmp_path / "data"), *tags.values())
        finally:
            sidecar.kill_all()
    print(sidecar.log)
    assert token not in sidecar.log
    assert "Traceback" not in sidecar.log
