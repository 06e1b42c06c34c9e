"""A power cut at any write or sync: durable commits are all there, others are missing from the end only, none by half.

Each seed is a day of work and a moment; the disk keeps what was synced and, torn, some sectors of the rest.
`make test` takes some seeds, POWER_CUTS=200 takes so many.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.errors import StoreError
from sidecar.domain.job import Kind
from sidecar.store import keeping, queue, rescue, schema, sqlite
from sidecar.store.sqlite import SqliteDatabase
from sidecar.store.transaction import Mode, Transaction, mode_of, reading
from tests.store.conftest import LEASE, NOW
from tests.store.disk import Disk, opened_on
from tests.store.story import SETTLE, Story
from tests.store.together import together

SEEDS = int(os.environ.get("POWER_CUTS", "20"))
COMMITS = 80
#: Syncs only at checkpoints; what a durable commit must not be.
RELAXED_ONLY = {"PRAGMA synchronous=FULL": "PRAGMA synchronous=NORMAL"}
NO_SYNC = {**RELAXED_ONLY, **{f"PRAGMA synchronous={how}": "PRAGMA synchronous=OFF" for how in ("FULL", "NORMAL")}}


@dataclass
class Cut:
    """What was promised before the cut, and what was found after it; commits are counted from the first."""

    #: The last durable commit that was acknowledged.
    durable: int
    #: The last one that was acknowledged; one more may have been under way.
    acknowledged: int
    #: The one up to which everything was found, and nothing else; None if it is no moment of the story.
    found: int | None

    @property
    def is_kept(self) -> bool:
        return self.found is not None and self.durable <= self.found <= self.acknowledged + 1


@reading
def everything(tx: Transaction) -> int:
    """Sum up all rows of all tables."""
    tables = [table.name for table in schema.metadata.sorted_tables]
    return hash(tuple(tuple(tx.rows(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in tables))  # noqa: S608


@pytest.fixture(scope="module")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("new") / "sidecar.db"
    db = SqliteDatabase(file)
    db.migrate()
    db.close()
    return file


@pytest.fixture(autouse=True)
def frequent_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short story must have some, and the cut may come in the middle of one."""
    monkeypatch.setattr(sqlite, "WAL_LIMIT_BYTES", 64 * 1024)
    monkeypatch.setattr(sqlite, "WRITES_BETWEEN_LOOKS", 8)


async def lived(db: SqliteDatabase, story: Story, disk: Disk, moments: list[int], durable: list[int]) -> None:
    """Live until the cut, or so many commits; keep the sum of each moment, and which commits were durable."""
    moments.append(await db.run(everything))
    while disk.left is None and len(moments) <= COMMITS:
        asked = story.next()
        story.heard(await together(db, asked))
        moments.append(await db.run(everything))
        if moments[-1] != moments[-2] and any(mode_of(function) is Mode.DURABLE for function, _, _ in asked):
            durable.append(len(moments) - 1)


async def cut_off(seed: int, new_store: Path, folder: Path, *, torn: bool, instead: dict[str, str]) -> Cut:
    """Live through a day until the power goes, and look at what the disk holds then, in `folder`."""
    chance = random.Random(seed)
    kept = chance.choice([0.1, 0.5, 0.9, 0.99])
    moments: list[int] = []
    durable: list[int] = []
    before: list[tuple[int, int]] = []
    disk = Disk(
        chance.randint(1, 1000),
        is_kept=(lambda: chance.random() < kept) if torn else (lambda: False),
        on_cut=lambda: before.append((max(durable, default=0), len(moments) - 1)),
    )
    (folder / "alive").mkdir(parents=True)
    db = opened_on(disk, Path(shutil.copy2(new_store, folder / "alive")), instead)
    await lived(db, Story(seed), disk, moments, durable)
    disk.cut()
    db.close()
    disk.unregister()
    for name, data in (disk.left or {}).items():
        (folder / name).write_bytes(data)
    return Cut(*before[0], found=found_in(folder / "sidecar.db", moments))


def found_in(file: Path, moments: list[int]) -> int | None:
    """Open the store with the system's own SQLite and say up to which moment it holds everything."""
    db = SqliteDatabase(file)
    try:
        now = db.run_now(everything)
        sound = db.check() == [] and db.run_now(keeping.contradictions) == []
    except StoreError:
        return None
    finally:
        db.close()
    return max((n for n, moment in enumerate(moments) if moment == now), default=None) if sound else None


def goes_on(file: Path) -> bool:
    """Say whether the next program can bring all jobs to their end."""
    db = SqliteDatabase(file)
    db.hold_instance()
    db.migrate()
    late = NOW.replace(year=NOW.year + 1)
    db.run_now(rescue.rescue, now=late, everything=True, settle=SETTLE, max_crashes=5)
    db.run_now(rescue.promote, now=late + SETTLE)
    for kind in Kind:
        while job := db.run_now(queue.claim, kind, owner="next", now=late, lease=LEASE):
            db.run_now(queue.succeed, job, changed=True, summary="Done.", now=late)
    finished = not db.run_now(queue.unfinished) and not db.run_now(keeping.contradictions)
    db.close()
    return finished


@pytest.mark.timeout(3600 if SEEDS > 50 else 300)
@pytest.mark.parametrize("torn", [False, True], ids=["clean", "torn"])
async def test_a_power_cut_takes_no_durable_commit_and_no_half_one(new_store: Path, tmp_path: Path, torn: bool) -> None:
    commits, lost = 0, []
    for seed in range(SEEDS):
        cut = await cut_off(seed, new_store, tmp_path / str(seed), torn=torn, instead={})
        assert cut.is_kept, f"seed {seed}: {cut}"
        assert goes_on(tmp_path / str(seed) / "sidecar.db")
        assert cut.found is not None
        commits += cut.acknowledged
        lost.append(max(0, cut.acknowledged - cut.found))
        shutil.rmtree(tmp_path / str(seed))
    print(
        f"{SEEDS} cuts, {commits} commits acknowledged, {sum(lost)} relaxed ones lost, {max(lost)} at the most at once"
    )
    assert max(lost) > 0  # or the disk would not be one that loses anything


@pytest.mark.parametrize("torn", [False, True], ids=["clean", "torn"])
@pytest.mark.parametrize("instead", [RELAXED_ONLY, NO_SYNC], ids=["durable commits not synced", "nothing synced"])
async def test_a_store_that_does_not_sync_is_caught(
    new_store: Path, tmp_path: Path, instead: dict[str, Any], torn: bool
) -> None:
    for seed in range(30):
        cut = await cut_off(seed, new_store, tmp_path / str(seed), torn=torn, instead=instead)
        if not cut.is_kept:
            return
    pytest.fail("thirty cuts took nothing")
