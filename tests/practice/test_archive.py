"""What the practice archive does beyond single recorded exchanges."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from sidecar.practice.archive import PracticeArchive
from tests.practice import replay
from tests.practice.test_traps import modify_tags
from tests.practice.world import PDF
from tests.waiting import until

TOKEN_URL = "/api/token/"


def bulk(api: httpx.Client, method: str, **parameters: Any) -> None:
    body = {"documents": [4], "method": method, "parameters": parameters}
    assert api.post("/api/documents/bulk_edit/", json=body).json() == {"result": "OK"}


def test_bulk_edits_are_logged_as_recorded_one_entry_a_call_even_without_a_change(
    world: PracticeArchive, api: httpx.Client
) -> None:
    bulk(api, "modify_tags", add_tags=[1, 8], remove_tags=[3])
    bulk(api, "modify_tags", add_tags=[1], remove_tags=[3])
    bulk(api, "add_tag", tag=5)
    bulk(api, "remove_tag", tag=5)
    bulk(api, "modify_tags", add_tags=[5], remove_tags=[5])
    bulk(api, "modify_tags", add_tags=[], remove_tags=[7])
    bulk(api, "set_correspondent", correspondent=1)
    bulk(api, "set_document_type", document_type=1)
    bulk(api, "set_storage_path", storage_path=1)
    bulk(api, "modify_custom_fields", add_custom_fields={"8": "EUR12.00", "4": "2026-04-01"}, remove_custom_fields=[])
    bulk(api, "modify_custom_fields", add_custom_fields={"1": "gone again"}, remove_custom_fields=[])
    bulk(api, "modify_custom_fields", add_custom_fields=[6], remove_custom_fields=[1])
    recorded = [e for e in replay.load("history_with_bulk_edit_and_custom_fields").body if e["id"] >= 105]
    ours = [_with_recorded_ids(entry["changes"]) for entry in world.history(4)]
    assert ours == [entry["changes"] for entry in recorded]
    assert [entry["actor"] for entry in world.history(4)] == [entry["actor"] for entry in recorded]


def _with_recorded_ids(changes: dict[str, Any]) -> dict[str, Any]:
    """Ids of custom field values began at 13 on the recorded server."""
    value = changes.get("custom_fields")
    if not isinstance(value, list):
        return changes
    return {"custom_fields": [value[0] and value[0] + 12, [one + 12 for one in value[1]]]}


def test_a_patch_logs_columns_once_then_removals_then_additions(world: PracticeArchive, api: httpx.Client) -> None:
    api.patch("/api/documents/1/", json={"content": "new", "title": "New", "tags": [3]})
    changes = [entry["changes"] for entry in reversed(world.history(1))]
    assert changes == [
        {"title": ["invoice_text", "New"], "content": ["", "new"]},
        {"tags": {"type": "m2m", "operation": "delete", "objects": ["ai-process"]}},
        {"tags": {"type": "m2m", "operation": "add", "objects": ["ai-done"]}},
    ]
    assert {entry["actor"]["username"] for entry in world.history(1)} == {"admin"}


def test_a_patch_that_changes_nothing_logs_nothing(world: PracticeArchive, api: httpx.Client) -> None:
    api.patch("/api/documents/1/", json={"title": "invoice_text", "content": "  \n", "tags": [1]})
    assert world.history(1) == []


def test_history_is_newest_first_and_as_recorded_for_notes(world: PracticeArchive, api: httpx.Client) -> None:
    api.post("/api/documents/2/notes/", json={"note": "first"})
    api.post("/api/documents/2/notes/", json={"note": ""})
    api.delete("/api/documents/2/notes/?id=1")
    recorded = replay.load("history_with_notes").body[:3]
    shown = api.get("/api/documents/2/history/").json()
    assert [entry["changes"] for entry in shown] == [entry["changes"] for entry in recorded]
    assert [list(entry) for entry in shown] == [list(entry) for entry in recorded]
    assert [entry["id"] for entry in shown] == sorted((entry["id"] for entry in shown), reverse=True)
    assert world.notes(2) == [""]


def test_a_person_edits_with_entries_of_their_own(world: PracticeArchive) -> None:
    world.edit(1, add_tags=["Holiday"], remove_tags=["ai-process"], title="Mine", correspondent="Aunt Ada")
    assert {entry["actor"]["username"] for entry in world.history(1)} == {"person"}
    assert len(world.history(1)) == 3
    assert world.tag_names(1) == {"Holiday"}
    assert world.document(1)["title"] == "Mine"


def test_one_unknown_document_stops_the_whole_bulk_edit(world: PracticeArchive, api: httpx.Client) -> None:
    body = {"documents": [1, 9999], "method": "add_tag", "parameters": {"tag": 3}}
    assert api.post("/api/documents/bulk_edit/", json=body).status_code == 400
    assert world.tag_names(1) == {"ai-process"}
    assert world.history(1) == []


def test_a_bulk_edit_that_fails_half_way_leaves_nothing_written(world: PracticeArchive, api: httpx.Client) -> None:
    world.state.rows(
        "CREATE TRIGGER full_disk BEFORE INSERT ON history WHEN NEW.document_id = 2"
        " BEGIN SELECT RAISE(ABORT, 'no space'); END"
    )
    body = {"documents": [1, 2], "method": "add_tag", "parameters": {"tag": 3}}
    with pytest.raises(httpx.TransportError):
        api.post("/api/documents/bulk_edit/", json=body)
    assert world.tag_names(1) == {"ai-process"}
    assert world.history(1) == []


def test_paging_follows_the_host_header_and_ends_with_404(world: PracticeArchive, api: httpx.Client) -> None:
    recorded = replay.load("next_link_follows_host_header")
    headers = {"Host": "paperless.example:8443"}
    page = api.get(recorded.request["path"], headers=headers).json()
    assert page["next"] == recorded.body["next"]
    assert api.get("/api/documents/?page_size=4&page=2&fields=id").json()["results"] == [{"id": 1}, {"id": 2}]
    assert api.get("/api/documents/?page_size=4&page=3").status_code == 404


def test_a_document_with_two_matching_tag_names_is_listed_twice(world: PracticeArchive, api: httpx.Client) -> None:
    world.edit(1, add_tags=["AI-Process"])
    listed = api.get("/api/documents/?tags__name__iexact=ai-process&fields=id").json()["results"]
    assert sorted(one["id"] for one in listed) == [1, 1, 3]


def test_logins_beyond_five_a_minute_are_throttled_as_recorded(world: PracticeArchive, api: httpx.Client) -> None:
    good = {"username": "admin", "password": "admin"}
    assert api.post(TOKEN_URL, data=good).json() == {"token": "practice-token"}
    recorded = replay.load("429_token_throttled")
    bad = recorded.request["body"]["_form"]
    assert [api.post(TOKEN_URL, data=bad).status_code for _ in range(5)] == [400, 400, 400, 400, 429]
    refused = api.post(TOKEN_URL, data=good)
    wait_s = refused.headers["retry-after"]
    assert refused.status_code == recorded.status
    assert refused.json()["detail"] == recorded.body["detail"].replace("56", wait_s)
    assert "x-version" not in refused.headers


def test_an_upload_becomes_a_document_through_a_task(world: PracticeArchive, api: httpx.Client) -> None:
    file = {"document": ("letter from.pdf", PDF + b"upload")}
    form = {"title": "Letter", "tags": ["3", "9"], "correspondent": "1", "custom_fields": '{"1": "via upload"}'}
    task_id = api.post("/api/documents/post_document/", data=form, files=file).json()

    def task() -> dict[str, Any]:
        found: dict[str, Any] = api.get(f"/api/tasks/?task_id={task_id}").json()["results"][0]
        return found

    until(lambda: task()["status"] == "success")
    document_id = task()["result_data"]["document_id"]
    document = api.get(f"/api/documents/{document_id}/").json()
    assert (document["title"], document["correspondent"], document["page_count"]) == ("Letter", 1, 1)
    assert document["custom_fields"] == [{"value": "via upload", "field": 1}]
    assert world.tag_names(document_id) == {"ai-done", "Finance", "Invoices", "Utilities", "Inbox"}
    assert api.get(f"/api/documents/{document_id}/download/").content == PDF + b"upload"


def test_tasks_have_the_recorded_shapes_of_both_versions(world: PracticeArchive, api: httpx.Client) -> None:
    modify_tags(api, 1, [3], [])
    until(lambda: api.get("/api/tasks/").json()["results"][0]["status"] == "success")
    new = api.get("/api/tasks/").json()
    old = api.get("/api/tasks/", headers={"Accept": "application/json; version=9"}).json()
    recorded = replay.load("tasks_list_v10").body["results"][1]
    assert replay.shape(new["results"][0]) == replay.shape(recorded)
    assert {key: new["results"][0][key] for key in ("task_type", "status_display", "trigger_source")} == {
        key: recorded[key] for key in ("task_type", "status_display", "trigger_source")
    }
    assert list(old[0]) == list(replay.load("tasks_by_task_id_v9").body[0])
    assert old[0]["status"] == "SUCCESS"
    assert list(new) == list(replay.load("tasks_by_task_id_v10").body)


def test_metadata_and_preview_are_304_for_their_own_etag(world: PracticeArchive, api: httpx.Client) -> None:
    for path in ("metadata", "preview"):
        first = api.get(f"/api/documents/2/{path}/")
        again = api.get(f"/api/documents/2/{path}/", headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_the_original_is_given_on_request_and_the_archive_pdf_else(world: PracticeArchive, api: httpx.Client) -> None:
    assert api.get("/api/documents/4/download/?original=true").headers["content-type"] == "image/jpeg"
    assert api.get("/api/documents/4/download/").content == PDF


def test_large_answers_are_compressed_only_where_accepted(world: PracticeArchive, api: httpx.Client) -> None:
    zipped = api.get("/api/documents/3/", headers={"Accept-Encoding": "gzip"})
    plain = api.get("/api/documents/3/", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.json() == plain.json()


def test_a_compressed_file_comes_without_a_length(archive: PracticeArchive, api: httpx.Client) -> None:
    archive.add_document(PDF * 99, title="long")
    zipped = api.get("/api/documents/1/download/", headers={"Accept-Encoding": "gzip"})
    plain = api.get("/api/documents/1/download/", headers={"Accept-Encoding": "identity"})
    assert (zipped.content, plain.content) == (PDF * 99, PDF * 99)
    assert (zipped.headers.get("content-length"), zipped.headers["transfer-encoding"]) == (None, "chunked")
    assert plain.headers["content-length"] == str(len(PDF * 99))
    assert api.get("/api/documents/1/").status_code == 200


def test_similar_documents_come_by_shared_words(archive: PracticeArchive, api: httpx.Client) -> None:
    for title, content in (
        ("Power March", "electricity invoice northwind energy harbour"),
        ("Power April", "electricity invoice northwind energy"),
        ("Cake", "flour sugar butter"),
        ("Gas", "invoice southwind"),
    ):
        archive.add_document(PDF, title=title, content=content)
    found = api.get("/api/documents/?more_like_id=1&fields=title").json()["results"]
    assert [one["title"] for one in found] == ["Power April", "Gas"]
    hits = api.get("/api/documents/?query=invoice OR sugar&fields=id").json()
    assert sorted(one["id"] for one in hits["results"]) == [1, 2, 3, 4]


def test_an_explicit_owners_duplicate_name_has_the_third_shape(world: PracticeArchive, api: httpx.Client) -> None:
    answer = api.post("/api/tags/", json={"name": "ai-process", "owner": 2})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": ["Object violates owner / name unique constraint"]},
    )


def test_deleting_a_name_takes_it_off_the_documents(world: PracticeArchive, api: httpx.Client) -> None:
    world.edit(1, correspondent="Northwind Energy")
    assert api.get("/api/tags/1/").json()["document_count"] == 2
    assert [api.delete(path).status_code for path in ("/api/tags/1/", "/api/correspondents/1/")] == [204, 204]
    assert world.document(1)["tags"] == []
    assert world.document(1)["correspondent"] is None


@pytest.mark.parametrize("moment", ["before a start", "after a stop"])
def test_a_restarted_archive_goes_on_with_the_same_state(tmp_path: Path, http: httpx.Client, moment: str) -> None:
    login = {"Authorization": "Token practice-token"}
    first = PracticeArchive(tmp_path)
    document_id = first.add_document(PDF, title="kept", tags=["a"])
    if moment == "after a stop":
        with first:
            http.patch(f"{first.url}/api/documents/{document_id}/", json={"title": "kept too"}, headers=login)
    title = "kept too" if moment == "after a stop" else "kept"
    with PracticeArchive(tmp_path) as second:
        answer = http.get(f"{second.url}/api/documents/{document_id}/", headers=login).json()
        assert answer["title"] == title
        assert second.tag_names(document_id) == {"a"}
        assert len(second.history(document_id)) == (moment == "after a stop")
        assert http.get(f"{second.url}/api/documents/{document_id}/download/", headers=login).content == PDF


def test_a_chunked_request_body_is_read(world: PracticeArchive, api: httpx.Client) -> None:
    body = (piece for piece in (b'{"title": ', b'"in pieces"}'))
    answer = api.patch("/api/documents/1/", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["title"] == "in pieces"
