"""Waiting for what happens in the background."""

import threading
import time
from collections.abc import Callable

PATIENCE_S = 10.0


def eventually(holds: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail when it has not within PATIENCE_S."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.005)
