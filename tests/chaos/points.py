"""Every place where dying matters, by name, and the scene in which a program comes there.

Two points for each store function that writes: inside the transaction before the commit, and after the commit was
acknowledged and before anything was made of it. Three for each sort of request that changes Paperless or is paid for:
before it is sent, sent and not answered, answered and the answer lost. And the steps between them.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sidecar import store
from sidecar.store import transaction
from sidecar.store.transaction import Mode

#: Store functions that run only inside the commit of another one, which has their points.
INSIDE = {
    "pages.keep_answer": "ledger.record",
    "pages.reject": "ledger.record",
    "queue.progress": "pages.checkpoint",
}
#: Store functions of the dashboard, one statement each, on which no job's state and no write depends: a death there
#: costs a login, a token or a press of a button.
ASIDE = {
    "sessions.open_session", "sessions.touch", "sessions.close_session", "sessions.close_all",
    "sessions.close_of", "sessions.set_staff",
    "api_tokens.create", "api_tokens.use", "api_tokens.revoke",
    "pauses.pause", "pauses.resume", "queue.prioritize",
}  # fmt: skip
#: Store functions that only the programs of a shared store come to.
SHARED = {
    "sharing.park",
    "sharing.unpark",
    "sharing.take_slot",
    "sharing.leave_slot",
    "copying._receive",
}
#: The scene for a store function that daily work does not come to: see scenes.py for each.
SCENES = {
    "queue.hasten": "hasten",
    "queue.withdraw": "withdraw",
    "rescue.shift": "leap",
    "rescue.straighten": "set_back",
    "keeping.prune": "prune",
    "spending.forget": "prune",
    "ledger.record_alone": "suggest",
    "trials.record": "measure",
    "spending.set_aside": "budget",
    "spending.give_back": "budget",
    "rescue.rescue": "orphans",
    "copying._receive": "move",
    "ledger.record_page": "second",
    "queue.tell": "second",
    "queue.rebase": "layer",
    "pages.forget": "again",
    "made_names.record": "new_names",
    "review.keep": "shown",
    "review.wait": "shown",
    "review.decide": "approved",
    "review.decide_all": "shown",
    "review.edit": "changed",
    "undoing.record": "take_back",
    "undoing.ask": "ask_back",
    "made_names.forget": "leftover",
}
#: Sorts of requests that change Paperless, and the one that is paid for.
REQUESTS = {
    "text": "the text that was read",
    "fields": "the fields of a filing",
    "tags": "the tag delta",
    "note": "why a job was given up",
    "name": "a tag that is missing",
    "question": "what the model is asked",
    "version": "a searchable file as a new version",
    "unnote": "a note that has done its duty",
    "unname": "a name that nobody uses any more",
}
STEPS = {
    "poll: list read": "Paperless has said what is tagged, and nothing is enqueued",
    "page: asked for": "the process that reads pages is about to get one",
    "page: read": "it is read, and nothing is kept",
    "model: answered": "the answer was paid for and understood, and nothing is kept",
    "delivery: before the first look": "the proposal stands, nothing is known of the document as it is now",
    "delivery: decided": "what to write is decided, no intent is on the disk",
    "delivery: between fields and tags": "the fields are written, the tags are not",
    "delivery: before the read-back": "all is written, nothing was looked at again",
    "delivery: looked at again": "all is written and was read back, the job has not ended",
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
    """Give every function of the store that was declared as one that writes, by room and name."""
    for module in pkgutil.iter_modules(store.__path__):
        if not module.ispkg:
            importlib.import_module(f"{store.__name__}.{module.name}")
    return {
        f"{function.__module__.removeprefix('sidecar.store.')}.{function.__name__}": function
        for function, mode in transaction._MODES.items()
        if mode is not Mode.READ and function.__module__.startswith("sidecar.")
    }


def _points() -> Iterator[Point]:
    for name in sorted(writing_functions()):
        if name in INSIDE or name in ASIDE:
            continue
        backends = ("postgres",) if name in SHARED else ("sqlite", "postgres")
        scene = SCENES.get(name, "work")
        yield Point(f"{name}: before the commit", "everything is said, nothing is committed", scene, backends)
        yield Point(f"{name}: after the commit", "committed, and nothing made of it yet", scene, backends)
    for sort, what in REQUESTS.items():
        scene = {"version": "layer", "unnote": "shown", "unname": "leftover"}.get(sort, "work")
        yield Point(f"{sort}: before it is sent", f"{what}: all checks passed, not a byte is out", scene)
        yield Point(f"{sort}: sent", f"{what}: the other side has it, no answer was read", scene)
        yield Point(f"{sort}: answer lost", f"{what}: the other side did it and answered, and nobody heard it", scene)
    yield Point("version: taken", "Paperless has the version, its text is not written yet", "layer")
    for name, meaning in STEPS.items():
        yield Point(name, meaning)


POINTS = {point.name: point for point in _points()}
