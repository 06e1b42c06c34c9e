"""What it costs to have nothing to do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg

from tests.benchmarks.figures import Figure, mib
from tests.postgres import new_schema, server_url
from tests.scenarios.letters import letter
from tests.scenarios.memory import Peak
from tests.scenarios.world import World
from tests.waiting import until

MEASURED_S = 60.0


def measure(folder: Path) -> Iterator[Figure]:
    """Watch a sidecar with the default round of 10 s for a minute in which nothing is tagged, on both databases."""
    for name, schema in (("", None), (" on PostgreSQL", new_schema())):
        for figure in _measure(folder / (schema or "file"), schema):
            yield replace(figure, what=figure.what.replace("idle", f"idle{name}"))


def _written(world: World) -> object:
    """What changes with every commit that writes: the file's times and sizes, or the server's count of changed rows."""
    if world.schema is None:
        return world.store.fingerprint()
    with psycopg.connect(server_url(), autocommit=True) as connection:
        return connection.execute(
            "SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE schemaname = %s",
            (world.schema,),
        ).fetchone()


def _measure(folder: Path, schema: str | None) -> Iterator[Figure]:
    with World(folder, schema=schema) as world:
        world.sidecar.settings["POLL_INTERVAL_S"] = 10
        world.add_letter(letter(0), tags=["mine"])
        with world.sidecar.running() as run:
            until(world.polls, "the first look")
            assert run.goes_on(3)
            world.archive.clear_requests()
            before, cpu_before = _written(world), psutil.Process(run.pid).cpu_times()
            assert run.goes_on(MEASURED_S)
            cpu_after, after = psutil.Process(run.pid).cpu_times(), _written(world)
            peak = Peak()
            peak.look(run.pid)
        requests = world.archive.requests()
    used_s = (cpu_after.user + cpu_after.system) - (cpu_before.user + cpu_before.system)
    yield Figure("idle: processor", f"{100 * used_s / MEASURED_S:.2f} % of a core", "0.5 %")
    yield Figure("idle: requests a minute", f"{len(requests)} with a round of 10 s", "6")
    yield Figure("idle: store written", str(before != after), "False")
    yield Figure("idle: memory", f"{mib(peak.pss_bytes)} PSS, {mib(peak.rss_bytes)} RSS", "100 MB")
