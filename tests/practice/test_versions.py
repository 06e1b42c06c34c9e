"""Versions of documents in the practice archive: uploaded over a root, read, written, named and deleted."""

import json
from typing import Any

import httpx
import pytest

from sidecar.practice.archive import PracticeArchive
from sidecar.practice.scans import text_pdf
from tests.practice import replay
from tests.practice.replay_table import AFTERWARDS, EARLIER, UPLOAD
from tests.practice.test_recordings import prepare
from tests.practice.world import PDF, fill_up_to
from tests.waiting import until

ROOT = "/api/documents/2/"
CONTENT = "content"


def upload(api: httpx.Client, data: bytes, label: str | None = None, document_id: int = 2) -> str:
    """Send a file as a new version and give the task's id."""
    form = {} if label is None else {"version_label": label}
    answer = api.post(f"/api/documents/{document_id}/update_version/", data=form, files={"document": ("new.pdf", data)})
    assert answer.status_code == 200, answer.text
    task_id: str = answer.json()
    return task_id


def task_of(api: httpx.Client, task_id: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = api.get(f"/api/tasks/?task_id={task_id}").json()["results"]
    return found[0]


def add_version(api: httpx.Client, text: str, label: str | None = None, document_id: int = 2) -> int:
    """Put a PDF that says the text over a document, wait for it, and give the version's id."""
    task_id = upload(api, text_pdf([text]), label, document_id)
    until(lambda: task_of(api, task_id)["status"] == "success")
    version_id: int = task_of(api, task_id)["result_data"]["document_id"]
    return version_id


def content_of(api: httpx.Client, query: str = "") -> str:
    content: str = api.get(ROOT + query).json()["content"]
    return content


def content_changes(entries: list[dict[str, Any]]) -> list[tuple[list[str], Any]]:
    """Give the changes of content among log entries, newest first, with their actors."""
    return [(entry["changes"][CONTENT], entry["actor"]) for entry in entries if CONTENT in entry["changes"]]


@pytest.fixture
def recorded(world: PracticeArchive, http: httpx.Client) -> PracticeArchive:
    """The practice archive as the recorded server was: document 2 has the version 9, and new content after that."""
    fill_up_to(world, 8)
    for step in [*EARLIER, UPLOAD, AFTERWARDS]:
        prepare(world, step, http)
    return world


def entries_of(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = replay.load(name).body
    return entries


def test_the_history_of_a_version_is_as_recorded(recorded: PracticeArchive, api: httpx.Client) -> None:
    shown, expected = api.get("/api/documents/9/history/").json(), entries_of("history_of_version_id")
    created, wanted = shown[-1]["changes"], expected[-1]["changes"]
    by_clock_and_bytes = ("added", "checksum")
    assert [e["changes"] for e in shown[:-1]] == [e["changes"] for e in expected[:-1]]
    assert {key: created[key] for key in wanted if key not in by_clock_and_bytes} == {
        key: wanted[key] for key in wanted if key not in by_clock_and_bytes
    }
    assert list(created) == list(wanted)
    assert [(e["action"], e["actor"]) for e in shown] == [(e["action"], e["actor"]) for e in expected]
    assert [list(e) for e in shown] == [list(e) for e in expected]


def test_the_history_of_the_root_tells_of_the_version_as_recorded(recorded: PracticeArchive, api: httpx.Client) -> None:
    shown, expected = api.get(ROOT + "history/").json(), entries_of("history_with_version_added")
    later, shown = shown[0], shown[1:]
    assert later["changes"]["tags"]["objects"] == ["ai-done"]
    assert (shown[0]["changes"], shown[0]["actor"]) == (expected[0]["changes"], expected[0]["actor"])
    assert shown[1]["changes"][CONTENT][1] == expected[1]["changes"][CONTENT][1]
    assert shown[1]["actor"] == expected[1]["actor"]


def test_metadata_are_the_newest_versions_as_recorded(recorded: PracticeArchive, api: httpx.Client) -> None:
    answer, expected = api.get(ROOT + "metadata/"), replay.load("metadata_with_version")
    by_the_file = ("original_checksum", "original_size", "original_metadata", "lang")
    got = answer.json()
    assert list(got) == list(expected.body)
    assert {key: got[key] for key in got if key not in by_the_file} == {
        key: expected.body[key] for key in expected.body if key not in by_the_file
    }
    version = recorded.versions(2)[0]
    assert answer.headers["etag"].strip('"').startswith(version["checksum"] + ":")
    assert api.get(ROOT + "metadata/?version=2").json()["original_filename"] == "scan_image_only.pdf"


def test_the_task_of_a_version_is_as_recorded(recorded: PracticeArchive, api: httpx.Client) -> None:
    expected = json.loads((replay.RECORDINGS / "_task_update_version_result.json").read_text())
    got = api.get("/api/tasks/").json()["results"][0]
    by_the_clock = {"id", "task_id", *(key for key in expected if key.startswith("date_") or "_seconds" in key)}
    assert list(got) == list(expected)
    assert {key: got[key] for key in got if key not in by_the_clock} == {
        key: expected[key] for key in expected if key not in by_the_clock
    }
    old = api.get("/api/tasks/", headers={"Accept": "application/json; version=9"}).json()[0]
    assert (old["status"], old["related_document"]) == ("SUCCESS", "9")


def test_a_second_version_lies_over_the_first_and_over_the_root(world: PracticeArchive, api: httpx.Client) -> None:
    first = add_version(api, "First words", "one")
    second = add_version(api, "Second words")
    versions = api.get(ROOT).json()["versions"]
    assert [(v["id"], v["version_label"], v["is_root"]) for v in versions] == [
        (second, None, False),
        (first, "one", False),
        (2, None, True),
    ]
    assert versions == world.versions(2) == world.versions(second)
    assert content_of(api) == "Second words"
    assert content_of(api, f"?version={first}") == "First words"
    assert content_of(api, "?version=2") == "Rental contract"
    names = [api.get(f"/api/documents/{one}/metadata/").json()["media_filename"] for one in (2, first, second)]
    assert names == ["0000002_v2.pdf", "0000002_v1.pdf", "0000002_v2.pdf"]


def test_the_same_file_twice_makes_two_versions_with_its_sha256(world: PracticeArchive, api: httpx.Client) -> None:
    ids = [add_version(api, "Same words") for _ in range(2)]
    assert ids[0] != ids[1]
    assert len({version["checksum"] for version in world.versions(2)}) == 2
    assert api.get(ROOT).json()["duplicate_documents"] == []


def test_all_but_file_and_content_stay_the_roots(world: PracticeArchive, api: httpx.Client) -> None:
    before = api.get(ROOT).json()
    add_version(api, "One page only")
    after = api.get(ROOT).json()
    assert after["modified"] > before["modified"]
    moved = ("modified", "content", "versions")
    assert {key: after[key] for key in after if key not in moved} == {
        key: before[key] for key in before if key not in moved
    }


def test_patched_content_goes_to_the_newest_and_the_rest_to_the_root(world: PracticeArchive, api: httpx.Client) -> None:
    first = add_version(api, "First words")
    second = add_version(api, "Second words")
    answer = api.patch(ROOT, json={"content": "Better words", "title": "Mine", "tags": [3]})
    assert (answer.json()["content"], answer.json()["title"]) == ("Better words", "Mine")
    assert [content_of(api, f"?version={one}") for one in (second, first, 2)] == [
        "Better words",
        "First words",
        "Rental contract",
    ]
    assert content_changes(world.history(second))[0] == (["Second words", "Better words"], None)
    assert content_changes(world.history(2)) == []
    assert world.history(2)[2]["changes"] == {"title": ["scan_image_only", "Mine"]}
    assert world.tag_names(2) == {"ai-done"}


def test_whole_history_adds_up_what_was_written_to_root_and_versions(world: PracticeArchive, api: httpx.Client) -> None:
    api.patch(ROOT, json={"content": "On the root"})
    version = add_version(api, "First words")
    api.patch(ROOT, json={"content": "On the version"})
    api.patch(ROOT, json={"content": "On the version"})
    changes = [change for change, _ in content_changes(world.whole_history(2))]
    assert changes == [["First words", "On the version"], ["None", "First words"], ["Rental contract", "On the root"]]
    ids = [entry["id"] for entry in world.whole_history(2)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(world.history(2)) + len(world.history(version))


def test_content_of_a_named_version_is_patched_alone(world: PracticeArchive, api: httpx.Client) -> None:
    first = add_version(api, "First words")
    add_version(api, "Second words")
    answer = api.patch(ROOT + f"?version={first}", json={"content": "Old words, mended"})
    assert answer.json()["content"] == "Old words, mended"
    assert content_of(api) == "Second words"
    api.patch(ROOT + "?version=2", json={"content": "Root words"})
    assert content_of(api, "?version=2") == "Root words"
    assert content_changes(world.history(2))[0][1]["username"] == "admin"


def test_content_of_a_version_is_neither_stripped_nor_narrowed_away_by_fields(
    world: PracticeArchive, api: httpx.Client
) -> None:
    version = add_version(api, "First words")
    assert api.patch(ROOT + "?fields=id", json={"content": " as it is\n", "title": "lost"}).json() == {"id": 2}
    assert world.document(2)["content"] == " as it is\n"
    assert world.document(2)["title"] == "scan_image_only"
    refused = api.patch(ROOT, json={"content": None, "title": "lost too"})
    assert (refused.status_code, refused.json()) == (400, {"content": ["This field may not be null."]})
    assert len(content_changes(world.history(version))) == 2


def test_a_refused_field_leaves_the_content_of_the_version_unwritten(world: PracticeArchive, api: httpx.Client) -> None:
    add_version(api, "First words")
    assert api.patch(ROOT, json={"content": "Not this", "correspondent": 9999}).status_code == 400
    assert content_of(api) == "First words"


def test_a_person_edits_the_newest_version_too(world: PracticeArchive, api: httpx.Client) -> None:
    add_version(api, "First words")
    world.edit(2, content="By hand")
    assert (content_of(api), content_of(api, "?version=2")) == ("By hand", "Rental contract")


def test_download_and_preview_give_the_newest_file_or_the_one_named(world: PracticeArchive, api: httpx.Client) -> None:
    first = add_version(api, "First words")
    second = add_version(api, "Second words")
    files = {first: text_pdf(["First words"]), second: text_pdf(["Second words"]), 2: PDF}
    original = PDF + PDF + b"2"
    for view in ("download/", "preview/"):
        assert api.get(ROOT + view).content == files[second]
        assert api.get(ROOT + view + "?original=true").content == files[second]
        for version, data in files.items():
            assert api.get(ROOT + view + f"?version={version}").content == data
        assert api.get(ROOT + view + "?original=true&version=2").content == original
    assert api.get(f"/api/documents/{first}/download/").content == files[first]


@pytest.mark.parametrize("view", ["", "download/", "preview/", "metadata/"])
def test_a_version_of_another_document_or_of_none_is_404(world: PracticeArchive, api: httpx.Client, view: str) -> None:
    for version, detail in {"1": "Not found.", "9999": "Not found.", "x": "Invalid version parameter"}.items():
        answer = api.get(f"{ROOT}{view}?version={version}")
        assert (answer.status_code, answer.json()) == (404, {"detail": detail})
    assert api.patch(f"{ROOT}?version=1", json={"title": "lost"}).status_code == 404


def test_a_version_is_no_document_of_its_own(world: PracticeArchive, api: httpx.Client) -> None:
    version = add_version(api, "Zebra words")
    world.edit(2, content="Zebra and rental")
    own = f"/api/documents/{version}/"
    assert [api.request(method, own, json={}).status_code for method in ("GET", "PATCH", "DELETE")] == [404, 404, 404]
    assert version not in {one["id"] for one in api.get("/api/documents/").json()["results"]}
    assert [one["id"] for one in api.get("/api/documents/?tags__id__in=5&fields=id").json()["results"]] == [3, 2]
    assert api.get("/api/documents/?tags__id__in=6").json()["count"] == 0
    found = api.get("/api/documents/?query=zebra").json()["results"]
    assert [(one["id"], one["content"]) for one in found] == [(2, "Zebra and rental")]
    assert api.get("/api/documents/?query=contract&fields=id").json()["results"] == []
    body = {"documents": [version], "method": "add_tag", "parameters": {"tag": 3}}
    assert api.post("/api/documents/bulk_edit/", json=body).status_code == 400
    assert api.get("/api/statistics/").json()["documents_total"] == 6
    assert api.get("/api/trash/").json()["count"] == 0


def test_a_version_can_be_put_over_a_version_and_lands_at_the_root(world: PracticeArchive, api: httpx.Client) -> None:
    first = add_version(api, "First words")
    second = add_version(api, "Second words", document_id=first)
    assert [version["id"] for version in world.versions(2)] == [second, first, 2]


def test_a_label_is_stripped_logged_at_the_root_and_taken_off_when_blank(
    world: PracticeArchive, api: httpx.Client
) -> None:
    version = add_version(api, "First words", "  one ")
    one = f"{ROOT}versions/{version}/"
    assert world.versions(2)[0]["version_label"] == "one"
    before = world.document(2)["modified"]
    assert api.patch(one, json={"version_label": " two "}).json() == world.versions(2)[0]
    assert world.versions(2)[0]["version_label"] == "two"
    assert world.document(2)["modified"] > before
    assert api.patch(one, json={"version_label": ""}).json()["version_label"] is None
    labels = [entry["changes"]["Version Label"] for entry in world.history(2)[:2]]
    assert labels == [["two", None], ["one", "two"]]
    assert api.patch(one, json={}).json() == {"version_label": ["This field is required."]}
    long = {"version_label": ["Ensure this field has no more than 64 characters."]}
    assert api.patch(one, json={"version_label": "x" * 65}).json() == long
    refused = api.post(ROOT + "update_version/", data={"version_label": "x" * 65}, files={"document": ("a.pdf", PDF)})
    assert (refused.status_code, refused.json()) == (400, long)
    assert api.patch(f"{ROOT}versions/1/", json={"version_label": "not mine"}).status_code == 404


def test_a_deleted_version_lies_in_the_trash_and_the_one_before_is_shown(
    world: PracticeArchive, api: httpx.Client
) -> None:
    first = add_version(api, "First words")
    second = add_version(api, "Second words")
    before = world.document(2)["modified"]
    assert api.delete(f"{ROOT}versions/{second}/").json() == {"result": "OK", "current_version_id": first}
    assert world.document(2)["modified"] > before
    assert (content_of(api), content_of(api, f"?version={second}")) == ("First words", "Second words")
    assert [version["id"] for version in world.versions(2)] == [first, 2]
    assert world.history(2)[0]["changes"] == {"Version Deleted": ["None", second]}
    trashed = api.get("/api/trash/").json()["results"]
    assert [(one["id"], one["root_document"], one["content"]) for one in trashed] == [(second, 2, "Second words")]
    assert [version["id"] for version in trashed[0]["versions"]] == [first, 2]
    assert api.delete(f"{ROOT}versions/{second}/").status_code == 404
    assert api.delete(f"{ROOT}versions/{first}/").json() == {"result": "OK", "current_version_id": 2}
    assert content_of(api) == "Rental contract"
    assert api.get("/api/documents/?query=rental").json()["count"] == 1
    api.post("/api/trash/", json={"action": "restore", "documents": [second]})
    assert content_of(api) == "Second words"


def test_versions_go_into_the_trash_with_their_root_and_come_back(world: PracticeArchive, api: httpx.Client) -> None:
    earlier = add_version(api, "Thrown away before")
    assert api.delete(f"{ROOT}versions/{earlier}/").status_code == 200
    version = add_version(api, "First words")
    assert api.delete(ROOT).status_code == 204
    assert sorted(one["id"] for one in api.get("/api/trash/").json()["results"]) == [2, earlier, version]
    assert api.get(f"/api/documents/{version}/history/").status_code == 404
    api.post("/api/trash/", json={"action": "restore", "documents": [2]})
    assert [one["id"] for one in world.versions(2)] == [version, 2]
    assert content_of(api) == "First words"
    world.delete(2)
    api.post("/api/trash/", json={"action": "empty", "documents": [2]})
    assert api.get("/api/trash/").json()["count"] == 0


def test_a_root_thrown_away_before_the_task_ran_fails_the_task(world: PracticeArchive, api: httpx.Client) -> None:
    world.set_delays(bulk_update_s=0.0, consume_s=0.2)
    task_id = upload(api, PDF)
    world.delete(2)
    until(lambda: task_of(api, task_id)["status"] == "failure")
    task = task_of(api, task_id)
    assert list(task["result_data"]) == list(replay.load("tasks_failed").body["results"][0]["result_data"])
    assert task["result_data"]["error_message"].endswith("Document matching query does not exist.")
    assert task["related_document_ids"] == []
    world.set_delays(bulk_update_s=0.0, consume_s=0.0)
    assert add_version(api, "Next", document_id=1)


@pytest.mark.parametrize(("data", "said"), [(PDF, ""), (b"Plain\r\ntext \n", "Plain\r\ntext \n"), (b"\x89PNG", "")])
def test_the_text_of_a_version_is_what_the_file_says_by_itself(
    world: PracticeArchive, api: httpx.Client, data: bytes, said: str
) -> None:
    task_id = upload(api, data)
    until(lambda: task_of(api, task_id)["status"] == "success")
    assert content_of(api) == said


def test_a_reprocess_of_the_root_leaves_the_text_of_the_version_shown(
    world: PracticeArchive, api: httpx.Client
) -> None:
    api.patch(ROOT, json={"content": "On the root"})
    add_version(api, "First words")
    api.post("/api/documents/reprocess/", json={"documents": [2]})
    until(lambda: content_of(api, "?version=2") == "Rental contract")
    assert content_of(api) == "First words"


def test_a_person_uploads_a_version(world: PracticeArchive, api: httpx.Client) -> None:
    version = world.add_version(2, text_pdf(["By a person"]), content="By a person", label="mine")
    newest = world.history(2)[0]
    assert (newest["changes"], newest["actor"]["username"]) == ({"Version Added": ["None", version]}, "person")
    assert (content_of(api), world.versions(2)[0]["version_label"]) == ("By a person", "mine")
    with pytest.raises(KeyError):
        world.add_version(9999, PDF)


def test_a_version_without_the_programs_that_read_pdf_has_no_text(
    world: PracticeArchive, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    add_version(api, "First words")
    assert content_of(api) == ""


@pytest.mark.parametrize("lacking", ["change_document", "an object of one's own"])
def test_a_version_of_what_one_may_not_change_is_refused(
    world: PracticeArchive, api: httpx.Client, http: httpx.Client, lacking: str
) -> None:
    version = add_version(api, "First words")
    rights = {"add_document", "change_document", "delete_document", "view_document"} - {lacking}
    world.add_user("plain", "plain-token", permissions=rights)
    if lacking == "change_document":
        world.edit(2, owner=None)
    login = {"Authorization": "Token plain-token"}
    file = {"document": ("new.pdf", PDF)}
    refused = http.post(f"{world.url}{ROOT}update_version/", files=file, headers=login)
    assert (refused.status_code, refused.text) == (403, "Insufficient permissions")
    named = http.patch(f"{world.url}{ROOT}versions/{version}/", json={"version_label": "x"}, headers=login)
    assert named.status_code == 403
    if lacking != "change_document":
        assert http.delete(f"{world.url}{ROOT}versions/{version}/", headers=login).status_code == 403
        assert http.get(f"{world.url}/api/documents/{version}/download/", headers=login).status_code == 403
