"""The practice servers as processes of their own, steered from outside and killed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest

from sidecar.practice.faults import Answer, Fault
from sidecar.practice.remote import RemoteArchive, RemoteModel
from sidecar.practice.scans import text_pdf
from tests.practice.world import PDF
from tests.waiting import until

LOGIN = {"Authorization": "Token own-token"}
Launch = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start a practice server and give its process and address; whatever still runs is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def start(module: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", f"sidecar.practice.{module}", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"practice {module} on http://127.0.0.1:")
        return process, line.split()[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_a_killed_archive_goes_on_where_it_was(tmp_path: Path, http: httpx.Client, launch: Launch) -> None:
    options = ("--folder", str(tmp_path), "--token", "own-token")
    process, url = launch("archive", *options)
    archive = RemoteArchive(url, "own-token")
    archive.set_delays(bulk_update_s=0.5, consume_s=0.0)
    document_id = archive.add_document(PDF, title="kept", tags=["auto-tag"], correspondent="Aunt Ada")
    body = {"documents": [document_id], "method": "remove_tag", "parameters": {"tag": 1}}
    assert http.post(f"{url}/api/documents/bulk_edit/", json=body, headers=LOGIN).status_code == 200
    modified = archive.document(document_id)["modified"]
    process.kill()
    process.wait()
    _, url = launch("archive", *options)
    archive = RemoteArchive(url, "own-token")
    assert archive.tag_names(document_id) == set()
    assert len(archive.history(document_id)) == 1
    until(lambda: archive.document(document_id)["modified"] > modified)


def test_a_queued_version_survives_a_kill(tmp_path: Path, http: httpx.Client, launch: Launch) -> None:
    options = ("--folder", str(tmp_path), "--token", "own-token")
    process, url = launch("archive", *options)
    archive = RemoteArchive(url, "own-token")
    archive.set_delays(bulk_update_s=0.0, consume_s=1.0)
    document_id = archive.add_document(PDF, title="kept", content="old words")
    file = {"document": ("new.pdf", text_pdf(["New words"]))}
    answer = http.post(
        f"{url}/api/documents/{document_id}/update_version/", files=file, data={"version_label": "l"}, headers=LOGIN
    )
    assert answer.status_code == 200
    assert len(archive.versions(document_id)) == 1
    process.kill()
    process.wait()
    _, url = launch("archive", *options)
    archive = RemoteArchive(url, "own-token")
    until(lambda: len(archive.versions(document_id)) == 2)
    task = http.get(f"{url}/api/tasks/?task_id={answer.json()}", headers=LOGIN).json()["results"][0]
    assert task["result_data"] == {"document_id": archive.versions(document_id)[0]["id"]}
    assert archive.document(document_id)["content"] == "New words"
    assert len(archive.whole_history(document_id)) == len(archive.history(document_id)) + 2


def test_a_remote_archive_has_the_same_methods(tmp_path: Path, http: httpx.Client, launch: Launch) -> None:
    process, url = launch("archive", "--folder", str(tmp_path), "--token", "own-token")
    archive = RemoteArchive(url, "own-token")
    archive.add_name("tags", "auto-tag", color="#112233")
    document_id = archive.add_document(PDF, title="a", archive_pdf=PDF)
    archive.edit(document_id, add_tags=["auto-tag"], title="b")
    archive.faults.add(Fault("PATCH", drop="after", times=1))
    archive.faults.add(Fault("GET", answer=Answer(503)))
    one = f"{url}/api/documents/{document_id}/"
    with pytest.raises(httpx.TransportError):
        http.patch(one, json={"title": "c"}, headers=LOGIN)
    assert http.get(one, headers=LOGIN).status_code == 503
    archive.faults.clear()
    assert http.get(one, headers=LOGIN).json()["title"] == "c"
    http.post(f"{one}notes/", json={"note": "n"}, headers=LOGIN)
    version_id = archive.add_version(document_id, PDF, content="over it", label="l")
    assert archive.versions(document_id)[0]["id"] == version_id
    assert archive.document(document_id)["content"] == "over it"
    assert len(archive.whole_history(document_id)) == len(archive.history(document_id)) + len(
        archive.history(version_id)
    )
    assert (archive.notes(document_id), archive.tag_names(document_id)) == (["n"], {"auto-tag"})
    assert [exchange.status for exchange in archive.requests()] == [None, 503, 200, 200]
    assert archive.requests()[0].json == {"title": "c"}
    archive.clear_requests()
    archive.delete(document_id)
    assert http.get(one, headers=LOGIN).status_code == 404
    assert [exchange.path for exchange in archive.requests()] == [f"/api/documents/{document_id}/"]
    process.terminate()
    assert process.wait(timeout=10) == 0


def test_the_models_ledger_has_the_call_even_when_the_answer_is_lost(tmp_path: Path, launch: Launch) -> None:
    ledger = tmp_path / "calls.jsonl"
    _, url = launch("model", "--calls-file", str(ledger))
    remote = RemoteModel(url)
    remote.faults.add(Fault("POST", drop="after", times=1))
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Paid for"}])
    remote.misbehave("empty", times=1)
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Also"}])
    assert answer.choices[0].message.content == ""
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [line["document"] for line in lines] == ["Paid for", "Also"]
    assert [call.document for call in remote.calls()] == ["Paid for", "Also"]
    assert remote.url == url
