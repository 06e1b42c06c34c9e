"""Every place where dying matters, by name, and the scene in which a program comes there.

Two points for each store function that writes: inside the transaction before the commit, and after the commit was
acknowledged and before anything was made of it. Three for each sort of request that changes Paperless: before it is
sent, sent and not answered, answered and the answer lost. And the steps between them.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sidecar.store import journal, ledger, pages, queue, report, rescue, sharing
from sidecar.store.transaction import Mode, mode_of

ROOMS = (journal, ledger, pages, queue, report, rescue, sharing)

#: Store functions that run only inside the commit of another one, which has their points.
INSIDE = {"pages.keep_answer": "ledger.record", "queue.progress": "pages.checkpoint"}
#: Store functions that only the programs of a shared store come to.
SHARED = {"sharing.park", "sharing.unpark", "sharing.take_slot", "sharing.leave_slot"}
#: Store functions that only a program which is alone on its store comes to.
ALONE: set[str] = set()
#: The scene for a store function that daily work does not come to.
SCENES = {
    "queue.hasten": "hasten",
    "queue.withdraw": "withdraw",
    "rescue.shift": "leap",
    "rescue.straighten": "set_back",
    "report.prune": "prune",
    "rescue.rescue": "orphans",
}
#: Sorts of requests that change Paperless.
REQUESTS = ("fields", "tags", "note", "name")
STEPS = {
    "poll: list read": "Paperless has said what is tagged, and nothing is enqueued",
    "page: drawn": "in the middle of a page: its image is on the disk, Tesseract has not begun",
    "page: read": "Tesseract is done, and nothing is kept",
    "model: before it is asked": "the question is ready",
    "model: answered": "the answer was paid for, and nothing is kept",
    "delivery: before the first look": "the proposal stands, nothing is known of the document as it is now",
    "delivery: decided": "what to write is decided, no intent is on the disk",
    "delivery: between fields and tags": "the fields are written, the tags are not",
    "delivery: before the read-back": "all is written, nothing was looked at again",
}


@dataclass(frozen=True)
class Point:
    """One place to die."""

    name: str
    #: In words, for the reader of the table.
    meaning: str
    #: What has to be going on for a program to come there.
    scene: str = "work"
    #: The backends on which a program comes there.
    backends: tuple[str, ...] = ("sqlite", "postgres")


def writing_functions() -> dict[str, Callable[..., Any]]:
    """Give every store function that writes, by room and name."""
    found = {}
    for room in ROOMS:
        for name, function in inspect.getmembers(room, inspect.isfunction):
            is_ours = function.__module__ == room.__name__ and not name.startswith("_")
            takes_tx = next(iter(inspect.signature(function).parameters), "") == "tx"
            if (
                is_ours
                and takes_tx
                and name not in ("note_event", "assert_mine")
                and mode_of(function) is not Mode.READ
            ):
                found[f"{room.__name__.rpartition('.')[2]}.{name}"] = function
    return found


def _points() -> Iterator[Point]:
    for name in writing_functions():
        if name in INSIDE:
            continue
        backends = ("postgres",) if name in SHARED else ("sqlite",) if name in ALONE else ("sqlite", "postgres")
        scene = SCENES.get(name, "work")
        yield Point(f"{name}: before the commit", "everything is said, nothing is committed", scene, backends)
        yield Point(f"{name}: after the commit", "committed, and nothing made of it yet", scene, backends)
    for sort in REQUESTS:
        yield Point(f"{sort}: before it is sent", "all checks passed, not a byte is out")
        yield Point(f"{sort}: sent", "Paperless has the request, no answer was read")
        yield Point(f"{sort}: answer lost", "Paperless did it and answered, and nobody heard it")
    for name, meaning in STEPS.items():
        yield Point(name, meaning)


POINTS = {point.name: point for point in _points()}
