"""The practice archive answers recorded requests as a real paperless-ngx 3.0.5 did."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.archive_system import ALL_RIGHTS, OTHER_RIGHTS
from tests.practice import replay
from tests.practice.replay import Step
from tests.practice.replay_table import BEFORE, BY_HAND, LACKING, LOGINS, SHAPE, TRASH, UPLOAD
from tests.practice.world import fill_up_to, fill_up_to_20, seed
from tests.waiting import until

NAMES = (Path(__file__).parent / "replayed.txt").read_text().split()
OWNER = "Token practice-token"


@pytest.fixture
def prepared(name: str, tmp_path: Path, http: httpx.Client) -> Iterator[PracticeArchive]:
    """An archive in the state the recording was made in, as far as it matters."""
    archive = PracticeArchive(tmp_path / "archive")
    recording = replay.load(name)
    if not (recording.status == 201 and "_create_" in name):
        seed(archive)
    if TRASH in BEFORE.get(name, []) or name == "document_delete_204":
        fill_up_to_20(archive)
    if UPLOAD in BEFORE.get(name, []):
        fill_up_to(archive, 8)
    rights = {*ALL_RIGHTS, *OTHER_RIGHTS} - LACKING.get(name, set())
    archive.add_user("sidecar", "plain-token", permissions=rights)
    with archive:
        for step in BEFORE.get(name, []):
            prepare(archive, step, http)
        yield archive


def prepare(archive: PracticeArchive, step: Step, http: httpx.Client) -> None:
    """Do one step, and wait for the version it makes."""
    headers = {"Authorization": OWNER, "Content-Type": "application/json"}
    if step == UPLOAD:
        del headers["Content-Type"]
    sent = replay.sent(step.body)
    http.request(step.method, archive.url + step.path, headers=headers, **sent).raise_for_status()
    if step == UPLOAD:
        until(lambda: not archive.state.rows("SELECT 1 FROM tasks WHERE status = 'pending'"))


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_request_gets_the_recorded_answer(name: str, prepared: PracticeArchive, http: httpx.Client) -> None:
    recording = replay.load(name)
    login = "Token plain-token" if name in LACKING else LOGINS.get(name, OWNER)
    response = replay.send(http, prepared.url, recording, login)
    expected, got = replay.ours(response, recording.body), replay.of(response)
    assert response.status_code == recording.status
    assert replay.headers_of(response.headers) == replay.headers_of(recording.headers)
    if isinstance(expected, dict) and expected.get("_binary"):
        assert response.content
    elif name in SHAPE:
        assert replay.shape(got) == replay.shape(expected)
    else:
        assert replay.comparable(got) == replay.comparable(expected)
        assert replay.shape(got) == replay.shape(expected) or "permissions" in str(expected)


def test_what_the_tables_say_is_about_recordings_that_are_replayed() -> None:
    assert {*BEFORE, *LACKING, *LOGINS, *SHAPE} <= set(NAMES)
    assert {*NAMES, *BY_HAND} <= {path.stem for path in replay.RECORDINGS.glob("*.json")}
