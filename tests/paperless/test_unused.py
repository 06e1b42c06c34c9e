"""A name that was made is removed only if nothing in Paperless needs it, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.domain.errors import CancelledError
from sidecar.paperless.http import Http
from sidecar.paperless.unused import UnusedNames
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.samples import text_pdf

Using = Callable[[PracticeArchive, int], object]


def _document(archive: PracticeArchive, _tag: int) -> int:
    return archive.add_document(text_pdf(["A letter"]), title="letter", tags=["Ours"])


def _trash(archive: PracticeArchive, tag: int) -> None:
    archive.delete(_document(archive, tag))


def _parent(archive: PracticeArchive, tag: int) -> None:
    archive.add_name("tags", "Below", parent=tag)


def _workflow(archive: PracticeArchive, tag: int) -> None:
    archive.state.speakers["workflows"] = [{"id": 1, "triggers": [{"id": 1}], "actions": [{"assign_tags": [tag]}]}]


def _view(archive: PracticeArchive, tag: int) -> None:
    archive.state.speakers["saved_views"] = [{"id": 1, "filter_rules": [{"rule_type": 6, "value": str(tag)}]}]


def _nobody_may_look(archive: PracticeArchive, _tag: int) -> None:
    archive.faults.add(Fault(path="/workflows/", answer=Answer(403, body='{"detail": "No."}')))


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (_document, "documents have it"),
        (_trash, "a document in the trash needs it"),
        (_parent, "other tags stand under it"),
        (_workflow, "a workflow needs it"),
        (_view, "a saved view needs it"),
        (_nobody_may_look, "could not be looked up whether a workflow"),
    ],
)
async def test_a_name_that_something_needs_stays(tmp_path: Path, use: Using, said: str) -> None:
    with PracticeArchive(tmp_path) as archive:
        tag = archive.add_name("tags", "Ours", matching_algorithm=0)
        http = Http(archive.url, archive.token)
        assert await UnusedNames(http).why_kept("tags", tag, "Ours") is None
        use(archive, tag)
        assert said in str(await UnusedNames(http).why_kept("tags", tag, "Ours"))
        await http.close()


async def test_a_name_that_a_person_renamed_stays_and_one_that_is_gone_is_gone(tmp_path: Path) -> None:
    with PracticeArchive(tmp_path) as archive:
        tag = archive.add_name("tags", "Theirs", matching_algorithm=0)
        http = Http(archive.url, archive.token)
        names = UnusedNames(http)
        assert "renamed" in str(await names.why_kept("tags", tag, "Ours"))
        await names.remove("tags", tag)
        with pytest.raises(CancelledError):
            await names.why_kept("tags", tag, "Theirs")
        await http.close()


async def test_a_name_that_is_told_to_match_by_itself_stays(tmp_path: Path) -> None:
    with PracticeArchive(tmp_path) as archive:
        tag = archive.add_name("tags", "Ours", matching_algorithm=1)
        http = Http(archive.url, archive.token)
        assert "by itself" in str(await UnusedNames(http).why_kept("tags", tag, "Ours"))
        await http.close()
