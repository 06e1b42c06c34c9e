"""Names: cached for their time, found to the letter, made once even when another is faster."""

import json
from typing import Any

import httpx
import pytest
import respx

from sidecar.domain.errors import MisconfiguredError, OutageError, PermanentError, UncertainWriteError
from sidecar.domain.vocabulary import Name, Names
from sidecar.paperless.http import Http, RefusedError
from sidecar.paperless.names import FRESH_S, USUAL, NameList
from tests.paperless.conftest import Watch
from tests.paperless.recorded import answer, body, html, page, said

INBOX, FINANCE = 6, 7


@pytest.fixture
def lists(server: respx.MockRouter) -> dict[Names, respx.Route]:
    """Answer the three lists as recorded."""
    return {kind: server.get(f"/{kind}/").mock(answer(f"{kind}_list")) for kind in Names if kind in USUAL}


def tag(number: int, name: str, **values: Any) -> dict[str, Any]:
    return {**body("tag_create_ok_owner_null"), "id": number, "name": name, **values}


def sent(route: respx.Route) -> Any:
    return json.loads(route.calls.last.request.content)


# The vocabulary


async def test_the_vocabulary_has_the_names_of_all_three_kinds(
    lists: dict[Names, respx.Route], names: NameList
) -> None:
    known = await names.vocabulary(hidden=())
    assert [name.name for name in known.of(Names.CORRESPONDENTS)] == ["Northwind Energy", "northwind energy"]
    assert known.of(Names.DOCUMENT_TYPES) == [Name(1, "Invoice", 0)]
    assert {"Finance", "ai-process", "AI-Process"} < {name.name for name in known.of(Names.TAGS)}
    assert [route.call_count for route in lists.values()] == [1, 1, 1]


async def test_storage_paths_and_custom_fields_are_asked_for_where_they_are_to_be_filled(
    lists: dict[Names, respx.Route], server: respx.MockRouter, http: Http
) -> None:
    server.get("/storage_paths/").mock(answer("storage_paths_list"))
    server.get("/custom_fields/").mock(answer("custom_fields_list"))
    known = await NameList(http, kinds=frozenset(Names), custom_fields=True).vocabulary(hidden=())
    assert [name.name for name in known.of(Names.STORAGE_PATHS)] == ["By year", "legacy"]
    money, select = (next(one for one in known.fields if one.name == name) for name in ("cf_money", "cf_select"))
    assert (money.currency, [option.label for option in select.options]) == ("EUR", ["paid", "open"])
    assert len(known.fields) == len(body("custom_fields_list")["results"])


async def test_a_tag_is_shown_below_its_parent(lists: dict[Names, respx.Route], names: NameList) -> None:
    known = await names.vocabulary(hidden=())
    assert {"Finance", "Finance / Invoices"} <= {name.shown for name in known.of(Names.TAGS)}


async def test_nested_tags_are_counted_once(lists: dict[Names, respx.Route], names: NameList) -> None:
    assert len(body("tags_list")["results"]) == 9  # Invoices and Utilities are in it flat, and nested in Finance too
    known = await names.vocabulary(hidden=())
    ids = [name.id for name in known.of(Names.TAGS)]
    assert sorted(ids) == [1, 2, 3, 4, 5, 7, 8, 9]


async def test_inbox_tags_are_not_offered(lists: dict[Names, respx.Route], names: NameList) -> None:
    assert INBOX in {row["id"] for row in body("tags_list")["results"]}
    known = await names.vocabulary(hidden=())
    assert INBOX not in {name.id for name in known.of(Names.TAGS)}


async def test_hidden_tags_are_not_offered_but_names_of_other_kinds_with_their_id_are(
    lists: dict[Names, respx.Route], names: NameList
) -> None:
    known = await names.vocabulary(hidden={1, 2, 3, 4, 5})
    assert {name.name for name in known.of(Names.TAGS)} == {"Finance", "Invoices", "Utilities"}
    assert {name.id for name in known.of(Names.CORRESPONDENTS)} == {1, 2}


