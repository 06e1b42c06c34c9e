"""A document that the sidecar's user may look at and not change: nothing is paid for it, and it is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sidecar.domain.job import State
from sidecar.domain.trigger import UNMARKED
from sidecar.practice.faults import Answer, Fault
from sidecar.worker.clock import Clock
from sidecar.worker.intake import ONLY_TO_BE_SEEN
from tests.worker.conftest import World

REFUSED = Answer(403, body='{"detail": "You do not have permission to perform this action."}')


@pytest.mark.parametrize("trigger", ["auto-tag", "auto-ocr"])
async def test_nothing_is_read_or_asked_where_the_answer_could_not_be_written(world: World, trigger: str) -> None:
    user = world.archive.add_user("sidecar", "sidecar-token")
    document = world.letter(trigger)
    world.archive.share(document, user)
    for _ in range(3):
        jobs = await world.drain(paperless_token="sidecar-token")
    assert [(job.state, job.reason) for job in jobs] == [(State.FAILED, f"{ONLY_TO_BE_SEEN} {UNMARKED}")]
    assert world.model.calls() == []
    assert world.archive.tag_names(document) == {trigger}
    paths = [exchange.path for exchange in world.archive.requests()]
    assert not [path for path in paths if "download" in path], "its file is not even fetched"


async def test_a_document_on_which_no_failure_can_be_marked_is_left_alone_for_a_day(world: World) -> None:
    document = world.letter("auto-tag")
    for method, path in (("PATCH", f"documents/{document}/"), ("POST", "bulk_edit"), ("POST", "notes")):
        world.archive.faults.add(Fault(method=method, path=path, answer=REFUSED))
    ended = []
    for hours in (0, 2, 5, 23, 25):  # each of them a program that was started anew
        later = Clock(now=lambda by=hours: datetime.now(UTC) + timedelta(hours=by))
        jobs = await world.drain(clock=later, lease_s=180.0, paperless_timeout_s=5.0)
        ended.append(len(jobs))
    assert ended == [1, 1, 1, 1, 2]
    assert {job.state for job in jobs} == {State.FAILED}
    assert all(str(job.reason).endswith(UNMARKED) for job in jobs)
    assert len(world.model.calls()) == 1
