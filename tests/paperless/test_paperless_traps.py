"""The ten traps of the Paperless API (docs/paperless.md), and how the client meets each."""

import json
from dataclasses import replace
from typing import Any

import pytest
import respx

from sidecar.domain.document import Tagged
from sidecar.domain.errors import MisconfiguredError, PermanentError, UncertainWriteError
from sidecar.domain.writeback import TagDelta
from sidecar.paperless.client import Paperless
from sidecar.paperless.http import Http
from sidecar.paperless.names import USUAL, NameList
from tests.paperless.recorded import TITLE, answer, asked, body, page, said

EVERYTHING = body("documents_list_tags_name_in_ignored")["results"]
TAGS_OF = {row["id"]: row["tags"] for row in EVERYTHING}


@pytest.mark.parametrize(
    "recording",
    [
        "documents_list_tags_name_in_ignored",
        "documents_list_bad_tag_value_ignored",
        "documents_list_empty_tag_value_ignored",
    ],
)
@pytest.mark.parametrize(("wanted", "found"), [({5}, {2, 3}), ({1, 3}, {1, 3, 4}), ({99}, set()), (set(), set())])
async def test_trap_1_a_filter_the_server_ignored_finds_only_documents_that_do_carry_the_tag(
    recording: str, wanted: set[int], found: set[int], server: respx.MockRouter, paperless: Paperless
) -> None:
    everything = body(recording)
    assert everything["count"] == len(TAGS_OF) == 6
    rows = [{"tags": TAGS_OF[row["id"]], **row} for row in everything["results"]]  # two were recorded with ids only
    server.request("GET", "/documents/").mock(said({**everything, "results": rows}))
    assert {document.id for document in await paperless.tagged(wanted)} == found


async def test_trap_2_a_patch_never_carries_fields_which_would_make_it_write_nothing(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    trap = "TRAP_patch_with_fields_param_ignores_other_keys"
    assert body(trap) == {"id": 6}  # a success, and nothing was written
    route = server.patch("/documents/6/").mock(answer("document_patch_ok_full"))
    await paperless.patch(6, {"title": asked(trap)["title"]})
    assert "fields" not in route.calls.last.request.url.params
    assert "fields" not in json.loads(route.calls.last.request.content)


async def test_trap_3_a_patch_is_no_transaction_so_a_500_may_have_written_in_part(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.patch("/documents/5/").mock(answer("500_patch_cf_bool_bad_partial_write"))
    with pytest.raises(UncertainWriteError):
        await paperless.patch(5, TITLE)


async def test_trap_4_no_request_pretends_that_there_is_a_lock(server: respx.MockRouter, paperless: Paperless) -> None:
    server.get("/documents/8/").mock(answer("document_get"))
    server.patch("/documents/8/").mock(answer("document_patch_ok_full"))
    document = await paperless.document(8)
    await paperless.patch(8, TITLE)
    for call in server.calls:
        assert not [name for name in call.request.headers if name.startswith("if-")]
    # It moves by itself, and does not move on a reprocess: two readings that differ in it alone are the same document.
    assert replace(document, modified="2026-11-30T12:00:00Z") == document


async def test_trap_5_tags_are_never_patched_since_that_would_replace_what_a_person_added(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    with pytest.raises(ValueError, match="never by PATCH"):
        await paperless.patch(1, {**TITLE, "tags": [1]})
    assert not server.calls
    route = server.post("/documents/bulk_edit/").mock(answer("bulk_edit_modify_tags_ok"))
    await paperless.modify_tags([1], TagDelta(add=frozenset({3}), remove=frozenset({1})))
    parameters = json.loads(route.calls.last.request.content)["parameters"]
    assert parameters == {"add_tags": [3], "remove_tags": [1]}


async def test_trap_6_a_tag_of_ours_with_tags_below_it_is_refused_in_words(
    server: respx.MockRouter, names: NameList
) -> None:
    assert body("patch_tags_without_parent_removes_children")["tags"] == []  # [9, 8] was sent
    parent = body("tag_get_parent_with_children")
    server.get("/tags/").mock(page([parent]))
    with pytest.raises(MisconfiguredError, match='"Finance" has other tags below it') as caught:
        await names.own_tag("Finance")
    assert "name another tag in the settings" in str(caught.value)


async def test_trap_7_content_is_read_anew_each_time_since_a_reprocess_or_a_version_replaces_it(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    before, after = body("document_get_with_two_versions"), body("document_patch_content_with_version")
    server.get("/documents/2/").mock(side_effect=[said(before), said(after)])
    contents = [(await paperless.document(2)).content for _ in range(2)]
    assert contents == [before["content"], after["content"]]
    assert contents[0] != contents[1]


async def test_trap_8_with_its_redis_down_paperless_writes_the_tags_and_answers_400(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    route = server.post("/documents/bulk_edit/").mock(answer("redis_down_bulk_edit_400_but_written"))
    with pytest.raises(UncertainWriteError, match="Error performing bulk edit"):
        await paperless.modify_tags([6], TagDelta(add=frozenset({3}), remove=frozenset({4})))
    assert route.call_count == 1


async def test_trap_9_a_wrong_path_is_a_redirect_to_the_login_page_and_never_a_missing_document(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/8/").mock(answer("302_unknown_endpoint"))
    with pytest.raises(MisconfiguredError, match="Check PAPERLESS_URL"):
        await paperless.document(8)


async def test_trap_9_a_write_to_a_wrong_path_is_a_page_of_html(server: respx.MockRouter, http: Http) -> None:
    server.patch("/documents/1").mock(answer("missing_trailing_slash_patch"))
    with pytest.raises(PermanentError):
        await http.send("PATCH", "documents/1", TITLE)


async def test_trap_9_every_path_of_the_client_ends_with_a_slash(
    server: respx.MockRouter, paperless: Paperless, names: NameList, tmp_path: Any
) -> None:
    server.get("/documents/8/history/").mock(answer("history"))
    server.get("/documents/8/download/").mock(answer("download_doc5"))
    server.get("/documents/8/").mock(answer("document_get"))
    server.get("/documents/").mock(answer("documents_list_tags_in_fields"))
    server.patch("/documents/8/").mock(answer("document_patch_ok_full"))
    server.post("/documents/8/notes/").mock(answer("notes_post_ok"))
    server.post("/documents/bulk_edit/").mock(answer("bulk_edit_modify_tags_ok"))
    server.post("/tags/").mock(answer("tag_create_ok_minimal"))
    for kind in USUAL:
        server.get(f"/{kind}/").mock(answer(f"{kind}_list"))
    await paperless.probe()
    assert Tagged(3, frozenset({1})) in await paperless.tagged({1})
    await paperless.document(8)
    await paperless.history(8)
    await paperless.patch(8, TITLE)
    await paperless.modify_tags([8], TagDelta())
    await paperless.add_note(8, "text")
    await paperless.download(8, tmp_path / "file", original=True, max_bytes=1_000_000)
    await names.vocabulary(hidden=())
    await names.own_tag("one that is missing")
    assert {call.request.url.path[-1] for call in server.calls} == {"/"}


async def test_trap_10_a_tag_that_the_user_may_not_see_is_made_a_second_time_and_unowned(
    server: respx.MockRouter, names: NameList
) -> None:
    server.get("/tags/").mock(answer("tags_hidden_because_owned_by_admin"))
    route = server.post("/tags/").mock(said({**body("tag_create_as_limited_user"), "id": 80}, status=201))
    assert await names.own_tag("ai-process") == 80
    assert json.loads(route.calls.last.request.content)["owner"] is None