async def test_what_is_hidden_is_asked_each_time_and_costs_no_request(
    lists: dict[Names, respx.Route], names: NameList
) -> None:
    assert FINANCE not in {name.id for name in (await names.vocabulary(hidden={FINANCE})).of(Names.TAGS)}
    assert FINANCE in {name.id for name in (await names.vocabulary(hidden=())).of(Names.TAGS)}
    assert lists[Names.TAGS].call_count == 1


async def test_a_name_says_how_many_documents_carry_it(server: respx.MockRouter, names: NameList) -> None:
    server.get("/tags/").mock(page([tag(1, "Rent", document_count=12), tag(2, "New", document_count=None)]))
    server.get("/correspondents/").mock(page([]))
    server.get("/document_types/").mock(page([]))
    known = await names.vocabulary(hidden=())
    assert known.of(Names.TAGS) == [Name(1, "Rent", 12), Name(2, "New", 0)]


async def test_names_are_asked_for_again_only_when_their_time_is_over(
    lists: dict[Names, respx.Route], names: NameList, watch: Watch
) -> None:
    await names.vocabulary(hidden=())
    watch.now_s += FRESH_S
    await names.vocabulary(hidden=())
    assert [route.call_count for route in lists.values()] == [1, 1, 1]
    watch.now_s += 0.001
    await names.vocabulary(hidden=())
    assert [route.call_count for route in lists.values()] == [2, 2, 2]


async def test_a_failed_renewal_is_not_kept_as_a_vocabulary(
    server: respx.MockRouter, names: NameList, watch: Watch
) -> None:
    server.get("/tags/").mock(side_effect=[html(503), answer("tags_list")])
    server.get("/correspondents/").mock(answer("correspondents_list"))
    server.get("/document_types/").mock(answer("document_types_list"))
    with pytest.raises(OutageError):
        await names.vocabulary(hidden=())
    assert len((await names.vocabulary(hidden=())).of(Names.TAGS)) == 8


async def test_a_long_list_is_read_to_its_end(
    lists: dict[Names, respx.Route], server: respx.MockRouter, names: NameList
) -> None:
    pages = [page([tag(1, "a"), tag(2, "b")], more=True), page([tag(2, "b"), tag(3, "c")])]
    route = server.get("/tags/").mock(side_effect=pages)
    known = await names.vocabulary(hidden=())
    assert [name.name for name in known.of(Names.TAGS)] == ["a", "b", "c"]
    assert [call.request.url.params["page"] for call in route.calls] == ["1", "2"]


async def test_a_page_of_names_gone_in_between_does_not_say_that_a_document_is_gone(
    lists: dict[Names, respx.Route], names: NameList
) -> None:
    pages = [page([tag(1, "Invoice")], more=True), answer("404_invalid_page")]
    lists[Names.DOCUMENT_TYPES].mock(side_effect=pages)
    known = await names.vocabulary(hidden=())
    assert [name.name for name in known.of(Names.DOCUMENT_TYPES)] == ["Invoice"]


# Looking a name up


async def test_a_name_is_looked_up_without_listing_all(server: respx.MockRouter, names: NameList) -> None:
    route = server.get("/tags/").mock(answer("tags_resolve_name"))
    assert await names.own_tag("ai-done") == 3
    assert route.calls.last.request.url.params["name__iexact"] == "ai-done"
    assert route.call_count == 1


@pytest.mark.parametrize(("name", "number"), [("ai-process", 1), ("AI-Process", 2)])
async def test_of_names_that_differ_in_case_the_one_written_so_is_meant(
    name: str, number: int, server: respx.MockRouter, names: NameList
) -> None:
    server.get("/tags/").mock(answer("tags_filter_name_iexact"))
    assert await names.own_tag(name) == number


async def test_a_name_in_other_case_only_is_made(server: respx.MockRouter, names: NameList) -> None:
    server.get("/tags/").mock(answer("tags_filter_name_iexact"))
    route = server.post("/tags/").mock(said(tag(70, "AI-PROCESS"), status=201))
    assert await names.own_tag("AI-PROCESS") == 70
    assert sent(route)["name"] == "AI-PROCESS"


async def test_a_lookup_whose_filter_was_ignored_still_finds_the_right_name(
    server: respx.MockRouter, names: NameList
) -> None:
    server.get("/tags/").mock(answer("tags_filter_name_exact_ignored"))  # all tags
    assert await names.own_tag("ocr-process") == 5


