"""A world for each scenario."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An archive, a model and a sidecar with fast retries; its log is shown when the test fails.

    No scenario may make the sidecar stumble over itself: a traceback in the log fails the test.
    """
    with World(tmp_path) as world:
        yield world
    print(world.sidecar.log, *world.store.stories(), sep="\n")
    assert "Traceback" not in world.sidecar.log, "the log holds a traceback"
