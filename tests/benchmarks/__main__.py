"""Measure the sidecar and print a table: `python -m tests.benchmarks [name ..]`; without a name, all of them.

Figures are for reading beside the promises they belong to; nothing here passes or fails, and nothing else should run
on the machine meanwhile.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    filing,
    filing_accuracy,
    first_page,
    idle,
    memory,
    ocr_accuracy,
    ocr_auto,
    ocr_speed,
    pickup,
    queue_bulk,
    queue_contest,
    queue_growth,
    throughput,
)
from tests.benchmarks.figures import Figure

BENCHMARKS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "throughput": throughput.measure,
    "first_page": first_page.measure,
    "filing": filing.measure,
    "idle": idle.measure,
    "memory": memory.measure,
    "queue_contest": queue_contest.measure,
    "queue_growth": queue_growth.measure,
    "queue_bulk": queue_bulk.measure,
    "pickup": pickup.measure,
}
#: What takes packages of its own, or long, and is run by name only.
BY_NAME: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "ocr_speed": ocr_speed.measure,
    "ocr_accuracy": ocr_accuracy.measure,
    "ocr_auto": ocr_auto.measure,
    "filing_accuracy": filing_accuracy.measure,
}


def main(names: list[str]) -> None:
    """Run the named benchmarks and print what they found."""
    every = BENCHMARKS | BY_NAME
    unknown = set(names) - set(every)
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(every)}")
    table = Table("what", "measured", "promised", title="Paperless Sidecar, measured")
    for name in names or BENCHMARKS:
        print(f"measuring {name} ..", flush=True)
        with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
            for figure in every[name](Path(folder)):
                print(f"  {figure.what}: {figure.measured}", flush=True)
                table.add_row(figure.what, figure.measured, figure.promised)
        table.add_section()
    Console(width=120).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
