"""What every answer of Paperless, or of a proxy before it, means to the sidecar."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import respx

from sidecar.domain.errors import (
    MisconfiguredError,
    OutageError,
    PermanentError,
    TemporaryError,
    UncertainWriteError,
    WorkError,
)
from sidecar.paperless.http import PROVIDER, Http
from tests.paperless.conftest import transport
from tests.paperless.recorded import TITLE, TOKEN, URL, answer, body, html, said

BROKEN_JSON = '{"count": 6, "next": null, "resu'


# Who we are


async def test_every_request_carries_the_token_and_the_version_asked_for(server: respx.MockRouter, http: Http) -> None:
    route = server.get("/documents/").mock(answer("version_10"))
    assert await http.get("documents/") == body("version_10")
    headers = route.calls.last.request.headers
    assert headers["authorization"] == f"Token {TOKEN}"
    assert headers["accept"] == "application/json; version=10"
    assert headers["user-agent"].startswith("paperless-sidecar/")


@pytest.mark.parametrize("url", ["http://home.test/paperless", "http://home.test/paperless/"])
async def test_a_paperless_below_a_sub_path_is_asked_there(url: str) -> None:
    http = Http(url, TOKEN, transport=transport())
    with respx.mock:
        route = respx.get("http://home.test/paperless/api/documents/").mock(answer("version_10"))
        await http.get("documents/")
    await http.close()
    assert route.called


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        ("401_bad_token", "Invalid token."),
        ("401_bearer_scheme", "Authentication credentials were not provided."),
        ("401_bad_basic", "Invalid username/password."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_refused_token_is_the_owners_to_mend(
    recording: str, words: str, method: str, server: respx.MockRouter, http: Http
) -> None:
    route = server.request(method, "/documents/").mock(answer(recording))
    with pytest.raises(MisconfiguredError, match="check PAPERLESS_TOKEN") as caught:
        await (http.get("documents/") if method == "GET" else http.send(method, "documents/", TITLE))
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert caught.value.provider == PROVIDER
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        ("403_list_documents_no_view_permission", "You do not have permission to perform this action."),
        ("403_history", "Insufficient permissions"),
    ],
)
async def test_a_forbidden_read_says_what_paperless_says(
    recording: str, words: str, server: respx.MockRouter, http: Http
) -> None:
    server.get("/documents/").mock(answer(recording))
    with pytest.raises(PermanentError, match=words):
        await http.get("documents/")


async def test_a_forbidden_page_of_html_is_not_quoted_at_length(server: respx.MockRouter, http: Http) -> None:
    server.patch("/documents/1").mock(answer("missing_trailing_slash_patch"))
    with pytest.raises(PermanentError, match="an HTML page") as caught:
        await http.send("PATCH", "documents/1", TITLE)
    assert len(str(caught.value)) < 200


# Which version is spoken


async def test_a_paperless_that_refuses_version_10_is_asked_in_version_9_from_then_on(
    server: respx.MockRouter, http: Http
) -> None:
    nines = [answer("version_9"), answer("version_9")]
    route = server.get("/documents/").mock(side_effect=[answer("406_version_11"), *nines])
    assert await http.get("documents/") == body("version_9")
    await http.get("documents/")
    spoken = [call.request.headers["accept"].partition("version=")[2] for call in route.calls]
    assert spoken == ["10", "9", "9"]


async def test_a_write_refused_for_its_version_is_sent_again_whole(server: respx.MockRouter, http: Http) -> None:
    done = answer("document_patch_ok_content_title_tags")
    route = server.patch("/documents/1/").mock(side_effect=[answer("406_version_11"), done])
    assert (await http.send("PATCH", "documents/1/", TITLE))["id"] == 1
    assert [json.loads(call.request.content) for call in route.calls] == [TITLE, TITLE]


async def test_requests_that_meet_the_version_change_together_all_succeed(server: respx.MockRouter, http: Http) -> None:
    both_asked = asyncio.Event()
    waiting: list[httpx.Request] = []

    async def old_paperless(request: httpx.Request) -> httpx.Response:
        if "version=9" in request.headers["accept"]:
            return answer("version_9")
        waiting.append(request)
        if len(waiting) == 2:
            both_asked.set()
        await both_asked.wait()
        return answer("406_version_11")

    server.get("/documents/").mock(side_effect=old_paperless)
    async with asyncio.timeout(5):
        answers = await asyncio.gather(http.get("documents/"), http.get("documents/"))
    assert list(answers) == [body("version_9")] * 2


async def test_a_paperless_that_speaks_neither_version_is_the_owners_to_mend(
    server: respx.MockRouter, http: Http
) -> None:
    route = server.get("/documents/").mock(answer("406_version_8"))
    with pytest.raises(MisconfiguredError):
        await http.get("documents/")
    assert route.call_count == 2


# Redirects and pages that are no API


@pytest.mark.parametrize("recording", ["302_unknown_endpoint", "missing_trailing_slash_get"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_to_the_login_page_is_not_followed_but_explained(
    recording: str, method: str, server: respx.MockRouter, http: Http
) -> None:
    route = server.request(method, "/documents/").mock(answer(recording))
    with pytest.raises(MisconfiguredError, match="Check PAPERLESS_URL") as caught:
        await (http.get("documents/") if method == "GET" else http.send(method, "documents/", TITLE))
    assert "/accounts/login/" in str(caught.value)
    assert route.call_count == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_https_is_not_followed_with_the_token(
    status: int, server: respx.MockRouter, http: Http
) -> None:
    location = "https://elsewhere.test/api/documents/"
    route = server.patch("/documents/1/").mock(httpx.Response(status, headers={"location": location}))
    with pytest.raises(MisconfiguredError, match="http or https as it is served") as caught:
        await http.send("PATCH", "documents/1/", TITLE)
    assert location in str(caught.value)
    assert route.call_count == 1


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_page_of_html_with_status_200_is_no_answer(method: str, server: respx.MockRouter, http: Http) -> None:
    server.request(method, "/documents/1/").mock(html(200))
    with pytest.raises(MisconfiguredError, match=r"without an API answer\. Check PAPERLESS_URL"):
        await (http.get("documents/1/") if method == "GET" else http.send(method, "documents/1/", TITLE))


async def test_an_address_where_nothing_is_found_is_the_owners_to_mend(server: respx.MockRouter, http: Http) -> None:
    server.get("/tags/").mock(html(404))
    with pytest.raises(MisconfiguredError, match="PAPERLESS_URL"):
        await http.get("tags/")


async def test_an_answer_without_content_is_none(server: respx.MockRouter, http: Http) -> None:
    server.delete("/documents/20/").mock(answer("document_delete_204"))
    assert await http.send("DELETE", "documents/20/", None) is None


async def test_json_cut_short_is_asked_for_again(server: respx.MockRouter, http: Http) -> None:
    cut = httpx.Response(200, headers={"content-type": "application/json"}, text=BROKEN_JSON)
    server.get("/documents/").mock(side_effect=[cut, answer("version_10")])
    assert await http.get("documents/") == body("version_10")


@pytest.mark.parametrize("status", [200, 400])
async def test_json_cut_short_leaves_a_write_uncertain(status: int, server: respx.MockRouter, http: Http) -> None:
    cut = httpx.Response(status, headers={"content-type": "application/json"}, text=BROKEN_JSON)
    server.patch("/documents/1/").mock(cut)
    with pytest.raises(UncertainWriteError):
        await http.send("PATCH", "documents/1/", TITLE)


# Outages


async def test_a_throttled_request_says_how_long_to_wait(server: respx.MockRouter, http: Http) -> None:
    route = server.get("/documents/").mock(answer("429_token_throttled"))
    with pytest.raises(OutageError) as caught:
        await http.get("documents/")
    assert caught.value.retry_after_s == 56.0
    assert not isinstance(caught.value, MisconfiguredError)
    assert route.call_count == 1


@pytest.mark.parametrize("header", [{}, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}], ids=["none", "a date"])
async def test_an_outage_without_a_number_of_seconds_leaves_the_wait_to_us(
    header: dict[str, str], server: respx.MockRouter, http: Http
) -> None:
    server.get("/documents/").mock(httpx.Response(429, headers=header))
    with pytest.raises(OutageError) as caught:
        await http.get("documents/")
    assert caught.value.retry_after_s is None


async def test_a_read_that_is_turned_away_is_an_outage(server: respx.MockRouter, http: Http) -> None:
    route = server.get("/documents/").mock(html(503, **{"retry-after": "7"}))
    with pytest.raises(OutageError, match="503") as caught:
        await http.get("documents/")
    assert caught.value.provider == PROVIDER
    assert caught.value.retry_after_s == 7.0
    assert route.call_count == 1


@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateway_that_misses_paperless_makes_it_suspect_since_it_may_be_this_document(
    status: int, server: respx.MockRouter, http: Http
) -> None:
    server.get("/documents/").mock(html(status))
    with pytest.raises(TemporaryError, match=str(status)) as caught:
        await http.get("documents/")
    assert caught.value.suspect == PROVIDER


@pytest.mark.parametrize("status", [429, 503])
async def test_a_write_that_was_turned_away_at_the_door_is_an_outage(
    status: int, server: respx.MockRouter, http: Http
) -> None:
    route = server.patch("/documents/1/").mock(html(status))
    with pytest.raises(OutageError):
        await http.send("PATCH", "documents/1/", TITLE)
    assert route.call_count == 1


@pytest.mark.parametrize("status", [502, 504])
async def test_a_write_whose_answer_the_gateway_lost_is_uncertain(
    status: int, server: respx.MockRouter, http: Http
) -> None:
    route = server.patch("/documents/1/").mock(html(status))
    with pytest.raises(UncertainWriteError):
        await http.send("PATCH", "documents/1/", TITLE)
    assert route.call_count == 1


# Server errors


async def test_a_server_error_to_a_read_is_asked_once_more_and_then_temporary(
    server: respx.MockRouter, http: Http
) -> None:
    route = server.get("/documents/8/").mock(answer("500_patch_cf_float_bad"))
    with pytest.raises(TemporaryError, match="500: an HTML page") as caught:
        await http.get("documents/8/")
    assert not isinstance(caught.value, UncertainWriteError)
    assert caught.value.suspect == PROVIDER
    assert route.call_count == 2


async def test_a_read_that_fails_once_is_not_noticed(server: respx.MockRouter, http: Http) -> None:
    server.get("/documents/8/").mock(side_effect=[answer("500_patch_cf_float_bad"), answer("document_get")])
    assert await http.get("documents/8/") == body("document_get")


@pytest.mark.parametrize("recording", ["redis_down_patch_500_nothing_written", "500_patch_cf_bool_string"])
async def test_a_server_error_to_a_write_is_uncertain_and_never_sent_again(
    recording: str, server: respx.MockRouter, http: Http
) -> None:
    route = server.patch("/documents/6/").mock(answer(recording))
    with pytest.raises(UncertainWriteError, match="500 to a write: an HTML page") as caught:
        await http.send("PATCH", "documents/6/", TITLE)
    assert caught.value.suspect == PROVIDER
    assert route.call_count == 1


async def test_a_400_in_html_to_a_read_is_temporary(server: respx.MockRouter, http: Http) -> None:
    server.get("/documents/").mock(answer("search_bad_query"))
    with pytest.raises(TemporaryError, match="Error listing search results"):
        await http.get("documents/")


# What must not be told


@pytest.mark.parametrize("ending", [httpx.ConnectError("refused"), html(200), html(302, location="/login")])
async def test_a_password_in_the_address_is_never_in_an_error(ending: Any) -> None:
    with respx.mock(assert_all_called=False) as anywhere, pytest.raises(WorkError) as caught:
        anywhere.route().mock(side_effect=[ending])
        await Http(URL.replace("://", "://scott:tiger@"), TOKEN, transport=transport()).get("documents/")
    assert "tiger" not in str(caught.value)


async def test_a_long_answer_is_quoted_in_part_only(server: respx.MockRouter, http: Http) -> None:
    server.patch("/documents/1/").mock(said({"title": ["x" * 5000]}, status=400))
    with pytest.raises(PermanentError) as caught:
        await http.send("PATCH", "documents/1/", TITLE)
    assert len(str(caught.value)) < 400