# Making a name


async def test_our_own_tag_is_made_unowned_and_matching_nothing(server: respx.MockRouter, names: NameList) -> None:
    server.get("/tags/").mock(page([]))
    route = server.post("/tags/").mock(answer("tag_create_ok_owner_null"))
    assert await names.own_tag("ai-done") == 3
    assert sent(route) == {"name": "ai-done", "owner": None, "matching_algorithm": 0}


async def test_a_tag_that_exists_is_not_made(server: respx.MockRouter, names: NameList) -> None:
    server.get("/tags/").mock(page([tag(11, "ai-done")]))
    assert await names.own_tag("ai-done") == 11


async def test_a_name_that_was_made_is_in_the_next_vocabulary(
    lists: dict[Names, respx.Route], server: respx.MockRouter, names: NameList
) -> None:
    await names.vocabulary(hidden=())
    route = server.post("/correspondents/").mock(answer("correspondent_create_ok"))
    assert await names.make(Names.CORRESPONDENTS, "Northwind Energy") == body("correspondent_create_ok")["id"]
    await names.vocabulary(hidden=())
    assert sent(route)["matching_algorithm"] == 0
    assert lists[Names.TAGS].call_count == 2


DUPLICATE = "Object violates owner / name unique constraint"
LOST_RACE = pytest.mark.parametrize(
    "loser",
    [
        pytest.param(answer("tag_create_duplicate_400"), id="400, error as text"),
        pytest.param(said({"error": [DUPLICATE]}, status=400), id="400, error as list"),
        pytest.param(answer("tag_create_same_name_other_parent_400"), id="400, under the name"),
        pytest.param(answer("500_patch_cf_float_bad"), id="500"),
    ],
)


@LOST_RACE
async def test_a_name_made_by_another_a_moment_before_is_taken(
    loser: httpx.Response, server: respx.MockRouter, names: NameList
) -> None:
    lookups = server.get("/tags/").mock(side_effect=[page([]), answer("tags_resolve_name")])
    creation = server.post("/tags/").mock(loser)
    assert await names.own_tag("ai-done") == 3
    assert (lookups.call_count, creation.call_count) == (2, 1)


@pytest.mark.parametrize(
    ("kind", "recording", "name"),
    [
        (Names.CORRESPONDENTS, "correspondent_create_duplicate_400", "Northwind Energy"),
        (Names.DOCUMENT_TYPES, "document_type_create_duplicate_400", "Invoice"),
    ],
)
async def test_other_kinds_of_names_lose_the_race_as_well(
    kind: Names, recording: str, name: str, server: respx.MockRouter, names: NameList
) -> None:
    server.get(f"/{kind}/").mock(answer(f"{kind}_list"))
    server.post(f"/{kind}/").mock(answer(recording))
    assert await names.make(kind, name) == 1


@pytest.mark.parametrize(
    ("recording", "error"),
    [
        ("tag_create_too_long_400", RefusedError),
        ("500_patch_cf_float_bad", UncertainWriteError),
        ("403_create_tag", PermanentError),
    ],
)
async def test_a_name_that_cannot_be_made_is_an_error(
    recording: str, error: type[Exception], server: respx.MockRouter, names: NameList
) -> None:
    server.get("/tags/").mock(page([]))
    creation = server.post("/tags/").mock(answer(recording))
    with pytest.raises(error):
        await names.own_tag("ai-done")
    assert creation.call_count == 1


async def test_a_tag_of_ours_may_be_below_another_tag(server: respx.MockRouter, names: NameList) -> None:
    server.get("/tags/").mock(page([tag(9, "Utilities", parent=8)]))
    assert await names.own_tag("Utilities") == 9


async def test_a_wrong_token_is_not_taken_for_a_lost_race(server: respx.MockRouter, names: NameList) -> None:
    lookups = server.get("/tags/").mock(page([]))
    server.post("/tags/").mock(answer("401_bad_token"))
    with pytest.raises(MisconfiguredError):
        await names.own_tag("ai-done")
    assert lookups.call_count == 1
