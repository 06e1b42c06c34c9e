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
        running.set_delays(bulk_update_s=0.0, consume_s=0.0)
        yield running


@pytest.fixture
def world(archive: PracticeArchive) -> PracticeArchive:
    """A running practice archive with the recorded server's names and documents."""
    seed(archive)
    return archive


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One client for all tests: making one costs more than most tests here."""
    with httpx.Client(verify=False, timeout=10) as client:  # noqa: S501 - plain HTTP on loopback
        yield client


@pytest.fixture
def api(archive: PracticeArchive) -> Iterator[httpx.Client]:
    """A client of the practice archive, logged in."""
    login = {"Authorization": f"Token {TOKEN}"}
    with httpx.Client(base_url=archive.url, headers=login, verify=False) as client:  # noqa: S501
        yield client


@pytest.fixture
def model() -> Iterator[PracticeModel]:
    """A running practice model."""
    with PracticeModel() as running:
        yield running
