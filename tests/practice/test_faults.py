"""Fault rules do what they say, on the wire and in the state."""

import socket
import threading
from pathlib import Path

import httpx
import pytest

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.faults import Answer, Fault, Faults, fault_from_json, fault_to_json

ONE = r"^/api/documents/1/$"


def rename(api: httpx.Client, title: str) -> httpx.Response:
    return api.patch("/api/documents/1/", json={"title": title})


def test_drop_before_hangs_up_and_writes_nothing(world: PracticeArchive, api: httpx.Client) -> None:
    world.faults.add(Fault("PATCH", ONE, times=1, drop="before"))
    with pytest.raises(httpx.TransportError):
        rename(api, "lost")
    assert world.document(1)["title"] == "invoice_text"
    assert world.history(1) == []
    assert world.requests()[-1].status is None
    assert rename(api, "second try").status_code == 200


def test_drop_after_hangs_up_but_the_write_took_effect(world: PracticeArchive, api: httpx.Client) -> None:
    world.faults.add(Fault("PATCH", ONE, times=1, drop="after"))
    with pytest.raises(httpx.TransportError):
        rename(api, "written")
    assert world.document(1)["title"] == "written"
    assert len(world.history(1)) == 1


def test_answer_after_writes_and_answers_the_error(world: PracticeArchive, api: httpx.Client) -> None:
    world.faults.add(Fault("PATCH", answer_after=Answer(502, "text/html", "<h1>Bad Gateway</h1>")))
    answer = rename(api, "written")
    assert (answer.status_code, answer.text) == (502, "<h1>Bad Gateway</h1>")
    assert world.document(1)["title"] == "written"


def test_answer_instead_of_working_carries_its_headers(world: PracticeArchive, api: httpx.Client) -> None:
    world.faults.add(Fault("PATCH", answer=Answer(503, headers={"Retry-After": "7"}), times=2))
    answers = [rename(api, "later") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7"


def test_a_fault_meets_only_its_method_and_path(world: PracticeArchive, api: httpx.Client) -> None:
    world.faults.add(Fault("PATCH|POST", ONE, answer=Answer(500)))
    assert api.get("/api/documents/1/").status_code == 200
    assert api.patch("/api/documents/2/", json={}).status_code == 200
    assert api.patch("/api/documents/1/", json={}).status_code == 500


def test_a_delay_alone_slows_down_and_nothing_else(world: PracticeArchive, api: httpx.Client) -> None:
    world.faults.add(Fault(delay_s=(0.05, 0.06)))
    assert rename(api, "slow").status_code == 200
    exchange = world.requests()[-1]
    assert exchange.ended_s - exchange.started_s >= 0.05
    assert world.document(1)["title"] == "slow"


def test_delays_add_up_and_the_first_effect_wins() -> None:
    faults = Faults()
    for fault in (Fault(delay_s=1.0), Fault("GET", answer=Answer(500), delay_s=2.0), Fault(answer=Answer(400))):
        faults.add(fault)
    verdict = faults.judge("GET", "/a/", "")
    assert verdict.delay_s == 3.0
    assert verdict.fault.answer == Answer(500)
    assert faults.judge("POST", "/a/", "").fault.answer == Answer(400)


def test_bad_luck_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault(probability=0.5, drop="before"))
        return [faults.judge("GET", "/", "").fault.drop is not None for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 10 < sum(drawn(1)) < 40


def test_a_fault_survives_its_way_through_json() -> None:
    fault = Fault("GET", "x", 3, 0.5, (0.1, 0.2), answer_after=Answer(400, "text/html", "no", {"A": "b"}))
    assert fault_from_json(fault_to_json(fault)) == fault


def test_stopping_hangs_up_idle_connections(tmp_path: Path, http: httpx.Client) -> None:
    archive = PracticeArchive(tmp_path)
    archive.start()
    url = f"{archive.url}/api/documents/"
    login = {"Authorization": "Token practice-token"}
    assert http.get(url, headers=login).status_code == 200
    archive.stop()
    with pytest.raises(httpx.ConnectError):
        http.get(url, headers=login)


def test_requests_of_several_connections_are_served_side_by_side(world: PracticeArchive, http: httpx.Client) -> None:
    world.faults.add(Fault("GET", r"/documents/1/$", delay_s=0.3))
    login = {"Authorization": "Token practice-token"}
    url = f"{world.url}/api/documents/1/"
    threads = [threading.Thread(target=http.get, args=(url,), kwargs={"headers": login}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    exchanges = world.requests()
    assert len(exchanges) == 4
    assert max(exchange.started_s for exchange in exchanges) < min(exchange.ended_s for exchange in exchanges)


def test_a_connection_that_was_taken_at_the_last_moment_does_not_outlive_the_stop(tmp_path: Path) -> None:
    archive = PracticeArchive(tmp_path / "archive")
    archive.start()
    http = archive._server._http
    archive.stop()
    assert http is not None
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(5.0)
        http.opened(there)  # its thread comes to say so only now
        assert here.recv(1) == b""
