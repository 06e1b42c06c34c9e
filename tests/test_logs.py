"""Log lines: each of a job says which, none holds a secret, and only those that are wanted are written."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from sidecar import logs, settings
from sidecar.app import Sidecar
from sidecar.cli.hidden import secrets_of
from sidecar.logs import Redaction
from sidecar.observe.context import working_on
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import text_pdf

KEY = "sk-4f9a-secret-of-the-model"
GIVEN = {
    "paperless_url": "http://paperless:8000",
    "paperless_token": "tok-0123456789abcdef",
    "openai_api_key": KEY,
    "llm_fallback_api_keys": "fall-back-key-1, fall-back-key-2",
    "database_url": "postgresql://sidecar:p%40ssw0rd-x@host/db",
}


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def lines(said: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.splitlines()]


async def test_every_line_of_a_job_says_which_one_also_from_threads_and_tasks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", json=True)
    log = logging.getLogger("sidecar.anything")

    async def one(number: int) -> None:
        with working_on(job=number, document=10 * number):
            await asyncio.sleep(0)
            await asyncio.to_thread(log.info, "in a thread")
            await asyncio.create_task(asyncio.to_thread(log.warning, "in a task"))

    await asyncio.gather(*(one(number) for number in range(1, 6)))
    log.info("outside")
    *inside, outside = lines(capsys.readouterr().err)
    assert len(inside) == 10
    assert all(line["document"] == 10 * int(str(line["job"])) for line in inside)
    assert sorted(int(str(line["job"])) for line in inside) == sorted([1, 2, 3, 4, 5] * 2)
    assert "job" not in outside


def test_on_a_console_the_job_stands_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", json=False)
    with working_on(job=7, document=42):
        logging.getLogger("sidecar").info("read")
    assert {"job=7", "document=42"} <= set(capsys.readouterr().err.split())


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("secret", [KEY, 'with "quotes" and \\', "ümläut-geheim", "a/b+c d=e&f"])
def test_no_secret_is_written_in_whatever_form_it_comes(
    capsys: pytest.CaptureFixture[str], secret: str, as_json: bool
) -> None:
    logs.configure("debug", json=as_json, secrets=[secret])
    log = logging.getLogger("sidecar")
    log.info("the key is %s, in an address %s, as JSON %s", secret, quote(secret, safe=""), json.dumps({"k": secret}))
    try:
        try:
            raise ValueError(f"refused: {secret}")
        except ValueError as error:
            raise RuntimeError(f"gave up over {secret!r}") from error
    except RuntimeError:
        log.exception("it failed")
    said = capsys.readouterr().err
    assert said.count(logs.HIDDEN) >= 5
    assert not [form for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]) if form in said]
    assert "quotes" not in said
    assert "geheim" not in said
    assert "gave up over" in said


def test_what_looks_like_a_secret_is_none_of_the_log_either() -> None:
    redact = Redaction(())
    assert redact("Authorization: Token 0123456789abcdef0123") == f"Authorization: Token {logs.HIDDEN}"
    assert redact("authorization=Bearer eyJhbGciOi1.J9-abcdefgh") == f"authorization=Bearer {logs.HIDDEN}"
    assert redact("GET https://me:pass@host/x") == f"GET https://me:{logs.HIDDEN}@host/x"
    assert redact("the token was refused by http://host:8000/api/") == "the token was refused by http://host:8000/api/"


def test_all_secrets_of_the_settings_are_known_and_each_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = settings.load(**GIVEN)
    found = secrets_of(loaded)
    assert {"fall-back-key-1", "fall-back-key-2", KEY, "p@ssw0rd-x", "p%40ssw0rd-x"} <= found
    assert not {"host", "sidecar", "postgresql", "http://paperless:8000"} & found
    hidden = {name for name, field in type(loaded).model_fields.items() if "SecretStr" in str(field.annotation)}
    assert {name for name in hidden if getattr(loaded, name)} == set(GIVEN) - {"paperless_url"}


@pytest.mark.parametrize(
    ("level", "seen"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1), ("off", 0)],
)
def test_only_what_is_wanted_is_written(capsys: pytest.CaptureFixture[str], level: str, seen: int) -> None:
    logs.configure(level, json=True)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("sidecar.x").log(number, "said")
    logging.getLogger("httpx").info("GET http://host/?token=1")
    assert len(capsys.readouterr().err.splitlines()) == seen


async def test_all_lines_of_a_real_job_carry_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        letter = "Ambervale Energy: please pay 84.20 EUR for electricity."
        number = archive.add_document(text_pdf([letter]), title="scan", content=letter, tags=("auto-tag",))
        loaded = settings.load(
            paperless_url=archive.url, paperless_token="practice-token", data_dir=tmp_path / "store",
            openai_base_url=model.url, llm_model="practice",
        )  # fmt: skip
        logs.configure("info", json=True, secrets=secrets_of(loaded))
        async with Parts(loaded) as parts:
            sidecar = await Sidecar.start(parts)
            await sidecar.run(drain=True)
    of_work = [line for line in lines(capsys.readouterr().err) if str(line["event"]).startswith("document ")]
    assert of_work
    assert all(line["document"] == number and line["kind"] == "tagging" and line["job"] for line in of_work)
