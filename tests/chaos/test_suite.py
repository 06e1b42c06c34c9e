"""A short slice of the trials; `make chaos` runs all of them, at full size."""

from pathlib import Path

import pytest

from tests.chaos.suite import TRIALS

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(600)]

#: How much of a trial, by the setting of its size.
SLICES = {
    "kills-sqlite": {"KILLS": 3},
    "kills-postgres": {"KILLS": 3},
    "servers-sqlite": {"RESTARTS": 2},
    "wire-sqlite": {"WIRE": 4},
}
SEED = 20261124


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_of_chaos_loses_doubles_and_pays_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for setting, number in SLICES[name].items():
        monkeypatch.setenv(f"CHAOS_{setting}", str(number))
    row = TRIALS[name](tmp_path / "world", SEED)
    assert row.said == ()
    assert row.counts.total() == 0
    assert row.trials > 0
