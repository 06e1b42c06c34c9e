"""Several machines on one PostgreSQL server: the server killed and cut off; and what dying replicas cost."""

import time
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.chaos.line import Line
from tests.chaos.trials import LEASE_S, REPLICAS, Row, Stage, size, staged
from tests.postgres import PostgresServer
from tests.scenarios.jobs import ServerStore

#: So many times the undisturbed time, and a lease for everyone who was killed, may the disturbed one take.
SLOWER = 1.3


def postgres(folder: Path, seed: int) -> Row:
    """Kill the server with all its processes, end all connections, cut the line or let it stall, under 3 replicas."""
    wanted = size("SERVERS", 60)
    server = PostgresServer()
    with staged(folder, "postgres", seed) as stage, Line(server.url) as line:
        stage.world.sidecar.settings["DATABASE_URL"] = line.url
        stage.world.store = ServerStore(str(stage.world.schema), server.url)
        stage.start_all()
        for number in range(wanted):
            stage.company.keep_busy()
            stage.rest(0.3, 2.0)
            match number % 4:
                case 0:
                    server.kill()
                    stage.rest(0.0, 2.0)
                    server.start()
                case 1:
                    _end_connections(server.url)
                case 2:
                    with line.cut():
                        stage.rest(0.5, 4.0)
                case 3:
                    with line.stalled():
                        stage.rest(1.0, 6.0)
                    if stage.random.random() < 0.5:
                        line.hang_up()
            stage.look()
        row = stage.end("PostgreSQL killed, connections ended, line cut, line stalled", wanted, within_s=600)
        server.kill()
        return row


def _end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paperless-sidecar'"
        )


def replicas(folder: Path, seed: int) -> Row:
    """Do many documents with three replicas, undisturbed and with one killed every ten seconds; compare the times."""
    number, every_s = size("DOCUMENTS", 500), size("KILL_EVERY_S", 10)
    undisturbed, _ = _timed(folder / "undisturbed", seed, number, kill_every_s=None)
    row, killed = _timed(folder / "disturbed", seed, number, kill_every_s=every_s)
    allowed_s = SLOWER * undisturbed.seconds + killed * LEASE_S
    times = (
        f"{undisturbed.seconds:.1f} s undisturbed, {row.seconds:.1f} s with {killed} killed, one every {every_s} s: "
        f"{row.seconds / undisturbed.seconds:.2f} times; {SLOWER} times and the leases are {allowed_s:.1f} s"
    )
    return replace(
        row,
        trials=2 * number,
        counts=undisturbed.counts + row.counts,
        said=(*undisturbed.said, *row.said),
        notes=(times, *row.notes),
    )


def _timed(folder: Path, seed: int, number: int, *, kill_every_s: int | None) -> tuple[Row, int]:
    with staged(folder, "postgres", seed, TAGGING_CONCURRENCY=6) as stage:
        stage.company.add(letters=number - number // 10, scans=number // 10)
        began_s = time.monotonic()
        stage.start_all()
        killed = _until_done(stage, began_s, kill_every_s)
        took_s = time.monotonic() - began_s
        what = f"{number} documents, {REPLICAS} replicas, one killed every {kill_every_s} s"
        return replace(stage.end(what, number, within_s=900), seconds=took_s), killed


def _until_done(stage: Stage, began_s: float, kill_every_s: int | None) -> int:
    """Wait until nothing is left to do, killing and starting a replica again and again; say how often."""
    killed = 0
    while stage.company.waiting() or stage.world.store.unfinished():
        stage.rest(0.1, 0.1)
        if kill_every_s is not None and time.monotonic() - began_s > (killed + 1) * kill_every_s:
            name = stage.random.choice(stage.names)
            stage.runs[name].kill()
            killed += 1
            stage.look(people=0.0)
            stage.start(name)
    return killed
