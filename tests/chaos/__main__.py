"""Chaos, and a table of what it did: `python -m tests.chaos [name ..]`; without a name, all of it (`make chaos`).

Every count must be 0; the exit code is 1 if one is not. CHAOS_SEED repeats a run, CHAOS_KILLS and its like set sizes
(suite.py names them all).
"""

import random
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.suite import TRIALS
from tests.chaos.trials import Row, size
from tests.chaos.verdict import SORTS


def main(names: list[str]) -> int:
    """Run the named trials, print the table, and give the exit code."""
    unknown = set(names) - set(TRIALS)
    if unknown:
        sys.exit(f"no such trial: {', '.join(sorted(unknown))}. There are: {', '.join(TRIALS)}")
    seed = size("SEED", random.randrange(1_000_000))
    rows, broken = [], []
    for name in names or TRIALS:
        print(f"{name} ..", flush=True)
        row = _tried(name, seed)
        if row is None:
            broken.append(name)
            continue
        rows.append(row)
        print(f"  {row.trials} trials in {row.seconds:.0f} s", *row.said, *row.notes, sep="\n  ", flush=True)
    Console(width=150).print(_table(rows, seed))
    if broken:
        print(f"These came to no end, see above: {', '.join(broken)}")
    return int(bool(broken) or any(row.counts.total() for row in rows))


def _tried(name: str, seed: int) -> Row | None:
    """Run one trial; None if it came to no end, so that the others are run all the same."""
    with tempfile.TemporaryDirectory(prefix="sidecar-chaos-") as folder:
        try:
            return TRIALS[name](Path(folder) / "world", seed)
        except BaseException as error:  # pytest's own way to fail is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            traceback.print_exc()
            return None


def _table(rows: list[Row], seed: int) -> Table:
    table = Table("what", "store", title=f"Chaos (CHAOS_SEED={seed})")
    for heading in ("trials", *SORTS, "seconds"):
        table.add_column(heading, justify="right")
    for row in rows:
        counts = [str(row.counts[sort]) for sort in SORTS]
        table.add_row(row.what, row.backend, str(row.trials), *counts, f"{row.seconds:.0f}")
    total: Counter[str] = sum((row.counts for row in rows), Counter())
    table.add_section()
    figures = (sum(row.trials for row in rows), *(total[sort] for sort in SORTS), round(sum(r.seconds for r in rows)))
    table.add_row("all", "", *map(str, figures))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
