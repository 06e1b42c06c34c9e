"""Practice servers for the tests of the practice servers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from tests.practice.world import seed

TOKEN = "practice-token"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[PracticeArchive]:
    """A running, empty practice archive."""
    with PracticeArchive(tmp_path / "archive", token=TOKEN) as running:
        running.state.bulk_update_delay_s = 0.0
        running.state.consume_delay_s = 0.0
        yield running


@pytest.fixture
def world(archive: PracticeArchive) -> PracticeArchive:
    """A running practice archive with the recorded server's names and documents."""
    seed(archive)
    return archive


@pytest.fixture
def api(archive: PracticeArchive) -> Iterator[httpx.Client]:
    """A client of the practice archive, logged in."""
    with httpx.Client(base_url=archive.url, headers={"Authorization": f"Token {TOKEN}"}) as client:
        yield client


@pytest.fixture
def model() -> Iterator[PracticeModel]:
    """A running practice model."""
    with PracticeModel() as running:
        yield running
