"""The ten traps of the Paperless API that cost most, each reproduced by the practice archive."""

import httpx
import pytest

from sidecar.practice.archive import REDIS_DOWN, PracticeArchive
from tests.practice import replay
from tests.waiting import until


def modify_tags(api: httpx.Client, document_id: int, adding: list[int], removing: list[int]) -> httpx.Response:
    parameters = {"add_tags": adding, "remove_tags": removing}
    body = {"documents": [document_id], "method": "modify_tags", "parameters": parameters}
    return api.post("/api/documents/bulk_edit/", json=body)


@pytest.mark.parametrize(
    "query", ["tags__name__in=ai-process", "tags__id__exact=1", "tags__id__in=abc", "tags__id__in="]
)
def test_trap_1_an_unknown_filter_is_ignored_and_every_document_comes(
    world: PracticeArchive, api: httpx.Client, query: str
) -> None:
    assert api.get(f"/api/documents/?{query}").json()["count"] == 6
    assert api.get("/api/documents/?tags__id__in=1").json()["count"] == 2


def test_trap_2_fields_on_a_patch_narrows_what_is_written(world: PracticeArchive, api: httpx.Client) -> None:
    answer = api.patch("/api/documents/6/?fields=id", json={"title": "lost", "tags": [3]})
    assert (answer.status_code, answer.json()) == (200, {"id": 6})
    assert world.document(6)["title"] == "letter"
    assert world.tag_names(6) == set()
    assert world.history(6) == []


def test_trap_3_a_bad_boolean_is_a_500_with_title_and_tags_written(world: PracticeArchive, api: httpx.Client) -> None:
    body = {"title": "after", "tags": [4], "custom_fields": [{"field": 5, "value": "maybe"}]}
    answer = api.patch("/api/documents/5/", json=body)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert world.document(5)["title"] == "after"
    assert world.tag_names(5) == {"ai-failed"}
    assert world.document(5)["custom_fields"] == []


def test_trap_4_preconditions_are_ignored_and_modified_moves_after_the_answer(
    world: PracticeArchive, api: httpx.Client
) -> None:
    conditions = {"If-Match": '"other"', "If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    assert api.patch("/api/documents/1/", json={"title": "anyway"}, headers=conditions).status_code == 200
    world.set_delays(bulk_update_s=0.2, consume_s=0.0)
    before = world.document(1)["modified"]
    assert modify_tags(api, 1, [3], []).status_code == 200
    assert world.tag_names(1) == {"ai-process", "ai-done"}
    assert world.document(1)["modified"] == before
    until(lambda: world.document(1)["modified"] > before)


def test_trap_5_patched_tags_replace_a_persons_tag_and_modify_tags_keeps_it(
    world: PracticeArchive, api: httpx.Client
) -> None:
    read = api.get("/api/documents/1/").json()["tags"]
    world.edit(1, add_tags=["by a person"])
    api.patch("/api/documents/1/", json={"tags": [*read, 3]})
    assert world.tag_names(1) == {"ai-process", "ai-done"}
    world.edit(1, add_tags=["by a person"])
    modify_tags(api, 1, [4], [1])
    assert world.tag_names(1) == {"ai-done", "ai-failed", "by a person"}


def test_trap_6_leaving_out_a_parent_tag_removes_its_children(world: PracticeArchive, api: httpx.Client) -> None:
    api.patch("/api/documents/5/", json={"tags": []})
    assert api.patch("/api/documents/5/", json={"tags": [9]}).json()["tags"] == [7, 8, 9]
    assert api.patch("/api/documents/5/", json={"tags": [9, 8]}).json()["tags"] == []


def test_trap_7_a_reprocess_puts_paperless_own_text_back_and_modified_stays(
    world: PracticeArchive, api: httpx.Client
) -> None:
    modified = api.patch("/api/documents/2/", json={"content": "better text"}).json()["modified"]
    assert api.post("/api/documents/reprocess/", json={"documents": [2]}).json() == {"result": "OK"}
    until(lambda: world.document(2)["content"] == "Rental contract")
    assert world.document(2)["modified"] == modified
    newest = world.history(2)[0]
    assert (newest["changes"], newest["actor"]) == ({"content": ["better text", "Rental contract"]}, None)


def test_trap_8_with_redis_down_a_bulk_edit_is_400_but_written_and_a_patch_500_and_not(
    world: PracticeArchive, api: httpx.Client
) -> None:
    world.faults.replace(REDIS_DOWN)
    bulk = modify_tags(api, 6, [3], [])
    patch = api.patch("/api/documents/6/", json={"title": "patched"})
    for name, answer in {
        "redis_down_bulk_edit_400_but_written": bulk,
        "redis_down_patch_500_nothing_written": patch,
    }.items():
        recorded = replay.load(name)
        assert (answer.status_code, answer.text) == (recorded.status, recorded.body)
        assert answer.headers["content-type"] == recorded.headers["content-type"]
    assert world.tag_names(6) == {"ai-done"}
    assert world.document(6)["title"] == "letter"
    assert api.get("/api/documents/6/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/documents", 302),
        ("GET", "/api/nonexistent/", 302),
        ("PATCH", "/api/documents/1", 403),
        ("POST", "/api/nonexistent/", 403),
    ],
)
def test_trap_9_a_wrong_path_is_a_login_redirect_or_a_csrf_page(
    world: PracticeArchive, api: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = api.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers.get("location") == (f"/accounts/login/?next={path}" if status == 302 else None)


def test_trap_10_a_tag_of_another_owner_is_hidden_and_can_be_made_again(
    world: PracticeArchive, http: httpx.Client
) -> None:
    world.add_user("plain", "plain-token")
    login = {"Authorization": "Token plain-token"}
    tag = {"name": "ai-process"}
    world.edit(3, owner=None)
    assert http.get(f"{world.url}/api/documents/3/", headers=login).json()["tags"] == [1, 5]
    assert http.get(f"{world.url}/api/tags/?name__iexact=ai-process", headers=login).json()["count"] == 0
    made = http.post(f"{world.url}/api/tags/", json=tag, headers=login)
    assert (made.status_code, made.json()["name"]) == (201, "ai-process")
    assert made.json()["id"] != 1
    again = http.post(f"{world.url}/api/tags/", json=tag, headers=login)
    assert again.json() == {"error": "Object violates owner / name unique constraint"}
