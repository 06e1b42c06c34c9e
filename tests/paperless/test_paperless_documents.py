"""Polling, reading, writing: what is sent, and what is made of the answer."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from sidecar.domain.document import VERSION_LABEL, Document, Tagged, Version
from sidecar.domain.errors import (
    CancelledError,
    MisconfiguredError,
    OutageError,
    PermanentError,
    TemporaryError,
    UncertainWriteError,
)
from sidecar.domain.writeback import TagDelta
from sidecar.paperless.client import POLL_PAGE, Paperless
from sidecar.paperless.http import PROVIDER, RefusedError
from tests.paperless.recorded import TITLE, answer, asked, body, html, page, said

FOUND = [
    Tagged(3, frozenset({1})),
    Tagged(4, frozenset({1, 5})),
    Tagged(6, frozenset({1})),
    Tagged(8, frozenset({1, 6, 7, 8})),
]


# Polling


async def test_a_poll_finds_the_documents_with_all_their_tags(server: respx.MockRouter, paperless: Paperless) -> None:
    server.get("/documents/").mock(answer("documents_list_tags_in_fields"))
    assert await paperless.tagged({1}) == FOUND


async def test_a_poll_works_while_the_redis_of_paperless_is_down(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/").mock(answer("redis_down_list"))
    assert {document.id for document in await paperless.tagged({1})} == {3, 4, 6, 8}


async def test_a_poll_asks_for_ids_and_tags_only_and_never_for_contents(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    route = server.get("/documents/").mock(answer("documents_list_tags_id_unknown_empty"))
    assert await paperless.tagged([5, 1]) == []
    assert dict(route.calls.last.request.url.params) == {
        "tags__id__in": "1,5",
        "fields": "id,tags",
        "ordering": "id",
        "page_size": str(POLL_PAGE),
        "page": "1",
    }


async def test_a_poll_reads_all_pages_and_counts_a_document_once(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    rows = [{"id": number, "tags": [1]} for number in (1, 2, 3)]
    route = server.get("/documents/").mock(side_effect=[page(rows[:2], more=True), page(rows[1:])])
    assert [document.id for document in await paperless.tagged({1})] == [1, 2, 3]
    assert [call.request.url.params["page"] for call in route.calls] == ["1", "2"]


async def test_a_poll_does_not_go_where_the_next_link_points(server: respx.MockRouter, paperless: Paperless) -> None:
    first = {**body("next_link_follows_host_header"), "results": [{"id": 34, "tags": [1]}]}
    assert "paperless.example:8443" in first["next"]
    route = server.get("/documents/").mock(side_effect=[said(first), answer("documents_list_tags_in_fields")])
    assert [document.id for document in await paperless.tagged({1})] == [34, 3, 4, 6, 8]
    assert {call.request.url.host for call in route.calls} == {"paperless.test"}


async def test_a_page_gone_in_between_leaves_what_was_found_before_it(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    rows = [{"id": 7, "tags": [1]}]
    server.get("/documents/").mock(side_effect=[page(rows, more=True), answer("404_invalid_page")])
    assert await paperless.tagged({1}) == [Tagged(7, frozenset({1}))]


@pytest.mark.parametrize("strange", [{"status": "ok"}, [], "pong", {"results": None}])
async def test_json_of_another_program_is_told_in_words(
    strange: object, server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/").mock(said(strange))
    with pytest.raises(MisconfiguredError, match="PAPERLESS_URL"):
        await paperless.tagged({1})


async def test_a_sign_of_life_is_one_small_request(server: respx.MockRouter, paperless: Paperless) -> None:
    route = server.get("/documents/", params={"page_size": 1, "fields": "id"}).mock(answer("version_10"))
    await paperless.probe()
    assert route.call_count == 1


# Reading


async def test_a_document_is_read_with_all_we_look_at(server: respx.MockRouter, paperless: Paperless) -> None:
    server.get("/documents/8/").mock(answer("document_get"))
    assert await paperless.document(8) == Document(
        id=8,
        title="Meta title",
        content=body("document_get")["content"],
        tags=frozenset({1, 6, 7, 8}),
        correspondent=1,
        document_type=1,
        storage_path=1,
        created="2026-02-03",
        mime_type="text/plain",
        original_file_name="m.txt",
        notes=tuple(note["note"] for note in body("document_get")["notes"]),
        user_can_change=True,
        versions=(Version(8, body("document_get")["versions"][0]["checksum"], "", is_root=True),),
        custom_fields={one["field"]: one["value"] for one in body("document_get")["custom_fields"]},
    )


async def test_of_several_versions_the_newest_that_is_not_ours_is_to_be_read(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/2/").mock(answer("document_get_with_two_versions"))
    newest, root = (await paperless.document(2)).versions
    assert (newest.is_root, root.is_root, newest.label) == (False, True, "sidecar OCR")
    document = await paperless.document(2)
    assert document.version_to_read == newest.id
    ours = replace(newest, label=VERSION_LABEL)
    assert replace(document, versions=(ours, root)).version_to_read == root.id


async def test_an_empty_document_has_an_empty_text(server: respx.MockRouter, paperless: Paperless) -> None:
    row = {**body("document_get"), "content": None, "notes": [], "original_file_name": None}
    server.get("/documents/8/").mock(said(row))
    document = await paperless.document(8)
    assert (document.content, document.notes, document.original_file_name) == ("", (), "")


async def test_a_document_that_may_only_be_looked_at_says_so(server: respx.MockRouter, paperless: Paperless) -> None:
    row = {**body("document_get"), **body("document_get_shared_view_only")}
    server.get("/documents/1/").mock(said(row))
    assert (await paperless.document(1)).user_can_change is False


@pytest.mark.parametrize(
    "recording",
    ["404_document", "404_document_in_trash", "404_document_of_other_owner", "document_get_version_id_404"],
)
async def test_a_document_that_is_gone_ends_its_job(
    recording: str, server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/20/").mock(answer(recording))
    with pytest.raises(CancelledError, match="no longer in Paperless"):
        await paperless.document(20)


@pytest.mark.parametrize(
    "foreign",
    [html(404), httpx.Response(404, text="404 page not found\n")],
    ids=["nginx", "traefik while the container is away"],
)
async def test_a_404_of_a_proxy_does_not_end_a_job(
    foreign: httpx.Response, server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/8/").mock(foreign)
    with pytest.raises(OutageError):
        await paperless.document(8)


async def test_the_history_comes_newest_first_as_paperless_gives_it(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/2/history/").mock(answer("history"))
    entries = await paperless.history(2)
    assert entries == body("history")
    assert [entry["timestamp"] for entry in entries] == sorted((e["timestamp"] for e in entries), reverse=True)


# Writing fields


async def test_a_patch_sends_the_given_values_and_nothing_else(server: respx.MockRouter, paperless: Paperless) -> None:
    values = {"title": "Invoice Northwind March 2026", "content": "INVOICE No. 2026-0417\nNorthwind Energy Ltd"}
    route = server.patch("/documents/1/").mock(answer("document_patch_ok_content_title_tags"))
    document = await paperless.patch(1, values)
    request = route.calls.last.request
    assert json.loads(request.content) == values
    assert request.url.query == b""
    assert (document.title, document.content) == (values["title"], values["content"])


@pytest.mark.parametrize(
    "recording",
    [
        "400_patch_title_too_long",
        "400_patch_title_null",
        "400_patch_content_null",
        "400_patch_created_bad",
        "400_patch_created_null",
        "400_patch_unknown_correspondent",
        "400_patch_unknown_document_type",
        "400_patch_unknown_storage_path",
        "patch_content_nul",
    ],
)
async def test_a_refused_patch_names_the_field_in_the_words_of_paperless(
    recording: str, server: respx.MockRouter, paperless: Paperless
) -> None:
    [(field, [words])] = body(recording).items()
    route = server.patch("/documents/1/").mock(answer(recording))
    with pytest.raises(RefusedError) as caught:
        await paperless.patch(1, asked(recording))
    assert caught.value.fields == {field: words}
    assert field in str(caught.value)
    assert route.call_count == 1


async def test_a_refusal_without_a_field_is_still_a_refusal(server: respx.MockRouter, paperless: Paperless) -> None:
    server.patch("/documents/1/").mock(answer("400_malformed_json"))
    with pytest.raises(RefusedError, match="JSON parse error") as caught:
        await paperless.patch(1, TITLE)
    assert set(caught.value.fields) == {"detail"}


@pytest.mark.parametrize("recording", ["404_patch_document", "404_patch_document_in_trash"])
async def test_a_patch_of_a_document_that_is_gone_ends_its_job(
    recording: str, server: respx.MockRouter, paperless: Paperless
) -> None:
    server.patch("/documents/9999/").mock(answer(recording))
    with pytest.raises(CancelledError):
        await paperless.patch(9999, TITLE)


@pytest.mark.parametrize("recording", ["403_patch_no_permission", "403_patch_view_only", "403_patch_shared_view_only"])
async def test_a_patch_that_is_not_allowed_ends_for_good(
    recording: str, server: respx.MockRouter, paperless: Paperless
) -> None:
    server.patch("/documents/1/").mock(answer(recording))
    with pytest.raises(PermanentError, match="You do not have permission to perform this action"):
        await paperless.patch(1, TITLE)


# Changing tags


async def test_tags_are_changed_by_delta(server: respx.MockRouter, paperless: Paperless) -> None:
    route = server.post("/documents/bulk_edit/").mock(answer("bulk_edit_modify_tags_ok"))
    await paperless.modify_tags([4], TagDelta(add=frozenset({8, 1}), remove=frozenset({3})))
    assert json.loads(route.calls.last.request.content) == asked("bulk_edit_modify_tags_ok")


async def test_both_lists_are_sent_even_when_one_is_empty(server: respx.MockRouter, paperless: Paperless) -> None:
    route = server.post("/documents/bulk_edit/").mock(answer("bulk_edit_modify_tags_ok"))
    await paperless.modify_tags([4, 6], TagDelta(remove=frozenset({3})))
    sent = json.loads(route.calls.last.request.content)
    assert sent["documents"] == [4, 6]
    assert sent["parameters"] == {"add_tags": [], "remove_tags": [3]}


@pytest.mark.parametrize(
    ("recording", "field"),
    [
        ("bulk_edit_one_unknown_document_400", "documents"),
        ("bulk_edit_document_in_trash_400", "documents"),
        ("bulk_edit_modify_tags_unknown_tag_400", "non_field_errors"),
    ],
)
async def test_a_refused_tag_change_was_not_made_and_says_why(
    recording: str, field: str, server: respx.MockRouter, paperless: Paperless
) -> None:
    server.post("/documents/bulk_edit/").mock(answer(recording))
    with pytest.raises(RefusedError, match="don't exist or were specified twice") as caught:
        await paperless.modify_tags([4], TagDelta(add=frozenset({9999})))
    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize(
    "recording",
    ["403_bulk_edit_no_permission", "403_bulk_edit_shared_view_only", "403_bulk_edit_document_of_other_owner"],
)
async def test_a_tag_change_that_is_not_allowed_is_told_although_it_comes_as_html(
    recording: str, server: respx.MockRouter, paperless: Paperless
) -> None:
    assert "html" in answer(recording).headers["content-type"]
    server.post("/documents/bulk_edit/").mock(answer(recording))
    with pytest.raises(PermanentError, match="Insufficient permissions"):
        await paperless.modify_tags([1], TagDelta(add=frozenset({3})))


# Notes


async def test_a_note_is_posted_once(server: respx.MockRouter, paperless: Paperless) -> None:
    route = server.post("/documents/2/notes/").mock(answer("notes_post_ok"))
    await paperless.add_note(2, "sidecar: OCR done, 2 pages")
    assert json.loads(route.calls.last.request.content) == asked("notes_post_ok")
    assert route.call_count == 1


async def test_a_note_that_was_not_saved_is_no_success_although_the_status_is_200(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.post("/documents/2/notes/").mock(answer("notes_post_missing_note"))
    with pytest.raises(TemporaryError, match="Error saving note") as caught:
        await paperless.add_note(2, "text")
    assert caught.value.suspect == PROVIDER


@pytest.mark.parametrize(("recording", "error"), [("403_notes_post", PermanentError), ("404_notes", CancelledError)])
async def test_a_note_that_cannot_be_posted(
    recording: str, error: type[Exception], server: respx.MockRouter, paperless: Paperless
) -> None:
    server.post("/documents/3/notes/").mock(answer(recording))
    with pytest.raises(error):
        await paperless.add_note(3, "text")


async def test_a_note_whose_answer_is_a_server_error_may_have_been_saved(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    route = server.post("/documents/3/notes/").mock(answer("500_patch_cf_float_bad"))
    with pytest.raises(UncertainWriteError):
        await paperless.add_note(3, "text")
    assert route.call_count == 1


# Custom fields


async def test_custom_fields_are_sent_as_one_list_with_what_the_document_holds(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    route = server.patch("/documents/1/").mock(answer("patch_cf_list_replaces_all_ok"))
    values = {"title": "T", "custom_fields.1": "only me", "custom_fields.4": None}
    document = await paperless.patch(1, values, holds={4: "2026-04-01", 9: None, 1: "old"})
    assert json.loads(route.calls[0].request.content) == {
        "title": "T",
        "custom_fields": [{"field": 9, "value": None}, {"field": 1, "value": "only me"}],
    }
    assert document.custom_fields == {1: "only me"}


async def test_what_the_document_holds_is_read_if_nobody_says(server: respx.MockRouter, paperless: Paperless) -> None:
    server.get("/documents/8/").mock(answer("document_get"))
    route = server.patch("/documents/8/").mock(answer("document_get"))
    await paperless.patch(8, {"custom_fields.99": 1})
    sent = json.loads(route.calls[0].request.content)["custom_fields"]
    assert sent == [*({"field": n, "value": v} for n, v in held("document_get").items()), {"field": 99, "value": 1}]


def held(name: str) -> dict[int, Any]:
    return {one["field"]: one["value"] for one in body(name)["custom_fields"]}


@pytest.mark.parametrize(
    "name", ["cf_date_bad", "cf_int_bad", "cf_link_bad", "cf_money_bad", "cf_select_bad", "unknown_custom_field"]
)
async def test_a_refused_custom_field_is_named(name: str, server: respx.MockRouter, paperless: Paperless) -> None:
    refusal = answer(f"400_patch_{name}").json()
    refusal["custom_fields"].insert(0, {})  # the document's own value, in which nothing is wrong
    server.patch("/documents/1/").mock(said(refusal, 400))
    with pytest.raises(RefusedError) as caught:
        await paperless.patch(1, {"title": "T", "custom_fields.5": "bad"}, holds={4: "good"})
    assert list(caught.value.fields) == ["custom_fields.5"]
    assert caught.value.fields["custom_fields.5"] in str(answer(f"400_patch_{name}").json()).replace('\\\\"', '"')


async def test_what_is_wrong_with_the_list_itself_is_said_of_all_that_were_wanted(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.patch("/documents/1/").mock(said({"custom_fields": ["Expected a list."], "title": ["Too long."]}, 400))
    with pytest.raises(RefusedError) as caught:
        await paperless.patch(1, {"title": "T", "custom_fields.5": 1, "custom_fields.6": 1}, holds={4: "good"})
    assert caught.value.fields == {
        "title": "Too long.", "custom_fields.5": "Expected a list.", "custom_fields.6": "Expected a list.",
    }  # fmt: skip


# Documents of its like


async def test_documents_like_it_are_those_that_a_search_found(server: respx.MockRouter, paperless: Paperless) -> None:
    route = server.get("/documents/", params__contains={"more_like_id": 1, "page_size": 5}).mock(
        answer("search_more_like_id")
    )
    found = await paperless.similar(1, 5)
    assert [(one.id, one.title) for one in found][:2] == [(7, "invoice_text"), (8, "Meta title")]
    assert found[1].tags == {7, 6, 8, 1}
    assert route.call_count == 1


async def test_a_paperless_that_knows_no_such_search_gives_no_documents_of_its_like(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/").mock(answer("documents_list_tags_in_fields"))  # an unknown filter: all documents
    assert await paperless.similar(1, 5) == []


async def test_a_document_that_is_not_in_the_index_has_no_like(server: respx.MockRouter, paperless: Paperless) -> None:
    server.get("/documents/").mock(answer("search_more_like_unknown"))
    assert await paperless.similar(1, 5) == []


async def test_whose_a_document_is_is_given_as_values_for_a_name(
    server: respx.MockRouter, paperless: Paperless
) -> None:
    server.get("/documents/8/", params__contains={"full_perms": "true"}).mock(answer("document_get_full_perms"))
    rights = await paperless.rights(8)
    assert rights == {
        "owner": body("document_get_full_perms")["owner"],
        "set_permissions": body("document_get_full_perms")["permissions"],
    }
