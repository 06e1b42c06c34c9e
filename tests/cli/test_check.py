"""`sidecar check` finds each common mistake and says what to do about it."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from sidecar import settings
from sidecar.cli import look_machine
from sidecar.cli.check import Finding, look_at_all
from sidecar.cli.look_paperless import rights, wanted_rights
from sidecar.paperless.diagnosis import Answered
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.archive_documents import add_tags
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.model import PracticeModel
from sidecar.practice.model_prompt import ImageReader
from sidecar.practice.samples import text_pdf

HTML = "text/html; charset=utf-8"
UNAUTHORIZED = Answer(401, body='{"detail":"Authentication credentials were not provided."}')


class Blind(ImageReader):
    """Sees nothing."""

    def read(self, data_url: str) -> str:
        return "I see a lovely landscape."


class Stage:
    def __init__(self, archive: PracticeArchive, model: PracticeModel, folder: Path) -> None:
        self.archive = archive
        self.model = model
        self.folder = folder

    async def bad(self, **given: Any) -> list[str]:
        """What is said not to be good."""
        return [one.said for one in await self.findings(**given) if not one.good]

    async def findings(self, **given: Any) -> list[Finding]:
        values = {
            "paperless_url": self.archive.url,
            "paperless_token": "practice-token",
            "openai_base_url": self.model.url,
            "llm_model": "practice",
            "data_dir": self.folder / "store",
            "web_host": "127.0.0.1",
            "web_port": 0,
            "paperless_timeout_s": 5.0,
            **given,
        }
        return await look_at_all(Parts(settings.load(**values)))

    def fault(self, path: str, answer: Answer, **rest: Any) -> None:
        self.archive.faults.add(Fault(path=path, answer=answer, **rest))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        yield Stage(archive, model, tmp_path)


async def only(stage: Stage, **given: Any) -> str:
    """The one thing that is not good."""
    (said,) = await stage.bad(**given)
    return said


async def test_nothing_is_wrong_where_nothing_is(stage: Stage) -> None:
    assert await stage.bad(ocr_engine="auto", vision_model="practice") == []
    assert all(one.method == "GET" for one in stage.archive.requests()), "nothing may be changed by looking"


# -- the address


async def test_a_path_too_much_is_found_and_the_right_address_is_named(stage: Stage) -> None:
    said = await only(stage, paperless_url=f"{stage.archive.url}/dashboard/documents")
    assert said.endswith(f"has a path too much: set PAPERLESS_URL={stage.archive.url}")
    assert not [one for one in stage.archive.requests() if "practice-token" in str(one.query)]


async def test_a_doubled_path_is_found(stage: Stage) -> None:
    stage.fault("^/docs/docs/", Answer(404, HTML, "<h1>no</h1>"))
    stage.fault("^/docs/api/ui_settings/$", UNAUTHORIZED)
    said = await only(stage, paperless_url=f"{stage.archive.url}/docs/docs")
    assert said.endswith(f"set PAPERLESS_URL={stage.archive.url}/docs")


async def test_a_missing_path_is_found_by_where_the_server_leads(stage: Stage) -> None:
    stage.fault("^/api/ui_settings/$", Answer(404, HTML, "<h1>nginx</h1>"))
    stage.fault("^/$", Answer(302, HTML, headers={"Location": "/papers/accounts/login/?next=/papers/"}))
    stage.fault("^/papers/api/ui_settings/$", UNAUTHORIZED)
    said = await only(stage)
    assert said.endswith(f"lacks the path that Paperless has there: set PAPERLESS_URL={stage.archive.url}/papers")


async def test_https_where_paperless_speaks_http(stage: Stage) -> None:
    said = await only(stage, paperless_url=stage.archive.url.replace("http:", "https:"))
    assert said.startswith(f"Paperless speaks http there: set PAPERLESS_URL={stage.archive.url} (")


async def test_http_where_a_proxy_leads_to_https(stage: Stage) -> None:
    there = stage.archive.url.replace("http:", "https:")
    stage.fault("^/", Answer(301, HTML, headers={"Location": f"{there}/api/ui_settings/"}))
    assert await only(stage) == f"Paperless speaks https there: set PAPERLESS_URL={there} (not {stage.archive.url})."


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(302, HTML, headers={"Location": "https://auth.example.org/login?rd=x"}), "page at auth.example.org"),
        (Answer(302, HTML, headers={"Location": "/accounts/login/?next=/"}), "a login page: it is not the address"),
        (Answer(200, HTML, "<html>router</html>"), "it is no Paperless"),
        (Answer(502, HTML, "<h1>Bad Gateway</h1>"), "Paperless behind it is away"),
        (Answer(400, HTML, "The plain HTTP request was sent to HTTPS port"), "Paperless speaks https there: set"),
        (Answer(400, HTML, "<h1>Bad Request (400)</h1>"), "Add 127.0.0.1 to PAPERLESS_ALLOWED_HOSTS"),
    ],
)
async def test_something_else_answers(stage: Stage, answer: Answer, said: str) -> None:
    stage.fault("^/", answer)
    assert said in await only(stage)


async def test_nobody_answers(stage: Stage) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    said = await only(stage, paperless_url=f"http://127.0.0.1:{port}")
    assert "In a container, 127.0.0.1 is the container itself" in said


async def test_no_such_host(stage: Stage) -> None:
    said = await only(stage, paperless_url="http://there-is-none.invalid:8000")
    assert 'No host "there-is-none.invalid" is known here' in said


# -- the token and what it may


async def test_a_wrong_token(stage: Stage) -> None:
    assert "does not know this token: make a new one" in await only(stage, paperless_token="nonsense")
    assert "the token alone" in await only(stage, paperless_token="Token practice-token")


async def test_each_right_that_is_missing_is_named(stage: Stage) -> None:
    wide = {
        "storage_path_policy": "replace",
        "custom_fields": "all",
        "searchable_pdf": "version",
        "webhook_secret": "a-secret-of-twenty-four",
    }
    needed = set(wanted_rights(settings.load(paperless_url="http://x", paperless_token="x", **wide)))
    assert needed == {
        *("view_document", "change_document", "view_tag", "add_tag", "view_correspondent", "view_documenttype"),
        *("view_storagepath", "view_customfield", "view_note", "add_note", "delete_note", "add_document"),
        *("view_paperlesstask", "view_workflow"),
    }
    stage.archive.add_user("plain", "plain-token", permissions=["view_uisettings"])
    said = await stage.bad(paperless_token="plain-token", **wide)
    for right in needed:
        assert any(f'The user "plain" lacks the right {right}, needed to' in one for one in said), right
    for right in needed:
        answered = Answered("3.0.5", 0.0, "plain", frozenset(needed - {right}))
        seen = rights(answered, settings.load(paperless_url="http://x", paperless_token="x", **wide))
        assert [right in one.text for one in seen if not one.good] == [True]


def test_a_right_that_the_dashboard_alone_can_use_is_named_and_no_fault(stage: Stage) -> None:
    given = settings.load(paperless_url="http://x", paperless_token="x")
    answered = Answered("3.0.5", 0.0, "plain", frozenset({*wanted_rights(given), "view_user"}))
    said = rights(answered, given)
    assert all(one.good for one in said)
    assert "Without the right view_logentry the sidecar cannot say who changed" in said[-1].text
    assert len(rights(answered, settings.load(paperless_url="http://x", paperless_token="x", web_port=0))) == 1


async def test_a_user_that_may_not_even_see_its_rights(stage: Stage) -> None:
    stage.archive.add_user("plain", "plain-token", permissions=["view_document", "view_tag"])
    assert any('"view" for "UISettings"' in one for one in await stage.bad(paperless_token="plain-token"))


# -- version and clock


async def test_a_paperless_too_old(stage: Stage) -> None:
    old = {"X-Api-Version": "7", "X-Version": "2.14.1"}
    stage.fault("^/api/ui_settings/$", Answer(406, body='{"detail":"Invalid version"}', headers=old))
    assert "Paperless 2.14.1 is too old: it speaks API version 7" in await only(stage)


@pytest.mark.parametrize(("minutes", "said"), [(5, "5 minutes ahead of"), (-60, "60 minutes behind"), (1, None)])
async def test_clocks_that_go_apart(stage: Stage, minutes: int, said: str | None) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    headers = {"Date": then, "X-Api-Version": "10", "X-Version": "3.0.5"}
    rights = sorted(wanted_rights(settings.load(paperless_url="http://x", paperless_token="x")))
    body = json.dumps({"user": {"username": "admin"}, "permissions": rights})
    stage.fault("^/api/ui_settings/$", Answer(200, body=body, headers=headers))
    bad = await stage.bad()
    assert (said in bad[0]) if said else bad == []


# -- tags


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda a: a.add_name("tags", "below", parent=a.add_name("tags", "auto-tag")), "has other tags below it"),
        (lambda a: a.add_name("tags", "auto-tag", matching_algorithm=6), 'set its matching algorithm to "None"'),
        (lambda a: a.add_name("tags", "auto-ocr", matching_algorithm=1, match="scan"), "on documents by itself"),
    ],
)
async def test_a_tag_that_would_do_harm(stage: Stage, make: Callable[[PracticeArchive], object], said: str) -> None:
    make(stage.archive)
    assert said in await only(stage)


async def test_a_tag_of_somebody_else_is_not_seen(stage: Stage) -> None:
    other = stage.archive.add_user("other", "other-token")
    stage.archive.add_user("plain", "plain-token")
    tag = stage.archive.add_name("tags", "auto-tag", owner=other)
    number = stage.archive.add_document(text_pdf(["Letter"]), title="letter", owner=None)
    add_tags(stage.archive.state, number, [tag])
    assert 'The tag "auto-tag" belongs to somebody else' in await only(stage, paperless_token="plain-token")


# -- models


async def test_a_model_that_is_away(stage: Stage) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    assert "cannot be reached" in await only(stage, openai_base_url=f"http://127.0.0.1:{port}/v1")


async def test_a_model_that_nobody_knows(stage: Stage) -> None:
    body = json.dumps({"error": {"message": 'model "practice" not found, try pulling it first', "code": None}})
    stage.model.faults.add(Fault("POST", answer=Answer(404, body=body)))
    assert "does not know the model practice: check LLM_MODEL" in await only(stage)


async def test_a_model_that_takes_no_pictures(stage: Stage) -> None:
    body = json.dumps({"error": {"message": "image input is not supported - hint: provide the mmproj", "code": 500}})
    with PracticeModel() as seeing:
        seeing.faults.add(Fault("POST", answer=Answer(500, body=body)))
        said = await only(stage, ocr_engine="vision", vision_model="practice", vision_base_url=seeing.url)
    assert "takes no pictures: name a model that sees in VISION_MODEL" in said


async def test_a_model_that_makes_up_what_it_sees(stage: Stage) -> None:
    with PracticeModel(images=Blind()) as seeing:
        said = await only(stage, ocr_engine="vision", vision_model="practice", vision_base_url=seeing.url)
    assert "did not see what a picture shows" in said


# -- this machine


async def test_a_folder_that_cannot_be_written(stage: Stage) -> None:
    (stage.folder / "file").write_text("no folder")
    assert "cannot be written" in await only(stage, data_dir=stage.folder / "file")


async def test_a_disk_that_is_nearly_full(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    free_mb = shutil.disk_usage(stage.folder).free // 1_000_000
    monkeypatch.setattr(look_machine, "LEAST_FREE_MB", 2 * free_mb + 1)
    assert "MB are free on the disk of" in await only(stage)


async def test_a_port_that_is_taken(stage: Stage) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        said = await only(stage, web_port=listening.getsockname()[1])
    assert "name another WEB_PORT" in said


# -- the doorbell


async def test_a_doorbell_that_nobody_made_or_that_rings_elsewhere(stage: Stage) -> None:
    given = {"webhook_secret": "a-secret-of-twenty-four", "webhook_url": "http://sidecar:8400"}
    said = await stage.bad(**given)
    assert len(said) == 2
    assert all("is missing in Paperless. Say: sidecar setup --webhook" in one for one in said)
    parts = Parts(settings.load(paperless_url=stage.archive.url, paperless_token="practice-token", **given))
    async with parts:
        from sidecar.paperless.doorbell import Workflows  # noqa: PLC0415

        bell = parts.bell(await parts.tags())
        assert bell is not None
        await Workflows(parts.paperless.http).put(bell)
    assert await stage.bad(**given) == []
    assert (
        "rings at http://sidecar:8400/api/webhook, not at"
        in (await stage.bad(**{**given, "webhook_url": "http://moved:8400"}))[0]
    )
