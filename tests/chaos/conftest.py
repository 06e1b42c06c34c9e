"""One line about the walk, whoever walked its pairs: how many, and what was wrong."""

from collections import Counter

import pytest

from tests.chaos.verdict import SORTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add the pairs up; a pair that was begun and has no result came to no end."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind) if one.when == "call"]
    walks = [found for one in reports if "walked" in (found := dict(one.user_properties))]
    if not walks:
        return
    wrong: Counter[str] = sum((Counter(walk.get("wrong", {})) for walk in walks), Counter())
    counts = ", ".join(f"{sort} {wrong[sort]}" for sort in SORTS)
    endless = sum("wrong" not in walk for walk in walks)
    backends = " and ".join(sorted({walk["walked"] for walk in walks}))
    terminalreporter.write_line(f"points: {len(walks)} pairs walked on {backends}: {counts}, came to no end {endless}")
