"""Each mechanism in turn is switched off, and the scenario that is green with it turns red, as it must without it.

A scenario gives what is wrong in the end, in words; nothing wrong is an empty list.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.practice.faults import Answer, Fault
from tests.chaos.mechanisms import SWITCHES
from tests.postgres import drop_schema, new_schema
from tests.scenarios.letters import letter
from tests.scenarios.program import Run
from tests.scenarios.world import TAG_DONE, World
from tests.waiting import until

pytestmark = pytest.mark.scenario

LEASE_S, TIMEOUT_S = 3, 1


class Stage:
    """A world in which all programs run without one mechanism, or with all of them."""

    def __init__(self, world: World, without: str) -> None:
        self.world = world
        self._without = without
        world.sidecar.settings |= {"LEASE_S": LEASE_S, "PAPERLESS_TIMEOUT_S": TIMEOUT_S}

    def start(self, *arguments: str, point: str = "", action: str = "", name: str = "one", also: str = "") -> Run:
        """Start a program; `name` tells replicas apart. `also` is switched off in any case."""
        folder = self.folder(name)
        folder.mkdir(exist_ok=True)
        return self.world.sidecar.start(
            *arguments,
            module="tests.chaos.launcher",
            CHAOS_POINT=point,
            CHAOS_ACTION=action,
            CHAOS_FOLDER=folder,
            CHAOS_WITHOUT=",".join(filter(None, (self._without, also))),
            DATA_DIR=self.world.folder / "data" / (name if self.world.schema else ""),
        )

    def folder(self, name: str) -> Path:
        """Where a program says that it came to its point, and is told to go on."""
        return self.world.folder / f"chaos-{name}"

    def until_hit(self, name: str = "one") -> None:
        """Wait until a program came to its point."""
        until((self.folder(name) / "hit").exists, f"{name} comes to its point")

    def until_done(self, document_id: int) -> None:
        """Wait until nothing is left to do, and a round of polls longer."""
        self.world.until_finished(document_id)
        polls = self.world.polls()
        until(lambda: self.world.polls() >= polls + 2, "two more polls")
        self.world.until_finished(document_id)

    def wrong(self, document_id: int) -> list[str]:
        """What is not as it has to be after one filing of letter 0."""
        jobs = [(job.kind, job.state) for job in self.world.store.jobs()]
        history = sorted("+".join(sorted(entry)) for entry in self.world.our_history(document_id))
        found = []
        if jobs != [("tagging", "succeeded")]:
            found.append(f"jobs are {jobs}")
        if history != ["correspondent+created+document_type+title", "tags"]:
            found.append(f"Paperless saw {history}")
        if not self.world.archive.tag_names(document_id) >= {TAG_DONE, *letter(0).tags}:
            found.append(f"tags are {self.world.archive.tag_names(document_id)}")
        if self.world.filing(document_id) != letter(0).fields:
            found.append(f"fields are {self.world.filing(document_id)}")
        return found


def kill_when_all_is_written(stage: Stage) -> list[str]:
    document_id = stage.world.add_letter(letter(0))
    run = stage.start(point="delivery: before the read-back", action="kill")
    run.wait()
    stage.start()
    stage.until_done(document_id)
    return stage.wrong(document_id)


def answer_a_change_of_tags_and_lose_it(stage: Stage) -> list[str]:
    document_id = stage.world.add_letter(letter(0))
    lost = Answer(200, body='{"result":"OK"}')
    stage.world.archive.faults.add(Fault(method="POST", path="bulk_edit", times=1, answer=lost))
    stage.start()
    stage.until_done(document_id)
    return stage.wrong(document_id)


def kill_while_paperless_is_still_at_work(stage: Stage) -> list[str]:
    document_id = stage.world.add_letter(letter(0))
    stage.world.archive.faults.add(Fault(method="POST", path="bulk_edit", times=1, delay_s=5.0))
    stage.start(point="tags: sent", action="kill").wait()
    stage.start(name="two")
    stage.until_done(document_id)
    late = stage.world.requests
    until(
        lambda: any(one.ended_s - one.started_s >= 5.0 for one in late("POST", "/bulk_edit/")),
        "Paperless has done what the dead program asked",
    )
    return stage.wrong(document_id)


def hand_a_job_back_that_another_one_is_doing(stage: Stage) -> list[str]:
    world = stage.world
    world.model.delay_s = 60.0
    document_id = world.add_letter(letter(0))
    sleeper = stage.start(name="sleeper")
    until(lambda: world.model.begun() == 1, "the model is asked")
    sleeper.freeze()
    world.model.delay_s = 3.0
    stage.start(name="other")
    until(lambda: world.model.begun() == 2, "the other one asks the model")
    sleeper.terminate()
    sleeper.thaw()
    sleeper.wait()
    stage.until_done(document_id)
    (claims,) = (job.lease_token for job in world.store.jobs())
    return stage.wrong(document_id) + ([f"the job was claimed {claims} times"] if claims > 2 else [])


def sleep_through_the_lease_before_a_write(stage: Stage) -> list[str]:
    """The second look is off in either case: it would see what happened meanwhile, if there was time for it."""
    world = stage.world
    document_id = world.add_letter(letter(0))
    sleeper = stage.start(name="sleeper", point="journal.intend: after the commit", action="pause", also="second look")
    stage.until_hit("sleeper")
    sleeper.freeze()
    stage.start(name="other")
    stage.until_done(document_id)
    world.archive.edit(document_id, title="a person's title")
    (stage.folder("sleeper") / "go").touch()
    patches = len(world.requests("PATCH", f"/{document_id}/"))
    sleeper.thaw()
    until(lambda: "lease" in world.sidecar.log or len(world.requests("PATCH", f"/{document_id}/")) > patches,
          "the sleeper finds out, or writes")  # fmt: skip
    until(lambda: sleeper.goes_on(1.0), "the sleeper has done what it will do")
    title = world.archive.document(document_id)["title"]
    return [] if title == "a person's title" else [f"the title is {title}"]


def edit_while_the_write_waits(stage: Stage) -> list[str]:
    world = stage.world
    world.sidecar.settings["PAPERLESS_TIMEOUT_S"] = 6
    first, document_id = world.add_letter(letter(1)), world.add_letter(letter(0))
    world.archive.faults.add(Fault("PATCH", f"/api/documents/({first}|{document_id})/", times=1, delay_s=4.0))
    stage.start()
    until(lambda: world.store.intended() == {first, document_id}, "one is written, the other waits")
    for one in (first, document_id):  # the write that is under way already comes after it
        world.archive.edit(one, title=f"a person's title of {one}")
    for one in (first, document_id):
        stage.until_done(one)
    titles = [world.archive.document(one)["title"] for one in (first, document_id)]
    kept = [title for title in titles if title.startswith("a person's")]
    return [] if kept else [f"the titles are {sorted(titles)}"]


def enqueue_what_is_being_done(stage: Stage) -> list[str]:
    stage.world.model.delay_s = 3.0
    document_id = stage.world.add_letter(letter(0))
    stage.start()
    stage.world.until_running(document_id, "tagging")
    stage.start("enqueue", str(document_id), "--kind", "tagging", name="command").wait()
    stage.until_done(document_id)
    jobs = stage.world.store.jobs()
    return [f"there are {len(jobs)} jobs"] if len(jobs) != 1 else []


def tag_while_the_model_thinks(stage: Stage) -> list[str]:
    stage.world.model.delay_s = 1.5
    document_id = stage.world.add_letter(letter(0))
    stage.start()
    until(lambda: stage.world.model.begun() == 1, "the model thinks")
    stage.world.archive.edit(document_id, add_tags=["Household"])
    stage.until_done(document_id)
    tags = sorted(stage.world.archive.tag_names(document_id))
    return [] if "Household" in tags else [f"tags are {tags}"]


def name_while_the_model_thinks(stage: Stage) -> list[str]:
    stage.world.model.delay_s = 1.5
    document_id = stage.world.add_letter(letter(0))
    stage.start()
    until(lambda: stage.world.model.begun() == 1, "the model thinks")
    stage.world.archive.edit(document_id, title="a person's title")
    stage.until_done(document_id)
    title = stage.world.archive.document(document_id)["title"]
    return [] if title == "a person's title" else [f"the title is {title}"]


#: Each mechanism's scenario.
SCENARIOS: dict[str, Callable[[Stage], list[str]]] = {
    "intent": kill_when_all_is_written,
    "read-back": answer_a_change_of_tags_and_lose_it,
    "quarantine": kill_while_paperless_is_still_at_work,
    "fencing": hand_a_job_back_that_another_one_is_doing,
    "lease check": sleep_through_the_lease_before_a_write,
    "second look": edit_while_the_write_waits,
    "unique index": enqueue_what_is_being_done,
    "tag delta": tag_while_the_model_thinks,
    "base comparison": name_while_the_model_thinks,
}
#: What is wrong without it: any other trouble would prove nothing.
RED = {
    "intent": "jobs are [('tagging', 'cancelled')]",
    "read-back": "jobs are [('tagging', 'succeeded'), ('tagging', 'succeeded')]",
    "quarantine": "Paperless saw ['correspondent+created+document_type+title', 'tags', 'tags']",
    "fencing": "the job was claimed 3 times",
    "lease check": f"the title is {letter(0).title}",
    "second look": f"the titles are {sorted([letter(0).title, letter(1).title])}",
    "unique index": "there are 2 jobs",
    "tag delta": f"tags are {sorted({TAG_DONE, *letter(0).tags})}",
    "base comparison": f"the title is {letter(0).title}",
}
#: These take two programs on one store.
TOGETHER = {"fencing", "lease check"}


@contextmanager
def staged(folder: Path, mechanism: str, *, without: str) -> Iterator[Stage]:
    schema = new_schema() if mechanism in TOGETHER else None
    with World(folder, schema=schema) as world:
        try:
            yield Stage(world, without)
        finally:
            print(world.sidecar.log, *world.store.stories(), sep="\n")
        assert "Traceback" not in world.sidecar.log, "the log holds a traceback"
    if schema:
        drop_schema(schema)


def test_every_mechanism_has_its_scenario() -> None:
    assert set(SCENARIOS) == set(SWITCHES) == set(RED)


#: Two programs take half a minute each: `make points` runs them with all mechanisms too.
GREEN = [name for name in SCENARIOS if name not in TOGETHER or os.environ.get("CHAOS_FULL") == "1"]


@pytest.mark.parametrize("mechanism", GREEN)
def test_with_all_mechanisms_nothing_is_wrong(tmp_path: Path, mechanism: str) -> None:
    with staged(tmp_path / "world", mechanism, without="") as stage:
        assert SCENARIOS[mechanism](stage) == []


@pytest.mark.parametrize("mechanism", SCENARIOS)
def test_without_a_mechanism_its_scenario_turns_red(tmp_path: Path, mechanism: str) -> None:
    with staged(tmp_path / "world", mechanism, without=mechanism) as stage:
        assert RED[mechanism] in SCENARIOS[mechanism](stage)
